package io.strandline.broker.net;

import java.nio.ByteBuffer;

/** Where a connection hands its requests to. */
@FunctionalInterface
public interface RequestStarter {
    /**
     * Starts a request: on return it has had its effect or has begun to wait (W18). Runs on the connection's reader, so it
     * may block; then nothing more is read from this client.
     *
     * @param frame the request without its length prefix; not used any more when this returns
     */
    Pending start(ByteBuffer frame, Session session);
}

package io.strandline.broker.net;

import java.nio.ByteBuffer;

/** Where a connection hands its requests to. */
@FunctionalInterface
public interface RequestStarter {
    /**
     * Starts a request: on return it has had its effect or has begun to wait (W18). Runs on the connection's reader, so it
     * may block; then nothing more is read from this client.
     *
     * @param frame the request without its length prefix; belongs to the request until the reply is ready
     */
    Pending start(ByteBuffer frame, Session session);
}

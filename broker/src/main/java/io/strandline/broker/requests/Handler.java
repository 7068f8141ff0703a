package io.strandline.broker.requests;

import io.strandline.protocol.Message;

/**
 * One API. Made at its first request, used by the readers of all connections at once.
 *
 * @param <Q> its request
 */
interface Handler<Q extends Message> {
    /**
     * On return the request has had its effect or has begun to wait; the bytes of the request are not used any more. Runs on
     * the connection's reader.
     */
    Answer handle(Q request, Call call);
}

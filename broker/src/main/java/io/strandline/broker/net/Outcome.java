package io.strandline.broker.net;

/** What becomes of a request. */
public sealed interface Outcome {
    /** The client receives this frame. */
    record Answer(Reply reply) implements Outcome {}

    /** The client asked not to be answered (Produce with acks=0). */
    record Silence() implements Outcome {}

    /** There is no way to say it in the protocol: the connection is closed, and the log says why. */
    record HangUp(String reason) implements Outcome {}
}

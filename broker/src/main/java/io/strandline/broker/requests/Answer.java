package io.strandline.broker.requests;

import io.strandline.protocol.Message;
import io.strandline.storage.Waiter;
import java.time.Duration;

/**
 * What a handler gives back: the response to a request, or the promise of one. Like {@link io.strandline.broker.net.Pending},
 * which it becomes, but not encoded yet. Used by one thread at a time.
 */
public interface Answer {
    /** Whether {@link #result} will not wait: the answer is known or the time is up. Once true it stays true. */
    boolean ready();

    /** Woken when it is worth asking {@link #ready} again. */
    Waiter waiter();

    /** How far the time limit is away; {@link #ready} is true from then on. */
    Duration remaining();

    /** Only after {@link #ready} has been true; once. */
    Result result();

    /** See {@link io.strandline.broker.net.Pending#droppable}. */
    default boolean droppable() {
        return false;
    }

    /** See {@link io.strandline.broker.net.Pending#barrier}. */
    default boolean barrier() {
        return false;
    }

    /** See {@link io.strandline.broker.net.Pending#hangsUp}. */
    default boolean hangsUp() {
        return false;
    }

    /** What becomes of the request. */
    sealed interface Result {
        /** The client is told this. */
        record Respond(Message response) implements Result {}

        /** The client does not want to be told. */
        record Silence() implements Result {}

        /** The protocol has no word for it: the connection is closed, the log says why. */
        record HangUp(String reason) implements Result {}
    }

    /** An answer that waits for nothing. */
    static Answer now(Message response) {
        return now(new Result.Respond(response));
    }

    /** See {@link #now(Message)}. */
    static Answer now(Result result) {
        return new Now(result);
    }

    /** See {@link #now(Message)}. */
    record Now(Result result) implements Answer {
        @Override
        public boolean ready() {
            return true;
        }

        @Override
        public Waiter waiter() {
            throw new IllegalStateException("An answer that is ready waits for nothing");
        }

        @Override
        public Duration remaining() {
            return Duration.ZERO;
        }

        @Override
        public boolean hangsUp() {
            return result instanceof Result.HangUp;
        }
    }
}

package io.strandline.broker.net;

import io.strandline.storage.Waiter;
import java.time.Duration;

/**
 * The reply to a request that has been started: it is there already, or it waits for the disk, for records or for other
 * members of a group.
 *
 * <p>Nobody calls back. Whoever changes what a reply waits for wakes its {@link #waiter}, and the connection's writer looks
 * again (W19). A test without threads asks {@link #ready} after each step of its own.
 *
 * <p>Used by one thread at a time: the connection's reader until it is handed over, then the writer. It does not hold on to
 * the bytes of the request.
 */
public interface Pending {
    /** Whether {@link #take} will not wait: the answer is known or the time is up. Once true it stays true. */
    boolean ready();

    /** Woken when it is worth asking {@link #ready} again. */
    Waiter waiter();

    /** How far the time limit is away; {@link #ready} is true from then on. Negative or zero: it has passed. */
    Duration remaining();

    /** What goes to the client. Only after {@link #ready} has been true. */
    Outcome take();

    /** Whether the client loses nothing when a stopping broker hangs up instead of answering: a fetch or a join that waits. */
    default boolean droppable() {
        return false;
    }

    /** Whether nothing may be read from the connection until this reply has been written (SASL). */
    default boolean barrier() {
        return false;
    }

    /** Whether it is known already that this ends the connection: what the client has sent after it is not looked at. */
    default boolean hangsUp() {
        return false;
    }

    /** A reply that waits for nothing. */
    static Pending of(Outcome outcome) {
        return new Settled(outcome);
    }

    /** See {@link #of}. */
    record Settled(Outcome outcome) implements Pending {
        @Override
        public boolean ready() {
            return true;
        }

        @Override
        public Waiter waiter() {
            throw new IllegalStateException("A reply that is ready waits for nothing");
        }

        @Override
        public Duration remaining() {
            return Duration.ZERO;
        }

        @Override
        public boolean hangsUp() {
            return outcome instanceof Outcome.HangUp;
        }

        @Override
        public Outcome take() {
            return outcome;
        }
    }
}

package io.strandline.broker.net;

/**
 * The reply to a request that has been started: it is there already, or it waits for the disk, for records or for other
 * members of a group.
 *
 * <p>Nobody calls back. Whoever changes what a reply waits for wakes the connection ({@link Session#wake}), and the
 * connection's writer looks again. A test without threads asks {@link #ready} after each step of its own.
 *
 * <p>{@link #ready} and {@link #remainingNanos} may be asked from any thread; {@link #take} is called once.
 */
public interface Pending {
    /** Whether {@link #take} will not wait: the answer is known or the time is up. Once true it stays true. */
    boolean ready();

    /** How long the time limit is away, in nanoseconds; {@link #ready} is true from then on. {@link Long#MAX_VALUE}: no limit. */
    long remainingNanos();

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

    /** Whether bytes of the request are still in use until {@link #ready}; they then count as long (W17). */
    default boolean holdsRequest() {
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
        public long remainingNanos() {
            return 0;
        }

        @Override
        public Outcome take() {
            return outcome;
        }
    }
}

package io.strandline;

/**
 * How many handlers of a consumer run at once, and which messages wait for each other. Whatever the order in which they
 * finish, progress is only ever committed up to the lowest unfinished message of a partition.
 */
public sealed interface Concurrency {
    /** One at a time for each partition, in the order of the log: the default. */
    record PerPartition() implements Concurrency {}

    /**
     * One at a time for each key of a partition, in the order of the log. A failed message that waits for its next
     * attempt holds back its key, not its partition. Messages without a key wait for no other.
     *
     * @param inFlight handlers at once, over all partitions of the consumer
     */
    record PerKey(int inFlight) implements Concurrency {
        public PerKey {
            check(inFlight);
        }
    }

    /**
     * In any order.
     *
     * @param inFlight handlers at once, over all partitions of the consumer
     */
    record Unordered(int inFlight) implements Concurrency {
        public Unordered {
            check(inFlight);
        }
    }

    static Concurrency perPartition() {
        return new PerPartition();
    }

    /** See {@link PerKey}. Handlers that wait cost a virtual thread each, so thousands are fine. */
    static Concurrency perKey(int inFlight) {
        return new PerKey(inFlight);
    }

    /** See {@link Unordered}. */
    static Concurrency unordered(int inFlight) {
        return new Unordered(inFlight);
    }

    /** Handlers at once; the largest number where the partitions are the limit. */
    default int limit() {
        return switch (this) {
            case PerPartition() -> Integer.MAX_VALUE;
            case PerKey(int inFlight) -> inFlight;
            case Unordered(int inFlight) -> inFlight;
        };
    }

    private static void check(int inFlight) {
        if (inFlight < 1) {
            throw new IllegalArgumentException("At least 1 handler runs at once, not " + inFlight);
        }
    }
}

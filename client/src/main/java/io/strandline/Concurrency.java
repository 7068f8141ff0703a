package io.strandline;

/** How many handlers run at once, and in what order. */
public sealed interface Concurrency {
    /** One at a time for each partition, in the order of the log: the default. */
    record PerPartition() implements Concurrency {}

    static Concurrency perPartition() {
        return new PerPartition();
    }
}

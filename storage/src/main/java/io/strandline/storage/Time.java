package io.strandline.storage;

/** The two clocks of the engine, handed in so that a test can turn them. Safe for use by any thread. */
public interface Time {

    /** The clocks of this machine. */
    Time SYSTEM = new Time() {
        @Override
        public long wallMs() {
            return System.currentTimeMillis();
        }

        @Override
        public long nanos() {
            return System.nanoTime();
        }
    };

    /**
     * Milliseconds since 1970-01-01 UTC, the unit of Kafka's timestamps. It can jump both ways; nothing is decided by
     * comparing two of its readings.
     */
    long wallMs();

    /** Nanoseconds of a clock that never goes back, with an arbitrary zero: for durations and deadlines. */
    long nanos();
}

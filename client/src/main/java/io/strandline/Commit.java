package io.strandline;

import java.time.Duration;

/**
 * When a consumer's progress is stored. Whatever this says (except {@link #manual()}), it is stored when a partition is
 * revoked and when the consumer stops.
 */
public sealed interface Commit {
    /** So often, or as soon as so many messages were finished since the last time. */
    record Auto(Duration every, int orAfterMessages) implements Commit {
        public Auto {
            if (every.isNegative() || every.isZero() || orAfterMessages < 1) {
                throw new IllegalArgumentException(
                        "Commit every " + every + " or after " + orAfterMessages + " messages: both must be above 0");
            }
        }
    }

    /** As soon as a message is finished; commits of messages that finish together are one request. */
    record Each() implements Commit {}

    /** Only by {@link Consumer#commit}. */
    record Manual() implements Commit {}

    static Commit every(Duration d) {
        return new Auto(d, Integer.MAX_VALUE);
    }

    static Commit every(Duration d, int orAfterMessages) {
        return new Auto(d, orAfterMessages);
    }

    static Commit eachMessage() {
        return new Each();
    }

    static Commit manual() {
        return new Manual();
    }
}

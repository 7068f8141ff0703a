package io.strandline;

import java.time.Duration;

/** A time to wait, in nanoseconds. */
final class Nanos {
    /** As good as for ever, and small enough that a clock can be added and two sums be compared. */
    static final Duration LONGEST = Duration.ofDays(36_500);

    private Nanos() {}

    /** Of these, or of a hundred years if they are longer. */
    static long of(Duration d) {
        return d.compareTo(LONGEST) < 0 ? d.toNanos() : LONGEST.toNanos();
    }
}

package io.strandline.broker.requests;

import io.strandline.storage.Time;
import java.time.Duration;

/** A moment after which nobody waits any longer. Once over it stays over. */
final class Deadline {
    private final Time time;
    private final long atNanos;
    private volatile boolean over;

    /** @param limit from now on; negative ones count as none left */
    Deadline(Time time, Duration limit) {
        this.time = time;
        this.atNanos = time.nanos() + Math.max(0, limit.toNanos());
    }

    static Deadline inMillis(Time time, int millis) {
        return new Deadline(time, Duration.ofMillis(Math.max(0, millis)));
    }

    boolean isOver() {
        if (!over && time.nanos() - atNanos >= 0) {
            over = true;
        }
        return over;
    }

    Duration remaining() {
        return Duration.ofNanos(atNanos - time.nanos());
    }
}

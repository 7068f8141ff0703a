package io.strandline;

import java.time.Duration;
import java.time.Instant;

/** A place in a log. */
public sealed interface Position {
    /** The oldest message that is still there. */
    record Earliest() implements Position {}

    /**
     * The end of the log when the group first saw the topic. Partitions that are added to the topic later are read
     * from their start: what is in them was written after the group began.
     */
    record Latest() implements Position {}

    /** The first message of this time or later; the end where there is none. */
    record At(Instant time) implements Position {}

    /** Exactly this offset. */
    record Offset(long offset) implements Position {
        public Offset {
            if (offset < 0) {
                throw new IllegalArgumentException("An offset is 0 or more, not " + offset);
            }
        }
    }

    static Position earliest() {
        return new Earliest();
    }

    static Position latest() {
        return new Latest();
    }

    static Position at(Instant time) {
        return new At(time);
    }

    /** So long before now, by the clock of this machine. */
    static Position ago(Duration d) {
        return new At(Instant.now().minus(d));
    }

    static Position offset(long offset) {
        return new Offset(offset);
    }
}

package io.strandline;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Knows which messages of one partition were taken and not finished, and so how far progress may be committed: up to the
 * lowest unfinished one, never beyond. Messages are finished by any thread, in any order; all else is guarded by the
 * {@link Tenure}.
 *
 * <p>Unfinished messages, and finished ones above the lowest unfinished, are in a ring in the order of the log:
 *
 * <pre>
 *   offsets:   17    18    21    22        18 and 22 are finished, 19 and 20 were never there (compaction)
 *   finished:  no    yes   no    yes       frontier: 17
 * </pre>
 */
final class OffsetTracker {
    private @Nullable Task[] ring = new @Nullable Task[64];
    private int head;
    private int size;

    /** One past the last offset that was taken or passed over; negative before the first. */
    private long next = -1;

    /** Offsets come in the order of the log. */
    void taken(Task task) {
        if (task.offset() < next) {
            throw new IllegalStateException("Offset " + task.offset() + " was taken after " + (next - 1));
        }
        if (size == ring.length) {
            grow();
        }
        ring[index(size)] = task;
        size++;
        next = task.offset() + 1;
    }

    /** Nothing that matters is below this: what lies between was never there, or is no message. */
    void readTo(long offset) {
        next = Math.max(next, offset);
    }

    /** The lowest unfinished message; null if all are finished. */
    @Nullable
    Task first() {
        while (size > 0) {
            var lowest = ring[head];
            if (lowest != null && !lowest.finished()) {
                return lowest;
            }
            ring[head] = null;
            head = (head + 1) & (ring.length - 1);
            size--;
        }
        return null;
    }

    /** The lowest unfinished offset, or the next one to read if all is finished; empty before the first. */
    OptionalLong frontier() {
        var first = first();
        if (first != null) {
            return OptionalLong.of(first.offset());
        }
        return next();
    }

    /** One past the last offset that was taken or passed over; empty before the first. */
    OptionalLong next() {
        return next < 0 ? OptionalLong.empty() : OptionalLong.of(next);
    }

    /** From the lowest unfinished message to the last one, finished ones included. */
    int span() {
        first();
        return size;
    }

    private int index(int place) {
        return (head + place) & (ring.length - 1);
    }

    private void grow() {
        var longer = new @Nullable Task[ring.length * 2];
        for (int i = 0; i < size; i++) {
            longer[i] = ring[index(i)];
        }
        ring = longer;
        head = 0;
    }
}

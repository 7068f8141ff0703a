package io.strandline;

import java.util.Arrays;
import java.util.OptionalLong;

/**
 * Knows which offsets of one partition were taken and not finished, and so how far progress may be committed: up to the
 * lowest unfinished one, never beyond. Not thread-safe; its {@link Tenure} guards it.
 *
 * <p>Unfinished offsets, and finished ones above the lowest unfinished, are in a ring in the order of the log:
 *
 * <pre>
 *   offsets:   17    18    21    22        18 and 22 are finished, 19 and 20 were never there (compaction)
 *   finished:  no    yes   no    yes       frontier: 17
 * </pre>
 */
final class OffsetTracker {
    private long[] offsets = new long[64];
    private boolean[] finished = new boolean[64];
    private int head;
    private int size;
    private int unfinished;

    /** One past the last offset that was taken or passed over; negative before the first. */
    private long next = -1;

    /** Offsets come in the order of the log. */
    void taken(long offset) {
        if (offset < next) {
            throw new IllegalStateException("Offset " + offset + " was taken after " + (next - 1));
        }
        if (size == offsets.length) {
            grow();
        }
        int at = index(size);
        offsets[at] = offset;
        finished[at] = false;
        size++;
        unfinished++;
        next = offset + 1;
    }

    /** Nothing that matters is below this: what lies between was never there, or is no message. */
    void readTo(long offset) {
        next = Math.max(next, offset);
    }

    void finished(long offset) {
        int at = find(offset);
        if (at < 0 || finished[at]) {
            throw new IllegalStateException("Offset " + offset + " is not in work: it was never taken, or is finished");
        }
        finished[at] = true;
        unfinished--;
        while (size > 0 && finished[head]) {
            head = (head + 1) & (offsets.length - 1);
            size--;
        }
    }

    /** The lowest unfinished offset, or the next one to read if all is finished; empty before the first. */
    OptionalLong frontier() {
        if (size > 0) {
            return OptionalLong.of(offsets[head]);
        }
        return next < 0 ? OptionalLong.empty() : OptionalLong.of(next);
    }

    int unfinished() {
        return unfinished;
    }

    private int find(long offset) {
        int low = 0;
        int high = size - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long there = offsets[index(middle)];
            if (there == offset) {
                return index(middle);
            } else if (there < offset) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }

    private int index(int place) {
        return (head + place) & (offsets.length - 1);
    }

    private void grow() {
        var longer = Arrays.copyOf(offsets, offsets.length * 2);
        var longerFinished = Arrays.copyOf(finished, offsets.length * 2);
        for (int i = 0; i < size; i++) {
            longer[i] = offsets[index(i)];
            longerFinished[i] = finished[index(i)];
        }
        offsets = longer;
        finished = longerFinished;
        head = 0;
    }
}

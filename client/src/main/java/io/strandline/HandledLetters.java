package io.strandline;

import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.jspecify.annotations.Nullable;

/**
 * Which letters of a partition are done with: all below a frontier, and ranges above it. Kept as the committed offset of
 * a group and its metadata: {@code done:} and, for each range in order, its distance from the end of the one before and
 * its length, in base 36 with commas between.
 */
final class HandledLetters {
    /** Brokers take 4096 bytes unless told otherwise. */
    private static final int METADATA_MAX = 4_000;

    private static final String PREFIX = "done:";
    private static final int BASE = 36;

    private long frontier;

    /** First offset to the one behind the last; none touches another or the frontier. */
    private final TreeMap<Long, Long> ranges = new TreeMap<>();

    /** @param begin the first offset that is still there */
    static HandledLetters of(@Nullable OffsetAndMetadata committed, long begin) {
        var handled = new HandledLetters();
        if (committed != null) {
            handled.frontier = committed.offset();
            handled.read(committed.metadata());
        }
        if (begin > handled.frontier) {
            handled.skipTo(begin);
        }
        return handled;
    }

    private void read(String metadata) {
        if (!metadata.startsWith(PREFIX)) {
            return;
        }
        long at = frontier;
        var numbers = metadata.substring(PREFIX.length()).split(",", -1);
        for (int i = 0; i + 1 < numbers.length; i += 2) {
            long first = at + Long.parseLong(numbers[i], BASE);
            at = first + Long.parseLong(numbers[i + 1], BASE);
            ranges.put(first, at);
        }
    }

    private void skipTo(long begin) {
        frontier = begin;
        while (!ranges.isEmpty() && ranges.firstKey() <= frontier) {
            frontier = Math.max(frontier, ranges.pollFirstEntry().getValue());
        }
    }

    long frontier() {
        return frontier;
    }

    boolean contains(long offset) {
        if (offset < frontier) {
            return true;
        }
        var range = ranges.floorEntry(offset);
        return range != null && offset < range.getValue();
    }

    void add(long offset) {
        addRange(offset, offset + 1);
    }

    /** There is no letter in here (a gap in the log), or it is done with. */
    void addRange(long from, long to) {
        long first = from;
        long end = to;
        var before = ranges.floorEntry(first);
        if (before != null && before.getValue() >= first) {
            first = before.getKey();
            end = Math.max(end, before.getValue());
        }
        while (true) {
            var behind = ranges.ceilingEntry(first);
            if (behind == null || behind.getKey() > end) {
                break;
            }
            end = Math.max(end, behind.getValue());
            ranges.remove(behind.getKey());
        }
        ranges.put(first, end);
        if (first <= frontier) {
            skipTo(frontier);
        }
    }

    /** Empty if there are too many ranges to be kept. */
    Optional<OffsetAndMetadata> committed() {
        var metadata = new StringBuilder();
        long at = frontier;
        for (var range : ranges.entrySet()) {
            metadata.append(metadata.isEmpty() ? PREFIX : ",")
                    .append(Long.toString(range.getKey() - at, BASE))
                    .append(',')
                    .append(Long.toString(range.getValue() - range.getKey(), BASE));
            at = range.getValue();
        }
        return metadata.length() > METADATA_MAX
                ? Optional.empty()
                : Optional.of(new OffsetAndMetadata(frontier, metadata.toString()));
    }
}

package io.strandline.storage;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Where some of a segment's batches begin, about one for each interval of bytes, and the latest time stamp up to there:
 * offset index and time index in one. Derived from the segment; may be thrown away at any time.
 *
 * <p>One thread adds (under the log's lock), any thread looks up meanwhile: entries are never changed, and a reader
 * sees those that were complete when it began.
 *
 * <pre>
 *  file BASE.GENERATION.index, content:
 *   0  4  bytes of the segment that it covers
 *   4  8  latest time stamp in them
 *  12  8  base offset of the batch with that time stamp
 *  20     entries: 4 offset - base, 4 position, 8 latest time stamp before this position
 * </pre>
 */
final class SegmentIndex {
    static final SmallFile FILE = new SmallFile("SLINDEX ", 1);
    private static final int HEAD_BYTES = 20;
    private static final int ENTRY_BYTES = 16;

    private final int intervalBytes;
    private volatile Entries entries = new Entries(new int[16], new int[16], new long[16], 0);
    private int nextEntryFrom;
    private volatile Latest latest = new Latest(-1, -1);

    SegmentIndex(int intervalBytes) {
        this.intervalBytes = intervalBytes;
    }

    /** The latest time stamp in a segment, and the batch that holds it; -1 for none. */
    record Latest(long timestampMs, long batchOffset) {}

    private static final class Entries {
        private final int[] offsets;
        private final int[] positions;
        private final long[] timestamps;
        private final int count;

        private Entries(int[] offsets, int[] positions, long[] timestamps, int count) {
            this.offsets = offsets;
            this.positions = positions;
            this.timestamps = timestamps;
            this.count = count;
        }

        /** The number of the last entry at or before a key in one of the arrays, or -1. */
        private int lastAtMost(int[] keys, int key) {
            int found = Arrays.binarySearch(keys, 0, count, key);
            return found >= 0 ? found : -found - 2;
        }
    }

    /** A batch has been appended. Called in the order of positions. */
    void add(long offset, long base, int position, long maxTimestampMs) {
        if (position >= nextEntryFrom) {
            var old = entries;
            var grown = old.count == old.offsets.length ? grow(old) : old;
            grown.offsets[old.count] = (int) (offset - base);
            grown.positions[old.count] = position;
            grown.timestamps[old.count] = latest.timestampMs;
            entries = new Entries(grown.offsets, grown.positions, grown.timestamps, old.count + 1);
            nextEntryFrom = position + intervalBytes;
        }
        if (maxTimestampMs > latest.timestampMs) {
            latest = new Latest(maxTimestampMs, offset);
        }
    }

    private static Entries grow(Entries full) {
        int length = full.count * 2;
        return new Entries(
                Arrays.copyOf(full.offsets, length),
                Arrays.copyOf(full.positions, length),
                Arrays.copyOf(full.timestamps, length),
                full.count);
    }

    /** The start of a batch at or before the one that holds {@code offset}. */
    int positionBefore(long offset, long base) {
        var seen = entries;
        int at = seen.lastAtMost(seen.offsets, (int) Math.min(offset - base, Integer.MAX_VALUE));
        return at < 0 ? 0 : seen.positions[at];
    }

    /** The start of a batch such that everything before it is older than {@code timestampMs}. */
    int positionBeforeTime(long timestampMs) {
        var seen = entries;
        int low = 0;
        int high = seen.count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (seen.timestamps[middle] < timestampMs) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == 0 ? 0 : seen.positions[low - 1];
    }

    /** The first indexed batch that begins at {@code position} or later, as offset; or {@code otherwise}. */
    long offsetFrom(int position, long base, long otherwise) {
        var seen = entries;
        int at = seen.lastAtMost(seen.positions, position - 1) + 1;
        return at < seen.count ? base + seen.offsets[at] : otherwise;
    }

    /** The last indexed batch that begins at {@code position} or earlier, as offset. */
    long offsetAtMost(int position, long base) {
        var seen = entries;
        int at = seen.lastAtMost(seen.positions, position);
        return at < 0 ? base : base + seen.offsets[at];
    }

    Latest latest() {
        return latest;
    }

    /** Called when nothing is added any more, or under the lock of who adds. */
    ByteBuffer encode(int coveredBytes) {
        var seen = entries;
        var bytes = ByteBuffer.allocate(HEAD_BYTES + seen.count * ENTRY_BYTES);
        bytes.putInt(coveredBytes).putLong(latest.timestampMs).putLong(latest.batchOffset);
        for (int i = 0; i < seen.count; i++) {
            bytes.putInt(seen.offsets[i]).putInt(seen.positions[i]).putLong(seen.timestamps[i]);
        }
        return bytes.flip();
    }

    /**
     * Takes over what a file says about the beginning of a segment.
     *
     * @return bytes of the segment that are covered now; 0 if the file is of no use
     */
    int load(ByteBuffer content, int segmentBytes) {
        int covered = content.remaining() < HEAD_BYTES ? -1 : content.getInt();
        if (covered < 0 || covered > segmentBytes) {
            return 0; // it speaks of bytes that are not there: derived state never runs ahead (W13)
        }
        latest = new Latest(content.getLong(), content.getLong());
        int count = content.remaining() / ENTRY_BYTES;
        var loaded = new Entries(new int[count + 16], new int[count + 16], new long[count + 16], count);
        for (int i = 0; i < count; i++) {
            loaded.offsets[i] = content.getInt();
            loaded.positions[i] = content.getInt();
            loaded.timestamps[i] = content.getLong();
        }
        entries = loaded;
        nextEntryFrom = count == 0 ? 0 : loaded.positions[count - 1] + intervalBytes;
        return covered;
    }

    /** Forgets everything, to be built anew. */
    void clear() {
        entries = new Entries(new int[16], new int[16], new long[16], 0);
        latest = new Latest(-1, -1);
        nextEntryFrom = 0;
    }
}

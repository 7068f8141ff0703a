package io.strandline.storage;

import java.util.List;

/** What a read found. */
public sealed interface Read {

    /**
     * Whole batches, or the beginning of one: the first slice begins with the batch that contains the offset asked for,
     * the last may end inside a batch, as clients of Kafka expect. Empty at the durable end.
     *
     * @param slices in the order of offsets; slices of one file each
     * @param view the moment at which this is true
     */
    record Slices(List<FileSlice> slices, LogView view) implements Read {
        /** Bytes in all slices together. */
        public int sizeInBytes() {
            int bytes = 0;
            for (var slice : slices) {
                bytes += slice.length();
            }
            return bytes;
        }
    }

    /** The offset is below the log's start or beyond its durable end. */
    record OutOfRange(LogView view) implements Read {}

    /**
     * The bytes are not those that were written. Nothing of this range is served; the rest of the log stays readable.
     *
     * @param fromOffset first offset that cannot be read
     * @param toOffset the next one that can
     */
    record Damaged(long fromOffset, long toOffset, String reason, LogView view) implements Read {}
}

package io.strandline.storage;

import java.io.IOException;
import java.util.Optional;

/**
 * One log: batches in the order of their offsets. All methods may be called from any thread.
 *
 * <p>A log that nobody uses is this small object and nothing else; it opens its files at first use.
 */
public final class PartitionLog {

    PartitionLog() {}

    public LogId id() {
        throw new UnsupportedOperationException();
    }

    /**
     * Adds a batch at the end, unless it is there already or may not be. When this returns {@link Verdict.Appended} the
     * batch survives the death of the process (but see {@link Verdict.Appended#killProofFrom}); that it is on the disk
     * is told by {@link #durable}.
     *
     * <p>Gives the batch its offset and leader epoch by writing them into its bytes, which may be reused as soon as
     * this returns. Waits for other appends to the same log, each of which is one write to memory of the operating
     * system; never for the disk.
     */
    public Verdict append(Batch batch) {
        throw new UnsupportedOperationException();
    }

    /** What readers may know now. */
    public LogView view() {
        throw new UnsupportedOperationException();
    }

    /** One more than the last offset appended, on the disk or not. Consumers never see beyond the durable end. */
    public long endOffset() {
        throw new UnsupportedOperationException();
    }

    /** What to wait for until everything below {@code endOffset} is on the disk. */
    public Durability durable(long endOffset) {
        throw new UnsupportedOperationException();
    }

    /**
     * Wakes the waiter when the durable end is {@code endOffset} or more, when the store fails, or the topic is
     * deleted; at once when it is so already. For a fetch that waits for more: register with each log, look again,
     * await.
     */
    public void notifyAt(long endOffset, Waiter waiter) {
        throw new UnsupportedOperationException();
    }

    /**
     * Finds durable batches from the one that contains {@code offset} on. Reads an index and a few headers, not the
     * batches.
     *
     * @param bytesMax the slices have at most this many bytes together
     * @param wholeFirstBatch whether the first batch is given whole even if it is larger than {@code bytesMax}
     */
    public Read read(long offset, int bytesMax, boolean wholeFirstBatch) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * The first durable record that is not older than {@code timestampMs}.
     *
     * @param codec opens the batch in which it lies
     */
    public Optional<TimedOffset> offsetForTimestamp(long timestampMs, Codec codec) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The first durable record with the latest time stamp of all. */
    public Optional<TimedOffset> maxTimestamp(Codec codec) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The leader epoch of the next append. It grows when the store had not been stopped cleanly. */
    public int leaderEpoch() {
        throw new UnsupportedOperationException();
    }

    /**
     * Where an epoch ended: for the largest epoch in the log that is not above {@code epoch}, the offset at which the
     * next epoch began, or the durable end. Empty when the log begins with a later epoch.
     */
    public Optional<EpochEnd> endOffsetForEpoch(int epoch) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Drops everything below {@code offset} (DeleteRecords). Readers stop seeing it at once; the files go later.
     *
     * @param offset at most the durable end
     */
    public Trim trim(long offset) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Bytes of the log's segments. */
    public long sizeBytes() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The idempotent producers that the log remembers. */
    public java.util.List<ProducerView> producers() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** A record's place in the log and in time. */
    public record TimedOffset(long offset, long timestampMs, int leaderEpoch) {}

    /** An epoch and the offset behind its last record. */
    public record EpochEnd(int epoch, long endOffset) {}

    /** What became of a wish to drop the beginning of a log. */
    public sealed interface Trim {
        /**
         * @param logStartOffset the first offset now; above the offset asked for when that had been dropped before
         * @param durable what to wait for until a restart does not bring the dropped records back
         */
        record Trimmed(long logStartOffset, Durability durable) implements Trim {}

        /** The offset lies beyond the durable end, or below 0. */
        record OutOfRange(LogView view) implements Trim {}
    }

    /**
     * A producer as the log remembers it.
     *
     * @param lastSequence sequence of its last record
     * @param lastTimestampMs time stamp of its last batch
     */
    public record ProducerView(long producerId, short epoch, int lastSequence, long lastTimestampMs) {}
}

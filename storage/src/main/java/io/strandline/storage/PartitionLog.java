package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One log: batches in the order of their offsets. All methods may be called from any thread.
 *
 * <p>A log that nobody uses is this small object and nothing else; it opens its files at first use, and gives them back
 * when it has been idle.
 */
public final class PartitionLog {
    private final Store store;
    private final Context context;
    private final LogId id;
    private final Waiting waiting = new Waiting();
    private volatile LogView view;
    private volatile LogPoint point;
    private volatile @Nullable OpenLog open;
    private volatile Store.@Nullable Damage damage;
    private volatile boolean deleted;
    private volatile Retention.@Nullable Rest rest;

    PartitionLog(Store store, Context context, LogPoint point) {
        this.store = store;
        this.context = context;
        this.id = point.id();
        this.point = point;
        this.view = new LogView(point.logStartOffset(), point.recoveryOffset(), List.of(), 0);
        if (point.recoveryOffset() < point.durableEnd()) {
            damage = new Store.Damage(
                    id,
                    point.recoveryOffset(),
                    point.durableEnd(),
                    "Acknowledged bytes are not what they were, see " + Layout.segmentLog(id, point.segment()));
        }
    }

    public LogId id() {
        return id;
    }

    // ---- appending

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
        if (deleted) {
            return gone();
        }
        var config = context.configOf(id);
        try {
            while (true) {
                var verdict = open().append(batch, config);
                if (verdict.isPresent()) {
                    return verdict.get();
                }
            }
        } catch (IOException e) {
            return new Verdict.Rejected(StorageError.KAFKA_STORAGE_ERROR, "The log cannot be opened: " + e);
        }
    }

    /** Why nothing can be appended to this log, whatever it is; empty while all is well. */
    Optional<Verdict.Rejected> refusal() {
        if (deleted) {
            return Optional.of(gone());
        }
        var found = damage;
        return found == null
                ? Optional.empty()
                : Optional.of(new Verdict.Rejected(
                        StorageError.KAFKA_STORAGE_ERROR,
                        "Offsets " + found.fromOffset() + " to " + found.toOffset() + " are damaged: "
                                + found.reason()));
    }

    private Verdict.Rejected gone() {
        return new Verdict.Rejected(StorageError.UNKNOWN_TOPIC_OR_PARTITION, "The topic was deleted.");
    }

    // ---- waiting

    /** What readers may know now. */
    public LogView view() {
        return view;
    }

    /** One more than the last offset appended, on the disk or not. Consumers never see beyond the durable end. */
    public long endOffset() {
        var files = open;
        return files == null ? point.recoveryOffset() : files.nextOffset();
    }

    /** What to wait for until everything below {@code endOffset} is on the disk. */
    public Durability durable(long endOffset) {
        return new Durability() {
            @Override
            public State state() {
                return stateOf(view.durableEnd() >= endOffset);
            }

            @Override
            public void notify(Waiter waiter) {
                notifyAt(endOffset, waiter);
            }
        };
    }

    private Durability.State stateOf(boolean reached) {
        if (reached) {
            return Durability.State.DURABLE;
        }
        if (deleted) {
            return Durability.State.GONE;
        }
        return store.isOver() ? Durability.State.FAILED : Durability.State.PENDING;
    }

    /**
     * Wakes the waiter when the durable end is {@code endOffset} or more, when the store fails, or the topic is
     * deleted; at once when it is so already. For a fetch that waits for more: register with each log, look again,
     * await.
     */
    public void notifyAt(long endOffset, Waiter waiter) {
        waiting.add(waiter, () -> view.durableEnd() >= endOffset || isOver());
    }

    private boolean isOver() {
        return deleted || store.isOver();
    }

    /** Whether the topic was deleted. */
    public boolean isDeleted() {
        return deleted;
    }

    /** Called under the log's lock, with the whole new truth (W16). */
    void publish(LogView next) {
        view = next;
        waiting.wake();
    }

    /** Something else changed that may end waiting. */
    void wake() {
        waiting.wake();
    }

    void fail(Throwable reason) {
        store.fail(reason);
    }

    // ---- reading

    /**
     * Finds durable batches from the one that contains {@code offset} on. Reads an index and a few headers, not the
     * batches.
     *
     * @param bytesMax the slices have at most this many bytes together
     * @param wholeFirstBatch whether the first batch is given whole even if it is larger than {@code bytesMax}
     */
    public Read read(long offset, int bytesMax, boolean wholeFirstBatch) throws IOException {
        var seen = viewWithFiles();
        var found = damage;
        if (found != null && offset >= found.fromOffset() && offset < found.toOffset()) {
            return new Read.Damaged(found.fromOffset(), found.toOffset(), found.reason(), seen);
        }
        if (offset < seen.logStartOffset() || offset > seen.durableEnd()) {
            return new Read.OutOfRange(seen);
        }
        if (offset == seen.durableEnd()) {
            return new Read.Slices(List.of(), seen);
        }
        return readFrom(seen, offset, bytesMax, wholeFirstBatch);
    }

    private Read readFrom(LogView seen, long offset, int bytesMax, boolean wholeFirstBatch) throws IOException {
        int at = seen.segmentOf(offset);
        var segment = seen.segments().get(at);
        segment.loadDerived();
        int end = seen.endOf(at);
        var first = locate(segment, offset, end);
        if (first.isEmpty()) {
            return damaged(seen, at, segment.index.positionBefore(offset, segment.base()));
        }
        int position = first.get().position();
        int firstBytes = first.get().end() - position;
        int budget = wholeFirstBatch ? Math.max(bytesMax, firstBytes) : bytesMax;
        var slices = new ArrayList<FileSlice>(2);
        while (budget > 0) {
            int length = Math.min(budget, end - position);
            var spoiled = segment.firstDamaged(position, position + length);
            if (spoiled.isPresent() && slices.isEmpty() && spoiled.getAsInt() < position + firstBytes) {
                return damaged(seen, at, spoiled.getAsInt());
            }
            int sound = spoiled.isPresent() ? Math.max(spoiled.getAsInt() - position, 0) : length;
            if (sound > 0) {
                slices.add(new FileSlice(segment, position, sound));
            }
            budget -= sound;
            if (sound < length || ++at == seen.segments().size()) {
                break;
            }
            segment = seen.segments().get(at);
            segment.loadDerived();
            position = 0;
            end = seen.endOf(at);
        }
        return new Read.Slices(slices, seen);
    }

    /** Where the batch with this offset begins, or the first one behind it. Empty where the bytes are no batches. */
    private Optional<SegmentScan> locate(Segment segment, long offset, int end) throws IOException {
        int from = segment.index.positionBefore(offset, segment.base());
        var scan = new SegmentScan(segment, from, end);
        while (scan.next()) {
            if (scan.batch().endOffset() > offset) {
                return Optional.of(scan);
            }
        }
        return Optional.empty();
    }

    private Read.Damaged damaged(LogView seen, int at, int position) {
        var segment = seen.segments().get(at);
        int block = position / BlockSums.BLOCK_BYTES * BlockSums.BLOCK_BYTES;
        long from = Math.max(segment.index.offsetAtMost(block, segment.base()), seen.logStartOffset());
        long to = segment.index.offsetFrom(block + BlockSums.BLOCK_BYTES, segment.base(), seen.endOffsetOf(at));
        String reason = segment + " is not as it was written around byte " + position + ".";
        store.found(new Store.Damage(id, from, to, reason));
        return new Read.Damaged(from, to, reason, seen);
    }

    /**
     * The first durable record that is not older than {@code timestampMs}.
     *
     * @param codec opens the batch in which it lies
     */
    public Optional<TimedOffset> offsetForTimestamp(long timestampMs, Codec codec) throws IOException {
        var seen = viewWithFiles();
        for (int at = 0; at < seen.segments().size(); at++) {
            var segment = seen.segments().get(at);
            segment.loadDerived();
            if (segment.index.latest().timestampMs() < timestampMs) {
                continue;
            }
            var scan = new SegmentScan(segment, segment.index.positionBeforeTime(timestampMs), seen.endOf(at));
            while (scan.next()) {
                if (scan.batch().maxTimestamp() >= timestampMs && scan.batch().endOffset() > seen.logStartOffset()) {
                    var found = firstRecordFrom(segment, scan, timestampMs, seen.logStartOffset(), codec);
                    if (found.isPresent()) {
                        return found;
                    }
                }
            }
        }
        return Optional.empty();
    }

    /** The first durable record with the latest time stamp of all. */
    public Optional<TimedOffset> maxTimestamp(Codec codec) throws IOException {
        var seen = viewWithFiles();
        long start = seen.logStartOffset();
        long latestMs = -1;
        for (int at = 0; at < seen.segments().size(); at++) {
            var segment = seen.segments().get(at);
            segment.loadDerived();
            if (at < seen.segments().size() - 1 && segment.base() >= start) {
                latestMs = Math.max(latestMs, segment.index.latest().timestampMs());
                continue;
            }
            // Its index may run ahead of the durable end, or speak of what lies below the start.
            var scan = new SegmentScan(segment, 0, seen.endOf(at));
            while (scan.next()) {
                if (scan.batch().endOffset() > start) {
                    latestMs = Math.max(latestMs, latestFrom(segment, scan, start, codec));
                }
            }
        }
        return latestMs < 0 ? Optional.empty() : offsetForTimestamp(latestMs, codec);
    }

    private static long latestFrom(Segment segment, SegmentScan scan, long fromOffset, Codec codec) throws IOException {
        if (scan.batch().baseOffset() >= fromOffset) {
            return scan.batch().maxTimestamp();
        }
        try {
            var records = Batch.parse(bytes(segment, scan)).records(codec);
            long latestMs = -1;
            while (records.next()) {
                if (records.offset() >= fromOffset) {
                    latestMs = Math.max(latestMs, records.timestamp());
                }
            }
            return latestMs;
        } catch (InvalidBatch e) {
            throw unreadable(segment, scan, e);
        }
    }

    private static ByteBuffer bytes(Segment segment, SegmentScan scan) throws IOException {
        return new FileSlice(segment, scan.position(), scan.end() - scan.position()).read();
    }

    private static IOException unreadable(Segment segment, SegmentScan scan, InvalidBatch e) {
        return new IOException("A batch of " + segment + " at " + scan.position() + " cannot be read", e);
    }

    private static Optional<TimedOffset> firstRecordFrom(
            Segment segment, SegmentScan scan, long timestampMs, long fromOffset, Codec codec) throws IOException {
        try {
            var batch = Batch.parse(bytes(segment, scan));
            var records = batch.records(codec);
            while (records.next()) {
                if (records.timestamp() >= timestampMs && records.offset() >= fromOffset) {
                    return Optional.of(new TimedOffset(records.offset(), records.timestamp(), batch.leaderEpoch()));
                }
            }
            return Optional.empty();
        } catch (InvalidBatch e) {
            throw unreadable(segment, scan, e);
        }
    }

    // ---- epochs, start, size

    /** The leader epoch of the next append. It grows when the store had not been stopped cleanly. */
    public int leaderEpoch() {
        return context.leaderEpoch();
    }

    /**
     * Where an epoch ended: for the largest epoch in the log that is not above {@code epoch}, the offset at which the
     * next epoch began, or the durable end. Empty when the log begins with a later epoch.
     */
    public Optional<EpochEnd> endOffsetForEpoch(int epoch) throws IOException {
        return open().endOfEpoch(epoch, view.durableEnd());
    }

    /**
     * Drops everything below {@code offset} (DeleteRecords). Readers stop seeing it at once; the files go later.
     *
     * @param offset at most the durable end
     * @throws IOException if the log's files cannot be opened or its end is damaged: then no checkpoint could say where it
     *     begins
     */
    public Trim trim(long offset) throws IOException {
        var found = damage;
        if (found != null) {
            throw new IOException("Offsets " + found.fromOffset() + " to " + found.toOffset() + " of " + this
                    + " are damaged: " + found.reason());
        }
        while (true) {
            var seen = view;
            if (offset < 0 || offset > seen.durableEnd()) {
                return new Trim.OutOfRange(seen);
            }
            if (offset > seen.logStartOffset()) {
                open().startAt(offset); // if it was closed as idle between the two, it opens again
            }
            long start = view.logStartOffset();
            if (start >= offset) {
                if (point.logStartOffset() < start) {
                    store.wantCheckpoint();
                }
                return new Trim.Trimmed(start, durableStart(start));
            }
        }
    }

    private Durability durableStart(long start) {
        return new Durability() {
            @Override
            public State state() {
                return stateOf(point.logStartOffset() >= start);
            }

            @Override
            public void notify(Waiter waiter) {
                waiting.add(waiter, () -> point.logStartOffset() >= start || isOver());
            }
        };
    }

    /** Bytes of the log's segments. A log that is not in use stays so. */
    public long sizeBytes() throws IOException {
        var files = open;
        return files != null ? files.sizeBytes() : OpenLog.sizeBytes(context.disk(), point);
    }

    /** The idempotent producers that the log remembers. */
    public List<ProducerView> producers() throws IOException {
        return open().producers();
    }

    // ---- files

    private LogView viewWithFiles() throws IOException {
        while (true) {
            open().used();
            var seen = view;
            if (!seen.segments().isEmpty() || seen.durableEnd() == seen.logStartOffset()) {
                return seen;
            }
            // It was closed as idle between the two lines; it opens again.
        }
    }

    /** The log's files, opened if they were not. */
    OpenLog open() throws IOException {
        var files = open;
        return files != null ? files : openFiles();
    }

    private OpenLog openFiles() throws IOException {
        ReentrantLock opening = store.openingLock(id);
        opening.lock();
        try {
            var files = open;
            if (files == null) {
                files = new OpenLog(context, this, point);
                view = new LogView(
                        view.logStartOffset(),
                        view.durableEnd(),
                        files.firstView(point).segments(),
                        point.position());
                store.opened(this); // before anyone can append: a checkpoint passes over logs that are not in use
                open = files;
            }
            return files;
        } finally {
            opening.unlock();
        }
    }

    /** The files in use, or null. */
    @Nullable
    OpenLog openOrNull() {
        return open;
    }

    /** Gives the files back if the log is idle. True if it holds none now. */
    boolean closeIfIdle(long idleNanos) throws IOException {
        ReentrantLock opening = store.openingLock(id);
        opening.lock();
        try {
            var files = open;
            if (files == null) {
                return true;
            }
            if (!files.closeIfIdle(point, idleNanos)) {
                return false;
            }
            view = new LogView(view.logStartOffset(), view.durableEnd(), List.of(), 0);
            open = null;
            store.closed(this); // under the lock: when it is opened again, that comes after
            return true;
        } finally {
            opening.unlock();
        }
    }

    /** Where recovery would begin. */
    LogPoint point() {
        return point;
    }

    /** A checkpoint with this point is durable. */
    void passed(LogPoint next) {
        point = next;
        waiting.wake();
    }

    void markDeleted() {
        deleted = true;
        waiting.wake();
    }

    /** What retention last found out while nobody used the log; null if it did not look yet. */
    Retention.@Nullable Rest rest() {
        return rest;
    }

    void rest(Retention.Rest found) {
        rest = found;
    }

    Optional<Store.Damage> damage() {
        return Optional.ofNullable(damage);
    }

    @Override
    public String toString() {
        return "log " + id;
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
     * @param lastSeenMs when it last wrote, milliseconds since 1970
     */
    public record ProducerView(long producerId, short epoch, int lastSequence, long lastSeenMs) {}
}

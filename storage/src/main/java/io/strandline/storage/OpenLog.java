package io.strandline.storage;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The files of a log in use.
 *
 * <p><b>Lock.</b> One lock guards everything here but {@code backlog} and {@code queued}. It is held over one write to
 * the page cache (and the making of a file, when a segment begins), never over a force. Order where several are taken:
 * bundle lock, logs in the order of {@link LogId}, {@link DirtyLogs}. Readers never take it: they use the
 * {@link LogView}.
 */
final class OpenLog {
    private static final System.Logger LOG = System.getLogger(OpenLog.class.getName());

    private final Context context;
    private final PartitionLog log;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Segment> segments = new ArrayList<>();
    private final ProducerStates producers = new ProducerStates();
    private final LeaderEpochs epochs = new LeaderEpochs();
    private final ArrayDeque<Run> pending = new ArrayDeque<>();
    private final List<Snapshot> snapshots = new ArrayList<>();
    private final List<Doomed> doomed = new ArrayList<>();
    private long nextOffset;
    private long holesUpTo;
    private long activeSinceNanos;
    private boolean closed;
    private volatile long usedNanos;

    /** Taken from {@code pending}, not durable yet. Used by the committer alone. */
    final ArrayDeque<Run> backlog = new ArrayDeque<>();

    /** Whether it is among the dirty logs. Guarded by {@link DirtyLogs}. */
    boolean queued;

    /**
     * A segment below the log's start.
     *
     * @param end the offset behind its last record
     * @param sequence the newest group of the journal that may name it
     */
    record Doomed(Segment segment, long end, long sequence) {}

    /** Opens the files of a log that ends at a point: everything before it is in them, forced. */
    OpenLog(Context context, PartitionLog log, LogPoint point) throws IOException {
        this.context = context;
        this.log = log;
        this.nextOffset = point.recoveryOffset();
        this.usedNanos = context.time().nanos();
        this.activeSinceNanos = usedNanos;
        findSegments(point);
        readBack(); // also what lies below the log's start: a retry may come after its first copy was dropped
        doomBelow(point.logStartOffset(), point.recoveryOffset());
    }

    private void findSegments(LogPoint point) throws IOException {
        var disk = context.disk();
        if (point.recoveryOffset() == 0) {
            return;
        }
        var names = segmentsUpTo(disk, point);
        for (var name : names) {
            int size = name.equals(point.segment()) ? point.position() : sizeOf(disk, point.id(), name);
            segments.add(Segment.existing(
                    disk, point.id(), name, size, context.config().indexIntervalBytes()));
        }
        if (names.isEmpty() || !names.getLast().equals(point.segment())) {
            throw new IOException(Layout.segmentLog(point.id(), point.segment()) + " is missing; offsets up to "
                    + point.recoveryOffset() + " had been acknowledged.");
        }
    }

    private static List<SegmentName> segmentsUpTo(Disk disk, LogPoint point) throws IOException {
        return disk.list(Layout.log(point.id())).stream()
                .flatMap(name -> Layout.parseSegment(name).stream())
                .filter(name -> name.compareTo(point.segment()) <= 0)
                .sorted()
                .toList();
    }

    private static int sizeOf(Disk disk, LogId id, SegmentName name) throws IOException {
        try (var file = disk.open(Layout.segmentLog(id, name))) {
            return Math.toIntExact(file.size());
        }
    }

    /** Bytes of the segments of a log that is not in use. */
    static long sizeBytes(Disk disk, LogPoint point) throws IOException {
        long bytes = 0;
        if (point.recoveryOffset() > 0) {
            for (var name : segmentsUpTo(disk, point)) {
                bytes += name.equals(point.segment()) ? point.position() : sizeOf(disk, point.id(), name);
            }
        }
        return bytes;
    }

    /** Learns producers and epochs from the newest snapshot, and from the batches behind it. */
    private void readBack() throws IOException {
        var snapshot = Snapshot.newest(context.disk(), log.id(), nextOffset);
        snapshot.ifPresent(found -> found.restore(epochs, producers));
        long from = snapshot.map(Snapshot::offset).orElse(0L);
        long nowMs = context.time().wallMs();
        for (var segment : segments) {
            long end = segment == segments.getLast() ? nextOffset : nextBase(segment);
            if (end > from || segment == segments.getLast()) {
                segment.loadDerived();
            }
            if (end > from) {
                readBack(segment, from, nowMs);
                if (segment != segments.getLast()) {
                    snapshots.add(Snapshot.of(end, epochs, producers)); // it was not written before the stop
                }
            }
        }
        long expiryMs = context.config().producerExpiry().toMillis();
        producers.forgetSeenBefore(nowMs - expiryMs);
    }

    private long nextBase(Segment segment) {
        return segments.get(segments.indexOf(segment) + 1).base();
    }

    private void readBack(Segment segment, long from, long nowMs) throws IOException {
        var scan = new SegmentScan(segment, segment.index.positionBefore(from, segment.base()), segment.size());
        while (scan.next()) {
            if (scan.batch().baseOffset() >= from) {
                producers.remember(scan.batch(), nowMs);
                epochs.note(scan.batch().leaderEpoch(), scan.batch().baseOffset());
            }
        }
    }

    // ---- appending

    /** See {@link PartitionLog#append}. Empty if the files were closed meanwhile and must be opened again. */
    Optional<Verdict> append(Batch batch, LogConfig config) {
        lock.lock();
        try {
            if (closed) {
                return Optional.empty();
            }
            return Optional.of(checkAndAppend(batch, config));
        } finally {
            lock.unlock();
        }
    }

    private Verdict checkAndAppend(Batch batch, LogConfig config) {
        usedNanos = context.time().nanos();
        Optional<Verdict> refusal = log.refusal()
                .or(this::announce)
                .or(() -> tooLarge(batch, config))
                .map(Verdict.class::cast)
                .or(() -> producers.check(batch, log.view().logStartOffset()))
                .or(this::noSpace);
        if (refusal.isPresent()) {
            return refusal.get();
        }
        try {
            place(batch, config);
            write(batch, config);
            var active = segments.getLast();
            int position = active.size() - batch.sizeInBytes();
            remember(batch);
            markDirty(active, position, batch);
            return appended(batch);
        } catch (DiskFull e) {
            return new Verdict.Rejected(
                    StorageError.KAFKA_STORAGE_ERROR, "The disk is full (" + e.getMessage() + "); try again later.");
        } catch (IOException e) {
            log.fail(e); // what is in the file now is unknown: nothing is acknowledged on top of it
            return new Verdict.Rejected(StorageError.KAFKA_STORAGE_ERROR, "The disk has failed: " + e);
        }
    }

    /**
     * Tells the committer of what is about to be appended, which it takes when this log's lock is free again. Before a
     * byte is written: a store that is being closed must not leave bytes in its files that nobody makes durable.
     */
    Optional<Verdict.Rejected> announce() {
        return context.dirty().add(this) ? Optional.empty() : context.dirty().refusal();
    }

    private static Optional<Verdict.Rejected> tooLarge(Batch batch, LogConfig config) {
        if (batch.sizeInBytes() > config.maxMessageBytes()) {
            return rejected(
                    StorageError.MESSAGE_TOO_LARGE,
                    "The batch has " + batch.sizeInBytes() + " bytes; max.message.bytes is " + config.maxMessageBytes()
                            + ".");
        }
        if (batch.sizeInBytes() > config.segmentBytes()) {
            return rejected(
                    StorageError.RECORD_LIST_TOO_LARGE,
                    "The batch has " + batch.sizeInBytes() + " bytes; segment.bytes is " + config.segmentBytes() + ".");
        }
        return Optional.empty();
    }

    private static Optional<Verdict.Rejected> rejected(StorageError error, String reason) {
        return Optional.of(new Verdict.Rejected(error, reason));
    }

    private Optional<Verdict.Rejected> noSpace() {
        return context.reserve().isSpent() && !isMetadata()
                ? rejected(StorageError.KAFKA_STORAGE_ERROR, "The disk is full; try again later.")
                : Optional.empty();
    }

    private boolean isMetadata() {
        return log.id().equals(LogId.METADATA);
    }

    /** The catalogue may use the reserve: on a full disk topics can still be deleted. */
    private void write(Batch batch, LogConfig config) throws IOException {
        if (isMetadata()) {
            context.reserve()
                    .secure(() -> activeFor(batch.sizeInBytes(), config).append(batch));
        } else {
            activeFor(batch.sizeInBytes(), config).append(batch);
        }
    }

    private Verdict.Appended appended(Batch batch) {
        var view = log.view();
        return new Verdict.Appended(
                batch.baseOffset(),
                batch.endOffset(),
                holesUpTo > view.durableEnd() ? holesUpTo : 0,
                batch.timestampType() == TimestampType.LOG_APPEND_TIME ? batch.maxTimestamp() : -1,
                view.logStartOffset());
    }

    private void place(Batch batch, LogConfig config) {
        if (config.timestampType() == TimestampType.LOG_APPEND_TIME) {
            batch.stamp(context.time().wallMs());
        }
        batch.place(nextOffset, context.leaderEpoch());
    }

    private void remember(Batch batch) {
        producers.remember(batch, context.time().wallMs());
        epochs.note(batch.leaderEpoch(), batch.baseOffset());
        nextOffset = batch.endOffset();
    }

    private void markDirty(Segment active, int position, Batch batch) {
        var run = pending.peekLast();
        if (run == null || !run.continuesIn(active)) {
            run = Run.written(active, position);
            pending.add(run);
        }
        run.add(batch);
    }

    /** The segment that takes the next bytes; a new one if there is none, or the last one is full or old. */
    private Segment activeFor(int bytes, LogConfig config) throws IOException {
        var active = segments.isEmpty() ? null : segments.getLast();
        if (active != null && !isFull(active, bytes, config)) {
            return active;
        }
        var opened = createSegment();
        if (active != null) {
            snapshots.add(Snapshot.of(nextOffset, epochs, producers));
        }
        segments.add(opened);
        activeSinceNanos = usedNanos;
        return opened;
    }

    private boolean isFull(Segment active, int bytes, LogConfig config) {
        if (active.size() == 0) {
            return false;
        }
        return log.view().logStartOffset() >= nextOffset // all of it was dropped; only then can its file go
                || (long) active.size() + bytes > config.segmentBytes()
                || (usedNanos - activeSinceNanos) / 1_000_000 >= config.segmentMs();
    }

    private Segment createSegment() throws IOException {
        var disk = context.disk();
        createDirectories();
        var name = new SegmentName(nextOffset, 0);
        if (disk.exists(Layout.segmentLog(log.id(), name))) {
            disk.delete(Layout.segmentLog(log.id(), name)); // left by an attempt for which there was no space
        }
        return Segment.create(disk, log.id(), name, context.config().indexIntervalBytes());
    }

    private void createDirectories() throws IOException {
        var disk = context.disk();
        String topic = Layout.topic(log.id().topicId());
        if (!disk.exists(topic)) {
            disk.createDirectory(topic);
            try (var name = disk.create(topic + "/" + Layout.NAME)) {
                name.write(0, StandardCharsets.UTF_8.encode(context.nameOf(log.id()) + "\n"));
            } catch (FileAlreadyExistsException e) {
                // Another partition's first append came at the same time and writes it.
            }
        }
        if (!disk.exists(Layout.log(log.id()))) {
            disk.createDirectory(Layout.log(log.id()));
        }
    }

    // ---- bundles; the caller holds the locks of all logs concerned, see Bundles

    ReentrantLock lock() {
        return lock;
    }

    boolean isClosed() {
        return closed;
    }

    Optional<Verdict.Rejected> refusal() {
        return log.refusal().or(context.dirty()::refusal).or(this::noSpace);
    }

    /** Makes sure that a segment can take so many bytes, so that {@link #hold} cannot fail. */
    void prepare(int bytes, LogConfig config) throws IOException {
        usedNanos = context.time().nanos();
        activeFor(bytes, config);
    }

    /** Gives a batch its place and leaves its bytes out: they are written when the journal holds them (W10). */
    Verdict.Appended hold(Batch batch, LogConfig config, Bundle bundle) {
        var active = segments.getLast();
        place(batch, config);
        pending.add(Run.heldBack(active, active.size(), bundle, batch));
        active.reserve(batch);
        remember(batch);
        holesUpTo = nextOffset;
        return appended(batch);
    }

    // ---- the committer's side

    /** Hands everything appended so far to the committer. The end is read here, before any force (W1). */
    void drain() {
        lock.lock();
        try {
            backlog.addAll(pending);
            pending.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Everything up to the end of this run is on the disk. */
    void publish(Run last) {
        lock.lock();
        try {
            long start = log.view().logStartOffset();
            doomBelow(start, last.endOffset());
            int count = segments.indexOf(last.segment()) + 1;
            log.publish(new LogView(start, last.endOffset(), List.copyOf(segments.subList(0, count)), last.to()));
        } finally {
            lock.unlock();
        }
    }

    PartitionLog log() {
        return log;
    }

    // ---- the checkpointer's side

    /**
     * Writes the snapshots taken at segment rolls that no longer run ahead of the disk (W13). They hold what segments
     * below the log's start say of producers, so those may go only after this.
     */
    void writeSnapshots(long durableEnd) throws IOException {
        for (var snapshot : snapshotsUpTo(durableEnd)) {
            context.reserve().secure(() -> snapshot.write(context.disk(), log.id()));
            forget(snapshot);
        }
    }

    private List<Snapshot> snapshotsUpTo(long durableEnd) {
        lock.lock();
        try {
            return snapshots.stream()
                    .filter(snapshot -> snapshot.offset() <= durableEnd)
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    private void forget(Snapshot snapshot) {
        lock.lock();
        try {
            snapshots.remove(snapshot);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Segments that lie below the start that a durable checkpoint gives the log, and before its recovery point, and that
     * no live frame names once the journal is free up to a sequence (W6).
     */
    List<Segment> takeDoomed(long freeUpTo, LogPoint passed) {
        lock.lock();
        try {
            var ready = doomed.stream()
                    .filter(d -> d.sequence() < freeUpTo
                            && d.end() <= passed.logStartOffset()
                            && d.segment().name().compareTo(passed.segment()) < 0)
                    .toList();
            doomed.removeAll(ready);
            return ready.stream().map(Doomed::segment).toList();
        } finally {
            lock.unlock();
        }
    }

    boolean hasDoomed() {
        lock.lock();
        try {
            return !doomed.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Moves the log's start; segments wholly below it are dropped once the checkpoint has passed them (W6). False: nothing
     * has changed.
     */
    boolean startAt(long offset) {
        lock.lock();
        try {
            var view = log.view();
            long start = Math.max(offset, view.logStartOffset());
            int before = segments.size();
            if (!closed) {
                doomBelow(start, view.durableEnd());
            }
            if (closed || start == view.logStartOffset() && segments.size() == before) {
                return false;
            }
            var kept = view.segments().stream().filter(segments::contains).toList();
            log.publish(new LogView(start, view.durableEnd(), kept, view.durablePosition()));
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Never the segment in which the durable end lies: the next recovery point is there. A log without any would be
     * passed over by the checkpoint, and begin again at offset 0 after a crash.
     */
    private void doomBelow(long start, long durableEnd) {
        while (segments.size() > 1
                && segments.get(1).base() <= start
                && segments.get(1).base() < durableEnd) {
            doomed.add(new Doomed(
                    segments.removeFirst(),
                    segments.getFirst().base(),
                    context.journal().lastSequence()));
        }
    }

    /**
     * What retention keeps.
     *
     * @param startOffset where it would let the log begin; at most its durable end
     * @param untilMs from when on it keeps less, if nothing is appended
     */
    record Kept(long startOffset, long untilMs) {}

    /**
     * Age counts for the segment that is written to as well, or a log with little traffic would keep its records for ever.
     * Its file goes when a next one has been begun.
     */
    Kept retained(LogConfig config, long nowMs) throws IOException {
        var view = log.view();
        long start = view.logStartOffset();
        var kept = view.segments();
        long bytes = kept.stream().mapToLong(Segment::size).sum();
        for (int i = 0; i < kept.size(); i++) {
            var segment = kept.get(i);
            boolean active = i == kept.size() - 1;
            segment.loadDerived();
            long newestMs =
                    segment.index.latest().timestampMs(); // of what is not durable yet, too: then nothing is old
            boolean ages = config.retentionMs() >= 0 && newestMs >= 0;
            boolean old = ages && nowMs - newestMs > config.retentionMs();
            boolean tooMuch =
                    !active && config.retentionBytes() >= 0 && bytes - segment.size() >= config.retentionBytes();
            if (!old && !tooMuch) {
                return new Kept(start, ages ? newestMs + config.retentionMs() + 1 : Long.MAX_VALUE);
            }
            bytes -= segment.size();
            start = Math.max(start, view.endOffsetOf(i));
        }
        return new Kept(start, Long.MAX_VALUE);
    }

    /** Closes the files if nothing is under way and all of it is in them, forced. True if they are closed. */
    boolean closeIfIdle(LogPoint point, long idleNanos) throws IOException {
        lock.lock();
        try {
            boolean idle = context.time().nanos() - usedNanos >= idleNanos;
            boolean secured = point.recoveryOffset() == nextOffset
                    && point.logStartOffset() == log.view().logStartOffset()
                    && doomed.isEmpty();
            if (closed || !idle || !isQuiet() || !secured) {
                return closed;
            }
            if (!log.isDeleted()) { // the directory goes at any moment
                dropEmptyActive();
                writeDerived();
            }
            for (var segment : segments) {
                segment.close();
            }
            closed = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * A segment that was made for a batch for which there was no space then. It goes, durably: the log would otherwise go
     * on in the segment before, and leave a file that begins with an offset of that one.
     */
    private void dropEmptyActive() throws IOException {
        if (!segments.isEmpty() && segments.getLast().size() == 0) {
            segments.removeLast().delete();
            context.disk().forceDirectory(Layout.log(log.id()));
        }
    }

    private void writeDerived() throws IOException {
        if (segments.isEmpty()) {
            return;
        }
        try {
            Snapshot.of(nextOffset, epochs, producers).write(context.disk(), log.id());
            for (var segment : segments) {
                segment.loadDerived();
                segment.writeDerived();
            }
        } catch (DiskFull e) {
            LOG.log(Level.DEBUG, "No space for what can be computed again", e);
        }
    }

    /** Whether everything appended is published. */
    boolean isQuiet() {
        lock.lock();
        try {
            return log.view().durableEnd() == nextOffset;
        } finally {
            lock.unlock();
        }
    }

    /** Lets go of the files, whatever state they are in: the store is closed, or the topic is gone. */
    void closeFiles() throws IOException {
        lock.lock();
        try {
            closed = true;
            for (var segment : segments) {
                segment.close();
            }
            for (var gone : doomed) {
                gone.segment().close();
            }
        } finally {
            lock.unlock();
        }
    }

    // ---- asked by anyone

    void used() {
        usedNanos = context.time().nanos();
    }

    /** Nobody needs it now: it counts as idle, and is closed when nothing is under way in it. */
    void unused() {
        usedNanos = context.time().nanos() - context.config().idleAfter().toNanos();
    }

    long nextOffset() {
        lock.lock();
        try {
            return nextOffset;
        } finally {
            lock.unlock();
        }
    }

    LogView firstView(LogPoint point) {
        return new LogView(point.logStartOffset(), point.durableEnd(), List.copyOf(segments), point.position());
    }

    Optional<PartitionLog.EpochEnd> endOfEpoch(int epoch, long durableEnd) {
        lock.lock();
        try {
            return epochs.endOf(epoch, durableEnd);
        } finally {
            lock.unlock();
        }
    }

    List<PartitionLog.ProducerView> producers() {
        lock.lock();
        try {
            return producers.views();
        } finally {
            lock.unlock();
        }
    }

    long sizeBytes() {
        lock.lock();
        try {
            return segments.stream().mapToLong(Segment::size).sum();
        } finally {
            lock.unlock();
        }
    }
}

package io.strandline.storage;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps the journal free, moves the recovery points on, and removes files that are no longer needed. One platform thread
 * calls {@link #step} when it is {@link #due}, or a test does.
 */
public final class Checkpointer {
    /** Logs that nobody uses have to be opened for it: seldom, but they are not forgotten. */
    private static final long UNUSED_RETAINED_EVERY_NANOS = 3_600_000_000_000L;

    private static final System.Logger LOG = System.getLogger(Checkpointer.class.getName());

    private final Store store;
    private final Context context;
    private final Journal journal;
    private final JournalGrowth growth;
    private final Retention retention;
    private final AtomicLong directBytes = new AtomicLong();

    /** Guards the four below: the committer waits here when the journal is full. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition stepped = lock.newCondition();
    private final Condition wanted = lock.newCondition();
    private boolean running;
    private boolean roomWanted;
    private boolean called;
    private long steps;

    private volatile long lastStepNanos;
    private long number;

    /** Logs of deleted topics, with the newest group that may name them. Used by the step alone. */
    private final Map<PartitionLog, Long> dying = new LinkedHashMap<>();

    Checkpointer(Store store, Context context, long number) {
        this.store = store;
        this.context = context;
        this.journal = context.journal();
        this.growth = new JournalGrowth(context);
        this.retention = new Retention(store, context);
        this.number = number;
        this.lastStepNanos = context.time().nanos();
    }

    /** Forces what the journal still guards, writes the new recovery points, gives space back, removes files. */
    public void step() {
        if (store.isFailed()) {
            return;
        }
        try {
            store.checkpointBegins();
            growth.note(context.time().nanos() - lastStepNanos);
            noteDying();
            var mark = journal.settled();
            var targets = targets();
            for (var target : targets.values()) {
                force(target); // files first, then their names: both before the recovery point says so (W5)
            }
            var checkpoint = checkpoint(mark, targets);
            context.reserve().secure(() -> checkpoint.write(context.disk()));
            journal.release(checkpoint);
            pass(checkpoint.points());
            directBytes.set(0);
            lastStepNanos = context.time().nanos();
            removeWhatIsPassed(mark);
            writeDerived(targets);
            closeIdle();
            context.reserve().fill(journal.preparedBytes());
            signalStepped();
            growth.grow(() -> due() || isRoomWanted() || store.isStopping());
        } catch (Throwable e) {
            store.fail(e);
            signalStepped();
        }
    }

    /** A log that grew since its last recovery point, and the view that becomes the next one. */
    private record Target(PartitionLog log, LogPoint from, LogView view) {
        boolean startMoved() {
            return view.logStartOffset() > from.logStartOffset();
        }

        LogPoint point(boolean startIsSecured) {
            return new LogPoint(
                    log.id(),
                    startIsSecured ? view.logStartOffset() : from.logStartOffset(),
                    view.durableEnd(),
                    view.segments().getLast().name(),
                    view.durablePosition(),
                    view.durableEnd());
        }
    }

    /** Read after the mark: what the groups before the mark hold is published, so it is in these views. */
    private Map<LogId, Target> targets() {
        var targets = new HashMap<LogId, Target>();
        for (var log : store.openLogs()) {
            var view = log.view();
            boolean moved = view.durableEnd() > log.point().recoveryOffset()
                    || view.logStartOffset() > log.point().logStartOffset();
            if (moved
                    && !view.segments().isEmpty()
                    && !log.isDeleted()
                    && log.damage().isEmpty()) {
                targets.put(log.id(), new Target(log, log.point(), view));
            }
        }
        return targets;
    }

    private static void force(Target target) throws IOException {
        var segments = target.view.segments();
        for (int i = 0; i < segments.size(); i++) {
            var segment = segments.get(i);
            if (segment.name().compareTo(target.from.segment()) >= 0) {
                int end = target.view.endOf(i);
                if (segment.forcedTo() < end) {
                    segment.force(end);
                }
                segment.forceBirth();
            }
        }
    }

    private Checkpoint checkpoint(Journal.Mark mark, Map<LogId, Target> targets) throws IOException {
        var points = new ArrayList<LogPoint>();
        for (var log : store.logs()) {
            if (!log.isDeleted()) {
                var target = targets.get(log.id());
                points.add(target == null ? log.point() : target.point(mayMoveStart(target)));
            }
        }
        points.removeIf(point -> point.durableEnd() == 0);
        number++;
        return new Checkpoint(
                context.storeId(),
                number,
                journal.epoch(),
                context.leaderEpoch(),
                mark.sequence(),
                mark.position(),
                journal.preparedBytes(),
                points);
    }

    /**
     * Whether the beginning of the log may be dropped: what it says of producers is in a snapshot before. Without space
     * for that it stays.
     */
    private static boolean securesProducers(PartitionLog log, OpenLog files) throws IOException {
        try {
            files.writeSnapshots(log.view().durableEnd());
            return true;
        } catch (DiskFull e) {
            LOG.log(Level.WARNING, "No space to drop the beginning of {0}; it is tried again.", log);
            return false;
        }
    }

    private static boolean mayMoveStart(Target target) throws IOException {
        var files = target.log.openOrNull();
        return !target.startMoved() || files == null || securesProducers(target.log, files);
    }

    private void pass(List<LogPoint> points) {
        for (var point : points) {
            var log = store.logOrNull(point.id());
            if (log != null) {
                log.passed(point);
            }
        }
    }

    /** The store is stopped: everything appended is in its files, forced, and the last checkpoint says so. */
    void markClean() throws IOException {
        context.reserve()
                .secure(() ->
                        Recovery.CLEAN_MARK.write(context.disk(), Layout.ROOT, Layout.CLEAN, Store.cleanMark(number)));
    }

    // ---- files that go

    private void noteDying() {
        for (var log : store.takeDeleted()) {
            dying.put(log, Long.MAX_VALUE);
        }
        for (var entry : dying.entrySet()) {
            var files = entry.getKey().openOrNull();
            if (entry.getValue() == Long.MAX_VALUE && (files == null || files.isQuiet())) {
                entry.setValue(journal.lastSequence()); // nothing is under way in it: no later group names it
            }
        }
    }

    /** No file that a live frame names is touched (W6): the journal is free up to the mark, and the checkpoint says so. */
    private void removeWhatIsPassed(Journal.Mark mark) throws IOException {
        for (var log : store.openLogs()) {
            var files = log.openOrNull();
            if (files != null && files.hasDoomed() && securesProducers(log, files)) {
                remove(log, files.takeDoomed(mark.sequence(), log.point()));
            }
        }
        var passed = dying.entrySet().stream()
                .filter(entry -> entry.getValue() < mark.sequence())
                .map(Map.Entry::getKey)
                .toList();
        for (var log : passed) {
            dying.remove(log);
            store.removeFiles(log);
        }
    }

    private void remove(PartitionLog log, List<Segment> segments) throws IOException {
        for (var segment : segments) {
            segment.delete();
        }
        if (!segments.isEmpty()) {
            context.disk().forceDirectory(Layout.log(log.id()));
        }
    }

    // ---- what is derived

    private void writeDerived(Map<LogId, Target> targets) throws IOException {
        try {
            for (var target : targets.values()) {
                writeDerived(target);
            }
        } catch (DiskFull e) {
            // Computed again when it is needed; space is kept for what is not.
            LOG.log(Level.DEBUG, "No space for an index or a snapshot", e);
        }
    }

    private void writeDerived(Target target) throws IOException {
        var files = target.log.openOrNull();
        if (files == null) {
            return;
        }
        var segments = target.view.segments();
        for (int i = 0; i < segments.size() - 1; i++) {
            segments.get(i).writeDerived();
        }
        files.writeSnapshots(target.view.durableEnd());
        Snapshot.removeOld(context.disk(), target.log.id(), target.view.durableEnd());
    }

    private void closeIdle() throws IOException {
        for (var log : store.openLogs()) {
            log.closeIfIdle(context.config().idleAfter().toNanos());
        }
    }

    /** What the journal takes on the disk. */
    long journalBytes() {
        return journal.capacity();
    }

    // ---- when

    /** Whether a step is worth its cost now. */
    public boolean due() {
        if (store.isFailed()) {
            return false;
        }
        boolean something = journal.liveBytes() > 0
                || directBytes.get() > 0
                || context.reserve().isSpent();
        boolean late = context.time().nanos() - lastStepNanos
                >= context.config().checkpointEvery().toNanos();
        return journal.isHalfFull()
                || directBytes.get() >= context.config().checkpointBytes()
                || (something && late)
                || store.checkpointWanted();
    }

    void forcedDirectly(long bytes) {
        if (directBytes.addAndGet(bytes) >= context.config().checkpointBytes()) {
            signalWanted();
        }
    }

    /** Returns when the journal has room for a group, after a step of the other thread, or of this one if none runs. */
    void makeRoom(long groupBytes) throws InterruptedException {
        while (!journal.hasRoom(groupBytes) && !store.isFailed()) {
            if (!awaitStep()) {
                step();
            }
        }
        if (journal.isHalfFull()) {
            signalWanted();
        }
    }

    /** False if no thread makes steps. */
    private boolean awaitStep() throws InterruptedException {
        lock.lock();
        try {
            if (!running) {
                return false;
            }
            roomWanted = true;
            called = true;
            wanted.signal();
            long before = steps;
            while (running && steps == before) {
                stepped.await();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void signalStepped() {
        lock.lock();
        try {
            roomWanted = false;
            steps++;
            stepped.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void signalWanted() {
        lock.lock();
        try {
            called = true;
            wanted.signal();
        } finally {
            lock.unlock();
        }
    }

    /** The loop of the checkpointer's thread. */
    void run() {
        setRunning(true);
        try {
            while (!store.isOver() && !store.isStopping()) {
                if (due() || isRoomWanted()) {
                    step();
                } else {
                    awaitWanted();
                }
            }
        } catch (InterruptedException e) {
            store.fail(e); // no one may interrupt a thread that touches files
        } finally {
            setRunning(false);
        }
    }

    private boolean isRoomWanted() {
        lock.lock();
        try {
            return roomWanted;
        } finally {
            lock.unlock();
        }
    }

    private void setRunning(boolean runs) {
        lock.lock();
        try {
            running = runs;
            stepped.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void awaitWanted() throws InterruptedException {
        lock.lock();
        try {
            long left = Math.min(context.config().checkpointEvery().toNanos(), 1_000_000_000L);
            while (!called && left > 0) {
                left = wanted.awaitNanos(left);
            }
            called = false;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Drops what retention no longer keeps. The files go in a later step. Logs that are closed are looked at in rounds, so
     * that there are never many open at once.
     *
     * @return whether there are logs left, for which this is to be called again soon
     */
    public boolean retain() {
        try {
            return retention.round();
        } catch (Throwable e) {
            store.fail(e);
            return false;
        }
    }
}

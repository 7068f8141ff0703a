package io.strandline.storage;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * All logs of one broker on one disk: what was acknowledged is in it after any crash.
 *
 * <p>Open it, {@link #start} it (or drive {@link Committer#cycle} and {@link Checkpointer#step} yourself, as tests do),
 * close it. All methods may be called from any thread.
 */
public final class Store implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Store.class.getName());
    private static final int OPENING_LOCKS = 64;

    private final Disk.Lock directoryLock;
    private final Context context;
    private final Opening opening;
    private final Committer committer;
    private final Checkpointer checkpointer;
    private final Bundles bundles = new Bundles();
    private final ConcurrentHashMap<LogId, PartitionLog> logs = new ConcurrentHashMap<>();
    /** In a fixed order, so that a test's seed always leads to the same operations. */
    private final ConcurrentSkipListMap<LogId, PartitionLog> inUse = new ConcurrentSkipListMap<>();

    private final Set<UUID> deletedTopics = ConcurrentHashMap.newKeySet();
    private final ConcurrentLinkedQueue<PartitionLog> deleted = new ConcurrentLinkedQueue<>();
    private final CopyOnWriteArraySet<Damage> damages = new CopyOnWriteArraySet<>();
    private final ReentrantLock[] openingLocks = new ReentrantLock[OPENING_LOCKS];
    private final List<Thread> running = new ArrayList<>();
    private volatile boolean checkpointWanted;
    private volatile boolean stopping;
    private volatile boolean over;

    private Store(Disk.Lock directoryLock, Context context, Recovery.Recovered recovered) {
        this.directoryLock = directoryLock;
        this.context = context;
        this.opening = recovered.opening();
        this.checkpointer =
                new Checkpointer(this, context, recovered.checkpoint().number());
        this.committer = new Committer(this, context);
        for (int i = 0; i < OPENING_LOCKS; i++) {
            openingLocks[i] = new ReentrantLock();
        }
        for (var point : recovered.checkpoint().points()) {
            var log = new PartitionLog(this, context, point);
            logs.put(point.id(), log);
            log.damage().ifPresent(damages::add);
        }
    }

    /**
     * Takes the directory for this process, makes a store if it is empty, or brings the one that is there back to where
     * everything acknowledged is: after a clean stop at once, otherwise from the journal and the tails of the logs.
     *
     * @throws StoreRefused if the store is in use, is not ours, is of a newer version, or misses a part; nothing was
     *     touched
     * @throws IOException if the disk failed; opening can be tried again
     */
    public static Store open(Disk disk, StoreConfig config, Catalogue catalogue, Time time) throws IOException {
        Recovery.refuseWhatIsNotOurs(disk); // before the lock's file is written there
        var lock = disk.lock(Layout.LOCK);
        try {
            var recovered = new Recovery(disk, config, catalogue, time).run();
            var checkpoint = recovered.checkpoint();
            var context = new Context(
                    disk,
                    config,
                    catalogue,
                    time,
                    new DirtyLogs(),
                    recovered.journal(),
                    recovered.reserve(),
                    checkpoint.storeId(),
                    checkpoint.leaderEpoch());
            return new Store(lock, context, recovered);
        } catch (Throwable e) {
            lock.close();
            throw e;
        }
    }

    // ---- threads

    /**
     * Starts the committer and the checkpointer, each on a thread of its own. They wait for the disk inside system
     * calls, so they are platform threads.
     */
    public void start(ThreadFactory threads) {
        running.add(threads.newThread(this::runCommitter));
        running.add(threads.newThread(checkpointer::run));
        running.get(0).setName("strandline-committer");
        running.get(1).setName("strandline-checkpointer");
        running.forEach(Thread::start);
    }

    private void runCommitter() {
        try {
            while (!isFailed() && !(stopping && !committer.due())) {
                context.dirty().await(1_000_000_000L);
                committer.cycle();
            }
        } catch (InterruptedException e) {
            fail(e); // no one may interrupt a thread that touches files
        }
    }

    /** The part that makes appends durable; for tests that drive it by hand. */
    public Committer committer() {
        return committer;
    }

    /** The part that keeps the journal free and drops what is no longer needed; for tests that drive it by hand. */
    public Checkpointer checkpointer() {
        return checkpointer;
    }

    // ---- logs

    /** The broker's own log, whose batches went to {@link Catalogue#apply} when the store was opened. */
    public PartitionLog metadata() {
        return log(LogId.METADATA);
    }

    /**
     * The log of this name, empty if nothing was ever appended to it. Makes no file. The caller knows that the topic
     * is live and has this partition.
     */
    public PartitionLog log(LogId id) {
        var log = logs.get(id);
        if (log != null) {
            return log;
        }
        if (deletedTopics.contains(id.topicId())) {
            var gone = new PartitionLog(this, context, LogPoint.empty(id));
            gone.markDeleted();
            return gone;
        }
        return logs.computeIfAbsent(id, missing -> new PartitionLog(this, context, LogPoint.empty(missing)));
    }

    /**
     * Adds batches to several logs so that after a crash either all of them are there or none (W10). Each log may
     * appear more than once; its batches are added in the order of the list.
     *
     * <p>Batches of idempotent producers are not checked for duplicates here: these are the broker's own.
     */
    public Together appendTogether(List<Part> parts) {
        return bundles.append(parts, context);
    }

    /**
     * Drops all logs of a topic. The caller has made its deletion durable in the metadata log. Appends are refused and
     * waiters woken at once; the files go later, in the background.
     */
    public void delete(UUID topicId) {
        deletedTopics.add(topicId);
        for (var log : logs.values()) {
            if (log.id().topicId().equals(topicId)) {
                log.markDeleted();
                deleted.add(log);
                checkpointWanted = true;
            }
        }
        checkpointer.signalWanted();
    }

    // ---- state

    /** Why nothing is acknowledged any more; empty while all is well. Final for this store. */
    public Optional<Throwable> failure() {
        return context.dirty().failure();
    }

    /** Ranges found damaged since the store was opened. */
    public List<Damage> damages() {
        return List.copyOf(damages);
    }

    /** Bytes that can still be written to the disk, as far as it tells. */
    public long usableBytes() throws IOException {
        return context.disk().usableBytes();
    }

    /** What was found and done while the store was opened. */
    public Opening opening() {
        return opening;
    }

    /** Given to the store when it was made; never changes. */
    public UUID storeId() {
        return context.storeId();
    }

    /** Goes into every batch appended in this life; larger than in any life before an unclean stop. */
    public int leaderEpoch() {
        return context.leaderEpoch();
    }

    // ---- the end

    /**
     * Makes everything appended durable and marks the store as stopped cleanly, so that the next start is quick. After
     * a failure only lets go of the disk. Appends are refused from now on, waiters are woken.
     */
    @Override
    public void close() throws IOException {
        if (stopping) {
            return;
        }
        stopping = true;
        context.dirty().close();
        try {
            join();
            if (!isFailed()) {
                settle();
            }
        } finally {
            letGo();
        }
    }

    private void join() {
        checkpointer.signalWanted();
        for (var thread : running) {
            boolean interrupted = false;
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true; // files are still in use: this cannot be cut short
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            checkpointer.signalWanted();
        }
    }

    private void settle() throws IOException {
        while (committer.due()) {
            committer.cycle();
        }
        checkpointer.step();
        if (isFailed()) {
            return;
        }
        for (var log : openLogs()) {
            if (!log.isDeleted() && !log.closeIfIdle(0)) {
                LOG.log(Level.DEBUG, "{0} has files to remove at the next start", log);
            }
        }
        try {
            checkpointer.markClean();
        } catch (DiskFull e) {
            LOG.log(Level.WARNING, "No space for the mark of a clean stop; the next start takes longer.", e);
        }
    }

    private void letGo() throws IOException {
        over = true;
        logs.values().forEach(PartitionLog::wake);
        for (var log : openLogs()) {
            var files = log.openOrNull();
            if (files != null) {
                files.closeFiles();
            }
        }
        context.journal().close();
        directoryLock.close();
    }

    // ---- for the parts of the store

    /** Nothing is acknowledged any more (W11). Every waiter is told. */
    void fail(Throwable reason) {
        if (context.dirty().fail(reason)) {
            LOG.log(Level.ERROR, "The store has failed. Nothing is acknowledged until it is opened again.", reason);
        }
        logs.values().forEach(PartitionLog::wake);
    }

    /** Whether the committer's next group surely fits. */
    boolean journalHasRoom() {
        return context.journal().hasRoom(2L * context.config().cycleBytesMax());
    }

    DirtyLogs dirtyLogs() {
        return context.dirty();
    }

    boolean isFailed() {
        return failure().isPresent();
    }

    boolean isStopping() {
        return stopping;
    }

    /** Whether nothing becomes durable any more. */
    boolean isOver() {
        return over || isFailed();
    }

    void wantCheckpoint() {
        checkpointWanted = true;
        checkpointer.signalWanted();
    }

    boolean checkpointWanted() {
        return checkpointWanted;
    }

    void checkpointBegins() {
        checkpointWanted = false;
    }

    Collection<PartitionLog> logs() {
        return logs.values();
    }

    @Nullable
    PartitionLog logOrNull(LogId id) {
        return logs.get(id);
    }

    /** Logs whose files are in use. */
    Collection<PartitionLog> openLogs() {
        return inUse.values();
    }

    void opened(PartitionLog log) {
        inUse.put(log.id(), log);
    }

    void closed(PartitionLog log) {
        inUse.remove(log.id(), log);
    }

    ReentrantLock openingLock(LogId id) {
        return openingLocks[Math.floorMod(id.hashCode(), OPENING_LOCKS)];
    }

    void found(Damage damage) {
        if (damages.add(damage)) {
            LOG.log(
                    Level.ERROR,
                    "Offsets {0} to {1} of log {2} are damaged: {3}",
                    damage.fromOffset(),
                    damage.toOffset(),
                    damage.log(),
                    damage.reason());
        }
    }

    /** Logs of topics deleted since the last call. */
    List<PartitionLog> takeDeleted() {
        var taken = new ArrayList<PartitionLog>();
        for (var log = deleted.poll(); log != null; log = deleted.poll()) {
            taken.add(log);
        }
        return taken;
    }

    void removeFiles(PartitionLog log) throws IOException {
        var files = log.openOrNull();
        if (files != null) {
            files.closeFiles();
        }
        inUse.remove(log.id(), log);
        logs.remove(log.id(), log);
        Recovery.removeFiles(context.disk(), log.id());
    }

    /** One batch for one log in {@link #appendTogether}. */
    public record Part(PartitionLog log, Batch batch) {}

    /** What became of a bundle. */
    public sealed interface Together {
        /**
         * All of it was appended.
         *
         * @param parts the verdict for each part, in their order
         * @param durable durable when all parts are
         */
        record Accepted(List<Verdict.Appended> parts, Durability durable) implements Together {}

        /** Nothing of it was appended. */
        record Refused(StorageError error, String reason) implements Together {}
    }

    /** Offsets of a log that cannot be read, and why. */
    public record Damage(LogId log, long fromOffset, long toOffset, String reason) {}

    /**
     * How the store was found.
     *
     * @param made it did not exist before
     * @param clean it had been stopped cleanly
     * @param framesApplied frames of the journal that were written to segments again
     * @param bytesRewritten bytes of log tails that were written and forced again
     * @param bytesCut bytes behind the last whole batch, never acknowledged, that were cut off
     * @param lossAccepted what was missing, if the store was opened although something is
     */
    public record Opening(
            boolean made,
            boolean clean,
            int framesApplied,
            long bytesRewritten,
            long bytesCut,
            @Nullable String lossAccepted) {}

    static ByteBuffer cleanMark(long checkpointNumber) {
        return ByteBuffer.allocate(8).putLong(0, checkpointNumber);
    }
}

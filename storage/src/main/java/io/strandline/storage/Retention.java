package io.strandline.storage;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Queue;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Drops from the beginnings of logs what their topics no longer keep. Logs in use are looked at all at once; closed ones
 * a few at a time, and each is opened only when something of it has had its time, or nobody knows: a log that nobody uses
 * does not change, so what the last look found out holds until then.
 */
final class Retention {
    private static final System.Logger LOG = System.getLogger(Retention.class.getName());

    /** Closed logs that one round opens; each costs some files and the reading of a snapshot. */
    static final int OPENED_MAX = 16;

    private final Store store;
    private final Context context;

    /** Guards {@code left}; held over a round. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Queue<PartitionLog> left = new ArrayDeque<>();

    Retention(Store store, Context context) {
        this.store = store;
        this.context = context;
    }

    /**
     * Until when a log that nobody uses need not be looked at.
     *
     * @param config of the topic, which can change
     * @param durableEnd of the log: whoever appends uses it
     */
    record Rest(LogConfig config, long durableEnd, long untilMs) {}

    /** Looks at the logs in use and at some of the others. True if some are left. */
    boolean round() throws IOException {
        lock.lock();
        try {
            if (left.isEmpty()) {
                lookAtOpen();
                store.logs().stream()
                        .sorted(Comparator.comparing(PartitionLog::id))
                        .forEach(left::add);
            }
            lookAtClosed();
            return !left.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private void lookAtOpen() throws IOException {
        for (var log : store.openLogs()) {
            var files = log.openOrNull();
            if (files != null && mayDrop(log)) {
                retain(log, files);
            }
        }
    }

    private void lookAtClosed() throws IOException {
        for (int opened = 0; opened < OPENED_MAX && !left.isEmpty(); ) {
            var log = left.remove();
            if (log.openOrNull() == null && mayDrop(log) && !rests(log)) {
                opened++;
                open(log);
            }
        }
    }

    private boolean mayDrop(PartitionLog log) {
        var config = context.configOf(log.id());
        return config.deletes()
                && (config.retentionMs() >= 0 || config.retentionBytes() >= 0)
                && !log.isDeleted()
                && log.damage().isEmpty();
    }

    private boolean rests(PartitionLog log) {
        var rest = log.rest();
        return rest != null
                && rest.config().equals(context.configOf(log.id()))
                && rest.durableEnd() == log.view().durableEnd()
                && context.time().wallMs() < rest.untilMs();
    }

    /** What cannot be read now stays; whoever uses the log is told why. */
    private void open(PartitionLog log) throws IOException {
        try {
            var files = log.open();
            log.rest(retain(log, files));
            files.unused();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "Retention leaves out " + log + ", whose files cannot be opened.", e);
        }
        log.closeIfIdle(context.config().idleAfter().toNanos()); // unless files go: then by the checkpoint
    }

    private Rest retain(PartitionLog log, OpenLog files) throws IOException {
        var config = context.configOf(log.id());
        var kept = files.retained(config, context.time().wallMs());
        if (files.startAt(kept.startOffset()) || files.hasDoomed()) {
            store.wantCheckpoint(); // it makes the new start durable, removes files, and closes what is idle
        }
        return new Rest(config, log.view().durableEnd(), kept.untilMs());
    }
}

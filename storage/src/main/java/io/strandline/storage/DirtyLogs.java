package io.strandline.storage;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The logs that wait for the committer, and the one word that ends all waiting: failed.
 *
 * <p>Both are guarded by one lock (W11): a log is either added before the failure, and then its waiters are told by the
 * failure, or it is refused. So nobody begins to wait after the waiters were told.
 */
final class DirtyLogs {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private List<OpenLog> logs = new ArrayList<>();
    private @Nullable Throwable failure;
    private boolean closed;

    /**
     * Called under the log's lock, which is held until the bytes are in the file. False if nothing becomes durable any
     * more.
     */
    boolean add(OpenLog log) {
        lock.lock();
        try {
            if (failure != null || closed) {
                return false;
            }
            if (!log.queued) {
                log.queued = true;
                logs.add(log);
                work.signal();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** All that are dirty, in the order in which they became so; they are no longer in the set. */
    List<OpenLog> take() {
        lock.lock();
        try {
            var taken = logs;
            logs = new ArrayList<>();
            taken.forEach(log -> log.queued = false);
            return taken;
        } finally {
            lock.unlock();
        }
    }

    boolean isEmpty() {
        lock.lock();
        try {
            return logs.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Returns when there is work, after the time, or when the end has come. */
    void await(long nanosMax) throws InterruptedException {
        lock.lock();
        try {
            long left = nanosMax;
            while (logs.isEmpty() && failure == null && !closed && left > 0) {
                left = work.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The first reason counts. Returns whether this was it. */
    boolean fail(Throwable reason) {
        lock.lock();
        try {
            if (failure != null) {
                return false;
            }
            failure = reason;
            work.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Nothing is added any more; what is in the set is still taken. */
    void close() {
        lock.lock();
        try {
            closed = true;
            work.signalAll();
        } finally {
            lock.unlock();
        }
    }

    Optional<Throwable> failure() {
        lock.lock();
        try {
            return Optional.ofNullable(failure);
        } finally {
            lock.unlock();
        }
    }

    boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** Why an append is refused; empty while all is well. */
    Optional<Verdict.Rejected> refusal() {
        lock.lock();
        try {
            if (failure != null) {
                return Optional.of(new Verdict.Rejected(
                        StorageError.KAFKA_STORAGE_ERROR,
                        "The store has failed and takes nothing until it is restarted: " + failure));
            }
            return closed
                    ? Optional.of(new Verdict.Rejected(StorageError.KAFKA_STORAGE_ERROR, "The store is closing."))
                    : Optional.empty();
        } finally {
            lock.unlock();
        }
    }
}

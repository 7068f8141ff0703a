package io.strandline;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The rounds of a poll thread, for who waits for a fact that only a round can bring about. A round takes some 10 to 50 ms.
 */
final class Rounds {
    /** Somebody who waits looks at the clock at least so often: a round may wait for a broker. */
    private static final long LOOK_EVERY_MS = 100;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long count;
    private boolean ended;

    /** Poll thread. */
    void done() {
        lock.lock();
        try {
            count++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Poll thread: there are no more. */
    void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    long seen() {
        lock.lock();
        try {
            return count;
        } finally {
            lock.unlock();
        }
    }

    boolean ended() {
        lock.lock();
        try {
            return ended;
        } finally {
            lock.unlock();
        }
    }

    /** Returns when there was a round after this one, or a while has passed; says how many there were. */
    long awaitAfter(long round) throws InterruptedException {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(LOOK_EVERY_MS);
            while (count == round && !ended && left > 0) {
                left = changed.awaitNanos(left);
            }
            return count;
        } finally {
            lock.unlock();
        }
    }
}

package io.strandline.junit;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** How long a force takes beyond what it takes. */
final class Sloth {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long nanos;
    private long changes;

    void set(Duration each) {
        if (each.isNegative()) {
            throw new IllegalArgumentException("A force cannot take " + each + " longer");
        }
        lock.lock();
        try {
            nanos = each.toNanos();
            changes++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends all waits that are under way. */
    void wake() {
        lock.lock();
        try {
            changes++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits that long, or until it is changed. */
    void await() {
        lock.lock();
        try {
            long left = nanos;
            long before = changes;
            while (left > 0 && changes == before) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // who is interrupted is in a hurry
        } finally {
            lock.unlock();
        }
    }
}

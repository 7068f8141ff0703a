package io.strandline.storage;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Someone who waits for something to happen in one log or in many. The committer only wakes it (W19): whoever waits
 * then looks for himself, on his own thread, so nothing of his runs on the committer.
 *
 * <p>One thread awaits; any thread wakes. The order that loses no wake-up: register the waiter, look whether what is
 * awaited has happened, and only then await; after a wake-up {@link #rearm}, look again, await again. Waking is only a
 * hint to look.
 */
public final class Waiter {
    private volatile boolean woken;
    private volatile boolean done;
    private volatile @Nullable Thread awaiting;

    /** Something happened, look. Callable by any thread, never blocks, runs nothing of the waiter's. */
    public void wake() {
        woken = true;
        LockSupport.unpark(awaiting);
    }

    /** Whether it was woken since the last {@link #rearm}. */
    public boolean ready() {
        return woken;
    }

    /** Forgets former wake-ups. What is awaited must be looked at after this. */
    public void rearm() {
        woken = false;
    }

    /**
     * Returns when woken, or at the deadline.
     *
     * @param deadlineNanos reading of {@link Time#nanos} after which it waits no longer
     * @return whether it was woken
     */
    public boolean await(Time time, long deadlineNanos) {
        awaiting = Thread.currentThread();
        try {
            while (!woken) {
                long leftNanos = deadlineNanos - time.nanos();
                if (leftNanos <= 0 || Thread.currentThread().isInterrupted()) {
                    break;
                }
                LockSupport.parkNanos(this, leftNanos);
            }
            return woken;
        } finally {
            awaiting = null;
        }
    }

    /** It waits no longer, for anything: every log it is registered with drops it at the next occasion. */
    public void done() {
        done = true;
    }

    boolean isDone() {
        return done;
    }
}

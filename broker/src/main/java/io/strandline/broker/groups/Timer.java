package io.strandline.broker.groups;

/** Calls back later. On one thread of the broker in production, by hand in tests. */
public interface Timer {
    /**
     * Runs the task once, not before the delay has passed on {@link io.strandline.storage.Time#nanos}. The task takes locks but
     * waits for nothing else.
     *
     * @param delayMs 0 or more
     */
    Scheduled schedule(long delayMs, Runnable task);

    /** A task that may still be called. */
    interface Scheduled {
        /** Takes it back. Too late when it is running or has run: whoever schedules a task must be ready for that. */
        void cancel();
    }
}

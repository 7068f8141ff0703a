package io.strandline.broker.groups;

import java.lang.System.Logger.Level;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A timer on one daemon thread, which begins with the first task. */
public final class TimerThread implements Timer, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(TimerThread.class.getName());

    private final ScheduledThreadPoolExecutor executor;

    public TimerThread(String name) {
        executor = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name(name).factory());
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    @Override
    public Scheduled schedule(long delayMs, Runnable task) {
        try {
            var future = executor.schedule(() -> run(task), delayMs, TimeUnit.MILLISECONDS);
            return () -> future.cancel(false); // never interrupted: it may be writing to a file
        } catch (RejectedExecutionException e) {
            // The broker stops, and time limits with it.
            return () -> {};
        }
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            // One group in trouble must not stop the clock for the others.
            LOG.log(Level.ERROR, "A time limit of a group could not be carried out", e);
        }
    }

    /** No task begins after this; one that runs is not interrupted. */
    @Override
    public void close() {
        executor.shutdown();
    }
}

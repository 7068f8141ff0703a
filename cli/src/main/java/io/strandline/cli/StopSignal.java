package io.strandline.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C and SIGTERM for a command that runs until someone stops it: the command sees the request, finishes what it does within a
 * limit, and the process ends only then; with exit code 0 if the command says that it finished well. (Left alone, the JVM would
 * say 130 or 143 whatever happened.)
 */
final class StopSignal implements AutoCloseable {
    private final CountDownLatch requested = new CountDownLatch(1);
    private final CountDownLatch finished = new CountDownLatch(1);
    private final Thread hook;
    private volatile boolean well;

    /** @param atMost how long the process waits for the command */
    StopSignal(Duration atMost) {
        hook = new Thread(() -> endWithin(atMost), "stop-signal");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    boolean requested() {
        return requested.getCount() == 0;
    }

    /** Waits for the request. @return whether it has come */
    boolean awaitRequest(Duration atMost) throws InterruptedException {
        return requested.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The command has done what it should. */
    void finishedWell() {
        well = true;
    }

    /** The command has finished. */
    @Override
    public void close() {
        finished.countDown();
        if (!requested()) {
            removeHook();
        }
    }

    private void removeHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The signal came in this moment; the hook finds that the command has finished.
        }
    }

    private void endWithin(Duration atMost) {
        requested.countDown();
        try {
            if (!finished.await(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
                System.err.println("Not finished after " + atMost.toSeconds() + " s; ending anyway");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("Nothing interrupts a shutdown hook", e);
        }
        System.out.flush();
        System.err.flush();
        Runtime.getRuntime().halt(well ? 0 : Problem.FAILED);
    }
}

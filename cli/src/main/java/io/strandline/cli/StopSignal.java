package io.strandline.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C and SIGTERM for a command that runs until someone stops it: the command sees the request, finishes what it does within a
 * limit, and the process ends only then.
 */
final class StopSignal implements AutoCloseable {
    private final CountDownLatch requested = new CountDownLatch(1);
    private final CountDownLatch finished = new CountDownLatch(1);
    private final Thread hook;

    /** @param atMost how long the process waits for the command */
    StopSignal(Duration atMost) {
        hook = new Thread(() -> {
            requested.countDown();
            awaitFinish(atMost);
        });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    boolean requested() {
        return requested.getCount() == 0;
    }

    boolean awaitRequest(Duration atMost) throws InterruptedException {
        return requested.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The command has finished. */
    @Override
    public void close() {
        finished.countDown();
        if (!requested()) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }

    private void awaitFinish(Duration atMost) {
        try {
            if (!finished.await(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
                System.err.println("Not finished after " + atMost.toSeconds() + " s; ending anyway");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("Nothing interrupts a shutdown hook", e);
        }
    }
}

package io.strandline;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the user of every message that failed for good: one after the other, on a thread of its own, so that whatever
 * is done there holds up no message. One for all views of a producer.
 */
final class LastResort implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Producer.class);
    private static final Duration CLOSE_WAIT_MAX = Duration.ofSeconds(30);

    private final Optional<BiConsumer<? super Outgoing<?, ?>, ? super SendFailed>> listener;
    private final ExecutorService thread;

    LastResort(Optional<BiConsumer<? super Outgoing<?, ?>, ? super SendFailed>> listener) {
        this.listener = listener;
        thread = Executors.newSingleThreadExecutor(
                Thread.ofVirtual().name("strandline-on-failure").factory());
    }

    static LastResort none() {
        return new LastResort(Optional.empty());
    }

    void failed(Outgoing<?, ?> message, SendFailed why) {
        if (listener.isEmpty()) {
            return;
        }
        try {
            thread.execute(() -> tell(message, why));
        } catch (RejectedExecutionException e) {
            tell(message, why); // sent after close(): the sender's own thread tells
        }
    }

    private void tell(Outgoing<?, ?> message, SendFailed why) {
        try {
            listener.orElseThrow().accept(message, why);
        } catch (Throwable e) {
            // It must not keep the others from being told.
            LOG.error(
                    "onFailure failed on a message to {} that was not sent",
                    message.topic().name(),
                    e);
        }
    }

    /** Returns when all are told. */
    @Override
    public void close() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(CLOSE_WAIT_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("onFailure is still busy after {}; not waiting any longer", CLOSE_WAIT_MAX);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

package io.strandline;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.UnsupportedForMessageFormatException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of messages that failed: the spool takes those that may be stored later, the user is told of the others,
 * one after the other, on a thread of its own, so that whatever is done there holds up no message. One for all views of
 * a producer.
 */
final class LastResort implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Producer.class);
    private static final Duration CLOSE_WAIT_MAX = Duration.ofSeconds(30);

    private final Optional<BiConsumer<? super Outgoing<?, ?>, ? super SendFailed>> listener;
    private final Optional<Spooling> spool;
    private final ExecutorService thread;

    LastResort(Optional<BiConsumer<? super Outgoing<?, ?>, ? super SendFailed>> listener, Optional<Spooling> spool) {
        this.listener = listener;
        this.spool = spool;
        thread = Executors.newSingleThreadExecutor(
                Thread.ofVirtual().name("strandline-on-failure").factory());
    }

    static LastResort none() {
        return new LastResort(Optional.empty(), Optional.empty());
    }

    /** Trying these again, whenever, gives the same result. */
    static boolean hopeless(Throwable why) {
        return why instanceof RecordTooLargeException
                || why instanceof RecordBatchTooLargeException
                || why instanceof org.apache.kafka.common.InvalidRecordException
                || why instanceof org.apache.kafka.common.errors.InvalidTimestampException
                || why instanceof InvalidTopicException
                || why instanceof PolicyViolationException
                || why instanceof SerializationException
                || why instanceof UnsupportedForMessageFormatException
                || why instanceof IllegalArgumentException;
    }

    /** Cheap: asked before each send. */
    boolean holdsAny() {
        return spool.isPresent() && spool.get().held() > 0;
    }

    /**
     * Takes a message that is not sent yet, if earlier ones of its key wait in the spool.
     *
     * @param end told what became of it
     * @return false if it may be sent
     */
    boolean keepBehind(Outgoing<?, ?> message, ProducerRecord<byte[], byte[]> bytes, Consumer<SendFailed> end) {
        if (spool.isEmpty()) {
            return false;
        }
        var waits = new IllegalStateException("earlier messages of this key wait in the spool");
        var refused = new SendFailed.Result.Refused(message, waits);
        return spool.get().keepBehind(bytes, notKept -> ended(message, refused, notKept, end));
    }

    /**
     * A message failed.
     *
     * @param bytes null if there are none: it could not be written as its type
     * @param result why; a refused or an unknown one
     * @param end told at once, or when the spool has it
     */
    void failed(
            Outgoing<?, ?> message,
            @Nullable ProducerRecord<byte[], byte[]> bytes,
            SendFailed.Result result,
            Consumer<SendFailed> end) {
        if (spool.isPresent() && bytes != null && !hopeless(SendFailed.why(result))) {
            spool.get().keep(bytes, notKept -> ended(message, result, notKept, end));
        } else {
            end(message, SendFailed.of(result), end);
        }
    }

    private void ended(
            Outgoing<?, ?> message, SendFailed.Result result, Optional<Throwable> notKept, Consumer<SendFailed> end) {
        if (notKept.isEmpty()) {
            end.accept(SendFailed.of(new SendFailed.Result.Spooled(message, SendFailed.why(result))));
        } else {
            SendFailed.why(result).addSuppressed(notKept.get());
            end(message, SendFailed.of(result), end);
        }
    }

    private void end(Outgoing<?, ?> message, SendFailed why, Consumer<SendFailed> end) {
        end.accept(why);
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

    List<Health.Check> checks() {
        return spool.map(Spooling::check).stream().toList();
    }

    /** Returns when all are in the spool or told. */
    @Override
    public void close() {
        spool.ifPresent(Spooling::close);
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

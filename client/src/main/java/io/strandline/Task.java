package io.strandline;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * One message from fetch to finish, and how far it has come. It is worked on by one thread at a time; others may look at
 * it any time, and see for {@link #finished()} and the record what is true now, for the rest what was true a moment ago.
 */
final class Task {
    private final Tenure tenure;
    private final long offset;
    private final int bytes;

    /** Null once finished: a message that waits for an earlier one to be committed takes no room. */
    private volatile @Nullable ConsumerRecord<byte[], byte[]> record;

    /** Where it came from, if it was read from a retry topic. */
    private final RetryHeaders.@Nullable Origin origin;

    /** No attempt before this; see {@link Time#nanoTime}. Meaningless without an origin. */
    private final long notBefore;

    /** Behind it in its lane. Written by the poll thread. */
    private @Nullable Task next;

    /** The one that is next or running, from 1. */
    private int attempt = 1;

    /** When the first attempt began, and when what is under way now did; see {@link Time#nanoTime}. */
    private long begun;

    private long since;

    /** Set when it was given up: then its dead letter is what is left to do. */
    private volatile @Nullable Letter letter;

    /**
     * A message for another topic that is not stored there yet.
     *
     * @param delay until the next attempt; empty for a dead letter
     * @param failed how often it could not be written
     */
    record Letter(String topic, Throwable why, Optional<Duration> delay, int failed, Optional<Throwable> lastFailure) {
        static Letter dead(String topic, Throwable why) {
            return new Letter(topic, why, Optional.empty(), 0, Optional.empty());
        }

        static Letter again(String topic, Throwable why, Duration delay) {
            return new Letter(topic, why, Optional.of(delay), 0, Optional.empty());
        }

        Letter notWritten(Throwable failure) {
            return new Letter(topic, why, delay, failed + 1, Optional.of(failure));
        }
    }

    Task(Tenure tenure, ConsumerRecord<byte[], byte[]> record) {
        this.tenure = tenure;
        this.record = record;
        offset = record.offset();
        bytes = sizeOf(record);
        origin = null;
        notBefore = 0;
    }

    /**
     * From a retry topic.
     *
     * @param offset in that
     */
    Task(Tenure tenure, long offset, RetryHeaders.Origin origin, Time time) {
        this.tenure = tenure;
        this.offset = offset;
        this.origin = origin;
        record = origin.record();
        bytes = sizeOf(origin.record());
        attempt = origin.failed() + 1;
        var now = time.now();
        begun = time.nanoTime() - Duration.between(origin.first(), now).toNanos();
        notBefore = time.nanoTime() + Duration.between(now, origin.due()).toNanos();
    }

    private static int sizeOf(ConsumerRecord<byte[], byte[]> record) {
        int size = Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
        for (var header : record.headers().toArray()) {
            size += header.key().length() + (header.value() == null ? 0 : header.value().length);
        }
        return size;
    }

    Tenure tenure() {
        return tenure;
    }

    /** In the partition it was read from, which a retry topic's may be. */
    long offset() {
        return offset;
    }

    /** The partition it was sent to. */
    Partition source() {
        return origin == null ? tenure.partition() : origin.partition();
    }

    /** In the partition it was sent to. */
    long sourceOffset() {
        return origin == null ? offset : origin.record().offset();
    }

    /** How long it must wait yet, if it comes from a retry topic; 0 or less: no more. */
    long earlyNanos(Time time) {
        return origin == null ? 0 : notBefore - time.nanoTime();
    }

    /** The last failure before it was put into a retry topic. */
    Throwable failedBefore() {
        return new RetryHeaders.FailedBefore(origin == null ? "" : origin.error());
    }

    Instant firstAttempt(Time time) {
        return time.now().minusNanos(time.nanoTime() - begun);
    }

    int bytes() {
        return bytes;
    }

    ConsumerRecord<byte[], byte[]> record() {
        var there = record;
        if (there == null) {
            throw new IllegalStateException("Offset " + offset + " of " + tenure.partition() + " is finished");
        }
        return there;
    }

    /** It is done, thrown away, or stored as a dead letter: progress may pass it. Once. */
    void finish() {
        if (record == null) {
            throw new IllegalStateException("Offset " + offset + " of " + tenure.partition() + " was finished before");
        }
        record = null;
        tenure.finished(this);
    }

    boolean finished() {
        return record == null;
    }

    @Nullable
    Task next() {
        return next;
    }

    void next(Task behind) {
        next = behind;
    }

    int attempt() {
        return attempt;
    }

    void attempt(int number) {
        attempt = number;
    }

    /** The handler, or the writing of the dead letter, begins now. */
    void begins(long now) {
        if (begun == 0) {
            begun = now;
        }
        since = now;
    }

    long begun() {
        return begun;
    }

    long since() {
        return since;
    }

    @Nullable
    Letter letter() {
        return letter;
    }

    void letter(Letter toWrite) {
        letter = toWrite;
    }
}

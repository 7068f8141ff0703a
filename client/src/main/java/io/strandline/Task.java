package io.strandline;

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
     * A dead letter that is not stored yet.
     *
     * @param failed how often it could not be written
     */
    record Letter(String topic, Throwable why, int failed, Optional<Throwable> lastFailure) {}

    Task(Tenure tenure, ConsumerRecord<byte[], byte[]> record) {
        this.tenure = tenure;
        this.record = record;
        offset = record.offset();
        bytes = sizeOf(record);
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

    long offset() {
        return offset;
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

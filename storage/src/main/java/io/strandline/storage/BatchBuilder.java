package io.strandline.storage;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes one uncompressed batch: for the logs that the broker itself keeps, and for tests. Not for use by several
 * threads.
 */
public final class BatchBuilder {
    private ByteBuffer bytes = ByteBuffer.allocate(512).position(Batch.HEADER_BYTES);
    private int count;
    private long baseTimestamp = -1;
    private long maxTimestamp = -1;
    private long producerId = -1;
    private short producerEpoch = -1;
    private int baseSequence = -1;
    private int attributes;

    /** Makes it an idempotent producer's batch. */
    public BatchBuilder producer(long id, short epoch, int sequence) {
        producerId = id;
        producerEpoch = epoch;
        baseSequence = sequence;
        return this;
    }

    /** Makes it part of the producer's transaction. */
    public BatchBuilder transactional() {
        attributes |= Batch.TRANSACTIONAL;
        return this;
    }

    /** Makes its records markers of the broker's. */
    public BatchBuilder control() {
        attributes |= Batch.CONTROL;
        return this;
    }

    /** Adds a record without headers. */
    public BatchBuilder add(long timestampMs, @Nullable ByteBuffer key, @Nullable ByteBuffer value) {
        return add(timestampMs, key, value, List.of());
    }

    /** Adds a record. The buffers' positions are not moved. */
    public BatchBuilder add(
            long timestampMs, @Nullable ByteBuffer key, @Nullable ByteBuffer value, List<RecordCursor.Header> headers) {
        if (count == 0) {
            baseTimestamp = timestampMs;
        }
        maxTimestamp = Math.max(maxTimestamp, timestampMs);
        long timestampDelta = timestampMs - baseTimestamp;
        int length = 1 + Varint.size(timestampDelta) + Varint.size(count) + size(key) + size(value);
        length += Varint.size(headers.size());
        for (var header : headers) {
            length += size(utf8(header.key())) + size(header.value());
        }
        ensureSpace(length + 5);
        Varint.write(bytes, length);
        bytes.put((byte) 0);
        Varint.write(bytes, timestampDelta);
        Varint.write(bytes, count);
        put(key);
        put(value);
        Varint.write(bytes, headers.size());
        for (var header : headers) {
            put(utf8(header.key()));
            put(header.value());
        }
        count++;
        return this;
    }

    /** Records added so far. */
    public int count() {
        return count;
    }

    /** Bytes the batch would have now. */
    public int sizeInBytes() {
        return bytes.position();
    }

    /**
     * The batch, with base offset 0; the log gives the real one. The builder is used up.
     *
     * @throws IllegalStateException if there is no record in it
     */
    public Batch build() {
        if (count == 0) {
            throw new IllegalStateException("A batch needs at least one record.");
        }
        var batch = bytes.flip();
        batch.putLong(Batch.BASE_OFFSET_AT, 0);
        batch.putInt(Batch.LENGTH_AT, batch.remaining() - Batch.LENGTH_COUNTS_FROM);
        batch.putInt(Batch.LEADER_EPOCH_AT, -1);
        batch.put(Batch.MAGIC_AT, Batch.MAGIC);
        batch.putShort(Batch.ATTRIBUTES_AT, (short) attributes);
        batch.putInt(Batch.LAST_OFFSET_DELTA_AT, count - 1);
        batch.putLong(Batch.BASE_TIMESTAMP_AT, baseTimestamp);
        batch.putLong(Batch.MAX_TIMESTAMP_AT, maxTimestamp);
        batch.putLong(Batch.PRODUCER_ID_AT, producerId);
        batch.putShort(Batch.PRODUCER_EPOCH_AT, producerEpoch);
        batch.putInt(Batch.BASE_SEQUENCE_AT, baseSequence);
        batch.putInt(Batch.COUNT_AT, count);
        batch.putInt(Batch.CRC_AT, Batch.checksum(batch));
        try {
            return Batch.parse(batch);
        } catch (InvalidBatch e) {
            throw new IllegalStateException("The builder has written a batch that is none", e);
        }
    }

    private void put(@Nullable ByteBuffer field) {
        if (field == null) {
            Varint.write(bytes, -1);
            return;
        }
        Varint.write(bytes, field.remaining());
        bytes.put(field.duplicate());
    }

    private static int size(@Nullable ByteBuffer field) {
        return field == null ? 1 : Varint.size(field.remaining()) + field.remaining();
    }

    private static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private void ensureSpace(int more) {
        if (bytes.remaining() < more) {
            var larger = ByteBuffer.allocate(Math.max(2 * bytes.capacity(), bytes.position() + more));
            bytes = larger.put(bytes.flip());
        }
    }
}

package io.strandline.storage;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * One batch of records in Kafka's format 2 (KIP-98), looked at in the bytes it came in.
 *
 * <pre>
 *  at length
 *   0   8   base offset                 given by the log, outside the checksum
 *   8   4   bytes that follow this field
 *  12   4   partition leader epoch      given by the log, outside the checksum
 *  16   1   magic: 2
 *  17   4   CRC32C of everything from 21 on
 *  21   2   attributes: bits 0-2 compression, 3 log append time, 4 transactional, 5 control, 6 delete horizon
 *  23   4   last offset delta
 *  27   8   base time stamp
 *  35   8   max time stamp
 *  43   8   producer id, or -1
 *  51   2   producer epoch, or -1
 *  53   4   base sequence, or -1
 *  57   4   number of records
 *  61       the records, compressed or not
 * </pre>
 *
 * <p>A batch is a view: it belongs to whoever owns the buffer, and is used by one thread at a time.
 */
public final class Batch {
    static final int BASE_OFFSET_AT = 0;
    static final int LENGTH_AT = 8;
    static final int LEADER_EPOCH_AT = 12;
    static final int MAGIC_AT = 16;
    static final int CRC_AT = 17;
    static final int ATTRIBUTES_AT = 21;
    static final int LAST_OFFSET_DELTA_AT = 23;
    static final int BASE_TIMESTAMP_AT = 27;
    static final int MAX_TIMESTAMP_AT = 35;
    static final int PRODUCER_ID_AT = 43;
    static final int PRODUCER_EPOCH_AT = 51;
    static final int BASE_SEQUENCE_AT = 53;
    static final int COUNT_AT = 57;

    /** Bytes of a batch without records. */
    public static final int HEADER_BYTES = 61;

    /** Bytes in front of what the length field counts. */
    static final int LENGTH_COUNTS_FROM = 12;

    static final byte MAGIC = 2;

    static final int COMPRESSION_MASK = 0x07;
    static final int LOG_APPEND_TIME = 0x08;
    static final int TRANSACTIONAL = 0x10;
    static final int CONTROL = 0x20;

    private static final Compression[] COMPRESSIONS = Compression.values();

    private final ByteBuffer bytes;

    private Batch(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    /**
     * Reads exactly one batch: all remaining bytes of the buffer, whose position is not moved. The bytes are not
     * copied. What is returned has a sound header and the right checksum; single records have not been looked at.
     *
     * @throws InvalidBatch if they are something else
     */
    public static Batch parse(ByteBuffer bytes) throws InvalidBatch {
        var batch = new Batch(bytes.slice());
        batch.checkFrame();
        batch.checkHeader();
        return batch;
    }

    /**
     * Reads one batch as {@link #parse} does, and refuses what only the broker itself may write.
     *
     * @throws InvalidBatch if it is not a batch that a producer may send
     */
    public static Batch fromProducer(ByteBuffer bytes) throws InvalidBatch {
        var batch = parse(bytes);
        if (batch.isControl()) {
            throw new InvalidBatch(StorageError.INVALID_RECORD, "Clients cannot write control batches.");
        }
        if (batch.timestampType() == TimestampType.LOG_APPEND_TIME) {
            throw new InvalidBatch(
                    StorageError.INVALID_TIMESTAMP, "Only the broker may mark a batch with log append time.");
        }
        if (batch.hasProducer() && (batch.producerEpoch() < 0 || batch.baseSequence() < 0)) {
            throw new InvalidBatch(
                    StorageError.INVALID_RECORD,
                    "A batch of producer " + batch.producerId() + " has epoch " + batch.producerEpoch()
                            + " and sequence " + batch.baseSequence() + "; neither may be negative.");
        }
        return batch;
    }

    /** A view of a header alone, unchecked; what needs the records cannot be asked of it. */
    static Batch header(ByteBuffer bytes) {
        return new Batch(bytes);
    }

    /** What the length field says of the whole batch. */
    int claimedSize() {
        return (int) Math.min((long) bytes.getInt(LENGTH_AT) + LENGTH_COUNTS_FROM, Integer.MAX_VALUE);
    }

    byte magic() {
        return bytes.get(MAGIC_AT);
    }

    private void checkFrame() throws InvalidBatch {
        int size = bytes.remaining();
        if (size < HEADER_BYTES) {
            throw corrupt("A batch has at least " + HEADER_BYTES + " bytes, here are " + size + ".");
        }
        byte magic = bytes.get(MAGIC_AT);
        if (magic != MAGIC) {
            throw new InvalidBatch(
                    StorageError.INVALID_RECORD,
                    "Batches of format " + magic + " are not taken; producers since Kafka 0.11 write format 2.");
        }
        long claimed = (long) bytes.getInt(LENGTH_AT) + LENGTH_COUNTS_FROM;
        if (claimed != size) {
            throw corrupt("The batch says that it has " + claimed + " bytes; there are " + size
                    + " (exactly one batch is expected).");
        }
        int computed = checksum(bytes);
        if (computed != bytes.getInt(CRC_AT)) {
            throw corrupt("The batch's checksum is " + Integer.toHexString(bytes.getInt(CRC_AT)) + ", its bytes have "
                    + Integer.toHexString(computed) + ".");
        }
    }

    private void checkHeader() throws InvalidBatch {
        if (count() <= 0 || lastOffsetDelta() != count() - 1) {
            throw new InvalidBatch(
                    StorageError.INVALID_RECORD,
                    "A batch with " + count() + " records cannot have " + lastOffsetDelta()
                            + " as its last offset delta.");
        }
        if ((attributes() & COMPRESSION_MASK) >= COMPRESSIONS.length) {
            throw new InvalidBatch(
                    StorageError.INVALID_RECORD,
                    "There is no compression number " + (attributes() & COMPRESSION_MASK) + ".");
        }
    }

    private static InvalidBatch corrupt(String reason) {
        return new InvalidBatch(StorageError.CORRUPT_MESSAGE, reason);
    }

    static int checksum(ByteBuffer batch) {
        var crc = new CRC32C();
        crc.update(batch.slice(ATTRIBUTES_AT, batch.remaining() - ATTRIBUTES_AT));
        return (int) crc.getValue();
    }

    /** The whole batch, header included: a fresh view each time. */
    public ByteBuffer bytes() {
        return bytes.duplicate();
    }

    /** Bytes of the whole batch, header included. */
    public int sizeInBytes() {
        return bytes.remaining();
    }

    /** Offset of the first record; means something only once the log has given it. */
    public long baseOffset() {
        return bytes.getLong(BASE_OFFSET_AT);
    }

    /** One more than the offset of the last record. */
    public long endOffset() {
        return baseOffset() + lastOffsetDelta() + 1;
    }

    public int leaderEpoch() {
        return bytes.getInt(LEADER_EPOCH_AT);
    }

    public int lastOffsetDelta() {
        return bytes.getInt(LAST_OFFSET_DELTA_AT);
    }

    /** Number of records, at least 1. */
    public int count() {
        return bytes.getInt(COUNT_AT);
    }

    public Compression compression() {
        return COMPRESSIONS[attributes() & COMPRESSION_MASK];
    }

    public TimestampType timestampType() {
        return (attributes() & LOG_APPEND_TIME) != 0 ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME;
    }

    public boolean isTransactional() {
        return (attributes() & TRANSACTIONAL) != 0;
    }

    /** Whether its records are markers of the broker's, not of an application. */
    public boolean isControl() {
        return (attributes() & CONTROL) != 0;
    }

    short attributes() {
        return bytes.getShort(ATTRIBUTES_AT);
    }

    /** Milliseconds since 1970, or -1. */
    public long baseTimestamp() {
        return bytes.getLong(BASE_TIMESTAMP_AT);
    }

    /** The latest time stamp of its records as the header says; milliseconds since 1970, or -1. */
    public long maxTimestamp() {
        return bytes.getLong(MAX_TIMESTAMP_AT);
    }

    public boolean hasProducer() {
        return producerId() >= 0;
    }

    public long producerId() {
        return bytes.getLong(PRODUCER_ID_AT);
    }

    public short producerEpoch() {
        return bytes.getShort(PRODUCER_EPOCH_AT);
    }

    public int baseSequence() {
        return bytes.getInt(BASE_SEQUENCE_AT);
    }

    /** Sequence number of the last record; sequences go from 2^31-1 on to 0. */
    public int lastSequence() {
        return sequencePlus(baseSequence(), lastOffsetDelta());
    }

    static int sequencePlus(int sequence, int more) {
        return (int) (((long) sequence + more) & Integer.MAX_VALUE);
    }

    /** Its records, one after the other. The cursor is used by one thread and ends with it. */
    public RecordCursor records(Codec codec) throws InvalidBatch {
        return new RecordCursor(this, codec);
    }

    /** The bytes behind the header. */
    ByteBuffer recordBytes() {
        return bytes.slice(HEADER_BYTES, bytes.remaining() - HEADER_BYTES);
    }

    /** Gives the batch its place in the log. Both fields lie outside the checksum, so the rest stays as it was sent. */
    void place(long baseOffset, int leaderEpoch) {
        bytes.putLong(BASE_OFFSET_AT, baseOffset);
        bytes.putInt(LEADER_EPOCH_AT, leaderEpoch);
    }

    /** Gives all records the log's time. That lies inside the checksum, which is made anew. */
    void stamp(long logAppendTimeMs) {
        bytes.putShort(ATTRIBUTES_AT, (short) (attributes() | LOG_APPEND_TIME));
        bytes.putLong(MAX_TIMESTAMP_AT, logAppendTimeMs);
        bytes.putInt(CRC_AT, checksum(bytes));
    }

    @Override
    public String toString() {
        return "Batch[" + baseOffset() + ".." + (endOffset() - 1) + ", " + sizeInBytes() + " bytes"
                + (hasProducer()
                        ? ", producer " + producerId() + "/" + producerEpoch() + " from " + baseSequence()
                        : "")
                + "]";
    }
}

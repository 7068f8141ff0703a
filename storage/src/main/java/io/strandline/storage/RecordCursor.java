package io.strandline.storage;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Walks through the records of one batch without making an object for each: {@link #next}, then ask for what is needed
 * of the record.
 *
 * <pre>
 *  length: varint    bytes that follow
 *  attributes: 1     unused
 *  time stamp delta: varlong
 *  offset delta: varint
 *  key length: varint, or -1    key
 *  value length: varint, or -1  value
 *  headers: varint   each: key length: varint, key; value length: varint, or -1, value
 * </pre>
 *
 * <p>Compressed records are read as a stream, one at a time, so a batch that decompresses to much more than it should
 * costs the memory of its largest record at most.
 */
public final class RecordCursor {
    /** No record is longer: a frame of the network is not, either. */
    static final int RECORD_BYTES_MAX = 128 << 20;

    private final Batch batch;
    private final @Nullable ByteBuffer plain;
    private final @Nullable InputStream stream;
    private int read;
    private ByteBuffer record = ByteBuffer.allocate(0);
    private int sizeInBytes;
    private long timestampDelta;
    private int offsetDelta;
    private int keyAt;
    private int keyLength;
    private int valueAt;
    private int valueLength;
    private int headersAt;

    RecordCursor(Batch batch, Codec codec) throws InvalidBatch {
        this.batch = batch;
        if (batch.compression() == Compression.NONE) {
            plain = batch.recordBytes();
            stream = null;
            return;
        }
        plain = null;
        try {
            stream = codec.decompress(batch.compression(), batch.recordBytes());
        } catch (Codec.UnsupportedCompression e) {
            throw new InvalidBatch(StorageError.UNSUPPORTED_COMPRESSION_TYPE, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw broken("The records are not " + batch.compression() + " (" + e.getMessage() + ").");
        }
    }

    /**
     * Goes on to the next record.
     *
     * @return false behind the last one
     * @throws InvalidBatch if the bytes are not records, or not as many as the batch's header says
     */
    public boolean next() throws InvalidBatch {
        if (read == batch.count()) {
            checkNothingFollows();
            return false;
        }
        record = nextBytes();
        sizeInBytes = record.remaining();
        try {
            parse();
        } catch (BufferUnderflowException e) {
            throw broken("Record " + read + " of " + batch + " ends too early.");
        }
        read++;
        return true;
    }

    private void parse() throws InvalidBatch {
        record.get(); // attributes, unused
        timestampDelta = Varint.readLong(record);
        offsetDelta = Varint.readInt(record);
        keyLength = Varint.readInt(record);
        keyAt = record.position();
        skip(keyLength);
        valueLength = Varint.readInt(record);
        valueAt = record.position();
        skip(valueLength);
        headersAt = record.position();
    }

    private ByteBuffer nextBytes() throws InvalidBatch {
        if (plain != null) {
            int length = checkLength(Varint.readInt(plain));
            if (length > plain.remaining()) {
                throw broken("Record " + read + " of " + batch + " says " + length + " bytes, " + plain.remaining()
                        + " are left.");
            }
            var bytes = plain.slice(plain.position(), length);
            plain.position(plain.position() + length);
            return bytes;
        }
        try {
            int length = checkLength(readVarint());
            byte[] bytes = opened().readNBytes(length);
            if (bytes.length < length) {
                throw broken("Record " + read + " of " + batch + " says " + length + " bytes, " + bytes.length
                        + " are left.");
            }
            return ByteBuffer.wrap(bytes);
        } catch (IOException | RuntimeException e) {
            // Codecs are foreign code: on spoiled input they throw what they like.
            throw broken("The records cannot be decompressed (" + e.getMessage() + ").");
        }
    }

    private int readVarint() throws InvalidBatch, IOException {
        var digits = ByteBuffer.allocate(10);
        int next;
        do {
            next = opened().read();
            if (next < 0) {
                throw new EOFException("the bytes end after " + read + " records of " + batch.count());
            }
            digits.put((byte) next);
        } while ((next & 0x80) != 0 && digits.hasRemaining());
        return Varint.readInt(digits.flip());
    }

    private InputStream opened() {
        if (stream == null) {
            throw new IllegalStateException("A batch without compression has no stream: " + batch);
        }
        return stream;
    }

    private static int checkLength(int length) throws InvalidBatch {
        if (length < 0 || length > RECORD_BYTES_MAX) {
            throw broken("A record says that it has " + length + " bytes.");
        }
        return length;
    }

    private void skip(int length) throws InvalidBatch {
        if (length > record.remaining()) {
            throw broken(
                    "A field of record " + read + " says " + length + " bytes, " + record.remaining() + " are left.");
        }
        if (length > 0) {
            record.position(record.position() + length);
        }
    }

    private void checkNothingFollows() throws InvalidBatch {
        if (plain != null && plain.hasRemaining()) {
            throw broken(plain.remaining() + " bytes follow the last record of " + batch + ".");
        }
        try {
            if (stream != null && stream.read() >= 0) {
                throw broken("Bytes follow the last record of " + batch + ".");
            }
        } catch (IOException e) {
            throw broken("The records cannot be decompressed (" + e.getMessage() + ").");
        }
    }

    private static InvalidBatch broken(String reason) {
        return new InvalidBatch(StorageError.INVALID_RECORD, reason);
    }

    /** Place in the batch, as the record itself says; sound batches count 0, 1, 2, ... */
    public int offsetDelta() {
        return offsetDelta;
    }

    public long offset() {
        return batch.baseOffset() + offsetDelta;
    }

    /** Milliseconds since 1970: the log's where it gives the time, else the producer's; -1 for none. */
    public long timestamp() {
        return batch.timestampType() == TimestampType.LOG_APPEND_TIME
                ? batch.maxTimestamp()
                : batch.baseTimestamp() + timestampDelta;
    }

    /** Bytes of the record, without its length field. */
    public int sizeInBytes() {
        return sizeInBytes;
    }

    /** A view of the key's bytes, or null where the record has none. */
    public @Nullable ByteBuffer key() {
        return keyLength < 0 ? null : record.slice(keyAt, keyLength);
    }

    /** A view of the value's bytes, or null where the record has none. */
    public @Nullable ByteBuffer value() {
        return valueLength < 0 ? null : record.slice(valueAt, valueLength);
    }

    /** The headers in their order; the same key may come more than once. */
    public List<Header> headers() throws InvalidBatch {
        var rest = record.duplicate().position(headersAt);
        try {
            int count = Varint.readInt(rest);
            if (count < 0 || count > rest.remaining()) {
                throw broken("A record says that it has " + count + " headers.");
            }
            var headers = new ArrayList<Header>(count);
            for (int i = 0; i < count; i++) {
                var key = field(rest);
                if (key == null) {
                    throw broken("A header has no key.");
                }
                headers.add(new Header(StandardCharsets.UTF_8.decode(key).toString(), field(rest)));
            }
            return headers;
        } catch (BufferUnderflowException e) {
            throw broken("A record ends inside its headers.");
        }
    }

    private static @Nullable ByteBuffer field(ByteBuffer from) throws InvalidBatch {
        int length = Varint.readInt(from);
        if (length < 0) {
            return null;
        }
        if (length > from.remaining()) {
            throw broken("A header says " + length + " bytes, " + from.remaining() + " are left.");
        }
        var field = from.slice(from.position(), length);
        from.position(from.position() + length);
        return field;
    }

    /** A header of a record. */
    public record Header(String key, @Nullable ByteBuffer value) {}
}

package io.strandline.broker.requests;

import io.strandline.broker.requests.Fault.RecordFault;
import io.strandline.broker.topics.TopicConfig;
import io.strandline.protocol.ErrorCode;
import io.strandline.storage.Batch;
import io.strandline.storage.Codec;
import io.strandline.storage.Compression;
import io.strandline.storage.TimestampType;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Looks at every record of a batch, as Apache Kafka's broker does: the batch's checksum proves that the bytes came over as
 * the producer made them, not that the producer made them well. A batch whose records do not add up would stop every consumer
 * of its partition.
 *
 * <pre>
 *   record: varint length | int8 attributes | varlong time delta | varint offset delta
 *           | varint key length, key | varint value length, value | varint headers, each: key, value
 * </pre>
 *
 * <p>Nothing is copied or kept: keys and values are stepped over. Compressed records are read as a stream through a small
 * buffer, and a batch that unpacks to more than {@link #UNPACKED_BYTES_MAX} is refused.
 */
final class RecordCheck {
    /** More than a sound batch of the largest request unpacks to; reading it takes a fraction of a second. */
    static final long UNPACKED_BYTES_MAX = 1L << 30;

    private static final int FAULTS_TOLD_MAX = 10;

    private final Batch batch;
    private final Bytes bytes;
    private final boolean keysNeeded;
    private final boolean timesMatter;
    private final long earliestMs;
    private final long latestMs;
    private final List<RecordFault> keyless = new ArrayList<>(0);
    private final List<RecordFault> untimely = new ArrayList<>(0);

    private RecordCheck(Batch batch, Bytes bytes, TopicConfig config, long nowMs) {
        this.batch = batch;
        this.bytes = bytes;
        this.keysNeeded = config.compacted();
        this.timesMatter = config.log().timestampType() == TimestampType.CREATE_TIME;
        this.earliestMs = saturated(nowMs, -config.timestampBeforeMaxMs());
        this.latestMs = saturated(nowMs, config.timestampAfterMaxMs());
    }

    /** What is wrong with the records of this batch; empty when they may enter the topic's log. */
    static Optional<Fault> check(Batch batch, TopicConfig config, Codec codec, long nowMs) {
        try (var bytes = open(batch, codec)) {
            var check = new RecordCheck(batch, bytes, config, nowMs);
            check.walk();
            return check.fault();
        } catch (Codec.UnsupportedCompression e) {
            return Optional.of(
                    new Fault(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, String.valueOf(e.getMessage()), List.of()));
        } catch (Broken e) {
            return broken(String.valueOf(e.getMessage()));
        } catch (IOException | RuntimeException e) {
            // Codecs are foreign code: on spoiled input they throw what they like.
            return broken("The records cannot be decompressed (" + batch.compression() + "): " + e);
        }
    }

    private static Bytes open(Batch batch, Codec codec) throws IOException {
        var records = batch.bytes().slice(Batch.HEADER_BYTES, batch.sizeInBytes() - Batch.HEADER_BYTES);
        return batch.compression() == Compression.NONE
                ? new Plain(records)
                : new Unpacked(codec.decompress(batch.compression(), records));
    }

    private static Optional<Fault> broken(String reason) {
        return Optional.of(new Fault(ErrorCode.INVALID_RECORD, reason, List.of()));
    }

    private void walk() throws IOException {
        int count = batch.count();
        for (int index = 0; index < count; index++) {
            record(index);
        }
        if (!bytes.atEnd()) {
            throw new Broken("Bytes follow the last of the " + count + " records that the batch announces");
        }
    }

    private void record(int index) throws IOException {
        int length = bytes.varint();
        if (length < 0) {
            throw new Broken("Record " + index + " announces " + length + " bytes");
        }
        long end = bytes.consumed + length;
        bytes.next(); // attributes, unused
        long timestamp = batch.baseTimestamp() + bytes.varlong();
        int offsetDelta = bytes.varint();
        if (offsetDelta != index) {
            throw new Broken("Record " + index + " says that it is number " + offsetDelta + " of its batch");
        }
        boolean hasKey = field(index, end, "key", -1);
        field(index, end, "value", -1);
        int headers = bytes.varint();
        if (headers < 0 || headers > end - bytes.consumed) {
            throw new Broken("Record " + index + " announces " + headers + " headers");
        }
        for (int i = 0; i < headers; i++) {
            field(index, end, "header key", 0);
            field(index, end, "header value", -1);
        }
        if (bytes.consumed != end) {
            throw new Broken("Record " + index + " announces " + length + " bytes, but its fields take "
                    + (length + bytes.consumed - end));
        }
        judge(index, timestamp, hasKey);
    }

    /** Steps over a field with its length in front; false when it is absent. */
    private boolean field(int index, long end, String name, int lengthMin) throws IOException {
        int length = bytes.varint();
        if (length < lengthMin || length > end - bytes.consumed) {
            throw new Broken("The " + name + " of record " + index + " announces " + length + " bytes; "
                    + Math.max(0, end - bytes.consumed) + " are left of the record");
        }
        if (length > 0) {
            bytes.skip(length);
        }
        return length >= 0;
    }

    private void judge(int index, long timestamp, boolean hasKey) {
        if (keysNeeded && !hasKey && keyless.size() < FAULTS_TOLD_MAX) {
            keyless.add(new RecordFault(index, "A record of a compacted topic needs a key"));
        }
        if (timesMatter
                && timestamp != -1
                && (timestamp < earliestMs || timestamp > latestMs)
                && untimely.size() < FAULTS_TOLD_MAX) {
            untimely.add(new RecordFault(
                    index, "The time " + timestamp + " is not between " + earliestMs + " and " + latestMs));
        }
    }

    private Optional<Fault> fault() {
        if (!keyless.isEmpty()) {
            return Optional.of(new Fault(
                    ErrorCode.INVALID_RECORD,
                    "Every record of a compacted topic needs a key; in this batch some have none",
                    keyless));
        }
        if (!untimely.isEmpty()) {
            return Optional.of(new Fault(
                    ErrorCode.INVALID_TIMESTAMP,
                    "Some records lie outside message.timestamp.before.max.ms and message.timestamp.after.max.ms;"
                            + " the first: " + untimely.get(0).reason(),
                    untimely));
        }
        return Optional.empty();
    }

    private static long saturated(long now, long delta) {
        long sum = now + delta;
        if (delta > 0 && sum < now) {
            return Long.MAX_VALUE;
        }
        return delta < 0 && sum > now ? Long.MIN_VALUE : sum;
    }

    /** The records are not what they say. */
    private static final class Broken extends IOException {
        private static final long serialVersionUID = 1;

        private Broken(String message) {
            super(message);
        }
    }

    /** Where the records are read from. */
    private abstract static sealed class Bytes implements AutoCloseable {
        long consumed;

        abstract int next() throws IOException;

        abstract void skip(int count) throws IOException;

        abstract boolean atEnd() throws IOException;

        @Override
        public abstract void close();

        final int varint() throws IOException {
            long value = unsigned(5);
            return (int) (value >>> 1) ^ -(int) (value & 1);
        }

        final long varlong() throws IOException {
            long value = unsigned(10);
            return (value >>> 1) ^ -(value & 1);
        }

        /** Seven bits a byte, the lowest first; the top bit says that more follow. */
        private long unsigned(int bytesMax) throws IOException {
            long value = 0;
            for (int i = 0; i < bytesMax; i++) {
                int next = next();
                value |= (next & 0x7fL) << (7 * i);
                if (next < 0x80) {
                    return value;
                }
            }
            throw new Broken("A number in a record has more than " + bytesMax + " bytes");
        }
    }

    private static final class Plain extends Bytes {
        private final ByteBuffer buffer;

        private Plain(ByteBuffer buffer) {
            this.buffer = buffer;
        }

        @Override
        int next() throws IOException {
            if (!buffer.hasRemaining()) {
                throw new Broken("The records end early, after " + consumed + " bytes");
            }
            consumed++;
            return buffer.get() & 0xff;
        }

        @Override
        void skip(int count) throws IOException {
            if (count > buffer.remaining()) {
                throw new Broken("The records end early, after " + (consumed + buffer.remaining()) + " bytes");
            }
            buffer.position(buffer.position() + count);
            consumed += count;
        }

        @Override
        boolean atEnd() {
            return !buffer.hasRemaining();
        }

        @Override
        public void close() {
            // Memory only.
        }
    }

    private static final class Unpacked extends Bytes {
        private final InputStream stream;
        private final byte[] buffer = new byte[8 * 1024];
        private int position;
        private int limit;
        private long unpacked;

        private Unpacked(InputStream stream) {
            this.stream = stream;
        }

        @Override
        int next() throws IOException {
            if (position == limit && !fill()) {
                throw new EOFException("the records end early, after " + consumed + " unpacked bytes");
            }
            consumed++;
            return buffer[position++] & 0xff;
        }

        @Override
        void skip(int count) throws IOException {
            int left = count;
            while (left > 0) {
                if (position == limit && !fill()) {
                    throw new EOFException(
                            "the records end early, after " + (consumed + count - left) + " unpacked bytes");
                }
                int step = Math.min(left, limit - position);
                position += step;
                left -= step;
            }
            consumed += count;
        }

        @Override
        boolean atEnd() throws IOException {
            return position == limit && !fill();
        }

        private boolean fill() throws IOException {
            int count = stream.read(buffer, 0, buffer.length);
            if (count <= 0) {
                return false;
            }
            unpacked += count;
            if (unpacked > UNPACKED_BYTES_MAX) {
                throw new Broken("The batch unpacks to more than " + UNPACKED_BYTES_MAX + " bytes");
            }
            position = 0;
            limit = count;
            return true;
        }

        @Override
        public void close() {
            try {
                stream.close();
            } catch (IOException | RuntimeException e) {
                // Everything of interest has been read, and foreign code may complain about the rest as it likes.
                System.getLogger("io.strandline.broker")
                        .log(System.Logger.Level.DEBUG, "Closing a decompressor failed", e);
            }
        }
    }
}

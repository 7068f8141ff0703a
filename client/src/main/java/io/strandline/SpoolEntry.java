package io.strandline;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a spool, big-endian:
 *
 * <pre>
 *   int    marker, 53 50 4F 4C
 *   int    length of the body
 *   int    CRC-32C of the body
 *   body:  byte  kind
 *   1, a message that waits:           2, a message is done with (stored, or moved away):
 *     long   its number                  long   its number
 *     long   timestamp, ms
 *     int    partition, -1 for none
 *     bytes  topic, UTF-8
 *     bytes  key
 *     bytes  value
 *     int    number of headers
 *     each:  bytes name, UTF-8; bytes value
 *   bytes: int length, -1 for null; then so many
 * </pre>
 */
sealed interface SpoolEntry {
    int MARKER = 0x53504F4C;
    int HEAD_BYTES = 12;

    /** Zeros that a cut left behind a marker are no body with the checksum 0. */
    int BODY_BYTES_MIN = 9;

    long number();

    /** @param message has a timestamp, so that it stays the time of the first try */
    record Waiting(long number, ProducerRecord<byte[], byte[]> message) implements SpoolEntry {}

    record Done(long number) implements SpoolEntry {}

    /** Head and body. */
    static byte[] encode(SpoolEntry entry) {
        var body = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(body)) {
            switch (entry) {
                case Waiting(long number, ProducerRecord<byte[], byte[]> message) -> {
                    out.writeByte(1);
                    out.writeLong(number);
                    write(out, message);
                }
                case Done(long number) -> {
                    out.writeByte(2);
                    out.writeLong(number);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e); // not in memory
        }
        return ByteBuffer.allocate(HEAD_BYTES + body.size())
                .putInt(MARKER)
                .putInt(body.size())
                .putInt(crc(body.toByteArray()))
                .put(body.toByteArray())
                .array();
    }

    private static void write(DataOutputStream out, ProducerRecord<byte[], byte[]> message) throws IOException {
        out.writeLong(message.timestamp());
        out.writeInt(message.partition() == null ? -1 : message.partition());
        bytes(out, message.topic().getBytes(StandardCharsets.UTF_8));
        bytes(out, message.key());
        bytes(out, message.value());
        var headers = message.headers().toArray();
        out.writeInt(headers.length);
        for (var header : headers) {
            bytes(out, header.key().getBytes(StandardCharsets.UTF_8));
            bytes(out, header.value());
        }
    }

    private static void bytes(DataOutputStream out, byte @Nullable [] bytes) throws IOException {
        out.writeInt(bytes == null ? -1 : bytes.length);
        if (bytes != null) {
            out.write(bytes);
        }
    }

    static int crc(byte[] body) {
        var crc = new CRC32C();
        crc.update(body);
        return (int) crc.getValue();
    }

    /**
     * Reads a body whose checksum is right.
     *
     * @throws IOException if it is none all the same: written by a newer version
     */
    static SpoolEntry decode(byte[] body) throws IOException {
        try (var in = new DataInputStream(new ByteArrayInputStream(body))) {
            byte kind = in.readByte();
            long number = in.readLong();
            return switch (kind) {
                case 1 -> new Waiting(number, message(in));
                case 2 -> new Done(number);
                default -> throw new IOException("an entry of kind " + kind + ", which this version does not know");
            };
        }
    }

    private static ProducerRecord<byte[], byte[]> message(DataInputStream in) throws IOException {
        long timestamp = in.readLong();
        int partition = in.readInt();
        var topic = text(in);
        byte[] key = bytes(in);
        byte[] value = bytes(in);
        var headers = new RecordHeaders();
        for (int left = in.readInt(); left > 0; left--) {
            headers.add(text(in), bytes(in));
        }
        return new ProducerRecord<>(topic, partition == -1 ? null : partition, timestamp, key, value, headers);
    }

    private static String text(DataInputStream in) throws IOException {
        byte[] bytes = bytes(in);
        if (bytes == null) {
            throw new IOException("a name is missing");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte @Nullable [] bytes(DataInputStream in) throws IOException {
        int length = in.readInt();
        return length == -1 ? null : in.readNBytes(length);
    }
}

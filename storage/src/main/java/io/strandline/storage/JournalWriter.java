package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Writes the body of one group at its place in the journal, through one buffer that is used again and again; the header
 * goes last, when its checksum is known. A small group is one write.
 */
final class JournalWriter {
    private final DiskFile file;
    private final ByteBuffer buffer;
    private long groupAt;
    private long bufferAt;
    private int summedTo;
    private long bodyBytes;
    private CRC32C crc = new CRC32C();

    JournalWriter(DiskFile file, ByteBuffer buffer) {
        this.file = file;
        this.buffer = buffer;
    }

    /** Begins a group at a position of the journal, leaving room for its header. */
    void begin(long position) {
        groupAt = position;
        bufferAt = position;
        bodyBytes = 0;
        crc = new CRC32C();
        buffer.clear().position(GroupHeader.BYTES);
        summedTo = GroupHeader.BYTES;
    }

    void putEnd(LogId log, long durableEnd) throws IOException {
        ensure(GroupHeader.END_BYTES);
        putId(log);
        buffer.putLong(durableEnd);
    }

    void putFrame(Run run) throws IOException {
        ensure(GroupHeader.FRAME_HEAD_BYTES);
        var segment = run.segment();
        putId(segment.log());
        buffer.putLong(segment.base())
                .putInt(segment.name().generation())
                .putInt(run.from())
                .putInt(run.length());
        run.copyTo(this);
    }

    private void putId(LogId log) {
        buffer.putLong(log.topicId().getMostSignificantBits())
                .putLong(log.topicId().getLeastSignificantBits())
                .putInt(log.partition());
    }

    void put(ByteBuffer bytes) throws IOException {
        int limit = bytes.limit();
        while (bytes.hasRemaining()) {
            ensure(1);
            bytes.limit(Math.min(limit, bytes.position() + buffer.remaining()));
            buffer.put(bytes);
            bytes.limit(limit);
        }
    }

    /** Copies bytes of a segment, and adds them to a checksum on the way. */
    void putFrom(Segment segment, int from, int length, CRC32C copied) throws IOException {
        int at = from;
        while (at < from + length) {
            ensure(1);
            int start = buffer.position();
            buffer.limit(Math.min(buffer.capacity(), start + from + length - at));
            int read = segment.read(at, buffer);
            buffer.limit(buffer.capacity());
            if (read <= 0) {
                throw new IOException(segment + " ends at " + at + "; bytes up to " + (from + length)
                        + " were written a moment ago.");
            }
            copied.update(buffer.slice(start, read));
            at += read;
        }
    }

    private void ensure(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            flush();
        }
    }

    private void flush() throws IOException {
        sum();
        buffer.flip();
        if (bufferAt == groupAt) {
            buffer.position(GroupHeader.BYTES);
            bufferAt += GroupHeader.BYTES;
        }
        int length = buffer.remaining();
        file.write(bufferAt, buffer);
        bufferAt += length;
        buffer.clear();
        summedTo = 0;
    }

    private void sum() {
        int length = buffer.position() - summedTo;
        crc.update(buffer.slice(summedTo, length));
        bodyBytes += length;
        summedTo = buffer.position();
    }

    /** Makes a header of what was put; {@link #end} writes it. */
    int bodyCrc() {
        sum();
        return (int) crc.getValue();
    }

    int bodyBytes() {
        return Math.toIntExact(bodyBytes);
    }

    void end(GroupHeader header) throws IOException {
        if (bufferAt == groupAt) {
            int end = buffer.position();
            buffer.position(0);
            header.write(buffer);
            buffer.position(0).limit(end);
            file.write(groupAt, buffer);
            return;
        }
        flush();
        header.write(buffer);
        file.write(groupAt, buffer.flip());
    }
}

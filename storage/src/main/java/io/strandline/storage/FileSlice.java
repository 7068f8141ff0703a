package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;

/**
 * Some bytes of one file, not read yet. They are durable and do not change. It holds no file open: it may be kept, and
 * need not be closed. If its records are dropped meanwhile, using it may throw.
 */
public final class FileSlice {
    private final Segment segment;
    private final int position;
    private final int length;

    FileSlice(Segment segment, int position, int length) {
        this.segment = segment;
        this.position = position;
        this.length = length;
    }

    /** Length in bytes. */
    public int length() {
        return length;
    }

    /**
     * Sends the bytes from {@code from} on to a channel, without copying where the system can.
     *
     * @param from bytes of this slice that were sent before
     * @return bytes sent now, possibly fewer than were left
     */
    public long transferTo(int from, WritableByteChannel channel) throws IOException {
        try {
            return segment.file().transferTo((long) position + from, length - from, channel);
        } catch (ClosedChannelException e) {
            if (!channel.isOpen()) {
                throw e;
            }
            return segment.file()
                    .transferTo((long) position + from, length - from, channel); // closed as idle; reopened
        }
    }

    /** The bytes, copied into a new buffer. */
    public ByteBuffer read() throws IOException {
        var bytes = ByteBuffer.allocate(length);
        int read = segment.read(position, bytes);
        if (read < length) {
            throw new IOException(segment + " ends at " + (position + read) + "; durable bytes up to "
                    + (position + length) + " are missing.");
        }
        return bytes.flip();
    }

    @Override
    public String toString() {
        return segment + "[" + position + ".." + (position + length) + "]";
    }
}

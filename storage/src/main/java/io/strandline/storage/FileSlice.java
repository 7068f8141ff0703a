package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * Some bytes of one file, not read yet. They are durable and do not change. It holds no file open: it may be kept, and
 * need not be closed. If the topic is deleted meanwhile, using it throws.
 */
public final class FileSlice {

    FileSlice() {}

    /** Length in bytes. */
    public int length() {
        throw new UnsupportedOperationException();
    }

    /**
     * Sends the bytes from {@code from} on to a channel, without copying where the system can.
     *
     * @param from bytes of this slice that were sent before
     * @return bytes sent now, possibly fewer than were left
     */
    public long transferTo(int from, WritableByteChannel channel) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The bytes, copied into a new buffer. */
    public ByteBuffer read() throws IOException {
        throw new UnsupportedOperationException();
    }
}

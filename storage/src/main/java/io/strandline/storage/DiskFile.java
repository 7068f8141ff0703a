package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * One open file of a {@link Disk}. All access is by position; there is no cursor.
 *
 * <p>Any number of threads may read while one writes. After {@link #close} every method throws
 * {@link java.nio.channels.ClosedChannelException}.
 */
public interface DiskFile extends AutoCloseable {

    /**
     * Writes all remaining bytes of all buffers, one after the other, beginning at {@code position}; the file grows as
     * needed, and a gap between its former end and {@code position} reads as zeros. Advances the buffers.
     *
     * <p>The bytes are then visible to every reader and survive the death of the process, but not a power cut: see
     * {@link #force}. When it throws, any part of the bytes may have been written and the file may have grown; the
     * positions of the buffers mean nothing then.
     *
     * @throws DiskFull if there is no space or quota left, possibly after a part was written
     */
    void write(long position, ByteBuffer... buffers) throws IOException;

    /**
     * Fills {@code target} from {@code position} on.
     *
     * @return the number of bytes read: all that remain in {@code target}, or fewer only if the file ends before
     *     (0 at or behind the end; never negative)
     */
    int read(long position, ByteBuffer target) throws IOException;

    /**
     * Sends bytes of the file to a channel without copying them where the system can.
     *
     * @return the number of bytes sent; may be fewer than {@code count}, also 0 (the channel takes no more for now, or
     *     the file ends): the caller goes on from there
     */
    long transferTo(long position, long count, WritableByteChannel channel) throws IOException;

    /**
     * Returns when all bytes written so far, the size and all truncations of this file would survive a power cut
     * ({@code fdatasync}: time stamps may be lost). Says nothing about the file's name, see
     * {@link Disk#forceDirectory}.
     *
     * <p>If it throws, the bytes written since the last successful force may be lost even though they can still be
     * read, and no later force brings them back. Callers treat that as final.
     */
    void force() throws IOException;

    /** Cuts the file to {@code size} bytes. Does nothing when it is not longer. */
    void truncate(long size) throws IOException;

    /** Length in bytes. */
    long size() throws IOException;

    /** Waits for reads and transfers that are under way, then closes. Does not force. Closing twice does nothing. */
    @Override
    void close() throws IOException;
}

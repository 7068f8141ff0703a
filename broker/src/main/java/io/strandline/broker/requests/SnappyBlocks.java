package io.strandline.broker.requests;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.xerial.snappy.Snappy;
import org.xerial.snappy.SnappyError;

/**
 * Snappy as Kafka's clients write it: in blocks behind a header (the Java library's own format, which most follow), or as one
 * block without (librdkafka).
 *
 * <pre>
 *   0x82 "SNAPPY" 0x00 | int32 version | int32 oldest compatible version | blocks: int32 length, block
 * </pre>
 *
 * <p>The library's own stream takes a block's word for how much memory it needs, up to 512 MiB. Here the claim is held
 * against what so few bytes can become at most.
 */
final class SnappyBlocks extends InputStream {
    private static final long MAGIC = 0x82534e4150505900L;
    private static final int HEADER_BYTES = 16;
    /** A copy of 64 bytes takes 3: nothing unpacks to more. */
    private static final int GROWTH_MAX = 22;

    private final ByteBuffer compressed;
    private final boolean framed;
    private byte[] unpacked = new byte[0];
    private int position;

    SnappyBlocks(ByteBuffer compressed) {
        this.compressed = compressed.slice();
        this.framed = this.compressed.remaining() >= HEADER_BYTES && this.compressed.getLong(0) == MAGIC;
        if (framed) {
            this.compressed.position(HEADER_BYTES);
        }
    }

    @Override
    public int read() throws IOException {
        return available() > 0 || nextBlock() ? unpacked[position++] & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (available() == 0 && !nextBlock()) {
            return -1;
        }
        int count = Math.min(length, available());
        System.arraycopy(unpacked, position, target, offset, count);
        position += count;
        return count;
    }

    @Override
    public int available() {
        return unpacked.length - position;
    }

    private boolean nextBlock() throws IOException {
        position = 0;
        unpacked = new byte[0];
        while (unpacked.length == 0 && compressed.hasRemaining()) {
            unpacked = unpack(framed ? block() : rest());
        }
        return unpacked.length > 0;
    }

    private byte[] block() throws IOException {
        int length = compressed.remaining() < Integer.BYTES ? -1 : compressed.getInt();
        if (length < 0 || length > compressed.remaining()) {
            throw new IOException(
                    "a snappy block announces " + length + " bytes, " + compressed.remaining() + " are left");
        }
        var block = new byte[length];
        compressed.get(block);
        return block;
    }

    private byte[] rest() {
        var block = new byte[compressed.remaining()];
        compressed.get(block);
        return block;
    }

    private static byte[] unpack(byte[] block) throws IOException {
        try {
            long claimed = Snappy.uncompressedLength(block);
            if (claimed < 0 || claimed > (long) GROWTH_MAX * block.length) {
                throw new IOException(
                        "a snappy block of " + block.length + " bytes cannot become " + claimed + " bytes");
            }
            return Snappy.uncompress(block);
        } catch (SnappyError e) {
            throw new IOException("a snappy block is spoiled: " + e.getMessage(), e);
        }
    }
}

package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.OptionalInt;
import java.util.zip.CRC32C;

/**
 * A CRC32C for each 64 KiB block of a segment, computed from the bytes as they were appended. Kafka's own checksum does
 * not cover a batch's offset and epoch, and sending a file to a socket looks at nothing: so each block that was not
 * written in this life of the process is compared with its sum before it is served for the first time.
 *
 * <pre>
 *  file BASE.GENERATION.sum, content:
 *   0  4  bytes of the segment that it covers
 *   4     4 for each block; the last block may be shorter than the others
 * </pre>
 */
final class BlockSums {
    static final SmallFile FILE = new SmallFile("SLSUM   ", 1);
    static final int BLOCK_BYTES = 64 * 1024;

    private int[] sums = new int[4];
    private int position;
    private CRC32C open = new CRC32C();

    /** Blocks that were there when the segment was opened, and are not compared yet. Guarded by itself. */
    private final BitSet unseen = new BitSet();

    private final BitSet damaged = new BitSet();

    /** Bytes were appended at {@link #position}. Called under the log's lock. */
    void append(ByteBuffer appended) {
        var bytes = appended.duplicate();
        int limit = bytes.limit();
        while (bytes.hasRemaining()) {
            int inBlock = Math.min(limit - bytes.position(), BLOCK_BYTES - position % BLOCK_BYTES);
            bytes.limit(bytes.position() + inBlock);
            open.update(bytes);
            bytes.limit(limit);
            position += inBlock;
            if (position % BLOCK_BYTES == 0) {
                close();
            }
        }
    }

    private void close() {
        int block = position / BLOCK_BYTES - 1;
        if (block == sums.length) {
            sums = Arrays.copyOf(sums, 2 * block);
        }
        sums[block] = (int) open.getValue();
        open = new CRC32C();
    }

    /** Called under the lock of who appends, or when nothing is appended any more. */
    ByteBuffer encode() {
        int whole = position / BLOCK_BYTES;
        var bytes = ByteBuffer.allocate(4 + 4 * (whole + 1)).putInt(position);
        for (int block = 0; block < whole; block++) {
            bytes.putInt(sums[block]);
        }
        if (position % BLOCK_BYTES != 0) {
            bytes.putInt((int) open.getValue());
        }
        return bytes.flip();
    }

    /**
     * Begins with what a file says, and computes the rest from the segment.
     *
     * @param content of the sum file; empty if there is none
     * @return the position of a block that is not as it was written, if the last one is damaged
     */
    OptionalInt load(ByteBuffer content, DiskFile segment, int segmentBytes) throws IOException {
        int covered = content.remaining() < 4 ? 0 : content.getInt();
        if (covered > segmentBytes || content.remaining() < 4 * ((covered + BLOCK_BYTES - 1) / BLOCK_BYTES)) {
            covered = 0; // derived state never runs ahead (W13)
        }
        int whole = covered / BLOCK_BYTES;
        sums = new int[Math.max(4, whole + 1)];
        for (int block = 0; block < whole; block++) {
            sums[block] = content.getInt();
        }
        unseen.set(0, whole);
        position = whole * BLOCK_BYTES;
        var bytes = ByteBuffer.allocate(Math.min(BLOCK_BYTES, Math.max(segmentBytes - position, 0)));
        boolean torn = false;
        while (position < segmentBytes) {
            bytes.clear().limit(Math.min(bytes.capacity(), segmentBytes - position));
            segment.read(position, bytes);
            bytes.flip();
            if (position < covered && checksum(bytes.slice(0, covered - position)) != content.getInt()) {
                damaged.set(position / BLOCK_BYTES);
                torn = true;
            }
            append(bytes);
        }
        return torn ? OptionalInt.of(whole * BLOCK_BYTES) : OptionalInt.empty();
    }

    private static int checksum(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /**
     * Compares the blocks of a range that nobody has looked at since the segment was opened.
     *
     * @return the position of the first block that is not as it was written
     */
    OptionalInt firstDamaged(DiskFile segment, int from, int to) throws IOException {
        for (int block = from / BLOCK_BYTES; block <= (to - 1) / BLOCK_BYTES; block++) {
            if (isDamaged(block, segment)) {
                return OptionalInt.of(block * BLOCK_BYTES);
            }
        }
        return OptionalInt.empty();
    }

    private boolean isDamaged(int block, DiskFile segment) throws IOException {
        int expected;
        synchronized (unseen) {
            if (!unseen.get(block)) {
                return damaged.get(block);
            }
            expected = sums[block];
        }
        var bytes = ByteBuffer.allocate(BLOCK_BYTES);
        segment.read((long) block * BLOCK_BYTES, bytes);
        boolean spoiled = checksum(bytes.flip()) != expected;
        synchronized (unseen) {
            unseen.clear(block);
            damaged.set(block, spoiled);
        }
        return spoiled;
    }
}

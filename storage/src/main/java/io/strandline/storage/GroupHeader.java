package io.strandline.storage;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The identity of one group of the journal: what one cycle of the committer made durable with one force (W3).
 *
 * <pre>
 *   0  4  magic "SLG1"
 *   4  4  CRC32C of 8..63
 *   8 16  store id
 *  24  4  journal epoch: one more at each start of the store
 *  28  4  bytes of the body
 *  32  8  sequence: one more for each group, never used again
 *  40  8  number of the newest checkpoint when it was written
 *  48  4  CRC32C of the body
 *  52  4  flags: 1 = groups are not forced in this mode, so this one proves nothing about those before it
 *  56  4  number of ends
 *  60  4  number of frames
 *
 *  body: for each end, what became durable since the group before (W4)
 *   0 16  topic id
 *  16  4  partition
 *  20  8  durable end
 *
 *  then for each frame
 *   0 16  topic id
 *  16  4  partition
 *  20  8  base offset of the segment
 *  28  4  generation of the segment
 *  32  4  position in the segment
 *  36  4  length
 *  40     the bytes: whole batches
 * </pre>
 *
 * <p>The checksum of the body covers its frames together, so a group, and with it every bundle, is there as a whole or
 * not at all (W10). A group begins at a multiple of 512 bytes: no sector holds bytes of two groups, so writing one can
 * never harm the one before.
 */
record GroupHeader(
        UUID storeId,
        int epoch,
        int bodyBytes,
        long sequence,
        long checkpointNumber,
        int bodyCrc,
        boolean unforced,
        int ends,
        int frames) {
    static final int BYTES = 64;
    static final int MAGIC = 0x534c4731;
    static final int ALIGNMENT = 512;
    static final int END_BYTES = 28;
    static final int FRAME_HEAD_BYTES = 40;
    private static final int UNFORCED = 1;

    void write(ByteBuffer to) {
        int at = to.position();
        to.putInt(MAGIC)
                .putInt(0)
                .putLong(storeId.getMostSignificantBits())
                .putLong(storeId.getLeastSignificantBits())
                .putInt(epoch)
                .putInt(bodyBytes)
                .putLong(sequence)
                .putLong(checkpointNumber)
                .putInt(bodyCrc)
                .putInt(unforced ? UNFORCED : 0)
                .putInt(ends)
                .putInt(frames);
        to.putInt(at + 4, checksum(to, at));
    }

    /** The header at a position of a buffer, if one is there. */
    static Optional<GroupHeader> read(ByteBuffer from, int at) {
        if (at + BYTES > from.limit() || from.getInt(at) != MAGIC || from.getInt(at + 4) != checksum(from, at)) {
            return Optional.empty();
        }
        var header = new GroupHeader(
                new UUID(from.getLong(at + 8), from.getLong(at + 16)),
                from.getInt(at + 24),
                from.getInt(at + 28),
                from.getLong(at + 32),
                from.getLong(at + 40),
                from.getInt(at + 48),
                (from.getInt(at + 52) & UNFORCED) != 0,
                from.getInt(at + 56),
                from.getInt(at + 60));
        return header.bodyBytes < 0 || header.ends < 0 || header.frames < 0 ? Optional.empty() : Optional.of(header);
    }

    private static int checksum(ByteBuffer bytes, int at) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate().limit(at + BYTES).position(at + 8));
        return (int) crc.getValue();
    }

    /** Bytes of the journal that a group takes. */
    static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    long alignedBytes() {
        return aligned((long) BYTES + bodyBytes);
    }
}

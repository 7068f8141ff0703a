package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * From where recovery begins: what lies before is safe without the journal.
 *
 * <pre>
 *   0 16  store id
 *  16  8  number, one more than that of the checkpoint before
 *  24  4  journal epoch
 *  28  4  leader epoch
 *  32  8  sequence of the first group of the journal that may be needed
 *  40  8  position in the journal at which that group is, or will be
 *  48  8  bytes of the journal that may be used: what is behind them is not surely on the disk; missing in format 1
 *  56  4  number of logs
 *  60     a {@link LogPoint} for each
 * </pre>
 */
record Checkpoint(
        UUID storeId,
        long number,
        int journalEpoch,
        int leaderEpoch,
        long sequence,
        long position,
        long journalBytes,
        List<LogPoint> points) {
    static final SmallFile FILE = new SmallFile("SLCHECKP", 2);
    private static final int HEAD_BYTES = 60;

    /** In format 1 the journal was made as large as it ever became, so all of it may be used. */
    private static final long WHOLE_JOURNAL = Long.MAX_VALUE;

    void write(Disk disk) throws IOException {
        FILE.write(disk, Layout.ROOT, Layout.CHECKPOINT, encode());
    }

    private ByteBuffer encode() {
        var bytes = ByteBuffer.allocate(HEAD_BYTES + points.size() * LogPoint.BYTES);
        bytes.putLong(storeId.getMostSignificantBits())
                .putLong(storeId.getLeastSignificantBits())
                .putLong(number)
                .putInt(journalEpoch)
                .putInt(leaderEpoch)
                .putLong(sequence)
                .putLong(position)
                .putLong(journalBytes)
                .putInt(points.size());
        points.forEach(point -> point.write(bytes));
        return bytes.flip();
    }

    static Checkpoint decode(SmallFile.Content.Found found) {
        var bytes = found.bytes();
        var storeId = new UUID(bytes.getLong(), bytes.getLong());
        long number = bytes.getLong();
        int journalEpoch = bytes.getInt();
        int leaderEpoch = bytes.getInt();
        long sequence = bytes.getLong();
        long position = bytes.getLong();
        long journalBytes = found.version() == 1 ? WHOLE_JOURNAL : bytes.getLong();
        int count = bytes.getInt();
        var points = new ArrayList<LogPoint>(count);
        for (int i = 0; i < count; i++) {
            points.add(LogPoint.read(bytes));
        }
        return new Checkpoint(storeId, number, journalEpoch, leaderEpoch, sequence, position, journalBytes, points);
    }
}

package io.strandline.storage;

import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * Up to where a log is safe in its own files: its recovery point.
 *
 * <pre>
 *   0 16  topic id
 *  16  4  partition
 *  20  8  log start offset
 *  28  8  recovery point: every byte of the log below this offset was forced in its file
 *  36  8  base offset of the segment in which it lies
 *  44  4  generation of that segment
 *  48  4  position in that segment
 *  52  8  durable end: at least the recovery point; acknowledged up to here
 * </pre>
 */
record LogPoint(
        LogId id, long logStartOffset, long recoveryOffset, SegmentName segment, int position, long durableEnd) {
    static final int BYTES = 60;

    LogPoint {
        if (logStartOffset > recoveryOffset || recoveryOffset > durableEnd || segment.base() > recoveryOffset) {
            throw new IllegalArgumentException("Offsets out of order: start " + logStartOffset + ", segment "
                    + segment.base() + ", recovery " + recoveryOffset + ", durable " + durableEnd + " of " + id);
        }
    }

    /** A log in which nothing ever was. */
    static LogPoint empty(LogId id) {
        return new LogPoint(id, 0, 0, new SegmentName(0, 0), 0, 0);
    }

    void write(ByteBuffer to) {
        to.putLong(id.topicId().getMostSignificantBits())
                .putLong(id.topicId().getLeastSignificantBits())
                .putInt(id.partition())
                .putLong(logStartOffset)
                .putLong(recoveryOffset)
                .putLong(segment.base())
                .putInt(segment.generation())
                .putInt(position)
                .putLong(durableEnd);
    }

    static LogPoint read(ByteBuffer from) {
        var id = new LogId(new UUID(from.getLong(), from.getLong()), from.getInt());
        long start = from.getLong();
        long recovery = from.getLong();
        var segment = new SegmentName(from.getLong(), from.getInt());
        return new LogPoint(id, start, recovery, segment, from.getInt(), from.getLong());
    }
}

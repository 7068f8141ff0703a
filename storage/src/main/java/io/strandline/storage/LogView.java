package io.strandline.storage;

import java.util.List;

/**
 * What readers may know of a log at one moment: published as a whole, never pieced together from two readings (W16).
 * Immutable.
 */
public final class LogView {
    private final long logStartOffset;
    private final long durableEnd;
    private final List<Segment> segments;
    private final int durablePosition;

    /**
     * @param segments those with offsets in this view, in order; empty while the log's files are closed
     * @param durablePosition where the durable end lies in the last of them
     */
    LogView(long logStartOffset, long durableEnd, List<Segment> segments, int durablePosition) {
        this.logStartOffset = logStartOffset;
        this.durableEnd = durableEnd;
        this.segments = segments;
        this.durablePosition = durablePosition;
    }

    /** The first offset that can be read. */
    public long logStartOffset() {
        return logStartOffset;
    }

    /** One more than the last offset that is on the disk: Kafka's high watermark. Nobody reads beyond. */
    public long durableEnd() {
        return durableEnd;
    }

    /** One more than the last offset that no open transaction can take back; at most the durable end. */
    public long lastStableOffset() {
        return durableEnd;
    }

    @Override
    public String toString() {
        return "offsets " + logStartOffset + " to " + durableEnd;
    }

    List<Segment> segments() {
        return segments;
    }

    int durablePosition() {
        return durablePosition;
    }

    /** Number of the segment that holds an offset of this view. */
    int segmentOf(long offset) {
        int low = 0;
        int high = segments.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (segments.get(middle).base() <= offset) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** Where the readable bytes of a segment end. */
    int endOf(int segment) {
        return segment == segments.size() - 1
                ? durablePosition
                : segments.get(segment).size();
    }

    /** The offset behind the last readable one of a segment. */
    long endOffsetOf(int segment) {
        return segment == segments.size() - 1
                ? durableEnd
                : segments.get(segment + 1).base();
    }
}

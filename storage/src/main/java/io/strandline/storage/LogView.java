package io.strandline.storage;

/**
 * What readers may know of a log at one moment: published as a whole, never pieced together from two readings (W16).
 */
public final class LogView {
    private final long logStartOffset;
    private final long durableEnd;

    LogView(long logStartOffset, long durableEnd) {
        this.logStartOffset = logStartOffset;
        this.durableEnd = durableEnd;
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
}

package io.strandline.storage;

/**
 * What may differ from log to log, under Kafka's names for topic configuration. May change while the store runs: the
 * engine asks the {@link Catalogue} each time it needs one.
 *
 * @param segmentBytes {@code segment.bytes}: a segment is sealed before it would grow beyond this
 * @param segmentMs {@code segment.ms}: a segment is sealed this many milliseconds after its first append
 * @param retentionMs {@code retention.ms}: segments whose newest record is older are dropped; -1 keeps them
 * @param retentionBytes {@code retention.bytes}: the oldest segments are dropped while the log is larger; -1 keeps them
 * @param deletes whether {@code cleanup.policy} contains {@code delete}: retention applies only then
 * @param maxMessageBytes {@code max.message.bytes}: the largest batch, header included
 * @param timestampType {@code message.timestamp.type}
 */
public record LogConfig(
        int segmentBytes,
        long segmentMs,
        long retentionMs,
        long retentionBytes,
        boolean deletes,
        int maxMessageBytes,
        TimestampType timestampType) {

    /** Smallest segment that still makes sense: a batch header and a little. */
    static final int SEGMENT_BYTES_MIN = 256;

    public LogConfig {
        if (segmentBytes < SEGMENT_BYTES_MIN) {
            throw new IllegalArgumentException(
                    "segment.bytes is " + segmentBytes + "; it must be at least " + SEGMENT_BYTES_MIN);
        }
        if (segmentMs < 1) {
            throw new IllegalArgumentException("segment.ms is " + segmentMs + "; it must be at least 1");
        }
        if (maxMessageBytes < 0) {
            throw new IllegalArgumentException("max.message.bytes is " + maxMessageBytes + "; it must not be negative");
        }
    }

    /** Kafka's defaults: 1 GiB or 7 days a segment, 7 days kept, batches up to 1 MiB and a header. */
    public static LogConfig defaults() {
        long weekMs = 7L * 24 * 60 * 60 * 1000;
        return new LogConfig(1 << 30, weekMs, weekMs, -1, true, 1_048_588, TimestampType.CREATE_TIME);
    }

    /** For the store's own logs: nothing is ever dropped. */
    public static LogConfig keepEverything() {
        return defaults().withRetentionMs(-1);
    }

    public LogConfig withSegmentBytes(int bytes) {
        return new LogConfig(bytes, segmentMs, retentionMs, retentionBytes, deletes, maxMessageBytes, timestampType);
    }

    public LogConfig withSegmentMs(long ms) {
        return new LogConfig(segmentBytes, ms, retentionMs, retentionBytes, deletes, maxMessageBytes, timestampType);
    }

    public LogConfig withRetentionMs(long ms) {
        return new LogConfig(segmentBytes, segmentMs, ms, retentionBytes, deletes, maxMessageBytes, timestampType);
    }

    public LogConfig withRetentionBytes(long bytes) {
        return new LogConfig(segmentBytes, segmentMs, retentionMs, bytes, deletes, maxMessageBytes, timestampType);
    }

    public LogConfig withDeletes(boolean retentionApplies) {
        return new LogConfig(
                segmentBytes, segmentMs, retentionMs, retentionBytes, retentionApplies, maxMessageBytes, timestampType);
    }

    public LogConfig withMaxMessageBytes(int bytes) {
        return new LogConfig(segmentBytes, segmentMs, retentionMs, retentionBytes, deletes, bytes, timestampType);
    }

    public LogConfig withTimestampType(TimestampType type) {
        return new LogConfig(segmentBytes, segmentMs, retentionMs, retentionBytes, deletes, maxMessageBytes, type);
    }
}

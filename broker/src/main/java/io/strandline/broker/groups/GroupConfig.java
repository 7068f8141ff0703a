package io.strandline.broker.groups;

/**
 * Settings of all groups, under Kafka's names.
 *
 * @param minSessionTimeoutMs {@code group.min.session.timeout.ms}
 * @param maxSessionTimeoutMs {@code group.max.session.timeout.ms}
 * @param initialRebalanceDelayMs {@code group.initial.rebalance.delay.ms}: how long the first member of an empty group waits
 *     for others. 0 here (Kafka: 3000): the first member reads at once, and whoever comes later costs a rebalance
 * @param maxSize {@code group.max.size}: members in one group
 * @param newMemberJoinTimeoutMs how long a new member may wait for its first answer; it has no id yet to send heartbeats
 *     with, and a client that hung up must not hold a place for ever
 * @param offsetMetadataMaxLength {@code offset.metadata.max.bytes}; counted in characters, as Kafka does
 * @param offsetsRetentionMs {@code offsets.retention.minutes}
 * @param offsetsRetentionCheckIntervalMs {@code offsets.retention.check.interval.ms}
 */
public record GroupConfig(
        int minSessionTimeoutMs,
        int maxSessionTimeoutMs,
        int initialRebalanceDelayMs,
        int maxSize,
        int newMemberJoinTimeoutMs,
        int offsetMetadataMaxLength,
        long offsetsRetentionMs,
        long offsetsRetentionCheckIntervalMs) {

    /** Kafka's defaults, but no wait before the first rebalance. */
    public static GroupConfig defaults() {
        return new GroupConfig(
                6_000, 1_800_000, 0, Integer.MAX_VALUE, 300_000, 4096, 7L * 24 * 60 * 60 * 1000, 10L * 60 * 1000);
    }

    public GroupConfig withSessionTimeoutsMs(int min, int max) {
        return new GroupConfig(
                min,
                max,
                initialRebalanceDelayMs,
                maxSize,
                newMemberJoinTimeoutMs,
                offsetMetadataMaxLength,
                offsetsRetentionMs,
                offsetsRetentionCheckIntervalMs);
    }

    public GroupConfig withInitialRebalanceDelayMs(int delayMs) {
        return new GroupConfig(
                minSessionTimeoutMs,
                maxSessionTimeoutMs,
                delayMs,
                maxSize,
                newMemberJoinTimeoutMs,
                offsetMetadataMaxLength,
                offsetsRetentionMs,
                offsetsRetentionCheckIntervalMs);
    }

    public GroupConfig withMaxSize(int size) {
        return new GroupConfig(
                minSessionTimeoutMs,
                maxSessionTimeoutMs,
                initialRebalanceDelayMs,
                size,
                newMemberJoinTimeoutMs,
                offsetMetadataMaxLength,
                offsetsRetentionMs,
                offsetsRetentionCheckIntervalMs);
    }

    public GroupConfig withOffsetsRetentionMs(long retentionMs) {
        return new GroupConfig(
                minSessionTimeoutMs,
                maxSessionTimeoutMs,
                initialRebalanceDelayMs,
                maxSize,
                newMemberJoinTimeoutMs,
                offsetMetadataMaxLength,
                retentionMs,
                offsetsRetentionCheckIntervalMs);
    }
}

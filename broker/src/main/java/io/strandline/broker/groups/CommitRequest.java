package io.strandline.broker.groups;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * A consumer has read up to here.
 *
 * @param memberId empty from a consumer that chooses its partitions itself, and from tools
 * @param generation negative from the same
 * @param retentionMs how long to keep the offsets, from clients that still may say so (v2 to v4)
 */
public record CommitRequest(
        String group,
        String memberId,
        Optional<String> instanceId,
        int generation,
        OptionalLong retentionMs,
        List<OffsetToCommit> offsets) {

    /** See {@link CommittedOffset}. */
    public record OffsetToCommit(
            TopicPartition partition, UUID topicId, long offset, OptionalInt leaderEpoch, String metadata) {}
}

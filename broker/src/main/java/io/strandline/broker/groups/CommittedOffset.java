package io.strandline.broker.groups;

import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * How far a group has read a partition.
 *
 * @param offset the next offset to read; any value is kept as it came, since KafkaJS commits -1 and -2 for "latest" and
 *     "earliest"
 * @param leaderEpoch leader epoch of the last record read, when the client told
 * @param metadata free text of the client, empty when there is none
 * @param commitTimestampMs wall clock of the commit
 * @param expireTimestampMs when the client itself limited the offset's life (OffsetCommit up to v4)
 * @param topicId the topic's id, or {@link #NO_TOPIC_ID}; an offset of an earlier topic of the same name counts for nothing
 */
public record CommittedOffset(
        long offset,
        OptionalInt leaderEpoch,
        String metadata,
        long commitTimestampMs,
        OptionalLong expireTimestampMs,
        UUID topicId) {

    /** The id of "not known": what Kafka writes when a commit came by name. */
    public static final UUID NO_TOPIC_ID = new UUID(0, 0);

    /** Whether this offset may be told to somebody who asks for the topic of that id. */
    public boolean belongsTo(UUID asked) {
        return topicId.equals(NO_TOPIC_ID) || asked.equals(NO_TOPIC_ID) || topicId.equals(asked);
    }
}

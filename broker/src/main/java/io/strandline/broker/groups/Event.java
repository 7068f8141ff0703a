package io.strandline.broker.groups;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What happened to a group and outlives the broker. The state of all groups is the sum of their events; each is one record of
 * {@code __consumer_offsets} in Kafka's format ({@link EventRecords}).
 */
public sealed interface Event {
    /** The group's id. */
    String group();

    /** Whether it changes what the group has read, and not who is in it. */
    default boolean isAboutOffsets() {
        return switch (this) {
            case OffsetCommitted ignored -> true;
            case OffsetDeleted ignored -> true;
            case GroupStored ignored -> false;
            case GroupDeleted ignored -> false;
        };
    }

    /**
     * A generation has its assignment, or the group has lost its last member.
     *
     * @param protocolType absent for a group that nobody ever joined
     * @param protocol the protocol (assignment strategy) that was chosen; absent without members
     * @param stateTimestampMs wall clock of the change; absent in records of old Kafka versions
     */
    record GroupStored(
            String group,
            int generation,
            Optional<String> protocolType,
            Optional<String> protocol,
            Optional<String> leader,
            OptionalLong stateTimestampMs,
            List<StoredMember> members)
            implements Event {}

    /**
     * A member as the log knows it.
     *
     * @param subscription what it said for the chosen protocol
     */
    record StoredMember(
            String memberId,
            Optional<String> instanceId,
            String clientId,
            String clientHost,
            int rebalanceTimeoutMs,
            int sessionTimeoutMs,
            Bytes subscription,
            Bytes assignment) {}

    /** The group is gone. Its offsets are deleted by events of their own. */
    record GroupDeleted(String group) implements Event {}

    record OffsetCommitted(String group, TopicPartition partition, CommittedOffset offset) implements Event {}

    /** The offset expired, was deleted on request, or its topic was. */
    record OffsetDeleted(String group, TopicPartition partition) implements Event {}
}

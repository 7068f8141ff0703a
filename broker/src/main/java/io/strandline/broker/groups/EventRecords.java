package io.strandline.broker.groups;

import io.strandline.protocol.ByteSource;
import io.strandline.protocol.MalformedMessage;
import io.strandline.protocol.RecordKey;
import io.strandline.protocol.record.GroupMetadataKey;
import io.strandline.protocol.record.GroupMetadataValue;
import io.strandline.protocol.record.OffsetCommitKey;
import io.strandline.protocol.record.OffsetCommitValue;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Events as records of {@code __consumer_offsets}, to the byte what Kafka 4.3 writes and reads there.
 *
 * <pre>
 *   key    int16 type: 0 and 1 an offset, 2 a group | fields
 *   value  int16 version                            | fields     none: deleted
 * </pre>
 *
 * Written are OffsetCommitKey 1 with OffsetCommitValue 4 (1 when the offset has an expiry of its own) and GroupMetadataKey 2
 * with GroupMetadataValue 3. Read are all versions of them.
 */
public final class EventRecords {
    private static final short OFFSET_KEY_OLD = 0;
    private static final short OFFSET_VALUE = 4;
    private static final short OFFSET_VALUE_WITH_EXPIRY = 1;
    private static final short GROUP_VALUE = 3;

    private EventRecords() {}

    /**
     * A record of the log.
     *
     * @param value null when something is deleted
     */
    public record Entry(ByteBuffer key, @Nullable ByteBuffer value) {}

    /** The record for an event. */
    public static Entry write(Event event) {
        return switch (event) {
            case Event.GroupStored stored ->
                new Entry(keyOf(stored.group()), RecordKey.toRecordValue(valueOf(stored), GROUP_VALUE));
            case Event.GroupDeleted deleted -> new Entry(keyOf(deleted.group()), null);
            case Event.OffsetCommitted committed ->
                new Entry(keyOf(committed.group(), committed.partition()), valueOf(committed.offset()));
            case Event.OffsetDeleted deleted -> new Entry(keyOf(deleted.group(), deleted.partition()), null);
        };
    }

    private static ByteBuffer keyOf(String group) {
        return new GroupMetadataKey().group(group).toRecordKey();
    }

    private static ByteBuffer keyOf(String group, TopicPartition partition) {
        return new OffsetCommitKey()
                .group(group)
                .topic(partition.topic())
                .partition(partition.partition())
                .toRecordKey();
    }

    private static GroupMetadataValue valueOf(Event.GroupStored stored) {
        var value = new GroupMetadataValue()
                .protocolType(stored.protocolType().orElse(""))
                .generation(stored.generation())
                .protocol(stored.protocol().orElse(null))
                .leader(stored.leader().orElse(null))
                .currentStateTimestamp(stored.stateTimestampMs().orElse(-1));
        for (var member : stored.members()) {
            value.members.add(new GroupMetadataValue.MemberMetadata()
                    .memberId(member.memberId())
                    .groupInstanceId(member.instanceId().orElse(null))
                    .clientId(member.clientId())
                    .clientHost(member.clientHost())
                    .rebalanceTimeout(member.rebalanceTimeoutMs())
                    .sessionTimeout(member.sessionTimeoutMs())
                    .subscription(member.subscription().buffer())
                    .assignment(member.assignment().buffer()));
        }
        return value;
    }

    private static ByteBuffer valueOf(CommittedOffset offset) {
        var value = new OffsetCommitValue()
                .offset(offset.offset())
                .leaderEpoch(offset.leaderEpoch().orElse(-1))
                .metadata(offset.metadata())
                .commitTimestamp(offset.commitTimestampMs())
                .expireTimestamp(offset.expireTimestampMs().orElse(-1))
                .topicId(offset.topicId());
        return RecordKey.toRecordValue(
                value, offset.expireTimestampMs().isPresent() ? OFFSET_VALUE_WITH_EXPIRY : OFFSET_VALUE);
    }

    /**
     * The event of a record; empty for kinds of records that this broker does not know, which Kafka skips as well.
     *
     * @throws MalformedMessage if the record is of a known kind and still makes no sense
     */
    public static Optional<Event> read(@Nullable ByteBuffer key, @Nullable ByteBuffer value) {
        if (key == null || key.remaining() < Short.BYTES) {
            return Optional.empty();
        }
        short type = key.getShort(key.position());
        if (type == OFFSET_KEY_OLD || type == new OffsetCommitKey().recordType()) {
            return readOffset(afterPrefix(key), value);
        }
        if (type == new GroupMetadataKey().recordType()) {
            return readGroup(afterPrefix(key), value);
        }
        return Optional.empty();
    }

    private static Optional<Event> readOffset(ByteSource keyFields, @Nullable ByteBuffer value) {
        var key = new OffsetCommitKey();
        key.read(keyFields, key.lowestVersion());
        var partition = new TopicPartition(key.topic, key.partition);
        if (value == null) {
            return Optional.of(new Event.OffsetDeleted(key.group, partition));
        }
        var fields = new OffsetCommitValue();
        fields.read(afterPrefix(value), value.getShort(value.position()));
        return Optional.of(new Event.OffsetCommitted(
                key.group,
                partition,
                new CommittedOffset(
                        fields.offset,
                        fields.leaderEpoch < 0 ? OptionalInt.empty() : OptionalInt.of(fields.leaderEpoch),
                        fields.metadata,
                        fields.commitTimestamp,
                        optional(fields.expireTimestamp),
                        fields.topicId)));
    }

    private static Optional<Event> readGroup(ByteSource keyFields, @Nullable ByteBuffer value) {
        var key = new GroupMetadataKey();
        key.read(keyFields, key.lowestVersion());
        if (value == null) {
            return Optional.of(new Event.GroupDeleted(key.group));
        }
        var fields = new GroupMetadataValue();
        fields.read(afterPrefix(value), value.getShort(value.position()));
        return Optional.of(new Event.GroupStored(
                key.group,
                fields.generation,
                Optional.of(fields.protocolType).filter(type -> !type.isEmpty()),
                Optional.ofNullable(fields.protocol),
                Optional.ofNullable(fields.leader),
                optional(fields.currentStateTimestamp),
                fields.members.stream().map(EventRecords::member).toList()));
    }

    private static Event.StoredMember member(GroupMetadataValue.MemberMetadata fields) {
        return new Event.StoredMember(
                fields.memberId,
                Optional.ofNullable(fields.groupInstanceId),
                fields.clientId,
                fields.clientHost,
                fields.rebalanceTimeout < 0 ? fields.sessionTimeout : fields.rebalanceTimeout,
                fields.sessionTimeout,
                Bytes.copyOf(fields.subscription),
                Bytes.copyOf(fields.assignment));
    }

    private static OptionalLong optional(long timestampMs) {
        return timestampMs < 0 ? OptionalLong.empty() : OptionalLong.of(timestampMs);
    }

    private static ByteSource afterPrefix(ByteBuffer prefixed) {
        return new ByteSource(prefixed.slice(prefixed.position() + Short.BYTES, prefixed.remaining() - Short.BYTES));
    }
}

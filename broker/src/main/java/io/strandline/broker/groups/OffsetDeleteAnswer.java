package io.strandline.broker.groups;

import io.strandline.protocol.ErrorCode;
import java.util.Set;

/** What became of a request to forget offsets. */
public sealed interface OffsetDeleteAnswer {
    /** @param inUse partitions whose offset stays, because the group reads their topic */
    record Deleted(Set<TopicPartition> inUse) implements OffsetDeleteAnswer {}

    record Refused(ErrorCode error) implements OffsetDeleteAnswer {}
}

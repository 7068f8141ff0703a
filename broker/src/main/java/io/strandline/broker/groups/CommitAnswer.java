package io.strandline.broker.groups;

import io.strandline.protocol.ErrorCode;
import java.util.Set;

/** What became of a commit. */
public sealed interface CommitAnswer {
    /** @param metadataTooLarge partitions whose offset was left out for that reason */
    record Committed(Set<TopicPartition> metadataTooLarge) implements CommitAnswer {}

    /** Nothing was committed. */
    record Refused(ErrorCode error) implements CommitAnswer {}
}

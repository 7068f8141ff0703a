package io.strandline.storage;

import java.util.UUID;

/**
 * The name of a log: one partition of one life of a topic. A topic that is deleted and made again gets another id, so
 * nothing of its former life can be taken for its new one.
 */
public record LogId(UUID topicId, int partition) implements Comparable<LogId> {

    /** The store's own log, in which the broker keeps its catalogue. Kafka reserves the same topic id for it. */
    public static final LogId METADATA = new LogId(new UUID(0L, 1L), 0);

    public LogId {
        if (partition < 0) {
            throw new IllegalArgumentException("A partition is numbered from 0, not " + partition);
        }
    }

    /** A fixed order without meaning, the one in which several logs are locked together. */
    @Override
    public int compareTo(LogId other) {
        int byTopic = topicId.compareTo(other.topicId);
        return byTopic != 0 ? byTopic : Integer.compare(partition, other.partition);
    }

    @Override
    public String toString() {
        return topicId + "/" + partition;
    }
}

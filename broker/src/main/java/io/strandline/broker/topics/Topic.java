package io.strandline.broker.topics;

import io.strandline.storage.LogId;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A topic as it is now; another value when something about it changes.
 *
 * @param id never used again, also not for a topic of the same name
 * @param durableFrom durable end of the metadata log at which the topic is like this for clients (W15)
 * @param before what the topic is for clients until then; null: nothing, it is being made
 */
public record Topic(
        UUID id,
        String name,
        int partitions,
        TopicConfig config,
        long durableFrom,
        @Nullable Topic before) {
    /** Topics of the broker's own; nobody else writes to them. */
    public boolean internal() {
        return isInternal(name);
    }

    /** Whether a topic of this name can only be one of the broker's own. */
    public static boolean isInternal(String name) {
        return name.equals("__consumer_offsets") || name.equals("__transaction_state");
    }

    public boolean hasPartition(int partition) {
        return partition >= 0 && partition < partitions;
    }

    public LogId log(int partition) {
        return new LogId(id, partition);
    }
}

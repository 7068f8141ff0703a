package io.strandline.broker.groups;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Predicate;

/** The committed offsets of one group. Guarded by the group's lock. */
final class CommittedOffsets {
    private final Map<TopicPartition, CommittedOffset> byPartition = new LinkedHashMap<>();

    boolean isEmpty() {
        return byPartition.isEmpty();
    }

    void put(TopicPartition partition, CommittedOffset offset) {
        byPartition.put(partition, offset);
    }

    void remove(TopicPartition partition) {
        byPartition.remove(partition);
    }

    Collection<TopicPartition> partitions() {
        return byPartition.keySet();
    }

    Map<TopicPartition, CommittedOffset> all() {
        return new LinkedHashMap<>(byPartition);
    }

    /** Those of the partitions that have one. */
    Map<TopicPartition, CommittedOffset> of(Collection<TopicPartition> partitions) {
        var found = new LinkedHashMap<TopicPartition, CommittedOffset>();
        for (var partition : partitions) {
            var offset = byPartition.get(partition);
            if (offset != null) {
                found.put(partition, offset);
            }
        }
        return found;
    }

    List<TopicPartition> ofTopic(String topic, UUID topicId) {
        return byPartition.entrySet().stream()
                .filter(entry ->
                        entry.getKey().topic().equals(topic) && entry.getValue().belongsTo(topicId))
                .map(Map.Entry::getKey)
                .toList();
    }

    /**
     * Those whose time is over.
     *
     * @param idleSinceMs since when nobody reads, when the whole group is idle; else each offset ages from its commit
     */
    List<TopicPartition> expired(long nowMs, long retentionMs, OptionalLong idleSinceMs, Predicate<String> spared) {
        return byPartition.entrySet().stream()
                .filter(entry -> !spared.test(entry.getKey().topic()))
                .filter(entry -> isExpired(entry.getValue(), nowMs, retentionMs, idleSinceMs))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static boolean isExpired(CommittedOffset offset, long nowMs, long retentionMs, OptionalLong idleSinceMs) {
        if (offset.expireTimestampMs().isPresent()) {
            return nowMs >= offset.expireTimestampMs().getAsLong();
        }
        return nowMs - idleSinceMs.orElse(offset.commitTimestampMs()) >= retentionMs;
    }
}

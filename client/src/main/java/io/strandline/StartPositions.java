package io.strandline;

import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Decides where to begin where nothing is committed, so that kafka-clients never jumps by itself. Of the poll thread
 * alone; asks the broker.
 *
 * <p>{@link Position#latest()} means the end when the <em>group</em> first saw the topic. So the place is committed at
 * once (a restart before the first message must not move it), and with it the number of partitions the topic had: a
 * partition of a higher number was added later and is read from its start.
 */
final class StartPositions {
    private static final String FIRST_SEEN = "strandline:partitions-when-first-seen=";

    private final Consumer<byte[], byte[]> kafka;
    private final Position startAt;
    private final Set<String> fromTheirStart;

    /** @param fromTheirStart topics whose messages are all ours, whatever {@code startAt} says of the others */
    StartPositions(Consumer<byte[], byte[]> kafka, Position startAt, Set<String> fromTheirStart) {
        this.kafka = kafka;
        this.startAt = startAt;
        this.fromTheirStart = Set.copyOf(fromTheirStart);
    }

    /** Where a partition begins, and what is to be kept with its commits. */
    record Start(long offset, String commitMetadata) {}

    /** Partitions that came to this member and have a commit: what is to be kept with it. */
    Map<TopicPartition, String> commitMetadata(Collection<TopicPartition> partitions) {
        if (!(startAt instanceof Position.Latest) || partitions.isEmpty()) {
            return Map.of();
        }
        var metadata = new HashMap<TopicPartition, String>();
        kafka.committed(Set.copyOf(partitions)).forEach((partition, committed) -> {
            if (committed != null) {
                metadata.put(partition, committed.metadata());
            }
        });
        return metadata;
    }

    /** Where these begin, which have no commit. */
    Map<TopicPartition, Start> find(Set<TopicPartition> partitions) {
        var fromStart = partitions.stream()
                .filter(partition -> fromTheirStart.contains(partition.topic()))
                .collect(Collectors.toSet());
        var others = new HashSet<>(partitions);
        others.removeAll(fromStart);
        var found = new HashMap<TopicPartition, Start>();
        if (!fromStart.isEmpty()) {
            found.putAll(find(fromStart, Position.earliest()));
        }
        if (!others.isEmpty()) {
            found.putAll(find(others, startAt));
        }
        return found;
    }

    /** Where this position is now. */
    Map<TopicPartition, Start> now(Set<TopicPartition> partitions, Position position) {
        return position instanceof Position.Latest ? starts(kafka.endOffsets(partitions)) : find(partitions, position);
    }

    private Map<TopicPartition, Start> find(Set<TopicPartition> partitions, Position position) {
        return switch (position) {
            case Position.Earliest earliest -> starts(kafka.beginningOffsets(partitions));
            case Position.Offset(long offset) -> within(partitions, offset);
            case Position.At(Instant time) -> at(partitions, time);
            case Position.Latest latest -> latest(partitions);
        };
    }

    private static Map<TopicPartition, Start> starts(Map<TopicPartition, Long> offsets) {
        var starts = new HashMap<TopicPartition, Start>();
        offsets.forEach((partition, offset) -> starts.put(partition, new Start(offset, "")));
        return starts;
    }

    /** An offset beyond either end is moved to that end. */
    private Map<TopicPartition, Start> within(Set<TopicPartition> partitions, long offset) {
        var beginnings = kafka.beginningOffsets(partitions);
        var starts = new HashMap<TopicPartition, Start>();
        kafka.endOffsets(partitions)
                .forEach((partition, end) -> starts.put(
                        partition,
                        new Start(Math.max(beginnings.getOrDefault(partition, 0L), Math.min(offset, end)), "")));
        return starts;
    }

    private Map<TopicPartition, Start> at(Set<TopicPartition> partitions, Instant time) {
        var asked = partitions.stream().collect(Collectors.toMap(p -> p, p -> time.toEpochMilli()));
        var starts = starts(kafka.endOffsets(partitions));
        kafka.offsetsForTimes(asked).forEach((partition, found) -> {
            if (found != null) {
                starts.put(partition, new Start(found.offset(), ""));
            }
        });
        return starts;
    }

    private Map<TopicPartition, Start> latest(Set<TopicPartition> partitions) {
        var ends = kafka.endOffsets(partitions);
        var beginnings = kafka.beginningOffsets(partitions);
        var starts = new HashMap<TopicPartition, Start>();
        for (var topic : partitions.stream().map(TopicPartition::topic).collect(Collectors.toSet())) {
            int firstSeen = partitionsWhenFirstSeen(topic, partitions);
            for (var partition : partitions) {
                if (partition.topic().equals(topic)) {
                    var offsets = partition.partition() < firstSeen ? ends : beginnings;
                    starts.put(partition, new Start(offsets.getOrDefault(partition, 0L), FIRST_SEEN + firstSeen));
                }
            }
        }
        return starts;
    }

    /**
     * As a commit of any partition of the topic says; the number it has now if the group sees it for the first time.
     *
     * @param ours of this topic and others
     * @throws UnknownTopicOrPartitionException if the node that was asked has not heard of all of ours yet
     */
    private int partitionsWhenFirstSeen(String topic, Set<TopicPartition> ours) {
        var all = new HashSet<TopicPartition>();
        for (PartitionInfo info : kafka.partitionsFor(topic)) {
            all.add(new TopicPartition(topic, info.partition()));
        }
        for (var partition : ours) {
            if (partition.topic().equals(topic) && !all.contains(partition)) {
                throw new UnknownTopicOrPartitionException(
                        partition + " is assigned, and the node that was asked knows only of " + all + " of its topic");
            }
        }
        int commits = 0;
        for (var committed : kafka.committed(all).values()) {
            if (committed != null) {
                commits++;
                if (committed.metadata().startsWith(FIRST_SEEN)) {
                    return Integer.parseInt(committed.metadata().substring(FIRST_SEEN.length()));
                }
            }
        }
        // Commits that are not ours: the group knows the topic, so what has no commit was added later.
        return commits == 0 ? all.size() : 0;
    }

    /** What pins a start, so that it stays where it is. */
    static OffsetAndMetadata pin(Start start) {
        return new OffsetAndMetadata(start.offset(), start.commitMetadata());
    }

    boolean pins() {
        return startAt instanceof Position.Latest || startAt instanceof Position.At;
    }
}

package io.strandline.broker.groups;

import io.strandline.broker.groups.ConsumerOffsets.Home;
import io.strandline.broker.groups.ConsumerOffsets.NoPlace;
import io.strandline.broker.groups.ConsumerOffsets.Place;
import io.strandline.broker.topics.Topics;
import io.strandline.storage.Durability;
import io.strandline.storage.Store;
import io.strandline.storage.Time;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/** Groups over a store: finds {@code __consumer_offsets}, reads it, and makes it when there is something to keep. */
public record GroupsOnDisk(Groups groups, ConsumerOffsets log) {
    /**
     * Not deleted by age or size: an offset may be older than any of that. Batches may be large, as a group is one record and
     * has many members.
     */
    private static final Map<String, String> TOPIC_CONFIG = Map.of(
            "cleanup.policy", "compact",
            "segment.bytes", String.valueOf(16 << 20),
            "max.message.bytes", String.valueOf(64 << 20));

    /**
     * Reads what the groups were when the broker stopped, and lets them go on.
     *
     * @param memberIds gives an id that was never used before
     */
    public static GroupsOnDisk open(
            GroupConfig config, Store store, Topics topics, Timer timer, Time time, Supplier<UUID> memberIds)
            throws IOException {
        var log = new ConsumerOffsets(() -> make(store, topics), time);
        var groups = new Groups(config, log, timer, time, memberIds);
        var topic = topics.find(ConsumerOffsets.TOPIC);
        if (topic.isPresent()) {
            log.replay(new Place(store.log(topic.get().log(0)), Durability.all(List.of())), groups::replay);
        }
        groups.start();
        return new GroupsOnDisk(groups, log);
    }

    private static Home make(Store store, Topics topics) {
        return switch (topics.create(ConsumerOffsets.TOPIC, 1, TOPIC_CONFIG)) {
            case Topics.Changed.Done made -> new Place(store.log(made.topic().log(0)), made.durable());
            case Topics.Changed.Refused refused -> new NoPlace(refused.reason());
        };
    }
}

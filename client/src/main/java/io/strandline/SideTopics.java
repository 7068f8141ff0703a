package io.strandline;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Topics beside those that are read, for messages that could not be handled: made when they are missing. */
final class SideTopics {
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetter.class);

    /** Room for our headers beside a message that was as large as its topic allows. */
    private static final int HEADER_BYTES = 64 * 1024;

    private final BlockingAdmin admin;
    private final String kind;
    private final Map<String, String> config;

    /** Number of partitions of the topics that are known to be there. */
    private final Map<String, Integer> known = new ConcurrentHashMap<>();

    /** Settings of topics that keep all for so long, whatever the broker does with others. */
    static Map<String, String> kept(String retentionMs) {
        return Map.of("retention.ms", retentionMs, "retention.bytes", "-1", "cleanup.policy", "delete");
    }

    /**
     * @param kind in words
     * @param config of those that are made here
     */
    SideTopics(BlockingAdmin admin, String kind, Map<String, String> config) {
        this.admin = admin;
        this.kind = kind;
        this.config = Map.copyOf(config);
    }

    /**
     * Makes those that are missing. Where the source is not there yet, they have their turn before the first message.
     *
     * @throws IllegalStateException if one is missing and may not be created
     */
    void ensureAll(String source, Collection<String> topics) {
        var shape = admin.shape(source);
        if (shape.isEmpty()) {
            LOG.info("Topic {} does not exist yet; its {} topics are made when they are needed", source, kind);
            return;
        }
        topics.forEach(topic -> ensure(topic, source, shape));
    }

    /** Where a message of this source goes to in this topic: the same number, if there are as many. */
    int partition(String topic, ConsumerRecord<byte[], byte[]> source) {
        var partitions = known.get(topic);
        if (partitions == null) {
            partitions = ensure(topic, source.topic(), admin.shape(source.topic()));
        }
        return source.partition() % partitions;
    }

    /** Looks again before the next message. */
    void forget(String topic) {
        known.remove(topic);
    }

    private int ensure(String topic, String source, Optional<BlockingAdmin.Shape> sourceShape) {
        var there = admin.shape(topic);
        if (there.isEmpty()) {
            create(topic, source, sourceShape);
            there = admin.shape(topic);
        }
        int partitions = there.orElseThrow(() -> new UnknownTopicOrPartitionException(kind + " topic " + topic
                        + " was created, and no node that was asked since knows of it. It is asked for again; if this goes on,"
                        + " look whether it is there, and whether this user may see it"))
                .partitions();
        known.put(topic, partitions);
        return partitions;
    }

    private void create(String topic, String source, Optional<BlockingAdmin.Shape> sourceShape) {
        var wanted = Topic.bytes(topic);
        for (var entry : config.entrySet()) {
            wanted = wanted.config(entry.getKey(), entry.getValue());
        }
        if (sourceShape.isPresent()) {
            // As many copies as the source has, for brokers' default often is one, and a node that dies would take the
            // letters of three along.
            var shape = sourceShape.get();
            wanted = wanted.partitions(shape.partitions()).replication(shape.copies());
        }
        try {
            admin.create(withSettingsOf(source, wanted));
            LOG.info(
                    "Created {} topic {}: partitions {}, {}",
                    kind,
                    topic,
                    sourceShape.isPresent() ? sourceShape.get().partitions() : "as the broker has it",
                    config);
        } catch (AuthorizationException | PolicyViolationException e) {
            throw new IllegalStateException(
                    kind + " topic " + topic + " does not exist and may not be created here: " + e.getMessage()
                            + ". Create it (partitions as in " + source + ", " + config + "), or let this user do so.",
                    e);
        }
    }

    /** A letter is larger than its message by our headers. */
    private Topic<byte[], byte[]> withSettingsOf(String source, Topic<byte[], byte[]> topic) {
        try {
            var config = admin.config(source);
            var inSync = config.get("min.insync.replicas");
            var limit = config.get("max.message.bytes");
            var like = inSync == null ? topic : topic.config("min.insync.replicas", inSync);
            like = like.config("retention.ms", longer(this.config.get("retention.ms"), config.get("retention.ms")));
            return limit == null ? like : like.config("max.message.bytes", withRoomForHeaders(limit));
        } catch (KafkaException e) {
            LOG.debug("The settings of {} are not known; the broker's defaults are used", source, e);
            return topic;
        }
    }

    /** A message must not be gone from here while its source would have kept it. */
    private static String longer(@Nullable String ours, @Nullable String ofSource) {
        long kept = Long.parseLong(ours == null ? "-1" : ours);
        long keptThere = Long.parseLong(ofSource == null ? "0" : ofSource);
        return Long.toString(kept < 0 || keptThere < 0 ? -1 : Math.max(kept, keptThere));
    }

    private static String withRoomForHeaders(String limit) {
        return Long.toString(Math.min(Integer.MAX_VALUE, Long.parseLong(limit) + HEADER_BYTES));
    }
}

package io.strandline;

import java.util.Collection;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.PolicyViolationException;
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
    private final Map<String, Long> known = new ConcurrentHashMap<>();

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
        var partitions = admin.partitionCount(source);
        if (partitions.isEmpty()) {
            LOG.info("Topic {} does not exist yet; its {} topics are made when they are needed", source, kind);
            return;
        }
        topics.forEach(topic -> ensure(topic, source, partitions));
    }

    /** Where a message of this source goes to in this topic: the same number, if there are as many. */
    int partition(String topic, ConsumerRecord<byte[], byte[]> source) {
        var partitions = known.get(topic);
        if (partitions == null) {
            partitions = ensure(topic, source.topic(), admin.partitionCount(source.topic()));
        }
        return (int) (source.partition() % partitions);
    }

    /** Looks again before the next message. */
    void forget(String topic) {
        known.remove(topic);
    }

    private long ensure(String topic, String source, OptionalLong sourcePartitions) {
        var there = admin.partitionCount(topic);
        if (there.isEmpty()) {
            create(topic, source, sourcePartitions);
            there = admin.partitionCount(topic);
        }
        long partitions = there.orElseThrow(() -> new IllegalStateException(
                kind + " topic " + topic + " was created and is not to be seen yet; trying again"));
        known.put(topic, partitions);
        return partitions;
    }

    private void create(String topic, String source, OptionalLong partitions) {
        var wanted = Topic.bytes(topic);
        for (var entry : config.entrySet()) {
            wanted = wanted.config(entry.getKey(), entry.getValue());
        }
        if (partitions.isPresent()) {
            wanted = wanted.partitions((int) partitions.getAsLong());
        }
        try {
            admin.create(like(source, wanted));
            LOG.info(
                    "Created {} topic {}: partitions {}, {}",
                    kind,
                    topic,
                    partitions.isPresent() ? partitions.getAsLong() : "as the broker has it",
                    config);
        } catch (AuthorizationException | PolicyViolationException e) {
            throw new IllegalStateException(
                    kind + " topic " + topic + " does not exist and may not be created here: " + e.getMessage()
                            + ". Create it (partitions as in " + source + ", " + config + "), or let this user do so.",
                    e);
        }
    }

    /**
     * As many copies as the source has, for brokers' default often is one, and a node that dies would take the letters of
     * three along. A letter is larger than its message by our headers.
     */
    private Topic<byte[], byte[]> like(String source, Topic<byte[], byte[]> topic) {
        var copies = admin.copies(source);
        var like = copies.isPresent() ? topic.replication(copies.getAsInt()) : topic;
        try {
            var config = admin.config(source);
            var inSync = config.get("min.insync.replicas");
            var limit = config.get("max.message.bytes");
            like = inSync == null ? like : like.config("min.insync.replicas", inSync);
            return limit == null ? like : like.config("max.message.bytes", withRoomForHeaders(limit));
        } catch (KafkaException e) {
            LOG.debug("The settings of {} are not known; the broker's defaults are used", source, e);
            return like;
        }
    }

    private static String withRoomForHeaders(String limit) {
        return Long.toString(Math.min(Integer.MAX_VALUE, Long.parseLong(limit) + HEADER_BYTES));
    }
}

package io.strandline;

import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes sure that dead-letter topics are there, and writes to them. */
final class DeadLetterTopics implements DeadLetterWriter {
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetter.class);

    /** Room for our headers in a letter whose message was as large as its topic allows. */
    private static final int HEADER_BYTES = 64 * 1024;

    private final String group;
    private final DeadLetter deadLetter;
    private final BlockingAdmin admin;
    private final Producer producer;

    /** Number of partitions of the topics that are known to be there. */
    private final Map<String, Long> known = new ConcurrentHashMap<>();

    DeadLetterTopics(String group, DeadLetter deadLetter, BlockingAdmin admin, Producer producer) {
        this.group = group;
        this.deadLetter = deadLetter;
        this.admin = admin;
        this.producer = producer;
    }

    /**
     * Makes all that messages of this source may go to. A source that is not there yet has its turn before the first
     * dead letter.
     *
     * @throws IllegalStateException if one is missing and may not be created
     */
    void ensureAll(String source) {
        var partitions = admin.partitionCount(source);
        if (partitions.isEmpty()) {
            LOG.info("Topic {} does not exist yet; its dead-letter topics are made when they are needed", source);
            return;
        }
        deadLetter.topics(source).forEach(topic -> ensure(topic, source, partitions));
    }

    private long ensure(String topic, String source, OptionalLong sourcePartitions) {
        var there = admin.partitionCount(topic);
        if (there.isEmpty()) {
            create(topic, source, sourcePartitions);
            there = admin.partitionCount(topic);
        }
        long partitions = there.orElseThrow(() -> new IllegalStateException(
                "Dead-letter topic " + topic + " was created and is not to be seen yet; trying again"));
        known.put(topic, partitions);
        return partitions;
    }

    private void create(String topic, String source, OptionalLong partitions) {
        var wanted = Topic.bytes(topic).config("retention.ms", "-1");
        if (partitions.isPresent()) {
            wanted = wanted.partitions((int) partitions.getAsLong());
        }
        try {
            admin.create(roomForHeaders(wanted, source));
            LOG.info("Created dead-letter topic {} with {} partitions, kept for ever", topic, partitions);
        } catch (AuthorizationException | PolicyViolationException e) {
            throw new IllegalStateException(
                    "Dead-letter topic " + topic + " does not exist and may not be created here: " + e.getMessage()
                            + ". Create it (partitions as in " + source + ", retention.ms=-1), or let this user do so.",
                    e);
        }
    }

    /** A letter is larger than its message by our headers. */
    private Topic<byte[], byte[]> roomForHeaders(Topic<byte[], byte[]> topic, String source) {
        try {
            var limit = admin.config(source).get("max.message.bytes");
            return limit == null
                    ? topic
                    : topic.config(
                            "max.message.bytes",
                            Long.toString(Math.min(Integer.MAX_VALUE, Long.parseLong(limit) + HEADER_BYTES)));
        } catch (KafkaException e) {
            LOG.debug("The largest message of {} is not known; the broker's default is used", source, e);
            return topic;
        }
    }

    @Override
    public Ack write(ConsumerRecord<byte[], byte[]> source, String topic, GivenUp givenUp, boolean withoutStackTrace) {
        var partitions = known.get(topic);
        if (partitions == null) {
            partitions = ensure(topic, source.topic(), admin.partitionCount(source.topic()));
        }
        int stackTraceChars = withoutStackTrace ? 0 : deadLetter.stackTraceChars();
        var letter = Outgoing.to(Topic.bytes(topic), source.key(), source.value())
                .headers(DeadLetterHeaders.of(source, group, givenUp, stackTraceChars))
                .partition((int) (source.partition() % partitions));
        try {
            return producer.send(letter);
        } catch (SendFailed e) {
            known.remove(topic); // perhaps it was deleted: look again before the next try
            throw e;
        }
    }
}

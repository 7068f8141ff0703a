package io.strandline;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews once a day which letters are done with of the topics that a consumer writes letters to, as long as it runs: those
 * of the topics it names, and of those it reads by pattern and has. Brokers forget offsets that nobody renews
 * ({@code offsets.retention.minutes}), and all letters would be shown again.
 */
final class LetterKeeper implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);
    private static final Duration LOOK_EVERY = Duration.ofHours(6);

    /** With patterns: whether topics are assigned that were not before. */
    private static final Duration SEE_EVERY = Duration.ofSeconds(5);

    private final ConnectedKafka kafka;
    private final ConsumerSettings settings;
    private final GroupMember consumer;

    /** As of {@link Time#nanoTime}. */
    private final Map<String, Long> looked = new HashMap<>();

    LetterKeeper(ConnectedKafka kafka, ConsumerSettings settings, GroupMember consumer) {
        this.kafka = kafka;
        this.settings = settings;
        this.consumer = consumer;
    }

    @Override
    public void run() {
        try {
            do {
                lookAtThoseThatAreDue();
            } while (!consumer.endsWithin(settings.patterns().isEmpty() ? LOOK_EVERY : SEE_EVERY));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does that; ending is right then
        }
    }

    private void lookAtThoseThatAreDue() {
        var assigned = consumer.assignment().stream().map(Partition::topic).collect(Collectors.toSet());
        long now = kafka.settings().time().nanoTime();
        for (var topic : settings.letterTopics(assigned)) {
            var last = looked.get(topic);
            if (last == null || now - last >= LOOK_EVERY.toNanos()) {
                looked.put(topic, now);
                tryToRenew(topic);
            }
        }
    }

    private void tryToRenew(String topic) {
        try {
            renew(topic);
        } catch (RuntimeException e) {
            LOG.debug("Which letters of {} are done with is not renewed now; this is tried again", topic, e);
        }
    }

    /** What is written all the time is young, so this does not get in the way of one who sends letters home just now. */
    private void renew(String topic) {
        var group = TopicDeadLetters.GROUP_PREFIX + topic;
        var now = kafka.settings().time().now();
        var old = new HashMap<Partition, OffsetAndMetadata>();
        kafka.blockingAdmin().committedWithMetadata(group).forEach((partition, committed) -> {
            var handled = HandledLetters.of(committed, committed.offset());
            if (handled.isOld(now)) {
                handled.renew(now);
                handled.committed().ifPresent(renewed -> old.put(partition, renewed));
            }
        });
        if (!old.isEmpty()) {
            kafka.blockingAdmin().store(group, old);
        }
    }
}

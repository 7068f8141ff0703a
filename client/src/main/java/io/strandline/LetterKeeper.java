package io.strandline;

import java.time.Duration;
import java.util.HashMap;
import java.util.Set;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews once a day which letters of some topics are done with, as long as a consumer runs that writes them: brokers
 * forget offsets that nobody renews ({@code offsets.retention.minutes}), and all letters would be shown again.
 */
final class LetterKeeper implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);
    private static final Duration LOOK_EVERY = Duration.ofHours(6);

    private final ConnectedKafka kafka;
    private final Set<String> topics;
    private final GroupMember consumer;

    LetterKeeper(ConnectedKafka kafka, Set<String> topics, GroupMember consumer) {
        this.kafka = kafka;
        this.topics = Set.copyOf(topics);
        this.consumer = consumer;
    }

    @Override
    public void run() {
        try {
            do {
                topics.forEach(this::tryToRenew);
            } while (!consumer.endsWithin(LOOK_EVERY));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does that; ending is right then
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

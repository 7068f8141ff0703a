package io.strandline;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Topics that were created or deleted a moment ago. A cluster of Apache Kafka answers a creation before all of its nodes know of it, and
 * each question goes to some node: the first may be answered by one that knows the topic, the next by one that does not.
 * So for a while "there is none" is not believed, and asked again; nor is it believed of a deleted one that it is there.
 * Thread-safe.
 */
final class NewTopics {
    private static final Logger LOG = LoggerFactory.getLogger(Admin.class);
    private static final Duration SEEN_WITHIN = Duration.ofSeconds(10);
    private static final Duration TOLD_AFTER = Duration.ofSeconds(1);
    private static final Duration ASKED_AGAIN_AFTER = Duration.ofMillis(5);

    private final Time time;

    /** When it was said of a topic that it is there, by {@link Time#nanoTime}. */
    private final Map<String, Long> confirmed = new ConcurrentHashMap<>();

    /** When it was said of a topic that it is deleted. */
    private final Map<String, Long> deleted = new ConcurrentHashMap<>();

    NewTopics(Time time) {
        this.time = time;
    }

    /** The controller, or a node that knows it, says that it is there. */
    void confirm(String topic) {
        confirmed.values().removeIf(this::isOver);
        confirmed.put(topic, time.nanoTime());
        deleted.remove(topic);
    }

    /** It is about to be deleted. */
    void forget(String topic) {
        confirmed.remove(topic);
    }

    /** The controller says that it is not there any more. */
    void deleted(String topic) {
        deleted.values().removeIf(this::isOver);
        deleted.put(topic, time.nanoTime());
    }

    /** Deleted a moment ago, and not confirmed since: whether it is there is known to the controller alone. */
    boolean isDeleted(String topic) {
        var since = deleted.get(topic);
        return since != null && !isOver(since);
    }

    /**
     * Asks; of a new topic again and again until the answer is not empty, for at most 10 s after its creation. After that we
     * go on without: it may have been deleted since, and this user may be allowed to create a topic and not to see it.
     *
     * @throws InterruptException if the thread is interrupted while it waits
     */
    <T> Optional<T> find(String topic, Supplier<Optional<T>> question) {
        var found = question.get();
        var since = confirmed.get(topic);
        if (found.isPresent() || since == null) {
            return found;
        }
        long began = time.nanoTime();
        boolean told = false;
        while (found.isEmpty() && !isOver(since)) {
            if (!told && time.nanoTime() - began > TOLD_AFTER.toNanos()) {
                told = true;
                LOG.info(
                        "Topic {} was created a moment ago, and the node that is asked does not know of it; waiting for it,"
                                + " for at most {}",
                        topic,
                        SEEN_WITHIN);
            }
            pause();
            found = question.get();
        }
        if (found.isEmpty()) {
            confirmed.remove(topic, since);
        }
        return found;
    }

    private void pause() {
        try {
            time.sleep(ASKED_AGAIN_AFTER);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }

    private boolean isOver(long since) {
        return time.nanoTime() - since >= SEEN_WITHIN.toNanos();
    }
}

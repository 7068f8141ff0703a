package io.strandline;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What a {@link Consumer.Builder} collected. */
record ConsumerSettings(
        String group,
        Map<String, Subscription<?, ?>> subscriptions,
        Retry retry,
        Optional<DeadLetter> deadLetter,
        Optional<Failure> failure,
        Concurrency concurrency,
        Commit commit,
        Position startAt,
        int maxInFlight,
        long maxInFlightBytes,
        Duration revokeWait,
        Duration drain,
        Duration stuckAfter) {
    /**
     * A topic and what is done with its messages.
     *
     * @param ofRetries what is read is a retry topic of this topic
     */
    record Subscription<K, V>(Topic<K, V> topic, Work<K, V> work, boolean ofRetries) {
        Subscription(Topic<K, V> topic, Work<K, V> work) {
            this(topic, work, false);
        }
    }

    /** Names of those that are retry topics. */
    Set<String> retryTopics() {
        return subscriptions.entrySet().stream()
                .filter(entry -> entry.getValue().ofRetries())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /** These and the retry topics of these. */
    Set<String> andRetries(Set<String> topics) {
        return subscriptions.entrySet().stream()
                .filter(entry -> topics.contains(entry.getValue().topic().name()))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /** The same with the retry topics of all topics. */
    static Map<String, Subscription<?, ?>> withRetries(Map<String, Subscription<?, ?>> subscriptions, Retry retry) {
        var all = new HashMap<>(subscriptions);
        if (retry.place() instanceof Retry.Place.InTopics) {
            subscriptions
                    .values()
                    .forEach(subscription -> RetryTopics.names(
                                    subscription.topic().name(), retry)
                            .forEach(name -> all.put(name, ofRetries(subscription))));
        }
        return Map.copyOf(all);
    }

    private static <K, V> Subscription<K, V> ofRetries(Subscription<K, V> subscription) {
        return new Subscription<>(subscription.topic(), subscription.work(), true);
    }

    /** What is done with messages. */
    sealed interface Work<K, V> {
        record EachMessage<K, V>(Handler<K, V> handler) implements Work<K, V> {}

        record EachBatch<K, V>(Handler.OfBatch<K, V> handler) implements Work<K, V> {}
    }
}

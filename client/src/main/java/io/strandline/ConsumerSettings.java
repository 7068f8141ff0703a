package io.strandline;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

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
    /** A topic and what is done with its messages. */
    record Subscription<K, V>(Topic<K, V> topic, Work<K, V> work) {}

    /** What is done with messages. */
    sealed interface Work<K, V> {
        record EachMessage<K, V>(Handler<K, V> handler) implements Work<K, V> {}

        record EachBatch<K, V>(Handler.OfBatch<K, V> handler) implements Work<K, V> {}
    }
}

package io.strandline.micrometer;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.strandline.Ack;
import io.strandline.Consumer;
import io.strandline.Event;
import io.strandline.Instrumentation;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.Outgoing;
import io.strandline.Partition;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Measures a client; one for each {@link Kafka}:
 *
 * <pre>{@code
 *   var meters = new KafkaMeters(registry);
 *   Kafka.builder().bootstrap(servers).instrument(meters).set(meters.kafkaClients()).build()
 * }</pre>
 *
 * <p>Names and tags are those of OpenTelemetry's semantic conventions for messaging where these have one, else begin with
 * {@code strandline.}:
 *
 * <pre>
 *   messaging.client.operation.duration   timer    a send, until its acknowledgement     destination, error.type
 *   messaging.client.sent.messages        counter  sent, or failed for good              destination, error.type
 *   messaging.process.duration            timer    a call of a handler                   destination, group, error.type
 *   messaging.client.consumed.messages    counter  handed to a handler, each attempt     destination, group, error.type
 *   strandline.consumer.lag               gauge    messages that are not finished        destination, partition, group
 *   strandline.consumer.retries           counter  failed attempts after which another follows   destination, group, error.type
 *   strandline.consumer.dead.letters      counter  given up and kept                     destination, group, to, error.type
 *   strandline.consumer.dead.letters.failed  counter  a dead letter could not be written destination, group, to, error.type
 *   strandline.consumer.parked            counter  kept untried behind a dead letter of its key   destination, group, to
 *   strandline.consumer.skipped           counter  given up and thrown away              destination, group, error.type
 *   strandline.consumer.duplicates        counter  done before, so passed over           destination, group
 *   strandline.consumer.commits.failed    counter  progress that was not stored          group, error.type
 *   strandline.consumer.stuck             counter  handlers busy for too long            destination, group
 *   strandline.consumer.crashed           counter  consumers that ended by themselves    group, error.type
 *   strandline.client.health              gauge    2 up, 1 degraded, 0 down
 * </pre>
 *
 * Where nothing failed, {@code error.type} is {@code none}: in some registries all meters of a name must have the same tags.
 */
public final class KafkaMeters implements Instrumentation {
    private static final String DESTINATION = "messaging.destination.name";
    private static final String PARTITION = "messaging.destination.partition.id";
    private static final String GROUP = "messaging.consumer.group.name";
    private static final String ERROR = "error.type";
    private static final Tags SYSTEM = Tags.of("messaging.system", "kafka");

    private final MeterRegistry registry;
    private final Map<Lag, Meter> lags = new ConcurrentHashMap<>();

    /** A partition as one group reads it. */
    private record Lag(String group, Partition partition) {}

    public KafkaMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    /**
     * For {@link Kafka.Builder#set(Map)}: all that kafka-clients measures itself, as {@code kafka.*}. It is a lot, so it comes
     * only when asked for.
     */
    public Map<String, Object> kafkaClients() {
        return KafkaClientsReporter.settings(registry);
    }

    @Override
    public void opened(Kafka kafka) {
        Gauge.builder("strandline.client.health", kafka, KafkaMeters::health)
                .tags(SYSTEM)
                .description("2 up, 1 degraded, 0 down")
                .register(registry);
        kafka.events().on(Event.OfConsumer.class, event -> seen(kafka, event));
    }

    private static double health(Kafka kafka) {
        return switch (kafka.health().status()) {
            case UP -> 2;
            case DEGRADED -> 1;
            case DOWN -> 0;
        };
    }

    private void seen(Kafka kafka, Event.OfConsumer event) {
        switch (event) {
            case Event.Assigned assigned ->
                assigned.partitions().forEach(partition -> watchLag(kafka, new Lag(assigned.group(), partition)));
            case Event.Revoked revoked ->
                revoked.partitions().forEach(partition -> forgetLag(kafka, revoked, partition));
            case Event.Retrying e -> count("strandline.consumer.retries", on(e.partition(), e.group(), e.why()));
            case Event.DeadLettered e ->
                count(
                        "strandline.consumer.dead.letters",
                        on(e.partition(), e.group(), e.why()).and("to", e.to().topic()));
            case Event.DeadLetterFailed e ->
                count(
                        "strandline.consumer.dead.letters.failed",
                        on(e.partition(), e.group(), e.why()).and("to", e.topic()));
            case Event.Parked e ->
                count(
                        "strandline.consumer.parked",
                        SYSTEM.and(DESTINATION, e.partition().topic(), GROUP, e.group())
                                .and("to", e.to().topic()));
            case Event.Skipped e -> count("strandline.consumer.skipped", on(e.partition(), e.group(), e.why()));
            case Event.Duplicate e ->
                count(
                        "strandline.consumer.duplicates",
                        SYSTEM.and(DESTINATION, e.partition().topic(), GROUP, e.group()));
            case Event.CommitFailed e -> count("strandline.consumer.commits.failed", of(e.group(), e.why()));
            case Event.HandlerStuck e ->
                count(
                        "strandline.consumer.stuck",
                        SYSTEM.and(DESTINATION, e.partition().topic(), GROUP, e.group()));
            case Event.Crashed e -> count("strandline.consumer.crashed", of(e.group(), e.why()));
            default -> {
                // What else is told is no number.
            }
        }
    }

    private void watchLag(Kafka kafka, Lag lag) {
        lags.computeIfAbsent(
                lag,
                key -> Gauge.builder("strandline.consumer.lag", () -> lag(kafka, key))
                        .tags(SYSTEM.and(
                                DESTINATION,
                                key.partition().topic(),
                                PARTITION,
                                Integer.toString(key.partition().number()),
                                GROUP,
                                key.group()))
                        .description("messages that are not finished, as of the last fetch")
                        .register(registry));
    }

    /** Unless another member of the group in this client has taken it over. */
    private void forgetLag(Kafka kafka, Event.Revoked revoked, Partition partition) {
        var lag = new Lag(revoked.group(), partition);
        if (reader(kafka, lag).isEmpty()) {
            Optional.ofNullable(lags.remove(lag)).ifPresent(registry::remove);
        }
    }

    private static Number lag(Kafka kafka, Lag lag) {
        return reader(kafka, lag)
                .flatMap(consumer -> Optional.ofNullable(consumer.lag().get(lag.partition())))
                .<Number>map(messages -> messages)
                .orElse(Double.NaN);
    }

    private static Optional<Consumer> reader(Kafka kafka, Lag lag) {
        return kafka.consumers().stream()
                .filter(consumer -> consumer.group().equals(lag.group())
                        && consumer.assignment().contains(lag.partition()))
                .findFirst();
    }

    /** The meters go with the client; what they counted was read, or never will be. */
    @Override
    public void closed() {
        lags.values().forEach(registry::remove);
        lags.clear();
        registry.find("strandline.client.health").tags(SYSTEM).gauges().forEach(registry::remove);
    }

    @Override
    public Sending sending(Outgoing<?, ?> message) {
        return new TimedSending(
                message.topic().name(), registry.config().clock().monotonicTime());
    }

    @Override
    public Handling handling(String group, List<? extends Message<?, ?>> messages) {
        return new TimedHandling(
                SYSTEM.and(DESTINATION, messages.getFirst().partition().topic(), GROUP, group),
                messages.size(),
                registry.config().clock().monotonicTime());
    }

    private void count(String name, Tags tags) {
        registry.counter(name, tags).increment();
    }

    private static Tags on(Partition partition, String group, Throwable why) {
        return of(group, why).and(DESTINATION, partition.topic());
    }

    private static Tags of(String group, Throwable why) {
        return SYSTEM.and(GROUP, group, ERROR, type(why));
    }

    private static String type(Throwable why) {
        return why.getClass().getName();
    }

    private void record(String name, Tags tags, long sinceNanos) {
        Timer.builder(name)
                .tags(tags)
                .register(registry)
                .record(registry.config().clock().monotonicTime() - sinceNanos, TimeUnit.NANOSECONDS);
    }

    private final class TimedSending implements Sending {
        private final String topic;
        private final long begun;

        TimedSending(String topic, long begun) {
            this.topic = topic;
            this.begun = begun;
        }

        @Override
        public void acknowledged(Ack ack) {
            ended("none");
        }

        @Override
        public void failed(Throwable why) {
            ended(type(why));
        }

        private void ended(String error) {
            var tags = SYSTEM.and(DESTINATION, topic, ERROR, error);
            var operation = tags.and("messaging.operation.name", "send", "messaging.operation.type", "send");
            record("messaging.client.operation.duration", operation, begun);
            count("messaging.client.sent.messages", tags);
        }
    }

    private final class TimedHandling implements Handling {
        private final Tags tags;
        private final int messages;
        private final long begun;

        TimedHandling(Tags tags, int messages, long begun) {
            this.tags = tags;
            this.messages = messages;
            this.begun = begun;
        }

        @Override
        public void done() {
            ended("none");
        }

        @Override
        public void failed(Throwable why) {
            ended(type(why));
        }

        private void ended(String error) {
            var all = tags.and(ERROR, error);
            record("messaging.process.duration", all, begun);
            registry.counter("messaging.client.consumed.messages", all).increment(messages);
        }
    }
}

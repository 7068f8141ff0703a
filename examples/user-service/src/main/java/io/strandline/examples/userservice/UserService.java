package io.strandline.examples.userservice;

import io.strandline.Ack;
import io.strandline.Acks;
import io.strandline.Compression;
import io.strandline.Consumer;
import io.strandline.DeadLetter;
import io.strandline.Event;
import io.strandline.Figures;
import io.strandline.Handler;
import io.strandline.Headers;
import io.strandline.Health;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.Outgoing;
import io.strandline.Producer;
import io.strandline.Retry;
import io.strandline.Serde;
import io.strandline.Spool;
import io.strandline.Topic;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A service that publishes what happens to its users, and acts on it. An event that {@link #publishEvent} has returned for is
 * durable, is handled at least once and in the order of its user, or ends as a dead letter that can be looked at.
 */
public final class UserService implements AutoCloseable {
    public static final String GROUP = "user-service-handlers";
    public static final String DEAD_LETTER_SUFFIX = ".dlq";

    /** Seven days of events; three copies where there are three brokers. */
    public static final Topic<String, UserEvent> USER_EVENTS = Topic.of("user-events", Serde.string(), UserEvent.SERDE)
            .partitions(3)
            .replication(3)
            .config("min.insync.replicas", "2")
            .config("retention.ms", "604800000");

    private static final Retry SIX_ATTEMPTS =
            Retry.exponential(Duration.ofMillis(100), Duration.ofSeconds(30)).attempts(6);

    private final Producer producer;
    private final Consumer consumer;
    private final Kafka kafka;

    private UserService(Kafka kafka, Producer producer, Consumer consumer) {
        this.kafka = kafka;
        this.producer = producer;
        this.consumer = consumer;
    }

    /**
     * Makes sure that the topic is there, and joins the group.
     *
     * @param kafka stays the caller's, who closes it after the service
     * @param handler what to do with an event; returning means done, throwing means that it is tried again
     */
    public static UserService start(Kafka kafka, Handler.Simple<String, UserEvent> handler) {
        return start(kafka, producer(kafka).build(), handler);
    }

    /** @param spool keeps the events that no broker takes, until one does */
    public static UserService start(Kafka kafka, Spool spool, Handler.Simple<String, UserEvent> handler) {
        return start(kafka, producer(kafka).onFailure(spool).build(), handler);
    }

    /** The topic comes first: a broker may make a topic of its own kind for a message to one that is not there. */
    private static Kafka.ProducerBuilder producer(Kafka kafka) {
        kafka.admin().ensure(USER_EVENTS);
        return kafka.producerBuilder().acks(Acks.ALL).compression(Compression.GZIP);
    }

    private static UserService start(Kafka kafka, Producer producer, Handler.Simple<String, UserEvent> handler) {
        var consumer = kafka.consumer(GROUP)
                .sessionTimeout(Duration.ofSeconds(30))
                .heartbeat(Duration.ofSeconds(3))
                .retry(SIX_ATTEMPTS)
                .deadLetter(DeadLetter.suffix(DEAD_LETTER_SUFFIX))
                .eachMessage(USER_EVENTS, handler)
                .start();
        return new UserService(kafka, producer, consumer);
    }

    /**
     * Publishes an event and returns when it is durable.
     *
     * @param userId the key: events of one user are handled in the order of publishing
     * @throws io.strandline.SendFailed if it is not known to be stored after all retries. If it is
     *     {@link io.strandline.SendFailed#spooled() spooled}, it is durable here and on its way; else the caller decides.
     */
    public Ack publishEvent(String userId, UserEvent event) {
        return producer.send(message(userId, event));
    }

    /**
     * The same without waiting, with more headers.
     *
     * @param userId null: no order is promised
     */
    public CompletableFuture<Ack> publishEventAsync(@Nullable String userId, UserEvent event, Headers more) {
        var message = message(userId, event);
        var headers = message.headers();
        for (var header : more) {
            headers = headers.with(header.name(), header.value());
        }
        return producer.sendAsync(message.headers(headers));
    }

    private static Outgoing<String, UserEvent> message(@Nullable String userId, UserEvent event) {
        return Outgoing.to(USER_EVENTS, userId, event)
                .header("event-type", event.text("type").orElse("unknown"))
                .header("timestamp", String.valueOf(Instant.now().toEpochMilli()))
                .header("correlation-id", UUID.randomUUID().toString())
                .header("content-type", "application/json");
    }

    /** The one producer of this service: whoever publishes something else shares it. */
    public Producer producer() {
        return producer;
    }

    /** Does no I/O: for probes. */
    public Health health() {
        return kafka.health();
    }

    /** The member of the group, to look at and to pause. */
    public Consumer consumer() {
        return consumer;
    }

    /**
     * Lets running handlers finish, stores the progress and leaves the group; then waits for what is being published.
     *
     * @return false if a handler did not finish in time: its event comes again
     */
    public boolean stop(Duration atMost) {
        var drained = consumer.stop(atMost);
        producer.close();
        return drained;
    }

    @Override
    public void close() {
        stop(Duration.ofSeconds(20));
    }

    /** Runs until SIGTERM or SIGINT; then the exit code is 0 if everything that had begun was finished. */
    public static void main(String[] arguments) throws Exception {
        var figures = new Figures();
        var kafka = Kafka.builder()
                .bootstrap(Optional.ofNullable(System.getenv("STRANDLINE_BOOTSTRAP"))
                        .orElse("localhost:9092"))
                .instrument(figures)
                .build()
                .awaitReady(Duration.ofSeconds(10));
        kafka.events().on(Event.DeadLettered.class, UserService::report);
        kafka.events().on(Event.ConsumerDisconnected.class, event -> System.err.println("No broker answers; waiting"));
        kafka.events().on(Event.ConsumerConnected.class, event -> System.err.println("A broker answers"));
        var spool = Optional.ofNullable(System.getenv("SPOOL")).orElse("user-service.spool");
        var service = UserService.start(kafka, Spool.file(Path.of(spool)), UserService::print);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stopAndExit(service, kafka)));

        var healthPort = System.getenv("HEALTH_PORT");
        if (healthPort != null) {
            HealthPage.open(Integer.parseInt(healthPort), service::health, figures);
        }
        service.publishEvent("user-123", UserEvent.parse("{\"user\": \"user-123\", \"type\": \"signed-up\"}"));
        service.consumer().await();
    }

    private static void print(Message<String, UserEvent> message) {
        var type = message.headers().last("event-type").orElse("unknown");
        System.out.println(message.partition() + " at " + message.offset() + ": " + message.key() + " " + type);
    }

    private static void report(Event.DeadLettered event) {
        System.err.println(event.partition() + " at " + event.offset() + " is now in "
                + event.to().topic() + ": " + event.why());
    }

    private static void stopAndExit(UserService service, Kafka kafka) {
        var drained = service.stop(Duration.ofSeconds(20));
        kafka.close();
        // Left alone the JVM says 143 after SIGTERM, whether the stop went well or not.
        Runtime.getRuntime().halt(drained ? 0 : 1);
    }
}

package io.strandline.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.OpenTelemetry;
import io.strandline.Ack;
import io.strandline.Acks;
import io.strandline.Commit;
import io.strandline.Compression;
import io.strandline.Consumer;
import io.strandline.DeadLetter;
import io.strandline.Event;
import io.strandline.Figures;
import io.strandline.Kafka;
import io.strandline.Outgoing;
import io.strandline.Partition;
import io.strandline.Position;
import io.strandline.Producer;
import io.strandline.Retry;
import io.strandline.SendFailed;
import io.strandline.Spool;
import io.strandline.Topic;
import io.strandline.junit.StrandlineBroker;
import io.strandline.micrometer.KafkaMeters;
import io.strandline.opentelemetry.KafkaTracing;
import io.strandline.protocol.ApiKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What docs/tutorial.md shows, in its order. */
@Timeout(60)
class TutorialTest {
    // tag::topic
    record UserEvent(String userId, String type, Instant at) {}

    static final Topic<String, UserEvent> USER_EVENTS = Topic.json("user-events", UserEvent.class);
    // end::topic

    private static final Instant NOW = Instant.parse("2026-11-23T10:00:00Z");

    @TempDir
    private Path directory;

    private StrandlineBroker broker;
    private Kafka kafka;
    private Producer producer;

    @BeforeEach
    void start() {
        broker = StrandlineBroker.inMemory();
        kafka = Kafka.connect(broker.bootstrapServers());
        producer = kafka.producer();
    }

    @AfterEach
    void stop() {
        kafka.close();
        broker.close();
    }

    private final BlockingQueue<UserEvent> handled = new LinkedBlockingQueue<>();

    private void handle(UserEvent event) {
        handled.add(event);
    }

    private UserEvent next() throws InterruptedException {
        var event = handled.poll(30, TimeUnit.SECONDS);
        assertThat(event).isNotNull();
        return event;
    }

    private static UserEvent signedUp() {
        return new UserEvent("user-123", "signed-up", NOW);
    }

    private static Headers headersOf(Kafka kafka) {
        var one = new CompletableFuture<io.strandline.Headers>();
        kafka.consumer("looks")
                .eachMessage(USER_EVENTS, m -> one.complete(m.headers()))
                .start();
        return new Headers(one.orTimeout(30, TimeUnit.SECONDS).join());
    }

    private record Headers(io.strandline.Headers all) {
        String last(String name) {
            return all.last(name).orElse("");
        }
    }

    @Test
    void client() {
        String address = broker.bootstrapServers();
        // tag::client
        var kafka = Kafka.builder()
                .clientId("my-app")
                .bootstrap(address) // "localhost:9092"; several: one argument each, or with commas between
                .retry(Retry.exponential(Duration.ofMillis(100), Duration.ofSeconds(30))
                        .attempts(9))
                .build();
        // end::client
        kafka.awaitReady(Duration.ofSeconds(10));
        kafka.close();
    }

    @Test
    void connectionManagement() {
        record Registry(String address) {
            List<String> addressesOf(String service) {
                return List.of(address);
            }
        }
        var registry = new Registry(broker.bootstrapServers());
        // tag::discovery
        var kafka = Kafka.builder()
                .bootstrap(() -> registry.addressesOf("kafka")) // asked for each client that is made
                .build()
                .awaitReady(Duration.ofSeconds(10));
        // end::discovery
        assertThat(kafka.admin().cluster().brokers()).hasSize(1);
        kafka.close();
    }

    @Test
    void durableProducer() {
        // tag::send
        var producer = kafka.producer(); // one for the whole application: it is safe for all threads

        Ack ack = producer.send(USER_EVENTS, "user-123", new UserEvent("user-123", "signed-up", Instant.now()));
        System.out.println("stored at " + ack.partition() + "/" + ack.offset());
        // end::send
        assertThat(ack.offset()).isZero();
    }

    @Test
    void acks() {
        var event = signedUp();
        // tag::acks
        producer.with(Acks.NONE).send(USER_EVENTS, "user-123", event); // fire and forget: metrics
        producer.with(Acks.LEADER).send(USER_EVENTS, "user-123", event); // one broker has it in memory
        producer.send(USER_EVENTS, "user-123", event); // the default, Acks.ALL: it is on the disk
        // end::acks
        assertThat(producer.send(USER_EVENTS, "user-123", event).offset()).isPositive();
    }

    @Test
    void headers() {
        var event = signedUp();
        var correlationId = "c-17";
        // tag::headers
        producer.send(Outgoing.to(USER_EVENTS, "user-123", event)
                .header("correlation-id", correlationId)
                .header("content-type", "application/json")
                .header("event-type", event.type())
                .header("timestamp", event.at().toString()));
        // end::headers
        var headers = headersOf(kafka);
        assertThat(headers.last("correlation-id")).isEqualTo("c-17");
        assertThat(headers.last("event-type")).isEqualTo("signed-up");
    }

    @Test
    void compression() {
        var event = signedUp();
        // tag::compression
        var compressing = producer.with(Compression.GZIP); // or SNAPPY, LZ4, ZSTD
        compressing.send(USER_EVENTS, "user-123", event);
        // end::compression
        assertThat(producer.send(USER_EVENTS, "user-123", event).offset()).isEqualTo(1);
    }

    @Test
    void producerOptions() {
        // tag::producer-options
        var producer = kafka.producerBuilder()
                .acks(Acks.ALL) // the default
                .maxInFlight(1) // the default: order always holds
                .compression(Compression.ZSTD)
                .deliveryTimeout(Duration.ofSeconds(30)) // from send to acknowledgement, retries included
                .retry(Retry.exponential(Duration.ofMillis(100), Duration.ofSeconds(30)))
                .build();
        // end::producer-options
        assertThat(producer.send(USER_EVENTS, "user-123", signedUp()).offset()).isZero();
        producer.close();
    }

    @Test
    void aRetriedSendIsStoredOnce() {
        producer.send(USER_EVENTS, "user-123", signedUp());
        // tag::lost-reply
        broker.faults().loseReply(ApiKey.PRODUCE); // stored, but the answer never arrives
        var ack = producer.send(USER_EVENTS, "user-123", signedUp());
        assertThat(ack.offset()).isEqualTo(1);
        assertThat(producer.send(USER_EVENTS, "user-123", signedUp()).offset()).isEqualTo(2);
        // end::lost-reply
    }

    @Test
    void consumerGroup() throws Exception {
        // tag::each-message
        var consumer = kafka.consumer("user-service-group")
                .eachMessage(USER_EVENTS, message -> {
                    System.out.println(message.partition() + " " + message.offset() + " " + message.key());
                    handle(message.value());
                })
                .start();
        // end::each-message
        producer.send(USER_EVENTS, "user-123", signedUp());
        assertThat(next()).isEqualTo(signedUp());
        consumer.close();
    }

    @Test
    void startAt() throws Exception {
        producer.send(USER_EVENTS, "user-123", signedUp());
        // tag::start-at
        kafka.consumer("user-service-group")
                .startAt(Position.latest()) // fromBeginning: false. The default is earliest()
                .eachMessage(USER_EVENTS, message -> handle(message.value()))
                .start();
        // end::start-at
        var consumer = kafka.consumers().getFirst();
        assertThat(consumer.awaitIdle(Duration.ofSeconds(30))).isTrue();
        assertThat(handled).isEmpty();
    }

    @Test
    void eachBatch() throws Exception {
        producer.send(USER_EVENTS, "user-123", signedUp());
        // tag::each-batch
        kafka.consumer("user-service-group")
                .eachBatch(USER_EVENTS, batch -> {
                    for (var message : batch) {
                        if (batch.stopping() || batch.stale()) {
                            return; // what is not resolved comes again, to us or to another member
                        }
                        try {
                            handle(message.value());
                            batch.resolve(message); // done up to and including this one
                        } catch (IllegalArgumentException bad) {
                            batch.reject(message, bad); // this one alone: retries, then a dead letter
                        }
                    }
                })
                .start();
        // end::each-batch
        assertThat(next()).isEqualTo(signedUp());
    }

    @Test
    void consumerOptions() throws Exception {
        kafka.admin().ensure(USER_EVENTS);
        // tag::consumer-options
        kafka.consumer("user-service-group")
                .sessionTimeout(Duration.ofSeconds(30)) // default 30 s
                .heartbeat(Duration.ofSeconds(3)) // default 3 s
                .fetch(1, 1 << 20, Duration.ofSeconds(5)) // min bytes, bytes per partition, max wait
                .commit(Commit.every(Duration.ofSeconds(1), 500)) // or after 500 messages; default: every second
                .eachMessage(USER_EVENTS, message -> handle(message.value()))
                .start();
        // end::consumer-options
        producer.send(USER_EVENTS, "user-123", signedUp());
        assertThat(next()).isEqualTo(signedUp());
    }

    @Test
    void pauseFromInside() throws Exception {
        var overloaded = new CountDownLatch(1);
        var pauseFor = Duration.ofMillis(10);
        // tag::pause-inside
        kafka.consumer("user-service-group")
                .eachMessage(USER_EVENTS, (message, context) -> {
                    try {
                        callDownstream(message.value(), overloaded);
                    } catch (TooManyRequests e) {
                        context.pause(pauseFor); // this partition rests, the others go on
                        throw e; // not done: it is first in line afterwards, and no attempt was used up
                    }
                })
                .start();
        // end::pause-inside
        producer.send(USER_EVENTS, "user-123", signedUp());
        assertThat(next()).isEqualTo(signedUp());
    }

    private static final class TooManyRequests extends Exception {
        private static final long serialVersionUID = 1;
    }

    private void callDownstream(UserEvent event, CountDownLatch overloaded) throws TooManyRequests {
        if (overloaded.getCount() > 0) {
            overloaded.countDown();
            throw new TooManyRequests();
        }
        handle(event);
    }

    @Test
    void pauseFromOutside() throws Exception {
        Runnable maintenance = () -> {};
        var consumer = kafka.consumer("user-service-group")
                .eachMessage(USER_EVENTS, message -> handle(message.value()))
                .start();
        // tag::pause-outside
        var pause = consumer.pause("user-events"); // stays in the group, loses nothing
        maintenance.run();
        pause.resume();
        // end::pause-outside
        producer.send(USER_EVENTS, "user-123", signedUp());
        assertThat(next()).isEqualTo(signedUp());
    }

    @Test
    void retriesAndDeadLetters() throws Exception {
        kafka.admin().ensure(USER_EVENTS);
        var letter = new CompletableFuture<Event.DeadLettered>();
        kafka.events().on(Event.DeadLettered.class, letter::complete);
        // tag::retry
        kafka.consumer("user-service-group")
                .retry(Retry.exponential(Duration.ofMillis(100), Duration.ofSeconds(30))
                        .attempts(6)
                        .never(IllegalArgumentException.class)) // would fail again: do not try
                .deadLetter(DeadLetter.suffix(".dlq")) // user-events.dlq
                .eachMessage(USER_EVENTS, message -> {
                    if (message.value().userId().isBlank()) {
                        throw new IllegalArgumentException("an event of nobody");
                    }
                    handle(message.value());
                })
                .start();
        // end::retry
        producer.send(USER_EVENTS, "", new UserEvent("", "signed-up", NOW));
        producer.send(USER_EVENTS, "user-123", signedUp());
        assertThat(next()).isEqualTo(signedUp());
        assertThat(letter.get(30, TimeUnit.SECONDS).to().topic()).isEqualTo("user-events.dlq");
        assertThat(letter.get().attempts()).isEqualTo(1);
    }

    @Test
    void readDeadLetters() throws Exception {
        var seen = new CountDownLatch(1);
        kafka.consumer("user-service-group")
                .retry(Retry.none())
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachMessage(USER_EVENTS, message -> {
                    throw new IllegalStateException("never");
                })
                .start();
        producer.send(USER_EVENTS, "user-123", signedUp());
        // tag::read-dead-letters
        kafka.consumer("dead-letter-desk")
                .eachMessage(USER_EVENTS.named("user-events.dlq"), letter -> {
                    var from = letter.headers().last("__dlq.errors.topic").orElse("?");
                    var why = letter.headers().last("__dlq.errors.message").orElse("?");
                    System.err.println(letter.key() + " of " + from + ": " + why);
                    seen.countDown();
                })
                .start();
        // end::read-dead-letters
        assertThat(seen.await(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aSendThatFailsForGood() {
        producer.close();
        kafka.close();
        broker.close();
        var lines = new LinkedBlockingQueue<String>();
        var unreachable = Kafka.connect(broker.bootstrapServers());
        var producer = unreachable
                .producerBuilder()
                .deliveryTimeout(Duration.ofMillis(200))
                .set("max.block.ms", 100)
                .build();
        var event = signedUp();
        // tag::send-failed
        try {
            producer.send(USER_EVENTS, "user-123", event);
        } catch (SendFailed e) {
            if (e.unknown()) {
                lines.add("perhaps stored, no answer came: " + e.getMessage());
            } else {
                lines.add("certainly not stored: " + e.getMessage());
            }
        }
        // end::send-failed
        assertThat(lines).hasSize(1);
        unreachable.close();
    }

    @Test
    void spool() throws Exception {
        var path = directory.resolve("events.spool");
        // tag::spool
        var producer = kafka.producerBuilder()
                .onFailure(Spool.file(path)) // forced to this machine's disk, and sent again until a broker has it
                .build();
        // end::spool
        assertThat(producer.send(USER_EVENTS, "user-123", signedUp()).offset()).isZero();
        producer.close();
    }

    @Test
    void eventsAndHealth() throws Exception {
        var crashed = new CompletableFuture<Event>();
        // tag::events
        kafka.events().on(event -> {
            switch (event) {
                case Event.ProducerConnected e -> System.out.println("producer connected");
                case Event.ProducerDisconnected e -> System.err.println("no broker answers: " + e.why());
                case Event.ConsumerConnected e -> System.out.println(e.group() + " connected");
                case Event.ConsumerDisconnected e -> System.err.println(e.group() + " has lost all brokers");
                case Event.Crashed e -> crashed.complete(e);
                default -> {}
            }
        });
        // end::events
        var consumer = kafka.consumer("user-service-group")
                .eachMessage(USER_EVENTS, message -> handle(message.value()))
                .start();
        producer.send(USER_EVENTS, "user-123", signedUp());
        assertThat(next()).isEqualTo(signedUp());
        // tag::health
        var health = kafka.health(); // does no I/O: for probes
        if (!health.ready()) {
            health.checks().forEach(check -> System.err.println(check.name() + ": " + check.detail()));
        }
        consumer.lag().forEach((partition, messages) -> System.out.println(partition + " is behind by " + messages));
        System.out.println(consumer.explain()); // what each partition does, and why it does not move
        // end::health
        assertThat(health.live()).isTrue();
        assertThat(crashed).isNotDone();
    }

    @Test
    void figures() throws Exception {
        var address = broker.bootstrapServers();
        // tag::figures
        var figures = new Figures();
        var kafka = Kafka.builder().bootstrap(address).instrument(figures).build();
        kafka.producer().send(USER_EVENTS, "user-123", signedUp());

        var sent = figures.snapshot().sent();
        System.out.println(sent.done() + " sent, " + sent.mean() + " each, error rate " + sent.errorRate());
        // end::figures
        assertThat(sent.done()).isEqualTo(1);
        assertThat(sent.mean()).isPositive();
        kafka.close();
    }

    @Test
    void flightRecorder() throws Exception {
        var file = Files.createTempFile("service", ".jfr");
        // tag::flight-recorder
        try (var recording = new Recording()) {
            recording.enable("strandline.Sent");
            recording.start();
            producer.send(USER_EVENTS, "user-123", signedUp());
            recording.dump(file); // open it with JDK Mission Control, or: jfr print --events strandline.* FILE
        }
        // end::flight-recorder
        assertThat(RecordingFile.readAllEvents(file))
                .anyMatch(event -> event.getEventType().getName().equals("strandline.Sent"));
        Files.delete(file);
    }

    @Test
    void metricsAndTraces() throws Exception {
        var address = broker.bootstrapServers();
        var registry = new SimpleMeterRegistry();
        var openTelemetry = OpenTelemetry.noop();
        // tag::monitoring
        var meters = new KafkaMeters(registry); // strandline-client-micrometer
        var kafka = Kafka.builder()
                .bootstrap(address)
                .instrument(meters)
                .set(meters.kafkaClients()) // what kafka-clients measures itself: a lot
                .instrument(new KafkaTracing(openTelemetry)) // strandline-client-opentelemetry
                .build();
        // end::monitoring
        kafka.producer().send(USER_EVENTS, "user-123", signedUp());
        assertThat(registry.find("messaging.client.sent.messages").counter().count())
                .isEqualTo(1);
        kafka.close();
    }

    @Test
    void gracefulShutdown() {
        var address = broker.bootstrapServers();
        // tag::shutdown
        var kafka = Kafka.builder()
                .bootstrap(address)
                .closeOnShutdown() // SIGTERM and SIGINT: handlers finish, progress is stored, producers flush
                .build();
        // end::shutdown
        kafka.close();
    }

    @Test
    void stopByHand() throws Exception {
        Consumer consumer = kafka.consumer("user-service-group")
                .eachMessage(USER_EVENTS, message -> handle(message.value()))
                .start();
        producer.send(USER_EVENTS, "user-123", signedUp());
        assertThat(next()).isEqualTo(signedUp());
        // tag::stop
        boolean drained =
                consumer.stop(Duration.ofSeconds(20)); // false: a handler did not finish; its message comes again
        kafka.close();
        // end::stop
        assertThat(drained).isTrue();
        try (var other = Kafka.connect(broker.bootstrapServers())) {
            assertThat(other.admin().committed("user-service-group")).containsEntry(Partition.of("user-events", 0), 1L);
        }
    }

    @Test
    void topicConfiguration() {
        // tag::topic-configuration
        kafka.admin()
                .ensure(USER_EVENTS
                        .partitions(3)
                        .replication(3)
                        .config("retention.ms", "604800000") // 7 days
                        .config("min.insync.replicas", "2"));
        // end::topic-configuration
        assertThat(kafka.admin().topic("user-events").orElseThrow().partitions())
                .isEqualTo(3);
    }
}

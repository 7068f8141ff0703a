package io.strandline.examples.userservice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.Event;
import io.strandline.Figures;
import io.strandline.Headers;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.Outgoing;
import io.strandline.Partition;
import io.strandline.SendFailed;
import io.strandline.Serde;
import io.strandline.Spool;
import io.strandline.Topic;
import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UserServiceTest {
    private static final UserEvent SIGNED_UP =
            UserEvent.parse("{\"user\":\"user-123\", \"type\":\"signed-up\",\"more\":[1]}");

    private final BlockingQueue<Message<String, UserEvent>> handled = new LinkedBlockingQueue<>();
    private Broker broker;
    private Kafka kafka;

    @BeforeEach
    void start() throws IOException {
        broker = Broker.start(BrokerConfig.defaults().port(0).durability(DurabilityMode.MEMORY));
        kafka = Kafka.connect(broker.bootstrapServers());
    }

    @AfterEach
    void stop() throws IOException {
        kafka.close();
        broker.close();
    }

    @Test
    void aPublishedEventReachesTheHandlerAsItWasWithTheHeadersOfTheService() throws Exception {
        try (var service = UserService.start(kafka, handled::add)) {
            var before = Instant.now().toEpochMilli();
            var ack = service.publishEvent("user-123", SIGNED_UP);

            var message = next();
            assertThat(message.key()).isEqualTo("user-123");
            assertThat(message.value()).isEqualTo(SIGNED_UP);
            assertThat(message.partition()).isEqualTo(Partition.of(ack.topic(), ack.partition()));
            assertThat(message.offset()).isEqualTo(ack.offset());
            assertThat(message.headers().last("event-type")).contains("signed-up");
            assertThat(message.headers().last("content-type")).contains("application/json");
            assertThat(message.headers().last("correlation-id")).isPresent();
            assertThat(message.headers().last("timestamp").map(Long::valueOf))
                    .hasValueSatisfying(time -> assertThat(time).isGreaterThanOrEqualTo(before));
        }
    }

    @Test
    void theTopicIsMadeAsTheTutorialWantsIt() {
        try (var service = UserService.start(kafka, handled::add)) {
            assertThat(service.health().ready()).isTrue();
            var topic = kafka.admin().topic("user-events").orElseThrow();
            assertThat(topic.partitions()).isEqualTo(3);
            assertThat(topic.config())
                    .containsAllEntriesOf(Map.of("retention.ms", "604800000", "min.insync.replicas", "2"));
        }
    }

    @Test
    void anEventWhoseHandlingFailsIsTriedAgain() throws Exception {
        var attempts = new AtomicInteger();
        try (var service = UserService.start(kafka, message -> {
            if (attempts.incrementAndGet() < 3) {
                throw new IOException("the database is away");
            }
            handled.add(message);
        })) {
            service.publishEvent("user-123", SIGNED_UP);

            assertThat(next().attempt()).isEqualTo(3);
        }
    }

    @Test
    void whatIsNoEventBecomesADeadLetterByteForByteAndTheNextOneIsHandled() throws Exception {
        var letters = new LinkedBlockingQueue<Event.DeadLettered>();
        kafka.events().on(Event.DeadLettered.class, letters::add);
        try (var service = UserService.start(kafka, handled::add)) {
            var asText = Topic.of("user-events", Serde.string(), Serde.string());
            service.producer()
                    .send(Outgoing.to(asText, "user-123", "{\"user\":").header("source-line", "17"));
            service.publishEvent("user-123", SIGNED_UP);

            assertThat(next().value()).isEqualTo(SIGNED_UP);
            var letter = letters.poll(30, TimeUnit.SECONDS);
            assertThat(letter).isNotNull();
            assertThat(letter.to().topic()).isEqualTo("user-events.dlq");
        }
        var letter = firstLetter();
        assertThat(letter.value()).isEqualTo("{\"user\":");
        assertThat(letter.headers().last("source-line")).contains("17");
    }

    @Test
    void aStoppedServiceHasStoredItsProgress() throws Exception {
        try (var service = UserService.start(kafka, handled::add)) {
            service.publishEvent("user-123", SIGNED_UP);
            next();

            assertThat(service.stop(Duration.ofSeconds(20))).isTrue();
        }
        assertThat(kafka.admin().lag(UserService.GROUP).values()).isNotEmpty().allMatch(lag -> lag == 0);
    }

    @Test
    void moreHeadersComeWithThoseOfTheService() throws Exception {
        try (var service = UserService.start(kafka, handled::add)) {
            service.publishEventAsync("user-123", SIGNED_UP, Headers.of("trace-id", "t-1"))
                    .get(30, TimeUnit.SECONDS);

            var headers = next().headers();
            assertThat(headers.last("trace-id")).contains("t-1");
            assertThat(headers.last("event-type")).contains("signed-up");
        }
    }

    @Test
    void anEventThatNoBrokerTookIsHandledAfterARestartOfTheServiceAndOfTheBroker(@TempDir Path directory)
            throws Exception {
        var spool = Spool.file(directory.resolve("spool"));
        int port = broker.address().getPort();
        var hasty = Kafka.builder()
                .bootstrap(broker.bootstrapServers())
                .set("delivery.timeout.ms", 4_000) // the first one must be through by then, on a slow machine too
                .set("request.timeout.ms", 1_000)
                .build();
        try (hasty;
                var service = UserService.start(hasty, spool, handled::add)) {
            service.publishEvent("user-1", UserEvent.parse("{\"type\":\"before\"}"));
            broker.close();
            for (var type : List.of("first", "second", "third")) {
                assertThatThrownBy(() -> service.publishEvent("user-1", UserEvent.parse("{\"type\":\"" + type + "\"}")))
                        .isInstanceOfSatisfying(
                                SendFailed.class,
                                failed -> assertThat(failed.spooled()).isTrue());
            }
            assertThat(service.health().ready()).isFalse();
        }
        handled.clear();
        broker = Broker.start(BrokerConfig.defaults().port(port).durability(DurabilityMode.MEMORY));
        try (var service = UserService.start(kafka, spool, handled::add)) {
            for (var type : List.of("first", "second", "third")) {
                assertThat(next().headers().last("event-type")).contains(type);
            }
            assertThat(service.producer()).isNotNull();
        }
    }

    @Test
    void healthAndMetricsArePages() throws Exception {
        var figures = new Figures();
        try (var measured = Kafka.builder()
                        .bootstrap(broker.bootstrapServers())
                        .instrument(figures)
                        .build();
                var service = UserService.start(measured, handled::add);
                var page = HealthPage.open(0, service::health, figures);
                var http = HttpClient.newHttpClient()) {
            service.publishEvent("user-123", SIGNED_UP);
            next();

            var answer = http.send(
                    HttpRequest.newBuilder(URI.create("http://localhost:" + page.port() + "/health"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));

            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).contains("\"status\":\"UP\"");

            var metrics = http.send(
                    HttpRequest.newBuilder(URI.create("http://localhost:" + page.port() + "/metrics"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
            assertThat(metrics.statusCode()).isEqualTo(200);
            assertThat(metrics.body().lines())
                    .contains("strandline_sent_seconds_count 1", "strandline_sent_failed_total 0")
                    .anyMatch(
                            line -> line.startsWith("strandline_handled_seconds_sum{group=\"user-service-handlers\"} "))
                    .anyMatch(line -> line.startsWith("strandline_lag{group=\"user-service-handlers\",partition="));
        }
    }

    @Test
    void anEventIsOneJsonObject() {
        assertThat(SIGNED_UP.text("user")).contains("user-123");
        assertThat(SIGNED_UP.text("more")).isEmpty();
        assertThat(SIGNED_UP.text("nothing")).isEmpty();
        for (var text : new String[] {"", "null", "[]", "7", "{\"a\":1} {\"b\":2}", "{\"a\":"}) {
            assertThatThrownBy(() -> UserEvent.parse(text)).as(text).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private Message<String, UserEvent> next() throws InterruptedException {
        return Optional.ofNullable(handled.poll(30, TimeUnit.SECONDS))
                .orElseThrow(() -> new AssertionError("No event was handled"));
    }

    private Message<String, String> firstLetter() throws InterruptedException {
        var letters = new LinkedBlockingQueue<Message<String, String>>();
        try (var reader = kafka.consumer("letters")
                .eachMessage(Topic.strings("user-events.dlq"), (Message<String, String> letter) -> letters.add(letter))
                .start()) {
            return Optional.ofNullable(letters.poll(30, TimeUnit.SECONDS))
                    .orElseThrow(() -> new AssertionError("There is no dead letter: " + reader.explain()));
        }
    }
}

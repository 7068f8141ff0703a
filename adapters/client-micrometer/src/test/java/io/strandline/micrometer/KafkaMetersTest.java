package io.strandline.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.strandline.DeadLetter;
import io.strandline.Deduplication;
import io.strandline.Kafka;
import io.strandline.MessageId;
import io.strandline.Outgoing;
import io.strandline.Retry;
import io.strandline.SendFailed;
import io.strandline.Topic;
import io.strandline.junit.BootstrapServers;
import io.strandline.junit.StrandlineBroker;
import io.strandline.junit.StrandlineTest;
import io.strandline.junit.TestTopic;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@StrandlineTest
class KafkaMetersTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private Kafka kafka = Kafka.connect("replaced:9092");

    @BeforeEach
    void connect(@BootstrapServers String servers) {
        var meters = new KafkaMeters(registry);
        kafka = Kafka.builder()
                .bootstrap(servers)
                .instrument(meters)
                .set(meters.kafkaClients())
                .build();
    }

    @AfterEach
    void close() {
        kafka.close();
    }

    /** For what is counted a moment after it was done. */
    private static void until(BooleanSupplier fact) {
        while (!fact.getAsBoolean()) {
            assertThat(Thread.currentThread().isInterrupted()).as("timed out").isFalse();
            LockSupport.parkNanos(1_000_000);
        }
    }

    private double counted(String name, String... tags) {
        return registry.find(name).tags(tags).counters().stream()
                .mapToDouble(counter -> counter.count())
                .sum();
    }

    private long timed(String name, String... tags) {
        return registry.find(name).tags(tags).timers().stream()
                .mapToLong(timer -> timer.count())
                .sum();
    }

    @Test
    void everySendIsTimedAndCountedByTopicAndError(@TestTopic("orders") Topic<String, String> orders) {
        var topic = new String[] {"messaging.destination.name", orders.name(), "messaging.system", "kafka"};
        kafka.producer().send(orders, "k", "v");
        kafka.producer().send(orders, "k", "v");
        assertThatThrownBy(() -> kafka.producer().send(orders, "k", "x".repeat(2_000_000)))
                .isInstanceOf(SendFailed.class);
        assertThat(timed("messaging.client.operation.duration", topic)).isEqualTo(3);
        assertThat(timed(
                        "messaging.client.operation.duration",
                        "messaging.operation.name",
                        "send",
                        "error.type",
                        "none"))
                .isEqualTo(2);
        assertThat(counted("messaging.client.sent.messages", "error.type", "none"))
                .isEqualTo(2);
        assertThat(counted(
                        "messaging.client.sent.messages",
                        "error.type",
                        "org.apache.kafka.common.errors.RecordTooLargeException"))
                .isEqualTo(1);
    }

    @Test
    void attemptsRetriesAndDeadLettersAreCountedByGroupAndError(@TestTopic("orders") Topic<String, String> orders) {
        kafka.producer().send(orders, "k", "bad");
        kafka.producer().send(orders, "k", "good");
        kafka.consumer("billing")
                .retry(Retry.fixed(Duration.ofMillis(1)).attempts(3))
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachMessage(orders, m -> {
                    if ("bad".equals(m.value())) {
                        throw new IllegalStateException("bad");
                    }
                })
                .start();
        var group = new String[] {"messaging.consumer.group.name", "billing"};
        var failed = new String[] {"error.type", "java.lang.IllegalStateException"};
        until(() -> counted("strandline.consumer.dead.letters", "to", orders.name() + ".dlq") == 1);
        until(() -> counted("messaging.client.consumed.messages", group) == 4);
        assertThat(counted("messaging.client.consumed.messages", "error.type", "none"))
                .isEqualTo(1);
        assertThat(timed("messaging.process.duration", group)).isEqualTo(4);
        assertThat(timed("messaging.process.duration", failed)).isEqualTo(3);
        assertThat(counted("strandline.consumer.retries", failed)).isEqualTo(2);
    }

    @Test
    void whatFollowsADeadLetterIsCounted(@TestTopic("orders") Topic<String, String> orders) {
        kafka.producer().send(orders, "k", "bad");
        kafka.producer().send(orders, "k", "behind");
        kafka.consumer("billing")
                .retry(Retry.none())
                .deadLetter(DeadLetter.suffix(".dlq").inKeyOrder())
                .eachMessage(orders, m -> {
                    throw new IllegalStateException("bad");
                })
                .start();
        until(() -> counted(
                        "strandline.consumer.parked",
                        "messaging.destination.name",
                        orders.name(),
                        "messaging.consumer.group.name",
                        "billing",
                        "to",
                        orders.name() + ".dlq")
                == 1);
        assertThat(counted("strandline.consumer.dead.letters")).isEqualTo(1);
    }

    @Test
    void theLagOfAPartitionIsThereWhileItIsRead(@TestTopic("orders") Topic<String, String> orders) throws Exception {
        for (int i = 0; i < 5; i++) {
            kafka.producer().send(orders, "k", "v" + i);
        }
        var release = new CompletableFuture<Boolean>();
        var consumer = kafka.consumer("billing")
                .eachMessage(orders, m -> {
                    release.join();
                })
                .start();
        until(() -> registry.find("strandline.consumer.lag").gauge() != null);
        var lag = registry.get("strandline.consumer.lag")
                .tags(
                        "messaging.consumer.group.name",
                        "billing",
                        "messaging.destination.name",
                        orders.name(),
                        "messaging.destination.partition.id",
                        "0")
                .gauge();
        until(() -> lag.value() == 5);
        release.complete(true);
        until(() -> lag.value() == 0);
        consumer.close();
        until(() -> registry.find("strandline.consumer.lag").gauge() == null);
    }

    @Test
    void theHealthIsANumber(StrandlineBroker broker, @TestTopic("orders") Topic<String, String> orders)
            throws Exception {
        var handled = new CountDownLatch(1);
        kafka.consumer("billing").eachMessage(orders, m -> handled.countDown()).start();
        kafka.producer().send(orders, "k", "v");
        assertThat(handled.await(30, TimeUnit.SECONDS)).isTrue();
        var health = registry.get("strandline.client.health").gauge();
        until(() -> health.value() == 2);
        broker.kill();
        until(() -> health.value() == 0);
        broker.restart();
        until(() -> health.value() == 2);
        kafka.close();
        assertThat(registry.find("strandline.client.health").gauge()).isNull();
    }

    @Test
    void whatWasDoneBeforeIsCountedAndNotSeenAsHandled(@TestTopic("orders") Topic<String, String> orders) {
        kafka.producer().send(Outgoing.to(orders, "k", "v").header("message-id", "1"));
        kafka.producer().send(Outgoing.to(orders, "k", "v").header("message-id", "1"));
        kafka.consumer("billing")
                .deduplicate(Deduplication.inMemory(10, MessageId.header("message-id")))
                .eachMessage(orders, m -> {})
                .start();
        until(() -> counted("strandline.consumer.duplicates", "messaging.consumer.group.name", "billing") == 1);
        assertThat(timed("messaging.process.duration", "messaging.consumer.group.name", "billing"))
                .isEqualTo(1);
    }

    @Test
    void whatKafkaClientsMeasuresIsThereUntilItIsClosed(@TestTopic("orders") Topic<String, String> orders) {
        kafka.producer().send(orders, "k", "v");
        until(() ->
                registry
                        .find("kafka.producer.topic.record.send.total")
                        .tags("topic", orders.name())
                        .functionCounters()
                        .stream()
                        .anyMatch(counter -> counter.count() == 1));
        assertThat(registry.find("kafka.producer.connection.count").gauge()).isNotNull();
        kafka.close();
        assertThat(registry.getMeters())
                .noneMatch(meter -> meter.getId().getName().startsWith("kafka."));
    }

    /** Prometheus, for one, refuses a second set of tags for a name. */
    @Test
    void eachNameHasOneSetOfTags(@TestTopic(value = "orders", partitions = 2) Topic<String, String> orders)
            throws Exception {
        var handled = new CountDownLatch(1);
        kafka.consumer("billing").eachMessage(orders, m -> handled.countDown()).start();
        kafka.producer().send(orders, "k", "v");
        assertThat(handled.await(30, TimeUnit.SECONDS)).isTrue();
        var tags = new java.util.TreeMap<String, java.util.Set<List<String>>>();
        for (var meter : registry.getMeters()) {
            tags.computeIfAbsent(meter.getId().getName(), name -> new java.util.HashSet<>())
                    .add(meter.getId().getTags().stream()
                            .map(tag -> tag.getKey())
                            .toList());
        }
        assertThat(tags).hasSizeGreaterThan(100);
        assertThat(tags.entrySet())
                .filteredOn(entry -> entry.getValue().size() > 1)
                .isEmpty();
    }

    @Test
    void aReporterWithoutARegistrySaysWhatIsMissing() {
        assertThatThrownBy(() -> new KafkaClientsReporter().configure(Map.of())).hasMessageContaining("kafkaClients()");
    }
}

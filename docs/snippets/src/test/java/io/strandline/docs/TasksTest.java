package io.strandline.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.Ack;
import io.strandline.Commit;
import io.strandline.Concurrency;
import io.strandline.DeadLetter;
import io.strandline.Event;
import io.strandline.Failure;
import io.strandline.Kafka;
import io.strandline.Outgoing;
import io.strandline.PoisonMessage;
import io.strandline.Position;
import io.strandline.Producer;
import io.strandline.Retry;
import io.strandline.Security;
import io.strandline.SendFailed;
import io.strandline.Serde;
import io.strandline.Topic;
import io.strandline.junit.StrandlineBroker;
import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the pages in docs/client show. */
@Timeout(60)
class TasksTest {
    // tag::orders
    record Order(String id, String customer, long cents) {}

    static final Topic<String, Order> ORDERS = Topic.json("orders", Order.class).partitions(6);
    // end::orders

    private static final Order ORDER = new Order("o-1", "c-17", 4_200);

    private final BlockingQueue<Order> charged = new LinkedBlockingQueue<>();
    private StrandlineBroker broker;
    private Kafka kafka;
    private Producer producer;

    @BeforeEach
    void start() {
        broker = StrandlineBroker.inMemory();
        kafka = Kafka.connect(broker.bootstrapServers());
        kafka.admin().ensure(ORDERS);
        producer = kafka.producer();
    }

    @AfterEach
    void stop() {
        kafka.close();
        broker.close();
    }

    private void charge(Order order) throws SQLException {
        if (order.cents() < 0) {
            throw new UnknownCustomer();
        } else if (order.cents() == 0) {
            throw new SQLException("the database says no");
        }
        charged.add(order);
    }

    private static final class UnknownCustomer extends IllegalArgumentException {
        private static final long serialVersionUID = 1;
    }

    private Order next() throws InterruptedException {
        var order = charged.poll(30, TimeUnit.SECONDS);
        assertThat(order).isNotNull();
        return order;
    }

    @Test
    void publishMany() {
        var orders = List.of(ORDER, ORDER, ORDER);
        // tag::send-batch
        List<Ack> acks = producer.sendBatch(orders.stream()
                .map(order -> Outgoing.to(ORDERS, order.customer(), order).header("source", "import"))
                .toList());
        // end::send-batch
        assertThat(acks).hasSize(3);
    }

    @Test
    void publishWithoutWaiting() {
        var failures = new LinkedBlockingQueue<Throwable>();
        // tag::send-async
        producer.sendAsync(ORDERS, "c-17", new Order("o-2", "c-17", 100)).whenComplete((ack, failure) -> {
            if (failure != null) {
                failures.add(failure);
            }
        });
        producer.flush(); // everything sent before is acknowledged or has failed
        // end::send-async
        assertThat(failures).isEmpty();
    }

    @Test
    void whatBecameOfEach() {
        var batch = List.of(
                Outgoing.to(ORDERS, "c-17", ORDER),
                Outgoing.to(Topic.strings("orders"), "c-17", "x".repeat(2_000_000)));
        var seen = new LinkedBlockingQueue<String>();
        // tag::results
        try {
            producer.sendBatch(batch);
        } catch (SendFailed e) {
            for (var result : e.results()) {
                seen.add(
                        switch (result) {
                            case SendFailed.Result.Stored(Ack ack) -> "stored at " + ack.offset();
                            case SendFailed.Result.Refused refused -> "certainly not stored: " + refused.why();
                            case SendFailed.Result.Unknown unknown -> "perhaps stored: " + unknown.why();
                            case SendFailed.Result.Spooled spooled -> "safe on this machine, and on its way";
                        });
            }
        }
        // end::results
        assertThat(seen).hasSize(2).anyMatch(text -> text.startsWith("certainly not"));
    }

    @Test
    void lastResort() throws Exception {
        var lost = new CompletableFuture<String>();
        // tag::on-failure
        var producer = kafka.producerBuilder()
                .onFailure((message, failure) -> lost.complete(message.key() + ": " + failure.getMessage()))
                .build();
        // end::on-failure
        producer.sendAsync(Topic.strings("orders"), "c-17", "x".repeat(2_000_000));
        assertThat(lost.get(30, TimeUnit.SECONDS)).startsWith("c-17");
        producer.close();
    }

    @Test
    void severalTopics() throws Exception {
        var texts = new LinkedBlockingQueue<String>();
        // tag::several-topics
        kafka.consumer("billing")
                .eachMessage(ORDERS, m -> charge(m.value()))
                .eachMessage(Topic.strings("notes"), m -> texts.add(m.value()))
                .start();
        // end::several-topics
        producer.send(Topic.strings("notes"), "n", "hello");
        producer.send(ORDERS, "c-17", ORDER);
        assertThat(next()).isEqualTo(ORDER);
        assertThat(texts.poll(30, TimeUnit.SECONDS)).isEqualTo("hello");
    }

    @Test
    void ownSerde() throws Exception {
        // tag::serde
        Serde<Long> longs = Serde.of(
                number -> ByteBuffer.allocate(8).putLong(number).array(),
                bytes -> ByteBuffer.wrap(bytes).getLong());
        var readings = Topic.of("readings", Serde.string(), longs);
        // end::serde
        var read = new CompletableFuture<Long>();
        producer.send(readings, "meter-1", 42L);
        kafka.consumer("readers")
                .eachMessage(readings, m -> read.complete(m.value()))
                .start();
        assertThat(read.get(30, TimeUnit.SECONDS)).isEqualTo(42L);
    }

    @Test
    void perKey() throws Exception {
        // tag::per-key
        kafka.consumer("billing")
                .concurrency(Concurrency.perKey(200)) // up to 200 handlers; messages of one key stay in order
                .eachMessage(ORDERS, m -> charge(m.value()))
                .start();
        // end::per-key
        producer.send(ORDERS, "c-17", ORDER);
        assertThat(next()).isEqualTo(ORDER);
    }

    @Test
    void commitEach() throws Exception {
        // tag::commit
        kafka.consumer("billing")
                .commit(Commit.eachMessage()) // or every(Duration, messages), or manual()
                .eachMessage(ORDERS, m -> charge(m.value()))
                .start();
        // end::commit
        producer.send(ORDERS, "c-17", ORDER);
        assertThat(next()).isEqualTo(ORDER);
    }

    @Test
    void explain() throws Exception {
        var consumer = kafka.consumer("billing")
                .eachMessage(ORDERS, m -> charge(m.value()))
                .start();
        producer.send(ORDERS, "c-17", ORDER);
        assertThat(next()).isEqualTo(ORDER);
        // tag::explain
        var explanation = consumer.explain();
        explanation.consumer().forEach(reason -> System.out.println(reason.text()));
        explanation
                .partitions()
                .forEach(p -> System.out.println(p.partition() + ": " + p.why().text()));
        // end::explain
        assertThat(explanation.partitions()).hasSize(6);
    }

    @Test
    void deadLetterByException() throws Exception {
        var letters = new LinkedBlockingQueue<String>();
        kafka.events().on(Event.DeadLettered.class, e -> letters.add(e.to().topic()));
        // tag::dead-letter-by-exception
        kafka.consumer("billing")
                .retry(Retry.steps(Duration.ofMillis(10), Duration.ofMillis(50)).never(UnknownCustomer.class))
                .deadLetter(DeadLetter.suffix(".dlq").on(UnknownCustomer.class, "orders.unknown-customer"))
                .eachMessage(ORDERS, m -> charge(m.value()))
                .start();
        // end::dead-letter-by-exception
        producer.send(ORDERS, "c-17", new Order("o-1", "c-17", -1));
        assertThat(letters.poll(30, TimeUnit.SECONDS)).isEqualTo("orders.unknown-customer");
        producer.send(ORDERS, "c-17", new Order("o-2", "c-17", 0));
        assertThat(letters.poll(30, TimeUnit.SECONDS)).isEqualTo("orders.dlq");
    }

    @Test
    void retryInTopics() throws Exception {
        var attempts = new LinkedBlockingQueue<Integer>();
        // tag::retry-in-topics
        kafka.consumer("billing")
                .retry(Retry.steps(Duration.ofMillis(50), Duration.ofMillis(100))
                        .inTopics())
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachMessage(ORDERS, m -> {
                    attempts.add(m.attempt());
                    charge(m.value());
                })
                .start();
        // end::retry-in-topics
        producer.send(ORDERS, "c-17", new Order("o-2", "c-17", 0));
        for (int attempt = 1; attempt <= 3; attempt++) {
            assertThat(attempts.poll(30, TimeUnit.SECONDS)).isEqualTo(attempt);
        }
    }

    @Test
    void ownPolicy() throws Exception {
        var skipped = new CompletableFuture<Event>();
        kafka.events().on(Event.Skipped.class, skipped::complete);
        // tag::failure
        kafka.consumer("billing")
                .onFailure((message, error, attempt, sinceFirst) -> switch (error) {
                    case PoisonMessage unreadable -> new Failure.Decision.Park("orders.unreadable");
                    case UnknownCustomer e -> new Failure.Decision.Skip();
                    case SQLTransientException e -> new Failure.Decision.RetryAfter(Duration.ofSeconds(1));
                    default ->
                        attempt < 3
                                ? new Failure.Decision.RetryAfter(Duration.ofMillis(100))
                                : new Failure.Decision.Park("orders.dlq");
                })
                .eachMessage(ORDERS, m -> charge(m.value()))
                .start();
        // end::failure
        producer.send(ORDERS, "c-17", new Order("o-1", "c-17", -1));
        skipped.get(30, TimeUnit.SECONDS);
        producer.send(ORDERS, "c-17", ORDER);
        assertThat(next()).isEqualTo(ORDER);
    }

    @Test
    void limits() throws Exception {
        // tag::limits
        kafka.consumer("billing")
                .maxInFlight(1_000) // messages in memory, over all partitions, beside one fetch
                .maxInFlightBytes(8L << 20)
                .eachMessage(ORDERS, m -> charge(m.value()))
                .start();
        // end::limits
        producer.send(ORDERS, "c-17", ORDER);
        assertThat(next()).isEqualTo(ORDER);
    }

    @Test
    void seekAndReset() throws Exception {
        var consumer = kafka.consumer("billing")
                .eachMessage(ORDERS, m -> charge(m.value()))
                .start();
        producer.send(ORDERS, "c-17", ORDER);
        assertThat(next()).isEqualTo(ORDER);
        // tag::seek
        consumer.seek("orders", Position.ago(Duration.ofHours(1))); // while it runs, from any thread
        // end::seek
        assertThat(next()).isEqualTo(ORDER);
        consumer.close();
        // tag::reset
        var yesterday = Instant.now().minus(Duration.ofDays(1));
        kafka.admin().planReset("billing", "orders", Position.at(yesterday)).forEach(System.out::println);
        kafka.admin().reset("billing", "orders", Position.at(yesterday)); // for the next start of the group
        // end::reset
        kafka.consumer("billing").eachMessage(ORDERS, m -> charge(m.value())).start();
        assertThat(next()).isEqualTo(ORDER);
    }

    @Test
    void newGroup() throws Exception {
        producer.send(ORDERS, "c-17", ORDER);
        // tag::rebuild
        var rebuild = kafka.consumer("view-2026-11-23") // a new name: everything that is kept
                .eachMessage(ORDERS, m -> charge(m.value()))
                .start();
        rebuild.awaitIdle(Duration.ofMinutes(5)); // until what was there when this was called is done
        rebuild.close();
        // end::rebuild
        assertThat(next()).isEqualTo(ORDER);
    }

    @Test
    void security() {
        var broker = "kafka.example.com:9093";
        Supplier<char[]> password = () -> "secret".toCharArray();
        // tag::security
        var kafka = Kafka.builder()
                .bootstrap(broker)
                .security(Security.scram512("billing", password)) // over TLS; asked for at each connection
                .set(Map.of("client.dns.lookup", "use_all_dns_ips")) // any setting of kafka-clients
                .build();
        // end::security
        kafka.close();
    }

    @Test
    void groupProtocol() throws Exception {
        var handled = new CountDownLatch(1);
        // tag::static-member
        kafka.consumer("billing")
                .instanceId("billing-1") // a restart within the session time-out moves no partition
                .eachMessage(ORDERS, m -> handled.countDown())
                .start();
        // end::static-member
        producer.send(ORDERS, "c-17", ORDER);
        assertThat(handled.await(30, TimeUnit.SECONDS)).isTrue();
    }
}

package io.strandline;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client on a real broker, over the wire. */
@Timeout(60)
class ClientTest {
    record Order(String id, long cents) {}

    private static final Topic<String, Order> ORDERS =
            Topic.json("orders", Order.class).partitions(3);

    @TempDir
    private Path directory;

    private Broker broker;
    private Kafka kafka;

    @BeforeEach
    void start() throws Exception {
        broker = Broker.start(config(0));
        kafka = Kafka.connect(broker.bootstrapServers());
    }

    @AfterEach
    void stop() throws Exception {
        kafka.close();
        broker.close();
    }

    private BrokerConfig config(int port) {
        return BrokerConfig.defaults()
                .directory(directory)
                .port(port)
                .durability(DurabilityMode.OS)
                .with("strandline.journal.bytes", "4194304");
    }

    /** For facts that nothing announces. */
    private static void until(BooleanSupplier fact) {
        while (!fact.getAsBoolean()) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void whatWasSentIsHandled() throws Exception {
        kafka.admin().ensure(ORDERS);
        var handled = new CopyOnWriteArrayList<Message<String, Order>>();
        var ack = kafka.producer()
                .send(Outgoing.to(ORDERS, "c-1", new Order("o-1", 42)).header("trace-id", "t-1"));
        try (var consumer = kafka.consumer("billing")
                .eachMessage(ORDERS, m -> handled.add(m))
                .start()) {
            assertThat(consumer.awaitIdle(ofSeconds(20))).isTrue();
        }
        assertThat(handled).singleElement().satisfies(m -> {
            assertThat(m.key()).isEqualTo("c-1");
            assertThat(m.value()).isEqualTo(new Order("o-1", 42));
            assertThat(m.headers().last("trace-id")).hasValue("t-1");
            assertThat(m.offset()).isEqualTo(ack.offset());
            assertThat(m.partition()).isEqualTo(Partition.of("orders", ack.partition()));
            assertThat(m.attempt()).isEqualTo(1);
        });
    }

    @Test
    void everyCompressionAndEveryAcksArrive() throws Exception {
        kafka.admin().ensure(ORDERS);
        for (var compression : Compression.values()) {
            kafka.producer().with(compression).send(ORDERS, "k", new Order(compression.name(), 1));
        }
        for (var acks : Acks.values()) {
            var ack = kafka.producer().with(acks).send(ORDERS, "k", new Order(acks.name(), 1));
            assertThat(ack.offset() == -1).isEqualTo(acks == Acks.NONE);
            kafka.producer().with(acks).close(); // a view's close only flushes
        }
        var handled = new CopyOnWriteArrayList<String>();
        try (var consumer = kafka.consumer("billing")
                .eachMessage(ORDERS, m -> {
                    handled.add(String.valueOf(m.value()));
                })
                .start()) {
            until(() -> handled.size() == 8);
            assertThat(consumer.state()).isEqualTo(Consumer.State.RUNNING);
        }
    }

    @Test
    void aTombstoneAndOnlyATombstoneHasNoValue() throws Exception {
        kafka.admin().ensure(ORDERS);
        kafka.producer().tombstone(ORDERS, "gone");
        var handled = new CopyOnWriteArrayList<Message<String, Order>>();
        try (var consumer = kafka.consumer("billing")
                .eachMessage(ORDERS, m -> handled.add(m))
                .start()) {
            assertThat(consumer.awaitIdle(ofSeconds(20))).isTrue();
        }
        assertThat(handled)
                .singleElement()
                .satisfies(m -> assertThat(m.tombstone()).isTrue());
    }

    @Test
    void whatFailsForGoodIsADeadLetterWithItsBytesAndHeadersAndTheRestGoesOn() throws Exception {
        kafka.admin().ensure(ORDERS);
        var producer = kafka.producer();
        producer.send(ORDERS, "a", new Order("good", 1));
        producer.send(Outgoing.to(Topic.strings("orders"), "a", "no json").header("source-line", "17"));
        producer.send(ORDERS, "a", new Order("bad", -1));
        producer.send(ORDERS, "a", new Order("last", 1));
        var attempts = new AtomicInteger();
        var handled = new CopyOnWriteArrayList<String>();
        try (var consumer = kafka.consumer("billing")
                .retry(Retry.fixed(ofMillis(20)).attempts(3))
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachMessage(ORDERS, m -> {
                    if (String.valueOf(m.value()).contains("bad")) {
                        attempts.incrementAndGet();
                        throw new IllegalStateException("negative");
                    }
                    handled.add(String.valueOf(m.value()));
                })
                .start()) {
            var dlq = kafka.admin().topic("orders.dlq").orElseThrow();
            assertThat(dlq.partitions()).as("made by start()").isEqualTo(3);
            assertThat(dlq.config()).containsEntry("retention.ms", "-1");
            assertThat(consumer.awaitIdle(ofSeconds(20))).isTrue();
        }
        assertThat(attempts).hasValue(3);
        assertThat(handled).hasSize(2);

        var letters = new CopyOnWriteArrayList<Message<byte[], byte[]>>();
        try (var reader = kafka.consumer("undertaker")
                .eachMessage(Topic.bytes("orders.dlq"), m -> letters.add(m))
                .start()) {
            assertThat(reader.awaitIdle(ofSeconds(20))).isTrue();
        }
        assertThat(letters).hasSize(2);
        assertThat(letters.getFirst().value()).isEqualTo("no json".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertThat(letters.getFirst().headers().last("source-line")).hasValue("17");
        assertThat(letters.getFirst().headers().last("__dlq.errors.offset")).hasValue("1");
        assertThat(letters.getLast().headers().last("__dlq.errors.delivery.count"))
                .hasValue("3");
    }

    @Test
    void aMessageAsLargeAsItsTopicAllowsFitsIntoTheDeadLetterTopicWithItsHeaders() throws Exception {
        var blobs = Topic.bytes("blobs").partitions(1).config("max.message.bytes", "200000");
        kafka.admin().ensure(blobs);
        kafka.producer().send(blobs, new byte[199_900]);
        var stored = new CompletableFuture<Event.DeadLettered>();
        kafka.events().on(Event.DeadLettered.class, stored::complete);
        try (var consumer = kafka.consumer("billing")
                .retry(Retry.none())
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachMessage(blobs, m -> {
                    throw new IllegalStateException("on purpose");
                })
                .start()) {
            assertThat(stored.get(20, TimeUnit.SECONDS).to().topic()).isEqualTo("blobs.dlq");
            assertThat(consumer.awaitIdle(ofSeconds(10))).isTrue();
        }
        var refused = org.assertj.core.api.Assertions.catchThrowableOfType(
                SendFailed.class, () -> kafka.producer().send(blobs, new byte[300_000]));
        assertThat(refused.unknown()).isFalse();
    }

    @Test
    void aGroupGoesOnWhereItStopped() throws Exception {
        kafka.admin().ensure(ORDERS);
        var handled = new CopyOnWriteArrayList<String>();
        for (int round = 0; round < 3; round++) {
            kafka.producer().send(ORDERS, "k", new Order("o-" + round, round));
            try (var consumer = kafka.consumer("billing")
                    .eachMessage(ORDERS, m -> {
                        handled.add(String.valueOf(m.value()));
                    })
                    .start()) {
                assertThat(consumer.awaitIdle(ofSeconds(20))).isTrue();
                assertThat(consumer.stop(ofSeconds(5))).isTrue();
            }
        }
        assertThat(handled).hasSize(3).doesNotHaveDuplicates();
        assertThat(kafka.admin().lag("billing").values()).allMatch(lag -> lag == 0);
    }

    @Test
    void aMemberThatJoinsLateTakesItsShareAndOrderPerKeyHolds() throws Exception {
        kafka.admin().ensure(ORDERS);
        int keys = 20;
        int perKey = 150;
        var seen = new ConcurrentHashMap<String, List<Long>>();
        var bothWork = ConcurrentHashMap.newKeySet();
        Consumer.Builder[] builders = new Consumer.Builder[2];
        for (int i = 0; i < 2; i++) {
            int member = i;
            builders[i] = kafka.consumer("billing").heartbeat(ofMillis(200)).eachMessage(ORDERS, m -> {
                bothWork.add(member);
                seen.computeIfAbsent(String.valueOf(m.key()), k -> Collections.synchronizedList(new ArrayList<>()))
                        .add(m.value() == null ? -1 : m.value().cents());
            });
        }
        try (var first = builders[0].start()) {
            send(keys, perKey, 0);
            until(() -> first.assignment().size() == 3);
            try (var second = builders[1].start()) {
                until(() -> !second.assignment().isEmpty());
                send(keys, perKey, perKey);
                until(() -> count(seen) >= 2 * keys * perKey);
                assertThat(first.assignment()).doesNotContainAnyElementsOf(second.assignment());
            }
        }
        assertThat(bothWork).hasSize(2);
        seen.forEach((key, values) -> assertThat(values).as(key).isSorted().hasSize(2 * perKey));
    }

    private void send(int keys, int perKey, int from) {
        var batch = new ArrayList<Outgoing<String, Order>>();
        for (int n = from; n < from + perKey; n++) {
            for (int k = 0; k < keys; k++) {
                batch.add(Outgoing.to(ORDERS, "key-" + k, new Order("o", n)));
            }
        }
        kafka.producer().sendBatch(batch);
    }

    private static int count(Map<String, List<Long>> seen) {
        return seen.values().stream().mapToInt(List::size).sum();
    }

    @Test
    void aBrokerThatComesBackIsUsedAgainAndNothingIsLost() throws Exception {
        kafka.admin().ensure(ORDERS);
        var down = new CompletableFuture<Event>();
        kafka.events().on(Event.ConsumerDisconnected.class, down::complete);
        Set<String> handled = ConcurrentHashMap.newKeySet();
        try (var consumer = kafka.consumer("billing")
                .eachMessage(ORDERS, m -> {
                    handled.add(String.valueOf(m.value()));
                })
                .start()) {
            kafka.producer().send(ORDERS, "k", new Order("before", 1));
            until(() -> handled.size() == 1);
            int port = broker.address().getPort();
            broker.close();
            down.get(30, TimeUnit.SECONDS);
            assertThat(consumer.explain().consumer()).anyMatch(reason -> reason instanceof Reason.BrokerUnreachable);
            assertThat(consumer.health().ready()).isFalse();
            assertThat(consumer.health().live()).isTrue();
            var sent =
                    CompletableFuture.supplyAsync(() -> kafka.producer().send(ORDERS, "k", new Order("meanwhile", 1)));
            broker = Broker.start(config(port));
            sent.get(30, TimeUnit.SECONDS);
            until(() -> handled.size() == 2);
            until(() -> consumer.health().ready());
        }
    }

    @Test
    void aTopicThatIsNotThereIsNamedAndReadAsSoonAsItIs() throws Exception {
        var handled = new CountDownLatch(1);
        try (var consumer = kafka.consumer("billing")
                .set("metadata.max.age.ms", 300)
                .retry(Retry.standard())
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachMessage(ORDERS, m -> handled.countDown())
                .start()) {
            until(() -> consumer.explain().consumer().contains(new Reason.TopicMissing("orders")));
            kafka.admin().ensure(ORDERS);
            kafka.producer().send(ORDERS, "k", new Order("o", 1));
            assertThat(handled.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aPatternThatNothingMatchesIsNamedAndItsFirstTopicReadAsSoonAsItIsThere() throws Exception {
        var handled = new CountDownLatch(1);
        try (var consumer = kafka.consumer("billing")
                .set("metadata.max.age.ms", 300)
                .eachMessageMatching(
                        Pattern.compile("single.*"), Serde.string(), Serde.string(), (m, ctx) -> handled.countDown())
                .start()) {
            until(() -> consumer.explain().consumer().equals(List.of(new Reason.NothingMatches("single.*"))));
            var single = Topic.strings("single").partitions(1);
            kafka.admin().ensure(single);
            kafka.producer().send(single, "k", "v");
            assertThat(handled.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aMemberWithoutAPartitionSaysWhy() {
        var one = Topic.strings("single").partitions(1);
        kafka.admin().ensure(one);
        try (var first = kafka.consumer("billing")
                .heartbeat(ofMillis(200))
                .eachMessage(one, m -> {})
                .start()) {
            until(() -> first.assignment().size() == 1);
            try (var second = kafka.consumer("billing")
                    .heartbeat(ofMillis(200))
                    .eachMessage(one, m -> {})
                    .start()) {
                until(() -> second.explain().consumer().stream().anyMatch(r -> r instanceof Reason.NoAssignment)
                        || first.explain().consumer().stream().anyMatch(r -> r instanceof Reason.NoAssignment));
            }
        }
    }

    @Test
    void aHandlerMayStopItsOwnConsumer() throws Exception {
        kafka.admin().ensure(ORDERS);
        var own = new CompletableFuture<Consumer>();
        var result = new CompletableFuture<Boolean>();
        var consumer = kafka.consumer("billing")
                .eachMessage(ORDERS, m -> result.complete(own.join().stop(ofSeconds(5))))
                .start();
        own.complete(consumer);
        kafka.producer().send(ORDERS, "k", new Order("o", 1));
        assertThat(result.get(20, TimeUnit.SECONDS)).isFalse();
        consumer.await();
        assertThat(consumer.state()).isEqualTo(Consumer.State.STOPPED);
        assertThat(kafka.admin().committed("billing").values()).contains(1L);
    }

    @Test
    void closingTheKafkaLetsRunningHandlersFinishAndCommits() throws Exception {
        kafka.admin().ensure(ORDERS);
        var entered = new CountDownLatch(1);
        var release = new CompletableFuture<Boolean>();
        var consumer = kafka.consumer("billing")
                .eachMessage(ORDERS, m -> {
                    entered.countDown();
                    release.join();
                })
                .start();
        kafka.producer().send(ORDERS, "k", new Order("o", 1));
        entered.await();
        var closing = Thread.ofPlatform().start(kafka::close);
        until(() -> consumer.state() == Consumer.State.DRAINING);
        release.complete(true);
        closing.join();
        assertThat(consumer.state()).isEqualTo(Consumer.State.STOPPED);
        try (var other = Kafka.connect(broker.bootstrapServers())) {
            assertThat(other.admin().committed("billing").values()).contains(1L);
        }
        assertThatThrownBy(() -> kafka.producer()).hasMessageContaining("closed");
    }

    @Test
    void aConsumerThatEndedByItselfSaysWhyToWhoWaitsForIt() throws Exception {
        kafka.admin().ensure(ORDERS);
        kafka.producer().send(ORDERS, "k", new Order("o", 1));
        var consumer = kafka.consumer("billing")
                .eachMessage(ORDERS, m -> {
                    throw new OutOfMemoryError("on purpose");
                })
                .start();
        assertThatThrownBy(consumer::await)
                .isInstanceOf(ConsumerCrashed.class)
                .hasMessageContaining("billing")
                .hasRootCauseMessage("on purpose");
        assertThat(consumer.state()).isEqualTo(Consumer.State.CRASHED);
        assertThat(consumer.health().live()).isFalse();
        assertThat(consumer.explain().consumer()).anyMatch(r -> r instanceof Reason.Crashed);
        assertThat(kafka.admin().committed("billing").values()).doesNotContain(1L);
    }

    @Test
    void aCommitByHandIsStoredWhenTheCallReturns() throws Exception {
        kafka.admin().ensure(ORDERS);
        kafka.producer().send(Outgoing.to(ORDERS, "k", new Order("o", 1)).partition(2));
        var context = new CompletableFuture<Handler.Context>();
        try (var consumer = kafka.consumer("billing")
                .commit(Commit.manual())
                .eachMessage(ORDERS, (m, ctx) -> context.complete(ctx))
                .start()) {
            context.get(20, TimeUnit.SECONDS);
            assertThat(kafka.admin().committed("billing")).isEmpty();
            consumer.commit(Map.of(Partition.of("orders", 2), 1L));
            assertThat(kafka.admin().committed("billing")).isEqualTo(Map.of(Partition.of("orders", 2), 1L));
        }
    }

    @Test
    void whileATopicIsPausedItsMessagesWaitAndThePauseIsNamed() throws Exception {
        kafka.admin().ensure(ORDERS);
        var handled = new CopyOnWriteArrayList<String>();
        try (var consumer = kafka.consumer("billing")
                .eachMessage(ORDERS, m -> {
                    handled.add(String.valueOf(m.value()));
                })
                .start()) {
            var pause = consumer.pause("orders");
            until(() -> consumer.assignment().size() == 3);
            kafka.producer().send(ORDERS, "k", new Order("o", 1));
            assertThat(consumer.awaitIdle(ofMillis(300))).isFalse();
            assertThat(handled).isEmpty();
            assertThat(consumer.paused()).hasSize(3);
            assertThat(consumer.explain().partitions())
                    .allSatisfy(p -> assertThat(p.why()).isInstanceOf(Reason.PausedFromOutside.class));
            pause.resume();
            until(() -> handled.size() == 1);
            assertThatThrownBy(() -> consumer.pause("other")).hasMessageContaining("orders");
        }
    }

    @Test
    void ensureCreatesWhatIsMissingAndNeverChangesTheNumberOfPartitions() {
        var wanted = ORDERS.replication(3).config("retention.ms", "604800000").config("min.insync.replicas", "2");
        assertThat(kafka.admin().plan(wanted)).hasSize(1);
        assertThat(kafka.admin().topic("orders")).isEmpty();
        assertThat(kafka.admin().ensure(wanted)).hasSize(1);
        assertThat(kafka.admin().ensure(wanted)).isEmpty();
        var info = kafka.admin().topic("orders").orElseThrow();
        assertThat(info.partitions()).isEqualTo(3);
        assertThat(info.config()).containsEntry("retention.ms", "604800000");
        assertThatThrownBy(() -> kafka.admin().ensure(wanted.partitions(6)))
                .hasMessageContaining("addPartitions")
                .hasMessageContaining("order");
        assertThat(kafka.admin().topic("orders").orElseThrow().partitions()).isEqualTo(3);
    }

    @Test
    void threeThousandSlowMessagesOfAHundredKeysAreHandledSideBySideEachKeyInItsOrder() throws Exception {
        kafka.admin().ensure(ORDERS);
        var sent = new ArrayList<Outgoing<String, Order>>();
        for (int i = 0; i < 3_000; i++) {
            sent.add(Outgoing.to(ORDERS, "c-" + i % 100, new Order("o-" + i, i)));
        }
        kafka.producer().sendBatch(sent);
        var atOnce = new AtomicInteger();
        var most = new AtomicInteger();
        var last = new ConcurrentHashMap<String, Long>();
        var outOfOrder = new CopyOnWriteArrayList<String>();
        try (var consumer = kafka.consumer("billing")
                .concurrency(Concurrency.perKey(50))
                .eachMessage(ORDERS, m -> {
                    most.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                    LockSupport.parkNanos(1_000_000);
                    Long before = last.put(String.valueOf(m.key()), order(m).cents());
                    if (before != null && before >= order(m).cents()) {
                        outOfOrder.add(m.key() + ": " + m.value() + " after " + before);
                    }
                    atOnce.decrementAndGet();
                })
                .start()) {
            assertThat(consumer.awaitIdle(ofSeconds(40))).isTrue();
        }
        assertThat(outOfOrder).isEmpty();
        assertThat(last).hasSize(100);
        assertThat(most.get()).isBetween(10, 50);
    }

    @Test
    void aFailedMessageWaitsInARetryTopicAndTheOthersGoOn() throws Exception {
        var handled = new CopyOnWriteArrayList<String>();
        kafka.admin().ensure(ORDERS);
        try (var consumer = kafka.consumer("billing")
                .retry(Retry.steps(ofMillis(300), ofMillis(600)).inTopics())
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachMessage(ORDERS, m -> {
                    handled.add(order(m).id() + "#" + m.attempt());
                    if (order(m).cents() < 0) {
                        throw new IllegalArgumentException("negative");
                    }
                })
                .start()) {
            assertThat(kafka.admin().topics()).contains("orders.retry.300ms", "orders.retry.600ms", "orders.dlq");
            kafka.producer().send(ORDERS, "c-1", new Order("bad", -1));
            kafka.producer().send(ORDERS, "c-1", new Order("good", 1));
            until(() -> handled.size() == 4);
            assertThat(consumer.awaitIdle(ofSeconds(20))).isTrue();
        }
        assertThat(handled).containsExactlyInAnyOrder("bad#1", "good#1", "bad#2", "bad#3");
    }

    @Test
    void aRunningConsumerGoesBackAndAnotherFindsTopicsByPattern() throws Exception {
        var handled = new CopyOnWriteArrayList<String>();
        kafka.admin().ensure(ORDERS);
        kafka.producer().send(ORDERS, "c-1", new Order("o-1", 1));
        try (var consumer = kafka.consumer("billing")
                .eachMessageMatching(
                        java.util.regex.Pattern.compile("ord.*"),
                        Serde.string(),
                        Serde.json(Order.class),
                        (m, ctx) -> handled.add(m.topic().name() + " " + order(m).id()))
                .start()) {
            until(() -> handled.size() == 1);
            consumer.seek("orders", Position.earliest());
            until(() -> handled.size() == 2);
            assertThatThrownBy(() -> consumer.seek("payments", Position.earliest()))
                    .hasMessageContaining("does not read topic payments");
        }
        assertThat(handled).containsExactly("orders o-1", "orders o-1");
    }

    private static Order order(Message<String, Order> message) {
        return Objects.requireNonNull(message.value(), "no tombstones here");
    }
}

package io.strandline.jdbc;

import static io.strandline.jdbc.TestDatabase.count;
import static io.strandline.jdbc.TestDatabase.execute;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.Deduplication;
import io.strandline.Event;
import io.strandline.Headers;
import io.strandline.Health;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.MessageId;
import io.strandline.Outgoing;
import io.strandline.Topic;
import io.strandline.jdbc.OutboxRelay.Waiting;
import io.strandline.junit.BootstrapServers;
import io.strandline.junit.StrandlineBroker;
import io.strandline.junit.StrandlineTest;
import io.strandline.junit.TestTopic;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import javax.sql.DataSource;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
@StrandlineTest
class OutboxTest {
    private static final Topic<String, String> ORDERS = Topic.strings("orders");
    private static final CompletableFuture<String> OK = CompletableFuture.completedFuture("ok");

    private final List<OutboxRelay> relays = new ArrayList<>();
    private final SettableTime time = new SettableTime();

    @AfterEach
    void stop() {
        relays.forEach(OutboxRelay::close);
    }

    private OutboxRelay relay(DataSource source, FakeProducer producer) {
        var relay = Outbox.in(source).time(time).start(producer, () -> {});
        relays.add(relay);
        return relay;
    }

    private static void until(Callable<Boolean> fact) throws Exception {
        while (!fact.call()) {
            assertThat(Thread.currentThread().isInterrupted()).as("timed out").isFalse();
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** The relay's naps are over at once. */
    private void untilTimePassing(Callable<Boolean> fact) throws Exception {
        until(() -> {
            time.pass(Duration.ofMillis(10));
            return fact.call();
        });
    }

    /** Twenty in one transaction. */
    private static void send(DataSource source, Topic<String, String> topic, String... keysAndValues)
            throws SQLException {
        try (var connection = source.getConnection()) {
            connection.setAutoCommit(false);
            for (int i = 0; i < keysAndValues.length; i++) {
                var text = keysAndValues[i];
                Outbox.in(source).send(connection, Outgoing.to(topic, text.split(":", 2)[0], text));
                if (i % 20 == 19) {
                    connection.commit();
                }
            }
            connection.commit();
        }
    }

    private static Function<String, CompletableFuture<?>> failing(Map<String, Throwable> failures) {
        return value -> {
            var failure = failures.get(value);
            return failure == null ? OK : CompletableFuture.failedFuture(failure);
        };
    }

    @ParameterizedTest
    @EnumSource
    void aMessageIsSentIfItsTransactionCommitsAndNotIfItDoesNot(
            TestDatabase database, @BootstrapServers String servers, @TestTopic("orders") Topic<String, String> orders)
            throws Exception {
        var source = database.fresh();
        var outbox = Outbox.in(source);
        var time = Instant.ofEpochMilli(1_700_000_000_123L);
        List<String> ids = new ArrayList<>();
        try (var connection = source.getConnection()) {
            connection.setAutoCommit(false);
            outbox.send(connection, Outgoing.to(orders, "k", "rolled back"));
            connection.rollback();
            ids.add(outbox.send(
                    connection,
                    Outgoing.to(orders, "k", "v")
                            .header("a", "1")
                            .header("a", new byte[] {1, 2})
                            .headers(Headers.of("none", "x").with("none", (byte[]) null))
                            .timestamp(time)));
            ids.add(outbox.send(connection, Outgoing.to(orders, "k", null)));
            ids.add(outbox.send(connection, Outgoing.to(orders, null, "own id").header(Outbox.MESSAGE_ID, "mine")));
            connection.commit();
        }
        var got = new LinkedBlockingQueue<Message<String, String>>();
        try (var kafka = Kafka.connect(servers);
                var relay = outbox.relay(kafka)) {
            kafka.consumer("billing-" + database).eachMessage(orders, got::add).start();
            // The one without a key comes whenever its lane has its turn.
            var all = List.of(next(got), next(got), next(got));
            var keyed = all.stream().filter(message -> message.key() != null).toList();
            var first = keyed.getFirst();
            assertThat(first.key()).isEqualTo("k");
            assertThat(first.value()).isEqualTo("v");
            assertThat(first.timestamp()).isEqualTo(time);
            assertThat(first.headers())
                    .containsExactlyElementsOf(Headers.of("none", "x")
                            .with("none", (byte[]) null)
                            .with(Outbox.MESSAGE_ID, ids.getFirst()));
            assertThat(keyed.getLast().tombstone()).isTrue();
            assertThat(all)
                    .filteredOn(message -> message.key() == null)
                    .singleElement()
                    .satisfies(keyless ->
                            assertThat(keyless.headers().all(Outbox.MESSAGE_ID)).containsExactly("mine"));
            assertThat(ids).element(2).isEqualTo("mine");
            until(() -> outbox.backlog().messages() == 0);
            assertThat(relay.health().status()).isEqualTo(Health.Status.UP);
            assertThat(relay.explain()).isEmpty();
        }
        assertThat(got).isEmpty();
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        var next = queue.poll(30, TimeUnit.SECONDS);
        assertThat(next).isNotNull();
        return next;
    }

    @Test
    void aConnectionThatCommitsByItselfIsRefused() throws Exception {
        var source = TestDatabase.H2.fresh();
        try (var connection = source.getConnection()) {
            assertThatThrownBy(() -> Outbox.in(source).send(connection, Outgoing.to(ORDERS, "k", "v")))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("setAutoCommit(false)");
            connection.setAutoCommit(false);
            var longId = Outgoing.to(ORDERS, "k", "v").header(Outbox.MESSAGE_ID, "x".repeat(256));
            assertThatThrownBy(() -> Outbox.in(source).send(connection, longId)).hasMessageContaining("256 characters");
        }
        assertThat(count(source, "strandline_outbox")).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aRowIsDeletedOnlyWhenItsMessageIsAcknowledged(TestDatabase database) throws Exception {
        var source = database.fresh();
        send(source, ORDERS, "a:1", "a:2", "i:1"); // keys of one lane
        var ack = new CompletableFuture<String>();
        var producer = new FakeProducer(value -> "a:1".equals(value) ? ack : OK);
        var relay = relay(source, producer);
        until(() -> producer.begun.contains("a:1") && producer.acknowledged.contains("i:1"));
        assertThat(producer.begun).as("the next of its key waits").doesNotContain("a:2");
        assertThat(count(source, "strandline_outbox where topic = 'orders'")).isGreaterThanOrEqualTo(2);
        ack.complete("ok");
        untilTimePassing(() -> count(source, "strandline_outbox") == 0);
        assertThat(producer.acknowledged).containsExactlyInAnyOrder("a:1", "a:2", "i:1");
        assertThat(relay.stop(Duration.ofSeconds(10))).isTrue();
        assertThat(relay.health().status()).isEqualTo(Health.Status.DOWN);
    }

    @ParameterizedTest
    @EnumSource
    void whatWasSentBeforeAStopIsDeletedAndTheRestIsLeft(TestDatabase database) throws Exception {
        var source = database.fresh();
        send(source, ORDERS, "a:1", "a:2");
        var ack = new CompletableFuture<String>();
        var producer = new FakeProducer(value -> ack);
        var relay = relay(source, producer);
        until(() -> producer.begun.contains("a:1"));
        assertThat(relay.stop(Duration.ofMillis(1))).isFalse();
        ack.complete("ok");
        until(() -> count(source, "strandline_outbox") == 1);
        assertThat(producer.begun).containsExactly("a:1");
    }

    @ParameterizedTest
    @EnumSource
    void whatNoBrokerTakesHoldsBackItsKeyAloneAndSaysWhy(TestDatabase database) throws Exception {
        var source = database.fresh();
        send(source, ORDERS, "a:1", "a:2", "b:1");
        Map<String, Throwable> failures = new ConcurrentHashMap<>(Map.of("a:1", new RecordTooLargeException("2 MiB")));
        var producer = new FakeProducer(failing(failures));
        var relay = relay(source, producer);
        until(() -> relay.explain().size() == 1 && producer.acknowledged.contains("b:1"));
        until(() -> count(source, "strandline_outbox") < 3);
        assertThat(count(source, "strandline_outbox"))
                .as("what was not taken is still there")
                .isEqualTo(2);
        assertThat(relay.explain()).singleElement().isInstanceOfSatisfying(Waiting.Unsent.class, unsent -> {
            assertThat(unsent.topic()).isEqualTo("orders");
            assertThat(unsent.failed()).isEqualTo(1);
            assertThat(unsent.text())
                    .contains(unsent.messageId())
                    .contains("2 MiB")
                    .contains("its key waits");
        });
        assertThat(relay.health().status()).isEqualTo(Health.Status.DEGRADED);
        assertThat(producer.begun.stream().filter("a:1"::equals)).as("it rests").hasSize(1);
        untilTimePassing(() -> relay.explain().stream()
                .anyMatch(waiting -> waiting instanceof Waiting.Unsent unsent
                        && unsent.failed() >= 4
                        && unsent.next().compareTo(Duration.ofSeconds(1)) > 0));
        assertThat(producer.begun).doesNotContain("a:2");
        failures.clear();
        untilTimePassing(() -> count(source, "strandline_outbox") == 0);
        assertThat(producer.acknowledged).containsExactly("b:1", "a:1", "a:2");
        untilTimePassing(() -> relay.explain().isEmpty());
    }

    @ParameterizedTest
    @EnumSource
    void whatNoBrokerWillEverTakeCanBeLookedAtAndDropped(TestDatabase database) throws Exception {
        var source = database.fresh();
        send(source, ORDERS, "a:1", "a:2");
        var producer = new FakeProducer(failing(Map.of("a:1", new RecordTooLargeException("2 MiB"))));
        var relay = relay(source, producer);
        until(() -> relay.explain().size() == 1);
        var id = ((Waiting.Unsent) relay.explain().getFirst()).messageId();
        var outbox = Outbox.in(source);
        assertThat(outbox.find(id)).hasValueSatisfying(stored -> {
            assertThat(stored.id()).isEqualTo(id);
            assertThat(stored.message().topic().name()).isEqualTo("orders");
            assertThat(stored.message().key()).isEqualTo("a".getBytes(UTF_8));
            assertThat(stored.message().value()).isEqualTo("a:1".getBytes(UTF_8));
            assertThat(stored.storedAt()).isBetween(Instant.now().minusSeconds(60), Instant.now());
        });
        assertThat(outbox.drop(id)).isTrue();
        untilTimePassing(() -> count(source, "strandline_outbox") == 0);
        assertThat(producer.acknowledged).as("what was behind it").containsExactly("a:2");
        assertThat(outbox.find(id)).isEmpty();
        assertThat(outbox.drop(id)).isFalse();
        time.pass(Duration.ofMinutes(1));
        untilTimePassing(() -> relay.explain().isEmpty());
    }

    @ParameterizedTest
    @EnumSource
    void whatIsBeingSentIsNotDropped(TestDatabase database) throws Exception {
        var source = database.fresh();
        send(source, ORDERS, "a:1", "a:2");
        var ack = new CompletableFuture<String>();
        var producer = new FakeProducer(value -> "a:1".equals(value) ? ack : OK);
        relay(source, producer);
        until(() -> producer.begun.contains("a:1"));
        var outbox = Outbox.in(source);
        var id = firstId(source);
        var dropped = CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return outbox.drop(id);
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                },
                TestDatabase::inAThread);
        assertThatThrownBy(() -> dropped.get(200, TimeUnit.MILLISECONDS))
                .isInstanceOf(java.util.concurrent.TimeoutException.class);
        ack.complete("ok");
        assertThat(dropped.get(20, TimeUnit.SECONDS)).as("it was sent").isFalse();
        untilTimePassing(() -> count(source, "strandline_outbox") == 0);
        assertThat(producer.acknowledged).containsExactly("a:1", "a:2");
    }

    private static String firstId(DataSource source) throws SQLException {
        try (var connection = source.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("select message_id from strandline_outbox order by id")) {
            rows.next();
            return rows.getString(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTopicThatCannotBeReachedHoldsUpNoOther(TestDatabase database) throws Exception {
        var source = database.fresh();
        var values = new String[600]; // more than one page
        for (int i = 0; i < values.length; i++) {
            values[i] = "k" + i % 8 + ":" + i;
        }
        send(source, Topic.strings("missing"), values);
        send(source, ORDERS, "x:1");
        var reachable = new AtomicBoolean();
        var producer = new FakeProducer(value -> value.startsWith("x") || reachable.get()
                ? OK
                : CompletableFuture.failedFuture(new TimeoutException("not in metadata")));
        var relay = relay(source, producer);
        untilTimePassing(() -> producer.acknowledged.contains("x:1"));
        untilTimePassing(() -> relay.explain().stream()
                .anyMatch(waiting -> waiting instanceof Waiting.TopicUnreachable topic
                        && topic.topic().equals("missing")
                        && topic.failed() > 2
                        && topic.text().contains("not in metadata")));
        assertThat(producer.begun.size())
                .as("one try for each rest and lane at most")
                .isLessThan(100);
        reachable.set(true);
        untilTimePassing(() -> count(source, "strandline_outbox") == 0);
        assertInOrder(producer.acknowledged, 601);
    }

    /** Values are {@code key:number}, and numbers grow within a key. */
    private static void assertInOrder(List<String> values, int expected) {
        assertThat(values).hasSize(expected).doesNotHaveDuplicates();
        var last = new HashMap<String, Integer>();
        for (var value : values) {
            var parts = value.split(":", 2);
            int number = Integer.parseInt(parts[1]);
            var before = last.put(parts[0], number);
            assertThat(before == null ? -1 : before).as("before " + value).isLessThan(number);
        }
    }

    @ParameterizedTest
    @EnumSource
    void severalRelaysSendEachMessageOnceAndInOrder(TestDatabase database) throws Exception {
        var source = database.fresh();
        var producer = new FakeProducer(value -> CompletableFuture.supplyAsync(() -> value));
        for (int i = 0; i < 3; i++) {
            relay(source, producer);
        }
        int messages = database == TestDatabase.H2 ? 1_000 : 300;
        var values = new String[messages];
        for (int i = 0; i < messages; i++) {
            values[i] = "k" + i % 20 + ":" + i;
        }
        var sending = CompletableFuture.runAsync(
                () -> {
                    try {
                        send(source, ORDERS, values);
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                },
                TestDatabase::inAThread);
        untilTimePassing(() -> sending.isDone() && count(source, "strandline_outbox") == 0);
        sending.join();
        assertInOrder(producer.acknowledged, messages);
    }

    @Test
    void whoHasALaneIsSaid() throws Exception {
        var source = TestDatabase.H2.fresh();
        send(source, ORDERS, "a:1");
        var ack = new CompletableFuture<String>();
        var first = new FakeProducer(value -> ack);
        relay(source, first);
        until(() -> first.begun.contains("a:1"));
        var second = new FakeProducer(value -> OK);
        var standby = relay(source, second);
        until(() -> !standby.explain().isEmpty());
        assertThat(standby.explain()).singleElement().isInstanceOf(Waiting.Elsewhere.class);
        assertThat(standby.explain().getFirst().text()).contains("another relay sends lanes [");
        assertThat(standby.health().status()).isEqualTo(Health.Status.UP);
        ack.complete("ok");
        untilTimePassing(() -> count(source, "strandline_outbox") == 0);
        assertThat(second.begun).isEmpty();
    }

    @Test
    void aDatabaseThatFailsIsAskedAgain() throws Exception {
        var source = TestDatabase.H2.empty();
        var producer = new FakeProducer(value -> OK);
        var relay = relay(source, producer);
        untilTimePassing(() -> relay.explain().stream()
                .anyMatch(waiting -> waiting instanceof Waiting.DatabaseFailed failed && failed.failed() >= 3));
        assertThat(relay.explain().getFirst().text()).containsIgnoringCase("strandline_outbox");
        assertThat(relay.health().status()).isEqualTo(Health.Status.DEGRADED);
        Tables.create(source);
        send(source, ORDERS, "a:1");
        untilTimePassing(() -> producer.acknowledged.contains("a:1"));
        untilTimePassing(() -> relay.health().status() == Health.Status.UP);
    }

    @ParameterizedTest
    @EnumSource
    void theBacklogTellsHowLongTheOldestOneWaits(TestDatabase database) throws Exception {
        var source = database.fresh();
        var outbox = Outbox.in(source).time(time);
        assertThat(outbox.backlog().messages()).isZero();
        assertThat(outbox.backlog().oldest()).isEmpty();
        try (var connection = source.getConnection()) {
            connection.setAutoCommit(false);
            outbox.send(connection, Outgoing.to(ORDERS, "k", "v"));
            time.pass(Duration.ofSeconds(40));
            outbox.send(connection, Outgoing.to(ORDERS, "k", "v"));
            connection.commit();
        }
        time.pass(Duration.ofSeconds(2));
        assertThat(outbox.backlog().messages()).isEqualTo(2);
        assertThat(outbox.backlog().oldest()).contains(Duration.ofSeconds(42));
    }

    /** Relays die at any call to the database, also between the acknowledgement and the deletion. */
    @ParameterizedTest
    @EnumSource
    void whateverDiesNothingIsLostAndIdsTellWhatIsSentAgain(
            TestDatabase database,
            @BootstrapServers String servers,
            @TestTopic(value = "orders", partitions = 3) Topic<String, String> orders)
            throws Exception {
        long seed = "random".equals(System.getProperty("seed"))
                ? ThreadLocalRandom.current().nextLong()
                : Long.getLong("seed", 1);
        System.out.println("OutboxTest seed " + seed);
        var random = new SplittableRandom(seed);
        var source = database.fresh();
        int messages = 200;
        var values = new String[messages];
        for (int i = 0; i < messages; i++) {
            values[i] = "k" + i % 10 + ":" + i;
        }
        send(source, orders, values);
        var handled = new LinkedBlockingQueue<String>();
        var duplicates = new LinkedBlockingQueue<Event.Duplicate>();
        try (var kafka = Kafka.connect(servers)) {
            kafka.events().on(Event.Duplicate.class, duplicates::add);
            kafka.consumer("billing-" + database)
                    .deduplicate(Deduplication.inMemory(10_000, MessageId.header(Outbox.MESSAGE_ID)))
                    .eachMessage(orders, m -> handled.add(String.valueOf(m.value())))
                    .start();
            int deaths = 0;
            for (; count(source, "strandline_outbox") > 0; deaths++) {
                var mortal = new MortalSource(source, random.nextInt(20, 200), random.nextBoolean());
                var relay = Outbox.in(mortal).time(time).relay(kafka.producer());
                untilTimePassing(() -> mortal.dead() || count(source, "strandline_outbox") == 0);
                relay.close();
            }
            until(() -> handled.size() >= messages);
            assertThat(deaths).isGreaterThan(0);
            assertInOrder(List.copyOf(handled), messages);
            until(() -> !duplicates.isEmpty());
        }
    }

    @Test
    void theBrokersDeathLosesNothing() throws Exception {
        var source = TestDatabase.H2.fresh();
        var orders = Topic.strings("orders").partitions(2);
        try (var broker = StrandlineBroker.inMemory();
                var kafka = Kafka.connect(broker.bootstrapServers())) {
            kafka.admin().ensure(orders);
            var handled = new LinkedBlockingQueue<String>();
            kafka.consumer("billing")
                    .deduplicate(Deduplication.inMemory(10_000, MessageId.header(Outbox.MESSAGE_ID)))
                    .eachMessage(orders, m -> handled.add(String.valueOf(m.value())))
                    .start();
            try (var relay = Outbox.in(source).relay(kafka)) {
                for (int i = 0; i < 300; i++) {
                    send(source, orders, "k" + i % 10 + ":" + i);
                    if (i == 100) {
                        until(() -> !handled.isEmpty());
                        broker.kill();
                    } else if (i == 200) {
                        broker.restart();
                    }
                }
                relay.wake();
                until(() -> handled.size() >= 300);
                assertInOrder(List.copyOf(handled), 300);
                until(() -> Outbox.in(source).backlog().messages() == 0);
            }
        }
    }

    @Test
    void headersThatAreNoneAreRefusedInWords() {
        var headers = Headers.of("a", "1").with("b", (byte[]) null).with("a", "ü");
        assertThat(HeaderBytes.read(HeaderBytes.write(headers))).containsExactlyElementsOf(headers);
        assertThatThrownBy(() -> HeaderBytes.read(new byte[] {2})).hasMessageContaining("version 2");
        assertThatThrownBy(() -> HeaderBytes.read("\u0001no headers".getBytes(UTF_8)))
                .hasMessageContaining("are not the headers");
    }

    @Test
    void aRowThatCannotBeReadStopsItsLaneAndSaysWhy() throws Exception {
        var source = TestDatabase.H2.fresh();
        send(source, ORDERS, "a:1");
        execute(source, "update strandline_outbox set headers = X'07'");
        var relay = relay(source, new FakeProducer(value -> OK));
        until(() -> !relay.explain().isEmpty());
        assertThat(relay.explain().getFirst().text()).contains("Headers of version 7");
    }
}

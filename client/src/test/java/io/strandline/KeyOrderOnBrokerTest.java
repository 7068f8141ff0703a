package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The order of keys over failures, with real topics and real progress. */
@Timeout(60)
class KeyOrderOnBrokerTest {
    private static final Topic<String, String> ORDERS = Topic.strings("orders").partitions(3);
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final List<String> handled = new CopyOnWriteArrayList<>();
    private volatile String bad = "k1";
    private Set<Partition> assigned = Set.of();
    private Broker broker;
    private Kafka kafka;

    @BeforeEach
    void start() throws Exception {
        broker = Broker.start(BrokerConfig.defaults().port(0).durability(DurabilityMode.MEMORY));
        kafka = Kafka.connect(broker.bootstrapServers());
        kafka.admin().ensure(ORDERS);
    }

    @AfterEach
    void stop() throws Exception {
        kafka.close();
        broker.close();
    }

    private Consumer billing() {
        return kafka.consumer("billing")
                .retry(Retry.none())
                .deadLetter(DeadLetter.suffix(".dlq").inKeyOrder())
                .eachMessage(ORDERS, m -> {
                    if (m.value().equals(bad)) {
                        throw new IllegalStateException("on purpose");
                    }
                    handled.add(m.value());
                })
                .start();
    }

    private void send(String... values) {
        for (var value : values) {
            kafka.producer().send(ORDERS, value.substring(0, 1), value);
        }
    }

    private static void awaitIdle(Consumer consumer) throws InterruptedException {
        assertThat(consumer.awaitIdle(LIMIT)).as(consumer.explain()::toString).isTrue();
    }

    private DeadLetters letters() {
        return kafka.deadLetters("orders.dlq");
    }

    private List<String> open() {
        try (var all = letters().browse()) {
            return all.map(letter -> new String(letter.value())).toList();
        }
    }

    private DeadLetters.Report redrive() {
        return letters().redriveFor("billing", letter -> true, Integer.MAX_VALUE);
    }

    private List<String> handledOf(String key) {
        return handled.stream().filter(value -> value.startsWith(key)).toList();
    }

    @Test
    void aKeyComesBackInOrderAndOthersNeverWait() throws Exception {
        try (var consumer = billing()) {
            send("k1", "k2", "j1", "k3");
            awaitIdle(consumer);
            assertThat(handled).containsExactly("j1");
            assertThat(open()).containsExactly("k1", "k2", "k3");
            bad = "none";
            redrive();
            awaitIdle(consumer);
            send("k4");
            awaitIdle(consumer);
            assertThat(handledOf("k")).containsExactly("k1", "k2", "k3", "k4");
        }
    }

    @Test
    void aMemberThatStartsKnowsWhatIsOpenAndWhatIsOnItsWayBack() throws Exception {
        try (var consumer = billing()) {
            send("k1", "j1");
            awaitIdle(consumer);
        }
        send("k2");
        bad = "none";
        redrive(); // 1 lies behind 2, and no letter is open
        send("j2");
        try (var consumer = billing()) {
            awaitIdle(consumer);
            assertThat(handled).containsExactlyInAnyOrder("j1", "j2", "k1");
            assertThat(open()).containsExactly("k2");
        }
        send("k3");
        try (var consumer = billing()) {
            awaitIdle(consumer);
            assertThat(open()).containsExactly("k2", "k3");
            redrive();
            awaitIdle(consumer);
            assertThat(handledOf("k")).containsExactly("k1", "k2", "k3");
        }
    }

    @Test
    void aDroppedLetterLetsItsKeyGoOn() throws Exception {
        try (var consumer = billing()) {
            send("k1", "k2");
            awaitIdle(consumer);
            letters().drop(letter -> true);
            send("k3");
            awaitIdle(consumer);
            assertThat(handled).containsExactly("k3");
        }
    }

    @Test
    void aFollowerDoesNotGoHomeBeforeTheLetterThatItFollows() throws Exception {
        try (var consumer = billing()) {
            send("k1", "k2", "k3");
            awaitIdle(consumer);
        }
        var report = letters().redrive(letter -> !new String(letter.value()).equals("k1"), Integer.MAX_VALUE);
        assertThat(report.moved()).isZero();
        assertThat(report.left()).isEqualTo(3);
        assertThat(report.notes()).anyMatch(note -> note.contains("follow one that stays"));
        assertThat(open()).containsExactly("k1", "k2", "k3");
        assertThat(letters()
                        .drop(letter -> new String(letter.value()).equals("k1"))
                        .moved())
                .isEqualTo(1);
        bad = "none";
        assertThat(redrive().moved()).isEqualTo(2);
        try (var consumer = billing()) {
            awaitIdle(consumer);
            assertThat(handled).containsExactly("k2", "k3");
        }
    }

    @Test
    void aDeadLetterTopicWithAnotherNumberOfPartitionsWillDo() throws Exception {
        kafka.admin().ensure(ORDERS.named("orders.dlq").partitions(2));
        bad = "a1";
        try (var consumer = billing()) {
            send("a1", "b1", "c1", "d1", "a2", "b2", "c2", "d2");
            awaitIdle(consumer);
            assertThat(open()).containsExactly("a1", "a2");
        }
        send("a3", "b3");
        try (var consumer = billing()) {
            awaitIdle(consumer);
            assertThat(open()).containsExactly("a1", "a2", "a3");
            bad = "none";
            redrive();
            awaitIdle(consumer);
            assertThat(handledOf("a")).containsExactly("a1", "a2", "a3");
        }
    }

    @Test
    void lettersOfOtherGroupsHoldBackNothing() throws Exception {
        try (var consumer = billing()) {
            send("k1");
            awaitIdle(consumer);
        }
        try (var other = kafka.consumer("shipping")
                .startAt(Position.latest()) // so that it does not handle 1 itself
                .deadLetter(DeadLetter.suffix(".dlq").inKeyOrder())
                .eachMessage(ORDERS, m -> handled.add("shipping " + m.value()))
                .start()) {
            awaitIdle(other);
            send("k2");
            awaitIdle(other);
            assertThat(handled).containsExactly("shipping k2");
        }
    }

    /** By reading as a member does that has just got all partitions. */
    private int lettersThatHoldBack(LetterLog log, long asOf) {
        int found = 0;
        for (int p = 0; p < 3; p++) {
            found += log.read(Partition.of("orders", p), asOf, 0, new LongAdder())
                    .all()
                    .size();
        }
        return found;
    }

    private KafkaLetterLog log() {
        var places = DeadLetter.suffix(".dlq").inKeyOrder();
        return new KafkaLetterLog((ConnectedKafka) kafka, "billing", places, () -> assigned, () -> false);
    }

    @Test
    void twoTenuresOfAPartitionDoNotShareWhatOneOfThemHasTaken() throws Exception {
        try (var consumer = billing()) {
            send("k1");
            awaitIdle(consumer);
        }
        assigned = Set.of(Partition.of("orders", 0), Partition.of("orders", 1), Partition.of("orders", 2));
        var log = log();
        long asOf = Time.system().nanoTime();
        assertThat(lettersThatHoldBack(log, asOf)).isEqualTo(1);
        assertThat(lettersThatHoldBack(log, asOf)).isEqualTo(1);
    }

    @Test
    void lettersOfPartitionsThatOthersHaveAreNotKept() throws Exception {
        bad = "a1";
        try (var consumer = billing()) {
            send("a1");
            awaitIdle(consumer);
            bad = "b1";
            send("b1");
            awaitIdle(consumer);
        }
        var sources = new ArrayList<Partition>();
        try (var all = letters().browse()) {
            all.forEach(letter -> sources.add(letter.from().orElseThrow()));
        }
        assertThat(sources).doesNotHaveDuplicates().hasSize(2);
        var log = log();
        long asOf = Time.system().nanoTime();
        assertThat(found(log, sources.getFirst(), asOf)).isEqualTo(1);
        assertThat(log.kept()).as("the other partition is somebody else's").isZero();
        assertThat(found(log, sources.getLast(), asOf)).as("it has come").isEqualTo(1);

        assigned = Set.copyOf(sources);
        assertThat(found(log, sources.getFirst(), Time.system().nanoTime())).isEqualTo(1);
        assertThat(log.kept()).as("for the other one").isEqualTo(1);
        log.left(sources.getLast());
        assertThat(log.kept()).isZero();
        assertThat(found(log, sources.getLast(), asOf)).as("back again").isEqualTo(1);
    }

    private static int found(LetterLog log, Partition source, long asOf) {
        return log.read(source, asOf, 0, new LongAdder()).all().size();
    }

    @Test
    void aDeadLetterTopicThatIsDeletedAndMadeAnewHoldsBackOnlyWhatItHasNow() throws Exception {
        var letterTopic = ORDERS.named("orders.dlq").partitions(1); // so that offsets come again
        kafka.admin().ensure(letterTopic);
        try (var consumer = billing()) {
            send("k1", "k2");
            awaitIdle(consumer);
            assertThat(open()).containsExactly("k1", "k2");
            kafka.admin().delete("orders.dlq");
            kafka.admin().ensure(letterTopic);
            bad = "j1";
            send("j1", "j2");
            awaitIdle(consumer);
            send("k3");
            awaitIdle(consumer);
            assertThat(handled).containsExactly("k3");
            send("j3");
            awaitIdle(consumer);
            assertThat(open()).containsExactly("j1", "j2", "j3");
            bad = "none";
            redrive();
            awaitIdle(consumer);
            send("k4", "j4");
            awaitIdle(consumer);
            assertThat(handledOf("j")).containsExactly("j1", "j2", "j3", "j4");
            assertThat(handledOf("k")).containsExactly("k3", "k4");
        }
    }

    @Test
    void whatRetentionDeletedSinceItWasFetchedKeepsNobodyFromReadingWhatComesBack() throws Exception {
        try (var consumer = billing()) {
            send("k1");
            awaitIdle(consumer);
        }
        redrive();
        for (int p = 0; p < 3; p++) {
            var partition = Partition.of("orders", p);
            if (kafka.admin().offsets("orders", Position.latest()).getOrDefault(partition, 0L) > 0) {
                kafka.admin().truncate(partition, 1); // of two; the second one is on its way back
            }
        }
        assertThat(lettersThatHoldBack(log(), Time.system().nanoTime())).isEqualTo(1);
    }

    @Test
    void aTopicThatWouldCompactLettersAwayIsRefused() {
        kafka.admin().ensure(ORDERS.named("orders.dlq").partitions(3).config("cleanup.policy", "compact"));
        assertThatThrownBy(this::billing)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("orders.dlq")
                .hasMessageContaining("cleanup.policy=compact");
    }

    @Test
    void lettersOfOtherTopicsThatShareADeadLetterTopicAreNotKept() throws Exception {
        var payments = ORDERS.named("payments");
        kafka.admin().ensure(payments);
        var places = DeadLetter.topic("all.dlq").inKeyOrder();
        try (var consumer = kafka.consumer("billing")
                .retry(Retry.none())
                .deadLetter(places)
                .eachMessage(ORDERS, m -> refuse())
                .eachMessage(payments, m -> refuse())
                .start()) {
            send("k1");
            kafka.producer().send(payments, "k", "k1");
            awaitIdle(consumer);
        }
        var sources = new ArrayList<Partition>();
        try (var all = kafka.deadLetters("all.dlq").browse()) {
            all.forEach(letter -> sources.add(letter.from().orElseThrow()));
        }
        assertThat(sources).extracting(Partition::topic).containsExactlyInAnyOrder("orders", "payments");
        assigned = Set.copyOf(sources);
        var log = new KafkaLetterLog((ConnectedKafka) kafka, "billing", places, () -> assigned, () -> false);
        assertThat(found(log, sources.getFirst(), Time.system().nanoTime())).isEqualTo(1);
        assertThat(log.kept()).isZero();
        assertThat(found(log, sources.getLast(), Time.system().nanoTime())).isEqualTo(1);
    }

    private static void refuse() {
        throw new IllegalStateException("on purpose");
    }

    @Test
    void ofATopicThatCameLaterOnlyLettersThatAreOpenAreRemembered() throws Exception {
        var log = log();
        assertThat(lettersThatHoldBack(log, Time.system().nanoTime()))
                .as("it is not there yet")
                .isZero();
        try (var consumer = billing()) {
            for (int round = 0; round < 3; round++) {
                send("k1", "k2");
                awaitIdle(consumer);
                assertThat(gone(log)).isEmpty();
                assertThat(log.remembered()).isEqualTo(2);
                letters().drop(letter -> true);
            }
        }
    }

    /** Of those that are open. */
    private List<OpenLetter> gone(KafkaLetterLog log) {
        var open = new ArrayList<OpenLetter>();
        var source = new ArrayList<Partition>();
        try (var all = letters().browse()) {
            all.forEach(letter -> {
                source.add(letter.from().orElseThrow());
                open.add(new OpenLetter(
                        new Lanes.Key(letter.key()),
                        letter.firstOffset().orElseThrow(),
                        letter.at(),
                        letter.offset(),
                        OpenLetter.STILL_THERE));
            });
        }
        return log.gone(source.getFirst(), open, Time.system().nanoTime());
    }
}

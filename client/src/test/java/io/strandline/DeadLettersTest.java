package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The way back, on a broker. */
@Timeout(120)
class DeadLettersTest {
    private static final Topic<String, String> ORDERS = Topic.strings("orders").partitions(3);
    private static final Topic<String, String> LETTERS = ORDERS.named("orders.dlq");

    private Broker broker;
    private Kafka kafka;
    private DeadLetters letters;

    @BeforeEach
    void start() throws Exception {
        broker = Broker.start(BrokerConfig.defaults().port(0).durability(DurabilityMode.MEMORY));
        kafka = Kafka.connect(broker.bootstrapServers());
        kafka.admin().ensure(ORDERS, LETTERS);
        letters = kafka.deadLetters("orders.dlq");
    }

    @AfterEach
    void stop() throws Exception {
        kafka.close();
        broker.close();
    }

    private static Outgoing<String, String> letter(int partition, String value) {
        return Outgoing.to(LETTERS, "k", value)
                .header("trace", "t-" + value)
                .header("__dlq.errors.topic", "orders")
                .header("__dlq.errors.partition", Integer.toString(partition))
                .header("__dlq.errors.offset", "7")
                .header("__dlq.errors.group", "billing")
                .header("strandline.error.class", "java.sql.SQLException")
                .partition(partition);
    }

    private List<DeadLetters.Letter> browsed() {
        try (var all = letters.browse()) {
            return all.toList();
        }
    }

    private List<Message<String, String>> home() throws InterruptedException {
        return handledBy("reader-" + System.nanoTime());
    }

    private List<Message<String, String>> handledBy(String group) throws InterruptedException {
        return handledBy(group, ORDERS);
    }

    private List<Message<String, String>> handledBy(String group, Topic<String, String> topic)
            throws InterruptedException {
        var seen = new CopyOnWriteArrayList<Message<String, String>>();
        try (var reader =
                kafka.consumer(group).eachMessage(topic, m -> seen.add(m)).start()) {
            assertThat(reader.awaitIdle(Duration.ofSeconds(30))).isTrue();
        }
        return seen;
    }

    private static String text(DeadLetters.Letter letter) {
        return new String(letter.value() == null ? new byte[0] : letter.value(), UTF_8);
    }

    @Test
    void aLetterGoesHomeAsItWasAndIsNotShownAgain() throws Exception {
        kafka.producer().send(letter(2, "a"));
        assertThat(letters.count()).isEqualTo(1);
        var report = letters.redrive(l -> l.exception().endsWith("SQLException"), Integer.MAX_VALUE);
        assertThat(report.seen()).isEqualTo(1);
        assertThat(report.moved()).isEqualTo(1);
        assertThat(home()).singleElement().satisfies(m -> {
            assertThat(m.partition()).isEqualTo(Partition.of("orders", 2));
            assertThat(m.key()).isEqualTo("k");
            assertThat(m.value()).isEqualTo("a");
            assertThat(m.headers())
                    .extracting(Headers.Header::name)
                    .containsExactly("trace", "strandline.redriven", "strandline.origin");
            assertThat(m.headers().last("strandline.origin")).hasValue("orders-2@7");
            assertThat(m.headers().last("strandline.redriven")).hasValue("1");
        });
        assertThat(browsed()).isEmpty();
        assertThat(letters.redrive(l -> true, Integer.MAX_VALUE).seen()).isZero();
    }

    @Test
    void whatIsNotChosenStaysAndIsTheOnlyThingThatIsShownAfterwards() throws Exception {
        for (var value : List.of("a1", "b1", "a2", "b2", "a3")) {
            kafka.producer().send(letter(1, value));
        }
        var report = letters.redrive(l -> text(l).startsWith("a"), Integer.MAX_VALUE);
        assertThat(List.of(report.seen(), report.moved(), report.left(), report.failed()))
                .containsExactly(5L, 3L, 2L, 0L);
        assertThat(home()).extracting(Message::value).containsExactly("a1", "a2", "a3");
        assertThat(browsed()).extracting(DeadLettersTest::text).containsExactly("b1", "b2");
        assertThat(letters.drop(l -> text(l).equals("b1")).moved()).isEqualTo(1);
        assertThat(browsed()).extracting(DeadLettersTest::text).containsExactly("b2");
    }

    @Test
    void aRedriveThatDiedGoesOnWhereItWas() throws Exception {
        for (int i = 0; i < 10; i++) {
            kafka.producer().send(letter(0, "v" + i));
        }
        var time = new VirtualTime();
        try (var dying =
                Kafka.builder().bootstrap(broker.bootstrapServers()).time(time).build()) {
            assertThatThrownBy(() -> dying.deadLetters("orders.dlq")
                            .redrive(
                                    l -> {
                                        if (text(l).equals("v6")) {
                                            throw new IllegalStateException("killed");
                                        }
                                        return true;
                                    },
                                    1))
                    .hasMessage("killed");
        }
        letters.redrive(l -> true, Integer.MAX_VALUE);
        var values = home().stream().map(Message::value).toList();
        assertThat(values).contains("v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9");
        assertThat(values.size()).as("only the last second is done again").isLessThanOrEqualTo(12);
    }

    @Test
    void noMoreLettersGoHomeInASecondThanAllowed() {
        for (int i = 0; i < 10; i++) {
            kafka.producer().send(letter(0, "v" + i));
        }
        var time = new VirtualTime();
        try (var paced =
                Kafka.builder().bootstrap(broker.bootstrapServers()).time(time).build()) {
            long before = time.nanoTime();
            paced.deadLetters("orders.dlq").redrive(l -> true, 2);
            assertThat(Duration.ofNanos(time.nanoTime() - before)).isEqualTo(Duration.ofMillis(4_500));
        }
    }

    @Test
    void whatGoesHomeForOneGroupIsPassedOverByOthers() throws Exception {
        kafka.producer().send(Outgoing.to(ORDERS, "k", "plain").partition(2));
        kafka.producer().send(letter(2, "a"));
        letters.redriveFor("billing", l -> true, Integer.MAX_VALUE);
        assertThat(handledBy("shipping")).extracting(Message::value).containsExactly("plain");
        assertThat(kafka.admin().lag("shipping").values())
                .as("passed over, not stuck")
                .allMatch(lag -> lag == 0);
        assertThat(handledBy("billing")).extracting(Message::value).containsExactly("plain", "a");
    }

    @Test
    void aMessageThatFailsAgainAndAgainStaysInTheEnd() throws Exception {
        kafka.producer().send(Outgoing.to(ORDERS, "k", "bad"));
        for (int round = 0; round <= 3; round++) {
            try (var consumer = kafka.consumer("billing")
                    .retry(Retry.none())
                    .deadLetter(DeadLetter.suffix(".dlq"))
                    .eachMessage(ORDERS, m -> {
                        throw new IllegalStateException("still bad");
                    })
                    .start()) {
                assertThat(consumer.awaitIdle(Duration.ofSeconds(30))).isTrue();
            }
            assertThat(browsed())
                    .singleElement()
                    .extracting(DeadLetters.Letter::redriven)
                    .isEqualTo(round);
            var report = letters.redriveFor("billing", l -> true, Integer.MAX_VALUE);
            assertThat(report.moved()).isEqualTo(round < 3 ? 1 : 0);
            assertThat(report.left()).isEqualTo(round < 3 ? 0 : 1);
        }
        assertThat(letters.maxRedriven(4).redrive(l -> true, Integer.MAX_VALUE).moved())
                .isEqualTo(1);
    }

    @Test
    void aDryRunSaysWhatWouldHappenAndDoesNothing() throws Exception {
        kafka.producer().send(letter(1, "a"));
        assertThat(letters.dryRun().redrive(l -> true, 1).moved()).isEqualTo(1);
        assertThat(letters.dryRun().drop(l -> true).moved()).isEqualTo(1);
        assertThat(home()).isEmpty();
        assertThat(letters.count()).isEqualTo(1);
    }

    @Test
    void theOriginalTimeComesBackOnlyWhereTheSourceWouldKeepTheMessage() throws Exception {
        var week = ORDERS.named("weekly").config("retention.ms", "604800000");
        kafka.admin().ensure(week);
        var recent = Instant.ofEpochMilli(System.currentTimeMillis()).minus(Duration.ofDays(2));
        var soonGone = recent.minus(Duration.ofDays(4));
        var old = recent.minus(Duration.ofDays(20));
        for (var time : List.of(recent, soonGone, old)) {
            var weekly = letter(0, time.toString()).headers();
            weekly = weekly.without("__dlq.errors.topic")
                    .with("__dlq.errors.topic", "weekly")
                    .with("strandline.error.timestamp", Long.toString(time.toEpochMilli()));
            kafka.producer().send(letter(0, time.toString()).headers(weekly));
        }
        var report = letters.redrive(l -> true, Integer.MAX_VALUE);
        assertThat(report.moved()).isEqualTo(3);
        assertThat(report.retimed()).as("also what would be deleted tomorrow").isEqualTo(2);
        var seen = new CopyOnWriteArrayList<Message<String, String>>();
        try (var reader =
                kafka.consumer("r").eachMessage(week, m -> seen.add(m)).start()) {
            assertThat(reader.awaitIdle(Duration.ofSeconds(30))).isTrue();
        }
        assertThat(seen).hasSize(3);
        assertThat(seen.getFirst().timestamp()).isEqualTo(recent);
        assertThat(seen.getLast().timestamp()).isAfter(Instant.now().minus(Duration.ofHours(1)));
    }

    @Test
    void whatHasNoHomeStaysAndTheReportSaysWhy() {
        kafka.producer().send(LETTERS, "k", "from nowhere");
        var lost = letter(0, "lost").headers().without("__dlq.errors.topic").with("__dlq.errors.topic", "gone");
        kafka.producer().send(letter(0, "lost").headers(lost));
        var report = letters.redrive(l -> true, Integer.MAX_VALUE);
        assertThat(report.failed()).isEqualTo(2);
        assertThat(report.notes()).anyMatch(n -> n.contains("gone")).anyMatch(n -> n.contains("from(topic)"));
        assertThat(letters.count()).isEqualTo(2);
        assertThat(letters.from("orders").redrive(l -> true, Integer.MAX_VALUE).moved())
                .isEqualTo(1);
    }

    @Test
    void whatComesWhileItRunsIsLeftForTheNextTime() {
        kafka.producer().send(letter(0, "a"));
        kafka.producer().send(letter(2, "b"));
        var once = new AtomicBoolean(true);
        var report = letters.redrive(
                l -> {
                    if (once.getAndSet(false)) {
                        kafka.producer().send(letter(2, "meanwhile"));
                    }
                    return true;
                },
                Integer.MAX_VALUE);
        assertThat(report.seen()).isEqualTo(2);
        assertThat(browsed()).extracting(DeadLettersTest::text).containsExactly("meanwhile");
    }

    @Test
    void aPurgeDeletesWhatIsDoneWithUpToTheFirstThatIsNot() {
        for (var value : List.of("a", "b", "c", "d")) {
            kafka.producer().send(letter(1, value));
        }
        var begin = Partition.of("orders.dlq", 1);
        letters.drop(l -> !text(l).equals("c"));
        assertThat(letters.dryRun().purge()).isEqualTo(2);
        assertThat(kafka.admin().offsets("orders.dlq", Position.earliest())).containsEntry(begin, 0L);
        assertThat(letters.purge()).isEqualTo(2);
        assertThat(kafka.admin().offsets("orders.dlq", Position.earliest())).containsEntry(begin, 2L);
        assertThat(browsed()).extracting(DeadLettersTest::text).containsExactly("c");
        assertThat(letters.purge()).as("nothing more").isZero();
        assertThat(letters.drop(l -> true).moved()).isEqualTo(1);
        assertThat(letters.purge()).as("d was done with before").isEqualTo(2);
        assertThat(kafka.admin().offsets("orders.dlq", Position.earliest())).containsEntry(begin, 4L);
    }

    @Test
    void fewerThanOneASecondIsRefused() {
        assertThatThrownBy(() -> letters.redrive(l -> true, 0)).hasMessageContaining("not 0");
        assertThatThrownBy(() -> letters.maxRedriven(-1)).hasMessageContaining("not -1");
    }

    @Test
    void aConsumerThatRunsRenewsWhatBrokersWouldForget() throws Exception {
        renewedBy(consumer -> consumer.eachMessage(ORDERS, m -> {}));
    }

    @Test
    void aConsumerRenewsTheLettersOfTopicsThatItReadsByPatternAsWell() throws Exception {
        renewedBy(consumer -> consumer.eachMessageMatching(
                Pattern.compile("ord.*"), Serde.string(), Serde.string(), (m, context) -> {}));
    }

    private void renewedBy(UnaryOperator<Consumer.Builder> reading) throws Exception {
        for (var value : List.of("a", "b", "c")) {
            kafka.producer().send(letter(1, value));
        }
        var old = new VirtualTime(); // in whose time it is long ago
        var admin = (BlockingAdmin) kafka.admin();
        var group = TopicDeadLetters.GROUP_PREFIX + "orders.dlq";
        try (var then =
                Kafka.builder().bootstrap(broker.bootstrapServers()).time(old).build()) {
            then.deadLetters("orders.dlq").drop(l -> text(l).equals("b"));
        }
        var before = admin.committedWithMetadata(group).get(Partition.of("orders.dlq", 1));
        var later = new VirtualTime();
        later.pass(Duration.ofDays(6));
        try (var now = Kafka.builder()
                        .bootstrap(broker.bootstrapServers())
                        .time(later)
                        .build();
                var consumer = reading.apply(now.consumer("billing").deadLetter(DeadLetter.suffix(".dlq")))
                        .start()) {
            long limit = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (admin.committedWithMetadata(group)
                    .get(Partition.of("orders.dlq", 1))
                    .equals(before)) {
                assertThat(System.nanoTime()).as("not renewed").isLessThan(limit);
                Thread.onSpinWait();
            }
            assertThat(consumer.state()).isNotEqualTo(Consumer.State.CRASHED);
        }
        assertThat(browsed()).extracting(DeadLettersTest::text).containsExactly("a", "c");
    }

    @Test
    void aTopicThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> kafka.deadLetters("no.such.dlq").count()).hasMessageContaining("no.such.dlq");
    }

    @Test
    void whatIsForwardedWithItsHeadersIsForAllGroupsOfTheOtherTopic() throws Exception {
        kafka.producer().send(letter(2, "a"));
        letters.redriveFor("billing", l -> true, Integer.MAX_VALUE);
        var invoices = ORDERS.named("invoices");
        kafka.admin().ensure(invoices);
        for (var order : handledBy("billing")) {
            kafka.producer()
                    .send(Outgoing.to(invoices, order.key(), order.value()).headers(order.headers()));
        }
        assertThat(handledBy("shipping", invoices)).extracting(Message::value).containsExactly("a");
    }

    @Test
    void whatAnotherGroupGaveUpDoesNotGoHomeForOneThatNeverMissedIt() throws Exception {
        kafka.producer().send(letter(2, "a"));
        var ofShipping = letter(2, "b").headers().without("__dlq.errors.group").with("__dlq.errors.group", "shipping");
        kafka.producer().send(letter(2, "b").headers(ofShipping));
        var report = letters.redriveFor("billing", l -> true, Integer.MAX_VALUE);
        assertThat(report.moved()).isEqualTo(1);
        assertThat(report.left()).isEqualTo(1);
        assertThat(report.notes()).singleElement().asString().contains("shipping", "redrive(..)");
        assertThat(browsed()).extracting(DeadLettersTest::text).containsExactly("b");
        assertThat(letters.redrive(l -> true, Integer.MAX_VALUE).moved())
                .as("for all")
                .isEqualTo(1);
    }

    @Test
    void whatIsDoneWithIsRememberedAlsoWhereItLiesTooScatteredForMore() {
        kafka.producer()
                .sendBatch(IntStream.range(0, 6_000)
                        .mapToObj(i -> letter(0, Integer.toString(i)))
                        .toList());
        Predicate<DeadLetters.Letter> odd = l -> Integer.parseInt(text(l)) % 2 == 1;
        var report = letters.drop(odd);
        assertThat(report.moved()).isBetween(500L, 2_999L);
        assertThat(report.notes()).singleElement().asString().contains("too scattered");
        assertThat(letters.count()).isEqualTo(6_000 - report.moved());
        assertThat(letters.drop(odd).moved()).as("nothing fits").isZero();
        assertThat(letters.drop(l -> Integer.parseInt(text(l)) < 10).moved())
                .as("older ones make room")
                .isEqualTo(5);
        assertThat(letters.drop(odd).moved()).isPositive();
    }

    @Test
    void aLetterThatTellsNonsenseKeepsNoOtherFromGoingHome() throws Exception {
        for (var nonsense : List.of(
                List.of("__dlq.errors.topic", "no such/topic"),
                List.of("__dlq.errors.partition", "4294967295"),
                List.of("strandline.error.timestamp", "-5"))) {
            var name = nonsense.getFirst();
            kafka.producer()
                    .send(letter(1, name)
                            .headers(letter(1, name).headers().without(name).with(name, nonsense.getLast())));
        }
        kafka.producer().send(letter(1, "good"));
        var report = letters.redrive(l -> true, Integer.MAX_VALUE);
        assertThat(report.failed()).isEqualTo(1);
        assertThat(report.notes()).singleElement().asString().contains("no such/topic");
        assertThat(home())
                .extracting(Message::value)
                .containsExactlyInAnyOrder("__dlq.errors.partition", "strandline.error.timestamp", "good");
    }

    @Test
    void whoeverIsInterruptedStopsAtOnceAndWhatWentHomeIsRemembered() throws Exception {
        for (int i = 0; i < 10; i++) {
            kafka.producer().send(letter(0, "v" + i));
        }
        assertThatThrownBy(() -> letters.redrive(
                        l -> {
                            if (text(l).equals("v3")) {
                                Thread.currentThread().interrupt();
                            }
                            return true;
                        },
                        Integer.MAX_VALUE))
                .hasMessageContaining("remembered");
        assertThat(Thread.interrupted()).as("told to the caller").isTrue();
        letters.redrive(l -> true, Integer.MAX_VALUE);
        var values = home().stream().map(Message::value).toList();
        assertThat(values).contains("v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9");
        assertThat(values.size()).as("one may have been on its way").isLessThanOrEqualTo(11);
    }

    @Test
    void whatIsDeletedMeanwhileIsPassedOver() {
        for (int i = 0; i < 3; i++) {
            kafka.producer().send(letter(0, "a" + i));
            kafka.producer().send(letter(2, "b" + i));
        }
        var once = new AtomicBoolean(true);
        var report = letters.drop(l -> {
            if (once.getAndSet(false)) {
                kafka.admin().truncate(Partition.of("orders.dlq", 2), 2);
            }
            return true;
        });
        assertThat(report.moved()).isEqualTo(4);
        assertThat(letters.count()).isZero();
    }

    @Test
    void letterTopicsAreKeptForEverWhateverTheBrokerDoesWithOthers() throws Exception {
        try (var strict = Broker.start(BrokerConfig.defaults()
                        .port(0)
                        .durability(DurabilityMode.MEMORY)
                        .with("log.retention.bytes", "1000000"));
                var other = Kafka.connect(strict.bootstrapServers())) {
            other.admin().ensure(ORDERS.config("retention.ms", "2592000000"));
            try (var consumer = other.consumer("billing")
                    .retry(Retry.steps(Duration.ofSeconds(1)).inTopics())
                    .deadLetter(DeadLetter.suffix(".dlq"))
                    .eachMessage(ORDERS, m -> {})
                    .start()) {
                assertThat(consumer.group()).isEqualTo("billing");
                assertThat(other.admin().topic("orders.dlq").orElseThrow().config())
                        .containsEntry("retention.ms", "-1")
                        .containsEntry("retention.bytes", "-1")
                        .containsEntry("cleanup.policy", "delete");
                assertThat(other.admin().topic("orders.retry.1s").orElseThrow().config())
                        .as("no shorter than their source")
                        .containsEntry("retention.ms", "2592000000")
                        .containsEntry("retention.bytes", "-1");
            }
        }
    }

    @Test
    void aReportHasNoMoreNotesThanAnyoneReads() {
        kafka.producer()
                .sendBatch(IntStream.range(0, 150)
                        .mapToObj(i -> letter(0, "lost")
                                .headers(letter(0, "lost")
                                        .headers()
                                        .without("__dlq.errors.topic")
                                        .with("__dlq.errors.topic", "gone-" + i)))
                        .toList());
        var report = letters.redrive(l -> true, Integer.MAX_VALUE);
        assertThat(report.failed()).isEqualTo(150);
        assertThat(report.notes()).hasSize(101);
        assertThat(report.notes().getLast()).contains("More");
    }
}

package io.strandline;

import static io.strandline.Rig.P0;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** Each reason why nothing moves, as a user is told it: by its type, and in words that name the figures. */
class ExplanationTest {
    private final FakeGroup group = new FakeGroup("orders", 1);
    private final Rig.Choices choices = new Rig.Choices();
    private final AtomicReference<FakeGroup.Member> kafka = new AtomicReference<>();
    private final AtomicReference<Rig> rig = new AtomicReference<>();

    /** Not begun: the test is its poll thread. */
    private GroupMember consumer() {
        var parts = new Rig(group, choices);
        var own = group.join();
        rig.set(parts);
        kafka.set(own);
        var consumer = new GroupMember(
                own.consumer(),
                parts.settings,
                self -> parts.member,
                new Diagnosis("broker-1:9092", Optional::empty),
                () -> {});
        consumer.loop().subscribe();
        return consumer;
    }

    private void steps(GroupMember consumer) {
        for (int i = 0; i < 4; i++) {
            consumer.loop().step();
            rig.get().gate.settle();
            rig.get().time.pass(Duration.ofMillis(200));
        }
    }

    private GroupMember owner() {
        var consumer = consumer();
        group.assign(kafka.get(), List.of(P0));
        steps(consumer);
        return consumer;
    }

    private void append(String... values) {
        for (var value : values) {
            group.append(P0, "k".getBytes(UTF_8), value.getBytes(UTF_8));
        }
    }

    private static Reason onlyPartition(GroupMember consumer) {
        return consumer.explain().partitions().getFirst().why();
    }

    private static <R extends Reason> R ofConsumer(GroupMember consumer, Class<R> type) {
        return consumer.explain().consumer().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst()
                .orElseThrow(() -> new AssertionError(consumer.explain().toString()));
    }

    @Test
    void lettersThatCannotBeReadDegradeTheHealthForNothingMovesBeforeTheyAre() {
        var letters = new FakeLetters(group, 1);
        letters.answers = false;
        choices.keyOrder = Optional.of(letters);
        append("a");
        var consumer = owner();
        assertThat(onlyPartition(consumer)).isInstanceOf(Reason.LettersUnread.class);
        assertThat(consumer.health().checks()).anySatisfy(check -> {
            assertThat(check.status()).isEqualTo(Health.Status.DEGRADED);
            assertThat(check.detail()).contains("orders-0").contains("nobody answers");
        });
    }

    @Test
    void theHandlerIsBusy() {
        append("a", "b", "c");
        var consumer = consumer();
        rig.get().gate.shut();
        group.assign(kafka.get(), List.of(P0));
        steps(consumer);
        rig.get().time.pass(Duration.ofSeconds(70));
        assertThat(onlyPartition(consumer)).isInstanceOfSatisfying(Reason.HandlerBusy.class, busy -> {
            assertThat(busy.offset()).isZero();
            assertThat(busy.busy()).isGreaterThanOrEqualTo(Duration.ofSeconds(70));
            assertThat(busy.waiting()).isEqualTo(2);
            assertThat(busy.stack()).contains("HandlerGate.enter");
        });
        assertThat(consumer.lag()).containsEntry(Partition.of(P0), 3L);
        rig.get().gate.open();
    }

    @Test
    void aRetryWaits() {
        choices.handler = (m, ctx) -> {
            throw new IllegalStateException("no connection to the bank");
        };
        append("a", "b");
        var consumer = owner();
        assertThat(onlyPartition(consumer)).isInstanceOfSatisfying(Reason.RetryWaiting.class, waiting -> {
            assertThat(waiting.failed()).isEqualTo(1);
            assertThat(waiting.waiting()).isEqualTo(1);
            assertThat(waiting.text()).contains("no connection to the bank");
        });
    }

    @Test
    void aMessageThatIsTriedAgainForEverDegradesTheHealthUntilItIsDone() {
        var broken = new AtomicReference<>(true);
        choices.retry = Retry.fixed(Duration.ofSeconds(25)).forever();
        choices.deadLetter = Optional.empty();
        choices.handler = (m, ctx) -> {
            if (broken.get()) {
                throw new IllegalStateException("no connection to the bank");
            }
        };
        append("a", "b");
        var consumer = owner();
        retryOnce(consumer);
        assertThat(consumer.health().status()).as("for less than stuckAfter").isEqualTo(Health.Status.UP);
        retryOnce(consumer);
        retryOnce(consumer);
        assertTriedForLong(consumer, "attempt 5");

        rig.get().gate.shut();
        retryOnce(consumer);
        assertTriedForLong(consumer, "attempt 5"); // also while it runs
        consumer.pause("orders");
        assertThat(consumer.health().status()).as("on purpose").isEqualTo(Health.Status.UP);
        consumer.resume("orders");
        broken.set(false);
        rig.get().gate.open();
        steps(consumer);
        assertThat(consumer.health().status()).isEqualTo(Health.Status.UP);
    }

    private void retryOnce(GroupMember consumer) {
        rig.get().time.pass(Duration.ofSeconds(25));
        steps(consumer);
    }

    private static void assertTriedForLong(GroupMember consumer, String attempt) {
        assertThat(consumer.health().checks()).anySatisfy(check -> {
            assertThat(check.status()).isEqualTo(Health.Status.DEGRADED);
            assertThat(check.detail()).contains("orders-0@0", attempt, "no connection to the bank");
        });
    }

    @Test
    void theHandlerHasPausedIt() {
        choices.handler = (m, ctx) -> {
            ctx.pause(Duration.ofMinutes(5));
            throw new IllegalStateException("too many requests");
        };
        append("a");
        var consumer = owner();
        assertThat(onlyPartition(consumer)).isInstanceOf(Reason.PausedByHandler.class);
        assertThat(onlyPartition(consumer).text()).contains("paused by its handler");
    }

    @Test
    void itIsPausedFromOutside() {
        append("a");
        var consumer = consumer();
        var pause = consumer.pause("orders");
        group.assign(kafka.get(), List.of(P0));
        steps(consumer);
        assertThat(onlyPartition(consumer)).isInstanceOf(Reason.PausedFromOutside.class);
        assertThat(consumer.paused()).containsExactly(Partition.of(P0));
        pause.close();
        steps(consumer);
        assertThat(onlyPartition(consumer)).isInstanceOf(Reason.Idle.class);
    }

    private static final TopicPartition EU = new TopicPartition("audit-eu", 0);
    private static final TopicPartition US = new TopicPartition("audit-us", 0);

    private void readsByPattern() {
        group.addPartitions("audit-eu", 0, 1);
        group.addPartitions("audit-us", 0, 1);
        choices.patterns = List.of(matching("audit-.*"));
    }

    private static ConsumerSettings.Matching<?, ?> matching(String pattern) {
        return new ConsumerSettings.Matching<>(
                Pattern.compile(pattern),
                Serde.string(),
                Serde.string(),
                new ConsumerSettings.Work.EachMessage<>((m, ctx) -> {}));
    }

    private static Partition[] ours(TopicPartition... partitions) {
        return Stream.of(partitions).map(Partition::of).toArray(Partition[]::new);
    }

    @Test
    void aTopicThatAPatternMatchesIsPausedAndResumedByItsName() {
        readsByPattern();
        var consumer = consumer();
        group.assign(kafka.get(), List.of(P0, EU));
        steps(consumer);
        var pause = consumer.pause("audit-eu", "audit-us");
        assertThat(consumer.paused()).containsExactly(ours(EU));
        assertThat(pause.partitions()).containsExactly(ours(EU));

        group.assign(kafka.get(), List.of(US));
        steps(consumer);
        assertThat(consumer.paused()).as("what came later as well").containsExactly(ours(EU, US));
        consumer.resume("audit-eu");
        assertThat(consumer.paused()).containsExactly(ours(US));
        pause.close();
        assertThat(consumer.paused()).isEmpty();
    }

    @Test
    void theTopicOfDeadLettersIsNotReadThoughItsNameMatches() {
        readsByPattern();
        var consumer = consumer();
        assertThatThrownBy(() -> consumer.pause("audit-eu", "audit-eu.dlq"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "This consumer does not read topic audit-eu.dlq, but [orders][audit-.*], from which its dead"
                                + " letters are left out");
        assertThatThrownBy(() -> consumer.resume("bills"))
                .hasMessage("This consumer does not read topic bills, but [orders][audit-.*]");
    }

    @Test
    void aPauseOfAllTopicsHoldsThoseThatAPatternMatchesNowAndLater() {
        readsByPattern();
        var consumer = consumer();
        group.assign(kafka.get(), List.of(P0, EU));
        steps(consumer);
        consumer.pause();
        assertThat(consumer.paused()).containsExactly(ours(EU, P0));
        consumer.resume("audit-eu");
        group.assign(kafka.get(), List.of(US));
        steps(consumer);
        assertThat(consumer.paused()).containsExactly(ours(US, P0));

        consumer.resume();
        assertThat(consumer.paused()).isEmpty();
        group.assign(group.join(), List.of(US));
        steps(consumer);
        group.assign(kafka.get(), List.of(US));
        steps(consumer);
        assertThat(consumer.assignment()).containsExactly(ours(EU, US, P0));
        assertThat(consumer.paused()).as("the pause has ended for all").isEmpty();
    }

    @Test
    void theGroupIsRebalancing() {
        var consumer = owner();
        var seen = new ArrayList<Explanation>();
        append("a");
        rig.get().gate.shut();
        steps(consumer);
        rig.get().time.duringSleep(() -> seen.add(consumer.explain()));
        group.assign(group.join(), List.of(P0));
        consumer.loop().step(); // waits for the handler, which others see meanwhile
        assertThat(seen.getFirst().consumer()).hasAtLeastOneElementOfType(Reason.Rebalancing.class);
        assertThat(seen.getFirst().partitions().getFirst().why()).isInstanceOf(Reason.BeingRevoked.class);
        rig.get().gate.open();
    }

    @Test
    void thereAreMoreMembersThanPartitions() {
        var consumer = consumer();
        group.assign(group.join(), List.of(P0));
        steps(consumer);
        rig.get().time.pass(Duration.ofSeconds(30));
        var reason = ofConsumer(consumer, Reason.NoAssignment.class);
        assertThat(reason.since()).isGreaterThanOrEqualTo(Duration.ofSeconds(30));
        assertThat(reason.text()).contains("as many other members as the topics have partitions");
    }

    @Test
    void noTopicMatchesAPattern() {
        readsByPattern();
        choices.named = false;
        choices.patterns = List.of(choices.patterns.getFirst(), matching("bills-.*"));
        group.addPartitions("bills-eu.dlq", 0, 1); // of dead letters, so it does not count
        var consumer = consumer();
        steps(consumer);
        var reason = ofConsumer(consumer, Reason.NothingMatches.class);
        assertThat(reason.pattern()).isEqualTo("bills-.*");
        assertThat(reason.text()).contains("no topic matches bills-.*");
        assertThat(consumer.explain().consumer())
                .as("audit topics are there, and others have them")
                .hasAtLeastOneElementOfType(Reason.NoAssignment.class);

        choices.patterns = List.of(matching("bills-.*"));
        consumer = consumer();
        steps(consumer);
        assertThat(consumer.explain().consumer()).containsExactly(new Reason.NothingMatches("bills-.*"));

        var bills = new TopicPartition("bills-eu", 0);
        group.addPartitions("bills-eu", 0, 1);
        group.assign(kafka.get(), List.of(bills));
        steps(consumer);
        assertThat(consumer.assignment()).containsExactly(ours(bills));
        assertThat(consumer.explain().consumer()).isEmpty();
    }

    @Test
    void noBrokerCanBeReached() {
        var consumer = owner();
        kafka.get().brokerIsThere = false;
        for (int i = 0; i < 10; i++) {
            steps(consumer);
        }
        var reason = ofConsumer(consumer, Reason.BrokerUnreachable.class);
        assertThat(reason.text()).contains("broker-1:9092");
        kafka.get().brokerIsThere = true;
        steps(consumer);
        assertThat(consumer.explain().consumer()).noneMatch(r -> r instanceof Reason.BrokerUnreachable);
    }

    @Test
    void theCommittedPlaceWasLost() {
        append("a", "b", "c");
        group.committed.put(P0, new OffsetAndMetadata(1));
        group.truncate(P0, 2);
        var consumer = owner();
        var reason = ofConsumer(consumer, Reason.OffsetLost.class);
        assertThat(reason.wanted()).isEqualTo(1);
        assertThat(reason.resumedAt()).isEqualTo(2);
        assertThat(consumer.explain().toString()).contains("offset 1 was gone").contains("orders-0");
    }

    @Test
    void allHandlersAreBusyElsewhere() {
        group.addPartitions("orders", 1, 2);
        choices.concurrency = Concurrency.perKey(1);
        append("a");
        group.append(new TopicPartition("orders", 1), "k".getBytes(UTF_8), "b".getBytes(UTF_8));
        var consumer = consumer();
        rig.get().gate.shut();
        group.assign(kafka.get(), group.partitions());
        steps(consumer);
        assertThat(consumer.explain().partitions())
                .extracting(progress -> progress.why().getClass().getSimpleName())
                .containsExactlyInAnyOrder("HandlerBusy", "AllHandlersBusy");
        rig.get().gate.open();
    }

    @Test
    void aPauseThatWasEndedByItsTopicsIsForgotten() {
        readsByPattern();
        var consumer = consumer();
        for (int i = 0; i < 10; i++) {
            consumer.pause("orders", "audit-eu");
            consumer.pause(Partition.of(P0));
            consumer.resume("orders");
            consumer.resume("audit-eu");
        }
        assertThat(consumer.pauses()).isZero();
    }

    @Test
    void aPartitionOfATopicThatIsNotReadCannotBePaused() {
        var consumer = owner();
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> consumer.pause(Partition.of("oders", 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("oders");
    }
}

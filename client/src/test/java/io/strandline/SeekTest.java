package io.strandline;

import static io.strandline.Rig.P0;
import static io.strandline.Rig.P1;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class SeekTest {
    private static final Partition FIRST = Partition.of("orders", 0);

    private final FakeGroup group = new FakeGroup("orders", 2);
    private final Rig.Choices choices = new Rig.Choices();
    private final List<String> handled = Collections.synchronizedList(new ArrayList<>());

    private Rig rig() {
        choices.handler = (m, ctx) -> handled.add(m.value());
        return new Rig(group, choices);
    }

    @Test
    void readingGoesOnElsewhereAndTheNewPlaceIsCommitted() {
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.own(P0);
        rig.steps(2);
        rig.loop.seek(FIRST::equals, Position.offset(1));
        rig.step();
        assertThat(handled).containsExactly("a", "b", "c", "b", "c");
        rig.loop.seek(FIRST::equals, Position.offset(0));
        rig.gate.shut();
        rig.step();
        rig.steps(2);
        assertThat(rig.committed(P0)).isZero();
        assertThat(rig.events(Event.Sought.class)).extracting(Event.Sought::to).containsExactly(1L, 0L);
    }

    @Test
    void aPointInTimeAndBothEndsCanBeSought() {
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.append(P1, "d");
        rig.own(P0, P1);
        rig.steps(2);
        handled.clear();
        rig.loop.seek(p -> true, Position.at(Instant.ofEpochMilli(1_001)));
        rig.steps(2);
        assertThat(handled).containsExactly("b", "c");
        rig.loop.seek(p -> true, Position.earliest());
        rig.steps(2);
        assertThat(handled).containsExactlyInAnyOrder("b", "c", "a", "b", "c", "d");
        rig.loop.seek(p -> true, Position.latest());
        rig.append(P1, "new");
        rig.steps(2);
        assertThat(handled).endsWith("new");
    }

    @Test
    void messagesInHandBecomeStaleAndWhatWasNotBegunIsNotHandedOut() {
        var contexts = new ArrayList<Handler.Context>();
        choices.retry = Retry.fixed(Duration.ofSeconds(1)).attempts(2);
        var rig = rig();
        choices.handler = (m, ctx) -> {
            handled.add(m.value());
            contexts.add(ctx);
            if ("a".equals(m.value())) {
                throw new IllegalStateException("too late to matter");
            }
        };
        rig.append(P0, "a", "b", "c", "d");
        rig.gate.shut();
        rig.own(P0);
        rig.loop.seek(FIRST::equals, Position.offset(3));
        rig.steps(2);
        assertThat(rig.gate.waiting()).hasSize(1);
        assertThat(rig.reason(P0)).isInstanceOf(Reason.BusyFromBefore.class);
        rig.gate.open();
        rig.gate.settle();
        rig.steps(3);
        assertThat(handled).containsExactly("a", "d");
        assertThat(contexts.getFirst().stale()).isTrue();
        assertThat(contexts.getLast().stale()).isFalse();
        assertThat(rig.events(Event.Retrying.class)).isEmpty();
        assertThat(rig.committed(P0)).isEqualTo(4);
    }

    @Test
    void twoSeeksWaitForTheSameHandler() {
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.gate.shut();
        rig.own(P0);
        rig.loop.seek(FIRST::equals, Position.offset(1));
        rig.step();
        rig.loop.seek(FIRST::equals, Position.offset(2));
        rig.steps(2);
        assertThat(rig.gate.waiting()).hasSize(1);
        rig.gate.open();
        rig.steps(3);
        assertThat(handled).containsExactly("a", "c");
    }

    @Test
    void aStopNamesAlsoWhatWasBegunBeforeASeek() {
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.gate.shut();
        rig.own(P0);
        rig.loop.seek(FIRST::equals, Position.offset(2));
        assertThat(rig.loop.drain(Duration.ofMillis(50))).isFalse();
        assertThat(rig.events(Event.Revoked.class))
                .extracting(Event.Revoked::unfinished)
                .containsExactly(Map.of(FIRST, 0L));
    }

    @Test
    void aHandlerThatASeekLeavesBehindIsNamedWhenItIsStuck() {
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.gate.shut();
        rig.own(P0);
        rig.loop.seek(FIRST::equals, Position.offset(2));
        for (int i = 0; i < 5; i++) {
            rig.time.pass(Duration.ofSeconds(40));
            rig.step();
        }
        assertThat(rig.events(Event.HandlerStuck.class))
                .as("named once")
                .extracting(Event.HandlerStuck::offset)
                .containsExactly(0L);
    }

    @Test
    void healthKnowsAlsoOfAHandlerThatASeekLeftBehind() {
        var rig = rig();
        var kafka = group.join();
        var consumer = new GroupMember(
                kafka.consumer(), rig.settings, self -> rig.member, new Diagnosis("", Optional::empty), () -> {});
        consumer.loop().subscribe();
        rig.append(P0, "a", "b", "c");
        rig.gate.shut();
        group.assign(kafka, List.of(P0));
        consumer.loop().step();
        consumer.loop().step();
        rig.gate.settle();
        consumer.loop().seek(FIRST::equals, Position.offset(2));
        rig.time.pass(Duration.ofMinutes(2));
        consumer.loop().step();
        assertThat(consumer.health().checks())
                .filteredOn(check -> check.name().endsWith(".handlers"))
                .singleElement()
                .satisfies(check -> {
                    assertThat(check.status()).isEqualTo(Health.Status.DEGRADED);
                    assertThat(check.detail()).contains("orders-0@0");
                });
        rig.gate.open();
    }

    @Test
    void aRevocationWaitsAlsoForWhatWasBegunBeforeASeek() {
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.gate.shut();
        rig.own(P0);
        rig.loop.seek(FIRST::equals, Position.offset(2));
        rig.time.duringSleep(() -> rig.gate.waiting().forEach(rig.gate::pass));
        group.assign(group.join(), List.of(P0));
        rig.step();
        assertThat(handled).containsExactly("a");
        assertThat(rig.events(Event.Revoked.class))
                .extracting(Event.Revoked::unfinished)
                .containsExactly(Map.of());
    }

    @Test
    void pausesStayAndEndAsBefore() {
        var held = new ArrayList<Pause>();
        var rig = rig();
        choices.handler = (m, ctx) -> {
            handled.add(m.value());
            if (held.isEmpty()) {
                held.add(ctx.pause());
            }
        };
        rig.append(P0, "a", "b");
        rig.own(P0);
        rig.loop.seek(FIRST::equals, Position.earliest());
        rig.steps(3);
        assertThat(rig.reason(P0)).isInstanceOf(Reason.PausedByHandler.class);
        assertThat(handled).containsExactly("a");
        held.getFirst().resume();
        rig.steps(2);
        assertThat(handled).containsExactly("a", "a", "b");
    }

    /** Between what a pause looks up and what it then holds back, the poll thread may have gone on elsewhere. */
    @Test
    void aPauseThatMeetsASeekIsNotLost() throws Exception {
        var rig = rig();
        rig.own(P0);
        try (var other = Executors.newSingleThreadExecutor()) {
            for (int i = 0; i < 2_000; i++) {
                var before = rig.tenure(P0);
                var together = new CyclicBarrier(2);
                var pause = new Object();
                var paused = other.submit(() -> {
                    together.await();
                    return before.hold(pause, Tenure.By.OUTSIDE, Optional.empty());
                });
                together.await();
                rig.loop.seek(FIRST::equals, Position.earliest());
                paused.get();
                assertThat(rig.tenure(P0).paused()).isTrue();
                before.releaseAll(); // whoever resumes may also know the old one only
                assertThat(rig.tenure(P0).paused()).isFalse();
            }
        }
    }

    @Test
    void aConsumerThatAlwaysBeginsAtAPlacePassesOverWhatIsCommittedButNotTwice() {
        choices.alwaysStartAt = Optional.of(Position.earliest());
        var rig = rig();
        rig.append(P0, "a", "b");
        group.committed.put(P0, new OffsetAndMetadata(2));
        rig.own(P0);
        rig.steps(2);
        assertThat(handled).containsExactly("a", "b");

        group.assign(group.join(), List.of(P0));
        rig.step();
        group.assign(rig.kafka, List.of(P0));
        group.owners.remove(P0);
        rig.append(P0, "c");
        rig.steps(3);
        assertThat(handled).containsExactly("a", "b", "c");
    }

    @Test
    void aPlaceStaysAlsoWhenAPollTellsLateThatNothingIsCommitted() {
        choices.startAt = Position.latest();
        choices.alwaysStartAt = Optional.of(Position.earliest());
        var rig = rig();
        rig.kafka.tellsLate = true;
        rig.append(P0, "a", "b");
        rig.own(P0);
        rig.steps(4);
        assertThat(handled).containsExactly("a", "b");
    }

    @Test
    void topicsAreFoundByPatternButNotTheDeadLettersOfThese() {
        choices.patterns = List.of(new ConsumerSettings.Matching<>(
                Pattern.compile("orders|invoices.*"),
                Serde.string(),
                Serde.string(),
                new ConsumerSettings.Work.EachMessage<>((m, ctx) -> handled.add(m.topic() + " " + m.value()))));
        var rig = rig();
        group.addPartitions("invoices.eu", 0, 1);
        var invoices = new TopicPartition("invoices.eu", 0);
        rig.append(P0, "a");
        rig.append(invoices, "i");
        rig.own(P0, invoices);
        rig.steps(2);
        assertThat(handled).containsExactlyInAnyOrder("a", "invoices.eu i");
        var topics = rig.settings.allTopics().orElseThrow().asMatchPredicate();
        assertThat(rig.kafka.pattern)
                .hasToString(rig.settings.allTopics().orElseThrow().pattern());
        assertThat(List.of("orders", "invoices", "invoices.eu")).allMatch(topics);
        assertThat(List.of("orders.dlq", "invoices.eu.dlq", "my-invoices")).noneMatch(topics);
    }

    @Test
    void aPatternIsMeantWithItsFlags() {
        choices.patterns = List.of(
                matching(Pattern.compile("(bills) # of all kinds", Pattern.COMMENTS)),
                matching(Pattern.compile("INVOICES[.].*", Pattern.CASE_INSENSITIVE)),
                matching(Pattern.compile("a.b", Pattern.LITERAL)));
        choices.named = false;
        var topics = rig().settings.allTopics().orElseThrow().asMatchPredicate();
        assertThat(List.of("bills", "invoices.eu", "a.b")).allMatch(topics);
        assertThat(List.of("BILLS", "axb", "invoices.eu.dlq", "orders")).noneMatch(topics);
    }

    private static ConsumerSettings.Matching<?, ?> matching(Pattern pattern) {
        return new ConsumerSettings.Matching<>(
                pattern, Serde.string(), Serde.string(), new ConsumerSettings.Work.EachMessage<>((m, ctx) -> {}));
    }
}

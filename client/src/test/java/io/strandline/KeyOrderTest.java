package io.strandline;

import static io.strandline.Rig.P0;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Behind a dead letter its key keeps its order. */
class KeyOrderTest {
    private final FakeGroup group = new FakeGroup("orders", 2);
    private final FakeLetters letters = new FakeLetters(group, 2);
    private final Rig.Choices choices = new Rig.Choices();
    private final List<String> handled = Collections.synchronizedList(new ArrayList<>());
    private volatile String bad = "bad";

    private Rig rig() {
        choices.retry = Retry.none();
        choices.deadLetter = Optional.of(DeadLetter.suffix(".dlq").inKeyOrder());
        choices.keyOrder = Optional.of(letters);
        choices.writer = letters;
        choices.gated = false;
        choices.handler = (m, ctx) -> {
            if (String.valueOf(m.value()).endsWith(bad)) {
                throw new IllegalStateException("on purpose");
            }
            handled.add(m.value());
        };
        return new Rig(group, choices);
    }

    private List<String> open() {
        return letters.open().stream()
                .map(record -> new String(record.value(), UTF_8))
                .toList();
    }

    @Test
    void laterMessagesOfTheKeyFollowALetterAndOthersGoOn() {
        var rig = rig();
        rig.appendKeyed(P0, "k:bad", "j:1", "k:2", "without", "k:3", "j:2");
        rig.own(P0);
        rig.steps(3);
        assertThat(handled).containsExactly("j:1", "without", "j:2");
        assertThat(open()).containsExactly("k:bad", "k:2", "k:3");
        assertThat(rig.committed(P0)).as("nothing waits").isEqualTo(6);
        assertThat(rig.events(Event.Parked.class))
                .extracting(Event.Parked::offset, Event.Parked::behind, Event.Parked::behindOffset)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(2L, Partition.of("orders.dlq", 0), 0L),
                        org.assertj.core.groups.Tuple.tuple(4L, Partition.of("orders.dlq", 0), 0L));
        assertThat(rig.events(Event.DeadLettered.class)).hasSize(1);
        var follower = Dialect.read(letters.open().getLast(), Optional.empty());
        assertThat(follower.follows()).isEqualTo("orders.dlq-0@0");
        assertThat(follower.attempts()).isZero();
        assertThat(follower.message()).contains("parked behind orders.dlq-0@0");
        assertThat(follower.stackTrace()).isEmpty();
    }

    @Test
    void whatIsSentHomeComesBackInOrderAndBeforeAnythingNewer() {
        var rig = rig();
        rig.appendKeyed(P0, "k:bad", "k:2");
        rig.own(P0);
        rig.steps(3);
        rig.appendKeyed(P0, "k:3"); // before they are back
        bad = "nothing";
        letters.redriveAll();
        rig.appendKeyed(P0, "k:4");
        rig.steps(3);
        assertThat(handled).containsExactly("k:bad", "k:2");
        assertThat(open()).containsExactly("k:3", "k:4");
        letters.redriveAll();
        rig.steps(3);
        rig.appendKeyed(P0, "k:5");
        rig.steps(3);
        assertThat(handled).containsExactly("k:bad", "k:2", "k:3", "k:4", "k:5");
    }

    @Test
    void aLetterThatFailsAgainIsFollowedAgainAndGoesHomeFirst() {
        var rig = rig();
        rig.appendKeyed(P0, "k:bad", "k:2");
        rig.own(P0);
        rig.steps(3);
        rig.appendKeyed(P0, "k:3");
        letters.redriveAll();
        rig.steps(4);
        assertThat(handled).isEmpty();
        assertThat(open()).as("3 was parked first").containsExactly("k:3", "k:bad", "k:2");
        bad = "nothing";
        letters.redriveAll();
        rig.steps(3);
        assertThat(handled).containsExactly("k:bad", "k:2", "k:3");
    }

    @Test
    void lettersThatWereDroppedAreForgottenAlsoIfTheirKeysNeverComeAgain() {
        letters.openMax = 2;
        var rig = rig();
        rig.own(P0);
        for (var key : List.of("a", "b", "c", "d", "e", "f")) {
            rig.appendKeyed(P0, key + ":bad");
            rig.steps(3);
            letters.drop(letter -> true);
        }
        assertThat(rig.events(Event.DeadLettered.class)).hasSize(6);
        assertThat(Objects.requireNonNull(rig.tenure(P0).keyOrder()).keys()).isLessThanOrEqualTo(2);
    }

    @Test
    void aLetterGoesHomeHoweverManyOfItsFollowersLieBeforeIt() {
        letters.deferredMax = 2;
        var rig = rig();
        rig.appendKeyed(P0, "k:bad", "k:2");
        rig.own(P0);
        rig.steps(3);
        rig.appendKeyed(P0, "k:3", "k:4", "k:5");
        letters.redriveAll();
        rig.steps(4);
        assertThat(open()).containsExactly("k:3", "k:4", "k:5", "k:bad", "k:2");
        bad = "nothing";
        letters.redriveAll();
        rig.steps(4);
        assertThat(handled).containsExactly("k:bad", "k:2", "k:3", "k:4");
        letters.redriveAll();
        rig.steps(4);
        assertThat(handled).containsExactly("k:bad", "k:2", "k:3", "k:4", "k:5");
    }

    @Test
    void aPartitionWithoutMessagesIsIdleAndAPauseOfItIsSaidToBeOne() {
        var rig = rig();
        rig.own(P0);
        rig.steps(2);
        assertThat(rig.reason(P0)).isInstanceOf(Reason.Idle.class);
        rig.tenure(P0).hold("somebody", Tenure.By.OUTSIDE, Optional.empty());
        assertThat(rig.reason(P0)).isInstanceOf(Reason.PausedFromOutside.class);
    }

    @Test
    void aDroppedLetterHoldsBackNothingThatComesLater() {
        var rig = rig();
        rig.appendKeyed(P0, "k:bad");
        rig.own(P0);
        rig.steps(3);
        letters.drop(letter -> true);
        rig.appendKeyed(P0, "k:2");
        rig.steps(3);
        assertThat(handled).containsExactly("k:2");
    }

    @Test
    void whoeverTakesThePartitionKnowsTheLettersBeforeItsFirstMessage() {
        var before = rig();
        before.appendKeyed(P0, "k:bad");
        before.own(P0);
        before.steps(3);
        group.leave(before.kafka);
        before.appendKeyed(P0, "k:2", "j:1");
        letters.answers = false;
        var after = rig();
        after.own(P0);
        after.steps(3);
        assertThat(handled).isEmpty();
        assertThat(after.reason(P0))
                .isInstanceOfSatisfying(
                        Reason.LettersUnread.class,
                        unread -> assertThat(unread.text()).contains("nobody answers"));
        letters.answers = true;
        after.time.pass(Duration.ofSeconds(2));
        after.steps(3);
        assertThat(handled).containsExactly("j:1");
        assertThat(open()).containsExactly("k:bad", "k:2");
    }

    @Test
    void whoeverTakesThePartitionKnowsWhatIsOnItsWayBack() {
        var before = rig();
        before.appendKeyed(P0, "k:bad");
        before.own(P0);
        before.steps(3);
        group.leave(before.kafka);
        before.appendKeyed(P0, "k:2");
        letters.redriveAll(); // bad lies behind 2 now, and its letter is done with
        bad = "nothing";
        var after = rig();
        after.own(P0);
        after.steps(4);
        assertThat(handled).containsExactly("k:bad");
        assertThat(open()).containsExactly("k:2");
        assertThat(after.events(Event.Parked.class))
                .extracting(Event.Parked::behind)
                .containsExactly(Partition.of("orders", 0));
    }

    @Test
    void aMessageWaitsForRoomWhenAsManyLettersAreOpenAsAreKeptInMind() {
        letters.openMax = 2;
        var rig = rig();
        rig.appendKeyed(P0, "k:bad", "k:2", "k:3", "j:1");
        rig.own(P0);
        rig.steps(3);
        assertThat(open()).containsExactly("k:bad", "k:2");
        assertThat(rig.reason(P0)).isInstanceOfSatisfying(Reason.LettersFull.class, full -> {
            assertThat(full.offset()).isEqualTo(2);
            assertThat(full.text()).contains("orders.dlq", "2 dead letters");
        });
        bad = "nothing";
        letters.redriveAll();
        rig.time.pass(Duration.ofSeconds(2));
        rig.steps(4);
        assertThat(handled).containsExactly("j:1", "k:bad", "k:2");
        letters.redriveAll();
        rig.steps(4);
        assertThat(handled).containsExactly("j:1", "k:bad", "k:2", "k:3");
    }

    /** Of three, where two are kept; behind them waits a message of another key. */
    private Rig ownerOfMoreLettersThanItCanKeepInMind() {
        var before = rig();
        before.appendKeyed(P0, "k:bad", "k:2", "k:3");
        before.own(P0);
        before.steps(3);
        group.leave(before.kafka);
        letters.openMax = 2;
        before.appendKeyed(P0, "j:1");
        var after = rig();
        after.own(P0);
        after.steps(3);
        return after;
    }

    @Test
    void aMemberThatFindsMoreLettersThanItCanKeepInMindWaitsUntilThereAreFewer() {
        var after = ownerOfMoreLettersThanItCanKeepInMind();
        assertThat(handled).isEmpty();
        assertThat(after.reason(P0)).isInstanceOfSatisfying(Reason.TooManyLetters.class, many -> {
            assertThat(many.open()).isEqualTo(3);
            assertThat(many.text()).contains("at most 2");
        });
        letters.drop(letter -> true);
        after.time.pass(Duration.ofSeconds(2));
        after.steps(3);
        assertThat(handled).containsExactly("j:1");
    }

    @Test
    void allLettersAreReadAgainMoreAndMoreSeldomWhileThereAreTooMany() {
        var after = ownerOfMoreLettersThanItCanKeepInMind();
        int readings = letters.readings;
        for (int second = 0; second < 120; second++) {
            after.time.pass(Duration.ofSeconds(1));
            after.steps(2);
        }
        assertThat(letters.readings - readings)
                .as("after 1, 2, 4, 8, 16, 30, 30 s")
                .isEqualTo(7);
        letters.drop(letter -> true);
        after.time.pass(Duration.ofSeconds(30));
        after.steps(3);
        assertThat(handled).containsExactly("j:1");
    }

    @Test
    void whatWasReadForAPartitionThatLeavesIsNotKept() {
        var rig = rig();
        rig.own(P0);
        group.assign(group.join(), List.of(P0));
        rig.steps(2);
        assertThat(letters.left).containsExactly(Partition.of(P0));
    }

    @Test
    void aPauseThatIsEndedDoesNotHandOutWhatIsNotKnownYet() {
        letters.answers = false;
        var rig = rig();
        rig.appendKeyed(P0, "k:1");
        rig.own(P0);
        rig.steps(2);
        rig.tenure(P0).releaseAll();
        rig.steps(2);
        assertThat(handled).isEmpty();
    }

    @Test
    void lettersAreReadAgainAfterASeek() {
        var rig = rig();
        rig.appendKeyed(P0, "k:bad", "k:2");
        rig.own(P0);
        rig.steps(3);
        int readings = letters.readings;
        bad = "nothing";
        rig.loop.seek(partition -> true, Position.earliest());
        rig.steps(4);
        assertThat(letters.readings).isEqualTo(readings + 1);
        assertThat(handled).as("bad itself is behind no letter").containsExactly("k:bad", "k:2");
    }

    private final Map<String, Integer> counts = new TreeMap<>();

    private void live(SplittableRandom random) {
        var life = new KeyOrderLife(random);
        life.live();
        life.counts.forEach((what, times) -> counts.merge(what, times, Integer::sum));
        assertThat(life.violations).isEmpty();
    }

    @Test
    void whateverHappensEachKeyIsHandledInTheOrderOfSending() {
        Seeds.run(100, this::live);
        System.out.println(counts);
        if (Seeds.all()) {
            for (var what : Arrays.asList(
                    "parked",
                    "given up",
                    "sent home",
                    "dropped",
                    "purged",
                    "crashed",
                    "expelled",
                    "redrive died",
                    "waited for room",
                    "waited for letters to be read")) {
                assertThat(counts.getOrDefault(what, 0)).as(what).isGreaterThan(10);
            }
        }
    }

    @Test
    @Tag("long")
    void whateverHappensInManyLives() {
        Seeds.roam(5_000, this::live);
        System.out.println(counts);
    }

    @Test
    void lettersThatWaitForTheirTurnAreLimitedInBytesAsWell() {
        var order = new HomewardOrder(10, 1_000);
        var all = List.of(letterOf(0, 2, 600), letterOf(1, 3, 600), letterOf(2, 1, 600));
        all.forEach(order::look);
        order.allLookedAt();
        assertThat(order.turn(all.get(0))).isEqualTo(HomewardOrder.Turn.LATER);
        assertThat(order.turn(all.get(1))).as("for another call").isEqualTo(HomewardOrder.Turn.STAYS);
        assertThat(order.after(all.get(1), true)).isEmpty();
        assertThat(order.turn(all.get(2))).isEqualTo(HomewardOrder.Turn.NOW);
        assertThat(order.after(all.get(2), false)).contains(all.get(0));
        assertThat(order.turn(all.get(0))).isEqualTo(HomewardOrder.Turn.NOW);
    }

    private static DeadLetters.Letter letterOf(long at, long origin, int bytes) {
        var headers = Headers.none()
                .with("__dlq.errors.topic", "orders")
                .with("__dlq.errors.partition", "0")
                .with("__dlq.errors.offset", Long.toString(origin))
                .with("__dlq.errors.group", "billing")
                .with("strandline.error.follows", "orders.dlq-0@0");
        var record = new org.apache.kafka.clients.consumer.ConsumerRecord<>(
                "orders.dlq", 0, at, "k".getBytes(UTF_8), new byte[bytes]);
        HeaderList.toKafka(headers).forEach(header -> record.headers().add(header));
        return Dialect.read(record, Optional.empty());
    }

    @Test
    void lettersAreReadWhenTheLastOneFromBeforeASeekIsWritten() {
        var gate = new HandlerGate();
        var rig = rigWithWriterAt(gate);
        rig.appendKeyed(P0, "k:bad", "k:2");
        rig.own(P0);
        rig.steps(2);
        var writing = gate.waiting().getFirst();
        rig.loop.seek(partition -> true, Position.offset(1));
        rig.steps(3);
        assertThat(handled).isEmpty();
        assertThat(rig.reason(P0)).isInstanceOf(Reason.BusyFromBefore.class);
        gate.pass(writing);
        rig.steps(4);
        assertThat(handled).as("its letter is there").isEmpty();
        assertThat(open()).containsExactly("k:bad", "k:2");
    }

    private Rig rigWithWriterAt(HandlerGate gate) {
        rig(); // for its choices
        var first = new java.util.concurrent.atomic.AtomicBoolean(true);
        choices.writer = (source, topic, givenUp, noStack) -> {
            if (first.getAndSet(false)) {
                gate.enter("letter");
            }
            return letters.write(source, topic, givenUp, noStack);
        };
        gate.shut();
        return new Rig(group, choices, new VirtualTime(), gate);
    }

    @Test
    void aRestartBeginsAlsoIfACrashLeftALetterTwiceWhereNoMoreMayBeOpen() {
        letters.openMax = 20;
        var before = rig();
        before.own(P0);
        for (int i = 0; i < 20; i++) {
            before.appendKeyed(P0, "k" + i + ":bad");
        }
        before.steps(4);
        group.leave(before.kafka);
        var again = letters.open().getFirst();
        group.append(new TopicPartition("orders.dlq", 0), again.key(), again.value(), again.headers());
        before.appendKeyed(P0, "j:1");
        var after = rig();
        after.own(P0);
        after.steps(4);
        assertThat(handled).containsExactly("j:1");
    }
}

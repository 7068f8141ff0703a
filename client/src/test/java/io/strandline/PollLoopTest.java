package io.strandline;

import static io.strandline.Rig.P0;
import static io.strandline.Rig.P1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;

class PollLoopTest {
    private final FakeGroup group = new FakeGroup("orders", 2);
    private final Rig.Choices choices = new Rig.Choices();
    private final List<String> handled = Collections.synchronizedList(new ArrayList<>());

    /** Values that begin with {@code bad} fail. */
    private Rig rig() {
        choices.handler = (m, ctx) -> {
            handled.add(m.value() + "#" + m.attempt());
            if (String.valueOf(m.value()).startsWith("bad")) {
                throw new IllegalStateException("on purpose");
            }
        };
        return new Rig(group, choices);
    }

    @Test
    void messagesAreHandledInOrderAndCommitted() {
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.own(P0, P1);
        rig.steps(3);
        assertThat(handled).containsExactly("a#1", "b#1", "c#1");
        assertThat(rig.committed(P0)).isEqualTo(3);
        assertThat(rig.reason(P0)).isInstanceOf(Reason.Idle.class);
    }

    @Test
    void aBackOffOfThirtySecondsIsTestedInNoTimeAndTheOthersGoOnMeanwhile() {
        var rig = rig();
        rig.append(P0, "bad", "behind");
        rig.append(P1, "other");
        rig.own(P0, P1);
        rig.steps(3);
        assertThat(handled).containsExactlyInAnyOrder("bad#1", "other#1");
        assertThat(rig.committed(P0)).isLessThanOrEqualTo(0);
        assertThat(rig.reason(P0)).isInstanceOfSatisfying(Reason.RetryWaiting.class, waiting -> {
            assertThat(waiting.in()).isBetween(Duration.ofSeconds(29), Duration.ofSeconds(30));
            assertThat(waiting.waiting()).isEqualTo(1);
        });

        rig.time.pass(Duration.ofSeconds(29));
        rig.step();
        assertThat(handled).doesNotContain("bad#2");
        rig.time.pass(Duration.ofSeconds(1));
        rig.step();
        assertThat(handled).contains("bad#2").doesNotContain("behind#1");
    }

    @Test
    void whatIsGivenUpIsStoredAsADeadLetterBeforeProgressPassesIt() {
        var rig = new AtomicReference<Rig>();
        var committedWhenWritten = new ArrayList<Long>();
        choices.writer = (source, topic, givenUp, noStack) -> {
            committedWhenWritten.add(rig.get().committed(P0));
            rig.get().gate.enter("writer of " + topic);
            return new Ack(topic, 0, 7, Instant.EPOCH);
        };
        rig.set(rig());
        rig.get().append(P0, "ok", "bad", "behind");
        rig.get().own(P0);
        rig.get().steps(2);
        passTimeAndStep(rig.get(), 1);
        rig.get().time.pass(Duration.ofSeconds(31));
        rig.get().gate.shut();
        rig.get().step();
        letThrough(rig.get()); // the third attempt, which fails
        rig.get().steps(3);
        assertThat(rig.get().gate.waiting()).extracting(w -> w.who()).containsExactly("writer of orders.dlq");
        assertThat(rig.get().committed(P0)).isEqualTo(1);
        assertThat(rig.get().reason(P0)).isInstanceOf(Reason.DeadLetterWaiting.class);

        rig.get().gate.open();
        rig.get().steps(3);
        assertThat(rig.get().committed(P0)).isEqualTo(3);
        assertThat(handled).containsExactly("ok#1", "bad#1", "bad#2", "bad#3", "behind#1");
        assertThat(committedWhenWritten).containsExactly(1L);
        assertThat(rig.get().events(Event.DeadLettered.class))
                .singleElement()
                .satisfies(e -> assertThat(e.attempts()).isEqualTo(3));
    }

    private static void letThrough(Rig rig) {
        rig.gate.pass(rig.gate.waiting().getFirst());
    }

    private static void passTimeAndStep(Rig rig, int times) {
        for (int i = 0; i < times; i++) {
            rig.time.pass(Duration.ofSeconds(31));
            rig.step();
        }
    }

    @Test
    void aDeadLetterTopicThatCannotBeWrittenHoldsItsPartitionAndNothingIsPassedOver() {
        var broken = new AtomicReference<>(true);
        choices.retry = Retry.none();
        choices.writer = (source, topic, givenUp, noStack) -> {
            if (broken.get()) {
                throw new IllegalStateException("not authorized to write");
            }
            return new Ack(topic, 0, 0, Instant.EPOCH);
        };
        var rig = rig();
        rig.append(P0, "bad", "behind");
        rig.append(P1, "other");
        rig.own(P0, P1);
        rig.steps(3);
        passTimeAndStep(rig, 50);
        assertThat(handled).containsExactlyInAnyOrder("bad#1", "other#1");
        assertThat(rig.committed(P0)).isLessThanOrEqualTo(0);
        assertThat(rig.reason(P0).text()).contains("orders.dlq").contains("not authorized to write");
        assertThat(rig.events(Event.DeadLetterFailed.class)).hasSizeGreaterThan(5);

        broken.set(false);
        passTimeAndStep(rig, 3);
        assertThat(handled).contains("behind#1");
        assertThat(rig.committed(P0)).isEqualTo(2);
    }

    @Test
    void whatIsToBeThrownAwayIsNamedInAnEvent() {
        choices.retry = Retry.none();
        choices.deadLetter = Optional.of(DeadLetter.discard());
        var rig = rig();
        rig.append(P0, "bad", "behind");
        rig.own(P0);
        rig.steps(3);
        assertThat(rig.committed(P0)).isEqualTo(2);
        assertThat(rig.events(Event.Skipped.class))
                .singleElement()
                .satisfies(e -> assertThat(e.offset()).isZero());
    }

    @Test
    void aMessageThatCannotBeReadTakesTheSameRoad() {
        var reasons = new ArrayList<Throwable>();
        choices.writer = (source, topic, givenUp, noStack) -> {
            reasons.add(givenUp.why());
            assertThat(source.value()).containsExactly(0xff);
            return new Ack(topic, 0, 0, Instant.EPOCH);
        };
        var rig = rig();
        group.append(P0, new byte[] {'k'}, new byte[] {(byte) 0xff});
        rig.append(P0, "behind");
        rig.own(P0);
        rig.steps(3);
        assertThat(handled).containsExactly("behind#1");
        assertThat(reasons).singleElement().isInstanceOf(PoisonMessage.class);
    }

    @Test
    void aHandlerThatThrowsAnErrorHasFailedAndOneThatRunsOutOfMemoryEndsTheConsumer() {
        choices.retry = Retry.none();
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.gate.shut();
        rig.own(P0);
        rig.gate.fail(rig.gate.waiting().getFirst(), new NoClassDefFoundError("somewhere"));
        assertThat(rig.events(Event.DeadLettered.class)).hasSize(1);
        assertThat(rig.crash.get()).isNull();
        rig.gate.fail(rig.gate.waiting().getFirst(), new OutOfMemoryError("on purpose"));
        assertThat(rig.crash.get()).isInstanceOf(OutOfMemoryError.class);
        rig.step();
        assertThat(rig.committed(P0)).isEqualTo(1);
    }

    @Test
    void aFailureWhileTheHandlerHoldsAPauseCostsNoAttempt() {
        var tries = new ArrayList<Integer>();
        choices.handler = (m, ctx) -> {
            tries.add(m.attempt());
            if (tries.size() < 20) {
                ctx.pause(Duration.ofSeconds(10));
                throw new IllegalStateException("too many requests");
            }
        };
        var rig = new Rig(group, choices);
        rig.append(P0, "a");
        rig.append(P1, "never held");
        rig.own(P0);
        rig.step();
        assertThat(rig.reason(P0)).isInstanceOf(Reason.PausedByHandler.class);
        assertThat(rig.kafka.pausedPartitions()).containsExactly(P0);
        for (int i = 0; i < 25; i++) {
            rig.time.pass(Duration.ofSeconds(11));
            rig.step();
        }
        assertThat(tries).hasSize(20).containsOnly(1);
        assertThat(rig.committed(P0)).isEqualTo(1);
        assertThat(rig.events(Event.Retrying.class)).isEmpty();
    }

    @Test
    void aPauseFromOutsideHoldsWhatWasFetchedAsWellAndPartitionsThatComeLater() {
        var rig = rig();
        var held = pause(rig, "orders");
        rig.append(P0, "a");
        rig.own(P0);
        rig.steps(3);
        assertThat(handled).isEmpty();
        assertThat(rig.reason(P0)).isInstanceOf(Reason.PausedFromOutside.class);
        rig.pauses.remove(held);
        rig.loop.tenures().forEach(tenure -> tenure.release(held));
        rig.steps(2);
        assertThat(handled).containsExactly("a#1");
    }

    private static Pause pause(Rig rig, String topic) {
        var pause = new Pause() {
            @Override
            public Set<Partition> partitions() {
                return Set.of();
            }

            @Override
            public void resume() {}
        };
        rig.pauses.add(pause, new OutsidePauses.Covered(new OutsidePauses.Topics.Named(Set.of(topic)), Set.of()));
        return pause;
    }

    @Test
    void aRevocationWaitsForTheRunningHandlerAndCommitsWhatItDid() {
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.gate.shut();
        rig.own(P0);
        rig.time.duringSleep(() -> {
            if (!rig.gate.waiting().isEmpty()) {
                letThrough(rig);
            }
        });
        group.assign(group.join(), List.of(P0));
        rig.step();
        assertThat(handled).containsExactly("a#1"); // nothing new was taken meanwhile
        assertThat(rig.committed(P0)).isEqualTo(1);
        assertThat(rig.events(Event.Revoked.class)).singleElement().satisfies(e -> {
            assertThat(e.lost()).isFalse();
            assertThat(e.unfinished()).isEmpty();
        });
    }

    @Test
    void aRevocationThatWaitedLongEnoughNamesWhatWasNotFinishedAndItsLateResultChangesNothing() {
        var rig = rig();
        rig.append(P0, "a", "bad", "c");
        rig.gate.shut();
        rig.own(P0);
        letThrough(rig);
        rig.step();
        group.assign(group.join(), List.of(P0));
        long before = rig.time.nanoTime();
        rig.step();
        assertThat(Duration.ofNanos(rig.time.nanoTime() - before))
                .isBetween(Duration.ofSeconds(10), Duration.ofMillis(10_200));
        assertThat(rig.events(Event.Revoked.class))
                .singleElement()
                .satisfies(e -> assertThat(e.unfinished()).isEqualTo(Map.of(Partition.of("orders", 0), 1L)));
        letThrough(rig); // "bad" fails now, for nobody
        passTimeAndStep(rig, 5);
        assertThat(rig.committed(P0)).isEqualTo(1);
        assertThat(rig.events(Event.Retrying.class)).isEmpty();
        assertThat(rig.events(Event.DeadLettered.class)).isEmpty();
    }

    @Test
    void nothingIsCommittedForAPartitionThatWasLost() {
        var rig = rig();
        rig.append(P0, "a", "b");
        rig.gate.shut();
        rig.own(P0);
        group.expel(rig.kafka);
        letThrough(rig);
        rig.steps(3);
        letThrough(rig);
        rig.steps(3);
        assertThat(rig.committed(P0)).isEqualTo(-1);
        assertThat(rig.events(Event.Revoked.class))
                .singleElement()
                .satisfies(e -> assertThat(e.lost()).isTrue());
    }

    @Test
    void aHandlerSeesThatItsPartitionIsBeingTakenAway() {
        var context = new AtomicReference<Handler.Context>();
        choices.handler = (m, ctx) -> context.set(ctx);
        var rig = new Rig(group, choices);
        rig.append(P0, "a");
        rig.own(P0);
        assertThat(context.get().stale()).isFalse();
        group.assign(group.join(), List.of(P0));
        rig.step();
        assertThat(context.get().stale()).isTrue();
    }

    @Test
    void aCommitThatTheBrokerRefusedIsSentAgain() {
        var rig = rig();
        rig.kafka.refusesCommits = true;
        rig.append(P0, "a");
        rig.own(P0);
        rig.steps(3);
        assertThat(rig.committed(P0)).isEqualTo(-1);
        assertThat(rig.events(Event.CommitFailed.class)).isNotEmpty();
        rig.kafka.refusesCommits = false;
        rig.time.pass(Duration.ofSeconds(1));
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(1);
    }

    @Test
    void whereAPartitionBeginsIsNotCommittedAgainBeforeAMessageIsDone() {
        var rig = rig();
        rig.append(P0, "done before");
        group.committed.put(P0, new org.apache.kafka.clients.consumer.OffsetAndMetadata(1));
        var commits = new ArrayList<Object>();
        group.watch = (by, offsets) -> commits.add(offsets);
        rig.own(P0, P1);
        passTimeAndStep(rig, 5);
        assertThat(commits).isEmpty();
        rig.append(P0, "new");
        rig.steps(2);
        assertThat(commits).hasSize(1);
    }

    @Test
    void aStopCountsFromTheMomentItIsAskedFor() {
        var stopping = new java.util.concurrent.atomic.AtomicBoolean();
        choices.stopping = stopping::get;
        var rig = rig();
        rig.append(P0, "a", "b");
        rig.gate.shut();
        rig.own(P0);
        stopping.set(true); // the poll thread has not come round yet
        letThrough(rig);
        assertThat(rig.gate.waiting()).isEmpty();
        assertThat(handled).containsExactly("a#1");
    }

    @Test
    void whatIsAssignedDuringAStopIsNotBegun() {
        var stopping = new java.util.concurrent.atomic.AtomicBoolean();
        choices.stopping = stopping::get;
        var rig = rig();
        rig.append(P0, "a");
        rig.append(P1, "b");
        rig.gate.shut();
        rig.own(P0);
        stopping.set(true);
        // Where it begins is known, so the poll that assigns it brings its messages as well.
        group.committed.put(P1, new org.apache.kafka.clients.consumer.OffsetAndMetadata(0));
        group.assign(rig.kafka, List.of(P1));
        rig.time.duringSleep(rig.gate::settle);
        assertThat(rig.loop.drain(Duration.ofMillis(50))).isFalse();
        assertThat(rig.gate.waiting()).hasSize(1);
    }

    @Test
    void progressIsStoredAsOftenAsAsked() {
        choices.commit = Commit.every(Duration.ofSeconds(5), 4);
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.own(P0);
        rig.steps(5);
        assertThat(rig.committed(P0)).isEqualTo(-1);
        rig.append(P0, "d");
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(4);
        rig.append(P0, "e");
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(4);
        rig.time.pass(Duration.ofSeconds(5));
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(5);
    }

    @Test
    void withManualCommitNothingIsStoredUnasked() {
        choices.commit = Commit.manual();
        var rig = rig();
        rig.append(P0, "a");
        rig.own(P0);
        passTimeAndStep(rig, 5);
        group.assign(group.join(), List.of(P0));
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(-1);
    }

    @Test
    void aSlowPartitionStopsFetchingAtTheLimitAndItsSiblingGoesOn() {
        choices.maxInFlight = 40;
        choices.handler = (m, ctx) -> handled.add(m.partition() + " " + m.value());
        var rig = new Rig(group, choices);
        for (int i = 0; i < 200; i++) {
            rig.append(P0, "slow");
        }
        rig.gate.shut();
        rig.own(P0, P1);
        rig.steps(20);
        long inMemory = rig.loop.tenure(Partition.of(P0)).orElseThrow().messagesInMemory();
        assertThat(inMemory).isBetween(20L, 50L);
        assertThat(rig.kafka.pausedPartitions()).containsExactly(P0);

        for (int i = 0; i < 100; i++) {
            rig.append(P1, "quick");
        }
        for (int i = 0;
                i < 500 && handled.stream().filter(h -> h.endsWith("quick")).count() < 100;
                i++) {
            rig.step();
            rig.gate.waiting().stream()
                    .filter(w -> ((Message<?, ?>) w.who()).partition().number() == 1)
                    .forEach(rig.gate::pass);
        }
        assertThat(handled).hasSize(100);
    }

    @Test
    void whileHandlersMakeRoomAPollIsShortAndWhileNoneDoesItIsNot() {
        choices.maxInFlight = 40;
        var rig = new Rig(group, choices);
        for (int i = 0; i < 200; i++) {
            rig.append(P0, "slow");
        }
        rig.gate.shut();
        rig.own(P0);
        rig.steps(20);
        assertThat(rig.kafka.pausedPartitions()).containsExactly(P0);
        assertThat(rig.kafka.lastPoll).isEqualTo(Duration.ofMillis(10));

        rig.gate.pass(rig.gate.waiting().getFirst());
        rig.step();
        assertThat(rig.kafka.pausedPartitions()).containsExactly(P0);
        assertThat(rig.kafka.lastPoll).isEqualTo(Duration.ofMillis(1));
        rig.step();
        assertThat(rig.kafka.lastPoll).isEqualTo(Duration.ofMillis(10));
    }

    @Test
    void theLimitInBytesHoldsAsWell() {
        choices.maxInFlightBytes = 5_000;
        var rig = rig();
        for (int i = 0; i < 200; i++) {
            rig.append(P0, "x".repeat(100));
        }
        rig.gate.shut();
        rig.own(P0);
        rig.steps(20);
        assertThat(rig.loop.tenure(Partition.of(P0)).orElseThrow().bytesInMemory())
                .isBetween(2_500L, 7_000L);
        rig.gate.open();
        rig.steps(50);
        assertThat(rig.committed(P0)).isEqualTo(200);
        assertThat(rig.loop.tenure(Partition.of(P0)).orElseThrow().bytesInMemory())
                .isZero();
    }

    @Test
    void whereNothingIsCommittedTheGroupBeginsAtTheOldestMessage() {
        var rig = rig();
        rig.append(P0, "old", "older");
        group.truncate(P0, 1);
        rig.own(P0);
        rig.steps(2);
        assertThat(handled).containsExactly("older#1");
    }

    @Test
    void latestIsTheEndWhenTheGroupFirstSawTheTopicAlsoAfterARestart() {
        choices.startAt = Position.latest();
        var first = rig();
        first.append(P0, "before");
        first.own(P0);
        first.step();
        assertThat(first.committed(P0)).isEqualTo(1);
        first.loop.close(); // before any message was handled

        var second = rig();
        second.append(P0, "meanwhile");
        second.own(P0);
        second.steps(2);
        assertThat(handled).containsExactly("meanwhile#1");
    }

    @Test
    void whereAGroupBeginsIsAskedAgainWhenANodeHasNotHeardOfTheTopicYet() {
        choices.startAt = Position.latest();
        var rig = rig();
        rig.append(P0, "before");
        rig.kafka.asksLateNode = true;
        rig.own(P0);
        rig.steps(3);
        rig.append(P0, "after");
        rig.steps(2);
        assertThat(handled).containsExactly("after#1");
    }

    @Test
    void whereAGroupBeginsIsAskedAgainWhenARebalanceRefusesToKeepIt() {
        choices.startAt = Position.latest();
        var rig = rig();
        rig.append(P0, "before");
        rig.kafka.refusesCommits = true;
        rig.own(P0);
        rig.steps(3);
        assertThat(rig.committed(P0)).isEqualTo(-1);
        rig.kafka.refusesCommits = false;
        rig.step();
        assertThat(rig.committed(P0)).isEqualTo(1);
        rig.append(P0, "after");
        rig.steps(2);
        assertThat(handled).containsExactly("after#1");
    }

    @Test
    void whatWasFetchedIsHandledAlsoWhenTheEndOfItsLogIsNotKnown() {
        var rig = rig();
        rig.kafka.lagFails = true;
        rig.append(P0, "a", "b");
        rig.own(P0);
        rig.steps(3);
        assertThat(handled).containsExactly("a#1", "b#1");
        assertThat(rig.committed(P0)).isEqualTo(2);
    }

    @Test
    void whatWasFetchedIsHandledAlsoWhenARefusalIsToldBetweenItsPartitions() {
        var rig = rig();
        rig.own(P0, P1);
        rig.append(P0, "a");
        rig.append(P1, "b");
        rig.kafka.refusesPosition = new TopicAuthorizationException(Set.of("secret"));
        rig.steps(3);
        passTimeAndStep(rig, 5);
        assertThat(handled).containsExactlyInAnyOrder("a#1", "b#1");
    }

    @Test
    void aPartitionThatIsAddedLaterIsReadFromItsStartByAGroupThatBeganAtTheEnd() {
        choices.startAt = Position.latest();
        var first = rig();
        first.append(P0, "before");
        first.own(P0);
        first.append(P0, "after");
        first.steps(2);
        first.loop.close();

        group.addPartitions("orders", 2, 3);
        var p2 = new org.apache.kafka.common.TopicPartition("orders", 2);
        var second = rig();
        second.append(P1, "before p1 was seen");
        second.append(p2, "in a new partition");
        second.own(P0, P1, p2);
        second.steps(3);
        assertThat(handled).containsExactly("after#1", "in a new partition#1");
    }

    @Test
    void aPointInTimeIsFoundInEveryPartitionAndTheEndWhereThereIsNone() {
        choices.startAt = Position.at(Instant.ofEpochMilli(1_001));
        var rig = rig();
        rig.append(P0, "too old", "just right");
        rig.append(P1, "too old");
        rig.own(P0, P1);
        rig.steps(2);
        assertThat(handled).containsExactly("just right#1");
    }

    @Test
    void anOffsetThatRetentionHasTakenIsNamedAndReadingGoesOnAtTheOldestMessage() {
        var rig = rig();
        rig.append(P0, "a", "b", "c", "d");
        group.committed.put(P0, new org.apache.kafka.clients.consumer.OffsetAndMetadata(1));
        group.truncate(P0, 2);
        rig.own(P0);
        rig.steps(3);
        assertThat(handled).containsExactly("c#1", "d#1");
        assertThat(rig.events(Event.OffsetLost.class)).singleElement().satisfies(e -> {
            assertThat(e.wanted()).isEqualTo(1);
            assertThat(e.resumedAt()).isEqualTo(2);
        });
        assertThat(rig.loop.observed().lostOffsets()).hasSize(1);
    }

    @Test
    void aTopicThatWasMadeAnewIsReadFromItsStart() {
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.own(P0);
        rig.steps(2);
        group.recreate(P0);
        rig.append(P0, "new");
        rig.steps(4);
        assertThat(handled).containsExactly("a#1", "b#1", "c#1", "new#1");
        assertThat(rig.committed(P0)).isEqualTo(1);
    }

    @Test
    void aStopLetsRunningHandlersFinishTakesNothingNewAndCommits() {
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.gate.shut();
        rig.own(P0);
        rig.time.duringSleep(() -> rig.gate.waiting().forEach(rig.gate::pass));
        assertThat(rig.loop.drain(Duration.ofSeconds(5))).isTrue();
        assertThat(handled).containsExactly("a#1");
        assertThat(rig.committed(P0)).isEqualTo(1);
        rig.loop.close();
        assertThat(rig.kafka.closed).isTrue();
    }

    @Test
    void aStopThatMeetsARebalancePollsOnUntilItsProgressIsStored() {
        choices.commit = Commit.every(Duration.ofMinutes(1));
        var rig = rig();
        rig.append(P0, "a", "b");
        rig.own(P0);
        refuseCommitsForPolls(rig, 3, () -> {});
        assertThat(rig.loop.drain(Duration.ofSeconds(5))).isTrue();
        assertThat(rig.committed(P0)).isEqualTo(2);
        assertThat(rig.events(Event.Revoked.class)).hasSize(1);
    }

    @Test
    void whatLeavesWhileAStopTriesToStoreItsProgressIsStoredByItsRevocation() {
        choices.commit = Commit.every(Duration.ofMinutes(1));
        var rig = rig();
        rig.append(P0, "a", "b");
        rig.append(P1, "c");
        rig.own(P0, P1);
        var other = group.join();
        refuseCommitsForPolls(rig, 3, () -> group.assign(other, List.of(P1)));
        assertThat(rig.loop.drain(Duration.ofSeconds(5))).isTrue();
        assertThat(rig.committed(P0)).isEqualTo(2);
        assertThat(rig.committed(P1)).isEqualTo(1);
        assertThat(rig.events(Event.Revoked.class))
                .extracting(Event.Revoked::partitions)
                .containsExactly(Set.of(Partition.of(P1)), Set.of(Partition.of(P0)));
    }

    private static void refuseCommitsForPolls(Rig rig, int polls, Runnable then) {
        rig.kafka.refusesCommits = true;
        int last = rig.kafka.polls + polls;
        rig.time.duringSleep(() -> {
            if (rig.kafka.polls == last) {
                rig.kafka.refusesCommits = false;
                then.run();
            }
        });
    }

    @Test
    void aStopWhoseProgressIsRefusedToTheEndKeepsItsLimitAndDoesNotPressTheBroker() {
        choices.commit = Commit.every(Duration.ofMinutes(1));
        var rig = rig();
        rig.append(P0, "a");
        rig.own(P0);
        rig.kafka.refusesCommits = true;
        long before = rig.time.nanoTime();
        assertThat(rig.loop.drain(Duration.ofSeconds(1))).isTrue();
        assertThat(Duration.ofNanos(rig.time.nanoTime() - before))
                .isBetween(Duration.ofSeconds(1), Duration.ofMillis(1_010));
        assertThat(rig.events(Event.CommitFailed.class)).hasSizeBetween(5, 12);
    }

    @Test
    void aStopDoesNotTryAgainWhatTheBrokerDoesNotAnswer() {
        choices.commit = Commit.every(Duration.ofMinutes(1));
        var rig = rig();
        rig.append(P0, "a");
        rig.own(P0);
        group.away = true;
        long before = rig.time.nanoTime();
        assertThat(rig.loop.drain(Duration.ofSeconds(5))).isTrue();
        assertThat(rig.time.nanoTime()).isEqualTo(before);
        assertThat(rig.events(Event.CommitFailed.class)).hasSize(1);
    }

    @Test
    void aStopWaitsNoLongerThanItMay() {
        var rig = rig();
        rig.append(P0, "a");
        rig.gate.shut();
        rig.own(P0);
        long before = rig.time.nanoTime();
        assertThat(rig.loop.drain(Duration.ofSeconds(5))).isFalse();
        assertThat(Duration.ofNanos(rig.time.nanoTime() - before))
                .isBetween(Duration.ofSeconds(5), Duration.ofMillis(5_100));
        assertThat(rig.committed(P0)).isEqualTo(-1);
        rig.loop.close();
        rig.gate.open();
        rig.gate.settle();
        assertThat(rig.committed(P0)).isEqualTo(-1);
    }

    /** How long the last commit of a stop waits for a broker that hangs, when handlers have taken so much of its time. */
    private Duration lastCommitWaits(Duration within, Duration handlers) {
        choices.commit = Commit.every(Duration.ofMinutes(1));
        var rig = new Rig(new FakeGroup("orders", 1), choices);
        rig.append(P0, "a", "b");
        rig.own(P0);
        rig.gate.shut();
        rig.append(P0, "c");
        rig.steps(2);
        long begun = rig.time.nanoTime();
        rig.time.duringSleep(() -> {
            if (rig.time.nanoTime() - begun >= handlers.toNanos()) {
                rig.gate.open();
                rig.gate.settle();
            }
        });
        var waits = new ArrayList<Duration>();
        rig.kafka.hangs = wait -> {
            waits.add(wait);
            rig.time.pass(wait);
        };
        rig.loop.drain(within);
        assertThat(waits).hasSize(1);
        return waits.getFirst();
    }

    @Test
    void theLastCommitOfAStopWaitsForABrokerThatHangsAsLongAsIsLeftOfItsTime() {
        assertThat(lastCommitWaits(Duration.ofSeconds(20), Duration.ofSeconds(2)))
                .isEqualTo(Duration.ofSeconds(5));
        assertThat(lastCommitWaits(Duration.ofSeconds(5), Duration.ofSeconds(2)))
                .isBetween(Duration.ofMillis(2_900), Duration.ofSeconds(3));
        assertThat(lastCommitWaits(Duration.ofSeconds(2), Duration.ofSeconds(10)))
                .isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void aRevocationWaitsForHandlersNoLongerThanAStopThatIsAskedForMeanwhile() {
        var rig = rig();
        rig.append(P0, "a");
        rig.gate.shut();
        rig.own(P0);
        group.assign(group.join(), List.of(P0));
        long begun = rig.time.nanoTime();
        rig.time.duringSleep(() -> {
            if (rig.time.nanoTime() - begun >= Duration.ofSeconds(1).toNanos()) {
                rig.loop.stopLimit().ask(Duration.ofSeconds(2));
            }
        });
        rig.loop.step(); // without a stop it would wait for 10 s
        assertThat(Duration.ofNanos(rig.time.nanoTime() - begun))
                .isBetween(Duration.ofSeconds(3), Duration.ofMillis(3_100));
        rig.gate.open();
    }

    @Test
    void topicsThatMayBeMissingAreAskedForWithinOneTime() {
        choices.retry = Retry.exponential(Duration.ofSeconds(1), Duration.ofSeconds(2))
                .attempts(3)
                .inTopics();
        var rig = rig();
        assertThat(rig.settings.subscriptions()).as("topics").hasSizeGreaterThan(1);
        rig.steps(2); // in the group, and nothing is assigned
        rig.time.pass(Duration.ofSeconds(6));
        rig.kafka.hangs = rig.time::pass;
        long begun = rig.time.nanoTime();
        rig.step();
        assertThat(Duration.ofNanos(rig.time.nanoTime() - begun)).isEqualTo(Duration.ofSeconds(5));
        assertThat(rig.loop.observed().missing().topics()).as("nobody knows").isEmpty();
    }

    @Test
    void whatIsToBeKeptWithCommitsIsAskedForInVainWithoutAnEnd() {
        choices.startAt = Position.latest();
        var rig = rig();
        rig.kafka.refusesCommitted = new SaslAuthenticationException("the password is changed just now");
        rig.own(P0);
        rig.append(P0, "a");
        rig.steps(3);
        assertThat(handled).containsExactly("a#1");
    }

    @Test
    void whoeverWaitsForAConsumerIsToldOfItsEndAlsoIfTellingOthersFails() throws Exception {
        var rig = rig();
        var consumer = new GroupMember(
                group.join().consumer(), rig.settings, self -> rig.member, new Diagnosis("", Optional::empty), () -> {
                    throw new IllegalStateException("on purpose");
                });
        consumer.begin();
        consumer.loop().stopLimit().ask(Duration.ZERO);
        assertThat(consumer.endsWithin(Duration.ofSeconds(20))).isTrue();
    }

    @Test
    void aHandlerThatNeverReturnsIsNamedOnce() {
        var rig = rig();
        rig.append(P0, "a");
        rig.gate.shut();
        rig.own(P0);
        for (int i = 0; i < 5; i++) {
            rig.time.pass(Duration.ofSeconds(40));
            rig.step();
        }
        assertThat(rig.events(Event.HandlerStuck.class)).hasSize(1);
        assertThat(rig.reason(P0))
                .isInstanceOfSatisfying(
                        Reason.HandlerBusy.class,
                        busy -> assertThat(busy.stack()).contains("HandlerGate"));
    }

    @Test
    void whatOthersAskOfThePollThreadIsDoneBetweenPolls() throws Exception {
        choices.commit = Commit.manual();
        var rig = rig();
        rig.append(P0, "a", "b");
        rig.own(P0);
        var answer = rig.commands.ask(() -> {
            rig.loop.commit(Map.of(Partition.of(P0), 2L));
            return rig.loop.ends();
        });
        rig.step();
        assertThat(answer.get()).isEqualTo(Map.of(Partition.of(P0), 2L));
        assertThat(rig.committed(P0)).isEqualTo(2);
        rig.loop.close();
        assertThat(rig.commands.ask(() -> true)).isCompletedExceptionally();
    }

    @Test
    void whoHasNoRightWaitsSaysSoAndGoesOnWhenItIsGiven() {
        var rig = rig();
        rig.append(P0, "a");
        rig.kafka.refuses = new GroupAuthorizationException("Not authorized to access group: billing", "billing");
        group.assign(rig.kafka, List.of(P0));
        int polls = rig.kafka.polls;
        rig.steps(20);
        assertThat(rig.kafka.polls - polls).as("asked once a second").isLessThanOrEqualTo(2);
        assertThat(refusal(rig))
                .isInstanceOfSatisfying(
                        Reason.NotAuthorized.class,
                        reason ->
                                assertThat(reason.text()).contains("may not be in group billing", "READ on the group"));
        assertThat(rig.events(Event.AccessRefused.class)).hasSize(1);

        rig.kafka.refuses = null;
        rig.time.pass(Duration.ofSeconds(1));
        rig.steps(3);
        assertThat(handled).containsExactly("a#1");
        assertThat(rig.loop.observed().refusal()).isEmpty();
    }

    @Test
    void credentialsThatAreRefusedEndWhoWasNeverInAndNobodyElse() {
        var wrong = new SaslAuthenticationException("Authentication failed");
        var newcomer = rig();
        newcomer.kafka.refuses = wrong;
        assertThatThrownBy(newcomer::step).isSameAs(wrong);

        var member = new Rig(new FakeGroup("orders", 1), choices);
        member.append(P0, "a");
        member.own(P0);
        member.kafka.refuses = wrong;
        member.steps(3);
        assertThat(refusal(member))
                .isInstanceOfSatisfying(
                        Reason.CredentialsRefused.class,
                        reason -> assertThat(reason.text()).contains("refused our credentials"));
        member.kafka.refuses = null;
        member.append(P0, "b");
        member.time.pass(Duration.ofSeconds(1));
        member.steps(3);
        assertThat(handled).contains("a#1", "b#1");
        assertThat(member.loop.observed().refusal()).isEmpty();
    }

    @Test
    void aTopicThatMayNotBeReadHoldsBackNoOther() {
        var rig = rig();
        rig.append(P0, "a");
        rig.own(P0, P1);
        rig.kafka.refuses = new TopicAuthorizationException(Set.of("secret"));
        rig.step();
        rig.kafka.refuses = null;
        rig.append(P0, "b");
        rig.steps(2); // no time passes
        assertThat(handled).contains("a#1", "b#1");
        assertThat(refusal(rig)).isInstanceOf(Reason.NotAuthorized.class);
        rig.time.pass(Duration.ofSeconds(11));
        rig.step();
        assertThat(rig.loop.observed().refusal()).as("nobody has said it again").isEmpty();
    }

    private static Reason refusal(Rig rig) {
        return rig.loop.observed().refusal().orElseThrow().reason(rig.time.nanoTime());
    }

    @Test
    void aCommitThatFailedIsSentAgainSoonAndThenLessAndLessOften() {
        choices.commit = Commit.every(Duration.ofSeconds(10));
        var rig = rig();
        rig.append(P0, "a");
        rig.own(P0);
        rig.kafka.refusesCommits = true;
        rig.time.pass(Duration.ofSeconds(10));
        rig.step();
        assertThat(rig.events(Event.CommitFailed.class)).hasSize(1);
        rig.steps(5);
        assertThat(rig.events(Event.CommitFailed.class)).as("not at once").hasSize(1);
        rig.time.pass(Duration.ofMillis(100));
        rig.step();
        assertThat(rig.events(Event.CommitFailed.class)).hasSize(2);
        rig.time.pass(Duration.ofMillis(150));
        rig.step();
        assertThat(rig.events(Event.CommitFailed.class)).as("200 ms this time").hasSize(2);
        rig.kafka.refusesCommits = false;
        rig.time.pass(Duration.ofMillis(50));
        rig.step();
        assertThat(rig.committed(P0)).isEqualTo(1);

        rig.append(P0, "b");
        rig.time.pass(Duration.ofSeconds(9));
        rig.steps(3);
        assertThat(rig.committed(P0)).as("the usual interval again").isEqualTo(1);
    }

    @Test
    void whatAPausedPartitionHoldsInMemoryKeepsNoOtherFromGoingOn() {
        choices.maxInFlightBytes = 1_000;
        var rig = rig();
        for (int i = 0; i < 10; i++) {
            rig.append(P0, "x".repeat(200)); // one poll brings more than there is room for
        }
        rig.gate.shut();
        rig.own(P0);
        rig.tenure(P0).hold("somebody", Tenure.By.OUTSIDE, Optional.empty());
        rig.gate.open();
        rig.append(P1, "a");
        rig.own(P0, P1);
        rig.steps(5);
        assertThat(handled).endsWith("a#1");
    }
}

package io.strandline;

import static io.strandline.Rig.P0;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class BatchTest {
    private final FakeGroup group = new FakeGroup("orders", 2);
    private final Rig.Choices choices = new Rig.Choices();
    private final List<String> handled = Collections.synchronizedList(new ArrayList<>());
    private final List<Long> deadLettered = Collections.synchronizedList(new ArrayList<>());

    private Rig rig(Handler.OfBatch<String, String> handler) {
        choices.writer = (source, topic, givenUp, noStack) -> {
            deadLettered.add(source.offset());
            return new Ack(topic, 0, 0, Instant.EPOCH);
        };
        choices.batchHandler = Optional.of(batch -> {
            handled.add(values(batch));
            handler.handle(batch);
        });
        return new Rig(group, choices);
    }

    private static String values(Batch<String, String> batch) {
        return String.join(
                " ",
                batch.messages().stream()
                        .map(m -> m.value() + "#" + m.attempt())
                        .toList());
    }

    private static void later(Rig rig) {
        rig.time.pass(Duration.ofSeconds(31));
        rig.steps(2);
    }

    @Test
    void aBatchIsWhatOneFetchGaveAndReturningMeansAllIsDone() {
        var rig = rig(batch -> {});
        rig.append(P0, "a", "b", "c");
        rig.own(P0);
        rig.append(P0, "d");
        rig.steps(2);
        assertThat(handled).containsExactly("a#1 b#1 c#1", "d#1");
        assertThat(rig.committed(P0)).isEqualTo(4);
        assertThat(rig.events(Event.BatchFinished.class))
                .extracting(Event.BatchFinished::last)
                .containsExactly(2L, 3L);
    }

    @Test
    void afterTheFirstResolveOnlyWhatWasResolvedIsDoneAndTheRestComesAgainAtOnce() {
        var rig = rig(batch -> batch.resolve(batch.messages().getFirst()));
        rig.append(P0, "a", "b", "c");
        rig.own(P0);
        rig.steps(2);
        assertThat(handled).containsExactly("a#1 b#1 c#1", "b#1 c#1", "c#1");
        assertThat(rig.committed(P0)).isEqualTo(3);
    }

    @Test
    void whatWasResolvedCountsWhileTheHandlerStillRuns() {
        var rig = new AtomicReference<Rig>();
        rig.set(rig(batch -> {
            batch.resolve(batch.messages().get(1));
            rig.get().gate.shut();
            rig.get().gate.enter("resolved two");
        }));
        rig.get().append(P0, "a", "b", "c");
        rig.get().own(P0);
        rig.get().steps(2);
        assertThat(rig.get().committed(P0)).isEqualTo(2);
        assertThat(rig.get().reason(P0))
                .isInstanceOfSatisfying(
                        Reason.HandlerBusy.class,
                        busy -> assertThat(busy.offset()).isEqualTo(2));
    }

    @Test
    void aRejectedMessageComesAgainAloneAndThenIsADeadLetterWhileTheRestGoesOn() {
        var rig = rig(batch -> {
            for (var m : batch) {
                if ("bad".equals(m.value())) {
                    batch.reject(m, new IllegalStateException("on purpose"));
                }
            }
        });
        rig.append(P0, "a", "bad", "c");
        rig.own(P0);
        rig.append(P0, "d");
        rig.steps(2);
        assertThat(handled).containsExactly("a#1 bad#1 c#1", "d#1");
        assertThat(rig.committed(P0)).isEqualTo(1);
        assertThat(rig.reason(P0)).isInstanceOf(Reason.RetryWaiting.class);
        later(rig);
        later(rig);
        assertThat(handled).containsExactly("a#1 bad#1 c#1", "d#1", "bad#2", "bad#3");
        assertThat(deadLettered).containsExactly(1L);
        assertThat(rig.committed(P0)).isEqualTo(4);
    }

    @Test
    void resolvingDoesNotCoverWhatWasRejected() {
        choices.retry = Retry.fixed(Duration.ofSeconds(30)).attempts(2);
        var rig = rig(batch -> {
            for (var m : batch) {
                if ("bad".equals(m.value())) {
                    batch.reject(m, new IllegalStateException("on purpose"));
                } else {
                    batch.resolve(m);
                }
            }
        });
        rig.append(P0, "a", "bad", "c");
        rig.own(P0);
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(1);
        later(rig);
        assertThat(deadLettered).containsExactly(1L);
        assertThat(rig.committed(P0)).isEqualTo(3);
    }

    @Test
    void aBatchThatFailsIsTriedAgainFromItsFirstUnresolvedMessageAndNothingOvertakesIt() {
        var rig = rig(batch -> {
            if (batch.messages().getFirst().attempt() == 1 && batch.messages().size() > 1) {
                batch.resolve(batch.messages().getFirst());
                throw new IllegalStateException("on purpose");
            }
        });
        rig.append(P0, "a", "b", "c");
        rig.own(P0);
        rig.append(P0, "d");
        rig.steps(2);
        assertThat(handled).containsExactly("a#1 b#1 c#1");
        assertThat(rig.committed(P0)).isEqualTo(1);
        later(rig);
        assertThat(handled).containsExactly("a#1 b#1 c#1", "b#2 c#2", "d#1");
        assertThat(rig.committed(P0)).isEqualTo(4);
    }

    @Test
    void whenItsAttemptsAreUsedUpOnlyTheMessagesThatFailOnTheirOwnAreGivenUp() {
        choices.retry = Retry.fixed(Duration.ofSeconds(30)).attempts(2);
        var rig = rig(batch -> {
            for (var m : batch) {
                if ("bad".equals(m.value())) {
                    throw new IllegalStateException("on purpose");
                }
            }
        });
        rig.append(P0, "a", "bad", "c");
        rig.own(P0);
        rig.append(P0, "d");
        rig.steps(2);
        later(rig);
        rig.steps(2);
        assertThat(handled).containsExactly("a#1 bad#1 c#1", "a#2 bad#2 c#2", "a#2", "bad#2", "c#2", "d#1");
        assertThat(deadLettered).containsExactly(1L);
        assertThat(rig.committed(P0)).isEqualTo(4);
    }

    @Test
    void aMessageThatCannotBeReadIsNotInTheBatchAndTakesTheWayOfARejectedOne() {
        var rig = rig(batch -> {});
        rig.append(P0, "a");
        group.append(P0, new byte[] {'k'}, new byte[] {(byte) 0xff});
        rig.append(P0, "c");
        rig.own(P0);
        rig.steps(2);
        assertThat(handled).containsExactly("a#1 c#1");
        assertThat(deadLettered).containsExactly(1L);
        assertThat(rig.committed(P0)).isEqualTo(3);
    }

    @Test
    void aFailureWhileTheHandlerHoldsAPauseCostsNoAttempt() {
        var rig = rig(batch -> {
            if (handled.size() < 10) {
                batch.pause(Duration.ofSeconds(10));
                throw new IllegalStateException("too many requests");
            }
        });
        rig.append(P0, "a", "b");
        rig.own(P0);
        assertThat(rig.reason(P0)).isInstanceOf(Reason.PausedByHandler.class);
        for (int i = 0; i < 12; i++) {
            later(rig);
        }
        assertThat(handled).hasSize(10).containsOnly("a#1 b#1");
        assertThat(rig.committed(P0)).isEqualTo(2);
    }

    @Test
    void aRevocationTellsTheHandlerAndCommitsWhatItResolved() {
        var seen = new AtomicReference<Batch<String, String>>();
        var rig = rig(batch -> {
            seen.set(batch);
            batch.resolve(batch.messages().getFirst());
        });
        rig.append(P0, "a", "b");
        rig.gate.shut();
        rig.own(P0);
        rig.time.duringSleep(() -> rig.gate.waiting().forEach(rig.gate::pass));
        group.assign(group.join(), List.of(P0));
        rig.step();
        assertThat(seen.get().stale()).isTrue();
        assertThat(handled).containsExactly("a#1 b#1");
        assertThat(rig.committed(P0)).isEqualTo(1);
    }

    @Test
    void theBatchKnowsHowMuchIsBehindIt() {
        var lags = new ArrayList<Long>();
        var rig = rig(batch -> lags.add(batch.lag()));
        rig.kafka.recordsPerPoll = 2;
        rig.append(P0, "a", "b", "c", "d", "e");
        rig.own(P0);
        rig.steps(3);
        assertThat(lags).containsExactly(3L, 1L, 0L);
    }

    @Test
    @Timeout(60)
    void itsHandlerCanCommitWhatItResolvedAlsoWhereNothingElseCommits() {
        choices.commit = Commit.manual();
        var committed = Collections.synchronizedList(new ArrayList<Long>());
        var rig = new AtomicReference<Rig>();
        rig.set(rig(batch -> {
            batch.resolve(batch.messages().getFirst());
            rig.get().gate.asking(batch::commit);
            committed.add(rig.get().committed(P0));
        }));
        rig.get().append(P0, "a", "b");
        rig.get().own(P0);
        while (committed.size() < 2) {
            rig.get().step();
        }
        assertThat(committed).containsExactly(1L, 2L);
    }

    @Test
    void whatIsNotOfTheBatchOrComesTooLateIsRefused() {
        var kept = new AtomicReference<Batch<String, String>>();
        var refusals = new ArrayList<Throwable>();
        var rig = rig(batch -> {
            var first = batch.messages().getFirst();
            if (kept.get() != null) {
                refusals.add(org.assertj.core.api.Assertions.catchThrowable(
                        () -> batch.resolve(kept.get().messages().getFirst())));
            }
            kept.set(batch);
            batch.resolve(first);
            refusals.add(
                    org.assertj.core.api.Assertions.catchThrowable(() -> batch.reject(first, new Exception("late"))));
        });
        rig.append(P0, "a");
        rig.own(P0);
        rig.append(P0, "b");
        rig.steps(2);
        assertThat(refusals.get(0)).isInstanceOf(IllegalStateException.class).hasMessageContaining("is resolved");
        assertThat(refusals.get(1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("orders-0@0");
        assertThatThrownBy(() -> kept.get().resolve(kept.get().messages().getFirst()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("returned");
    }
}

package io.strandline;

import static io.strandline.Rig.P0;
import static io.strandline.Rig.P1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class TransactionLaneTest {
    private static final Topic<String, String> OUT = Topic.strings("out");

    private final FakeGroup group = new FakeGroup("orders", 2);
    private final FakeTransactions broker = new FakeTransactions(group);
    private final VirtualTime time = new VirtualTime();
    private final HandlerGate gate = new HandlerGate();
    private final List<String> handled = new ArrayList<>();
    private final Rig.Choices choices = new Rig.Choices();
    private Transactions.Limits limits = new Transactions.Limits(500, Duration.ofMillis(100));
    private Handler.InTransaction<String, String> handler = (m, tx) -> tx.send(OUT, m.key(), m.value());

    private Rig rig() {
        var self = new AtomicReference<Rig>();
        choices.transactions = broker.transactions(() -> self.get().kafka, limits, new EventBus(time), time);
        choices.transactionHandler = Optional.of((m, tx) -> {
            handled.add(m.value());
            handler.handle(m, tx);
        });
        choices.gated = false;
        var rig = new Rig(group, choices, time, gate);
        self.set(rig);
        rig.kafka.recordsPerPoll = 100;
        return rig;
    }

    @Test
    void messagesAtHandShareATransactionAndTheirOffsetsGoWithIt() {
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.own(P0);
        rig.steps(2);
        assertThat(broker.committed("out")).containsExactly("a", "b", "c");
        assertThat(rig.committed(P0)).isEqualTo(3);
        assertThat(rig.events(Event.Committed.class)).hasSize(1);
        assertThat(rig.events(Event.Committed.class).getFirst().offsets()).containsEntry(Partition.of(P0), 3L);
    }

    @Test
    void aTransactionIsNoLargerThanItMayBe() {
        limits = new Transactions.Limits(2, Duration.ofMillis(100));
        var rig = rig();
        rig.append(P0, "a", "b", "c", "d", "e");
        rig.own(P0);
        rig.steps(2);
        assertThat(rig.events(Event.Committed.class))
                .extracting(e -> e.offsets().get(Partition.of(P0)))
                .containsExactly(2L, 4L, 5L);
    }

    @Test
    void aTransactionIsOpenNoLongerThanItMayBe() {
        handler = (m, tx) -> time.pass(Duration.ofMillis(60));
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.own(P0);
        rig.steps(2);
        assertThat(rig.events(Event.Committed.class))
                .extracting(e -> e.offsets().get(Partition.of(P0)))
                .containsExactly(2L, 3L);
    }

    @Test
    void thoseBeforeAFailedOneAreCommittedWithoutItAndItsDeadLetterIsInOneTransactionWithItsOffset() {
        choices.retry = Retry.fixed(Duration.ofSeconds(30)).attempts(2);
        handler = (m, tx) -> {
            tx.send(OUT, m.key(), m.value());
            if (m.value().equals("bad")) {
                throw new IllegalStateException("on purpose");
            }
        };
        var rig = rig();
        rig.append(P0, "a", "b", "bad", "c", "d");
        rig.own(P0);
        rig.steps(2);
        assertThat(handled).containsExactly("a", "b", "bad", "a", "b");
        assertThat(broker.committed("out")).containsExactly("a", "b");
        assertThat(rig.committed(P0)).as("what it holds back waits").isEqualTo(2);
        assertThat(rig.reason(P0)).isInstanceOf(Reason.RetryWaiting.class);

        time.pass(Duration.ofSeconds(30));
        rig.steps(3);
        assertThat(handled).containsExactly("a", "b", "bad", "a", "b", "bad", "c", "d");
        assertThat(broker.committed("out")).containsExactly("a", "b", "c", "d");
        assertThat(broker.committed("orders.dlq")).containsExactly("bad");
        assertThat(rig.committed(P0)).isEqualTo(5);
        var letter = rig.events(Event.DeadLettered.class);
        assertThat(letter).hasSize(1);
        assertThat(letter.getFirst().attempts()).isEqualTo(2);
        assertThat(rig.events(Event.Committed.class))
                .extracting(e -> e.offsets().get(Partition.of(P0)))
                .containsExactly(2L, 3L, 5L);
    }

    @Test
    void whatIsThrownAwayIsPassedInATransactionToo() {
        choices.retry = Retry.fixed(Duration.ofSeconds(30)).attempts(1);
        choices.deadLetter = Optional.of(DeadLetter.discard());
        handler = (m, tx) -> {
            tx.send(OUT, m.key(), m.value());
            if (m.value().equals("bad")) {
                throw new IllegalStateException("on purpose");
            }
        };
        var rig = rig();
        rig.append(P0, "a", "bad");
        rig.own(P0);
        rig.steps(2);
        assertThat(broker.committed("out")).containsExactly("a");
        assertThat(rig.committed(P0)).isEqualTo(2);
        assertThat(rig.events(Event.Skipped.class)).hasSize(1);
    }

    @Test
    void aRefusalThatMayBeAnothersIsFoundByHalvingAndCostsTheInnocentNothing() {
        choices.retry = Retry.fixed(Duration.ofSeconds(30)).attempts(1);
        var rig = rig();
        rig.append(P0, "a", "b", "too large", "c", "d", "e", "f");
        rig.own(P0);
        rig.steps(3);
        assertThat(broker.committed("out")).containsExactly("a", "b", "c", "d", "e", "f");
        assertThat(rig.events(Event.DeadLettered.class))
                .extracting(Event.DeadLettered::offset)
                .containsExactly(2L);
        assertThat(rig.committed(P0)).isEqualTo(7);
    }

    @Test
    void aCommitWhoseAnswerWasLostIsNotDoneTwice() {
        var faults = new ArrayList<>(List.of(FakeTransactions.Fault.NOT_ANSWERED, FakeTransactions.Fault.NOT_ANSWERED));
        broker.faults =
                at -> at.equals("commit") && !faults.isEmpty() ? faults.removeFirst() : FakeTransactions.Fault.NONE;
        var rig = rig();
        rig.append(P0, "a", "b");
        rig.own(P0);
        rig.steps(2);
        assertThat(rig.events(Event.CommitFailed.class)).hasSize(1);
        rig.append(P0, "c");
        time.pass(Duration.ofSeconds(1));
        answered(rig);
        assertThat(broker.committed("out")).containsExactly("a", "b", "c");
        assertThat(handled).containsExactly("a", "b", "c");
        assertThat(rig.committed(P0)).isEqualTo(3);
    }

    @Test
    void aCommitThatTheBrokerHasNotHeardOfIsDoneAgain() {
        var faults = new ArrayList<>(List.of(FakeTransactions.Fault.NOT_SENT, FakeTransactions.Fault.NOT_SENT));
        broker.faults =
                at -> at.equals("commit") && !faults.isEmpty() ? faults.removeFirst() : FakeTransactions.Fault.NONE;
        var rig = rig();
        rig.append(P0, "a", "b");
        rig.own(P0);
        rig.steps(2);
        time.pass(Duration.ofSeconds(1));
        answered(rig);
        assertThat(broker.committed("out")).containsExactly("a", "b");
        assertThat(handled).containsExactly("a", "b", "a", "b");
        assertThat(rig.committed(P0)).isEqualTo(2);
    }

    /** A worker waits for the poll thread, which is this one, so it may not be waited for. */
    private static void answered(Rig rig) {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (rig.loop.tenure(Partition.of(P0)).orElseThrow().messagesInMemory() > 0
                || rig.group.end(P0) > rig.committed(P0)) {
            assertThat(System.nanoTime()).as("20 s are over").isLessThan(deadline);
            rig.loop.step();
            rig.gate.begin();
        }
        rig.gate.settle();
    }

    @Test
    void aRevocationLetsTheTransactionInHandFinish() {
        gate.shut();
        handler = (m, tx) -> {
            gate.enter(m);
            tx.send(OUT, m.key(), m.value());
        };
        var rig = rig();
        rig.append(P0, "a", "b");
        rig.own(P0);
        rig.steps(2);
        time.duringSleep(() -> {
            if (!gate.waiting().isEmpty()) {
                gate.pass(gate.waiting().getFirst());
            }
        });
        rig.group.assign(rig.group.join(), List.of(P0));
        rig.step();
        assertThat(broker.committed("out")).as("takes nothing new").containsExactly("a");
        assertThat(rig.committed(P0)).isEqualTo(1);
        assertThat(broker.violations).isEmpty();
    }

    @Test
    void aHandlerThatIsLateForTheRevocationChangesNothing() {
        gate.shut();
        choices.revokeWait = Duration.ofMillis(50);
        handler = (m, tx) -> {
            tx.send(OUT, m.key(), m.value());
            gate.enter(m);
        };
        var rig = rig();
        rig.append(P0, "a", "b");
        rig.own(P0);
        rig.steps(2);
        rig.group.assign(rig.group.join(), List.of(P0));
        rig.step();
        rig.step(); // the member is of a newer generation now, whose metadata a late commit could show
        gate.pass(gate.waiting().getFirst());
        assertThat(broker.committed("out")).isEmpty();
        assertThat(broker.open()).isZero();
        assertThat(rig.committed(P0)).isEqualTo(-1);
        assertThat(broker.violations).isEmpty();
    }

    @Test
    void aNewOwnerEndsWhatADeadOneLeftOpen() {
        gate.shut();
        handler = (m, tx) -> {
            tx.send(OUT, m.key(), m.value());
            gate.enter(m);
        };
        var dead = rig();
        dead.append(P0, "a", "b");
        dead.own(P0);
        dead.steps(2);
        gate.pass(gate.waiting().getFirst()); // "a" is done and not committed, "b" is in hand
        group.leave(dead.kafka);
        var heir = rig();
        handler = (m, tx) -> tx.send(OUT, m.key(), "again " + m.value());
        heir.own(P0);
        heir.steps(2);
        assertThat(broker.open()).isZero();
        assertThat(broker.committed("out")).containsExactly("again a", "again b");
        assertThat(heir.committed(P0)).isEqualTo(2);
        gate.waiting().forEach(gate::pass); // the dead one comes back to life
        assertThat(broker.committed("out")).containsExactly("again a", "again b");
        assertThat(heir.committed(P0)).isEqualTo(2);
    }

    @Test
    void aTransactionThatTookTooLongIsDoneAgainByTheSameOwner() {
        var first = new ArrayList<>(List.of(true));
        handler = (m, tx) -> {
            tx.send(OUT, m.key(), m.value());
            if (!first.isEmpty()) {
                first.clear();
                broker.timeOut("orders-0");
            }
        };
        var rig = rig();
        rig.append(P0, "a");
        rig.own(P0);
        rig.steps(2);
        assertThat(broker.committed("out")).isEmpty();
        time.pass(Duration.ofSeconds(1));
        rig.steps(2);
        assertThat(broker.committed("out")).containsExactly("a");
        assertThat(rig.committed(P0)).isEqualTo(1);
    }

    @Test
    void partitionsHaveTransactionsOfTheirOwn() {
        handler = (m, tx) -> {
            tx.send(OUT, m.key(), m.value());
            if (m.value().equals("bad")) {
                throw new IllegalStateException("on purpose");
            }
        };
        var rig = rig();
        rig.append(P0, "bad");
        rig.append(P1, "good");
        rig.own(P0, P1);
        rig.steps(2);
        assertThat(broker.committed("out")).containsExactly("good");
        assertThat(broker.log).extracting(sent -> sent.id).contains("tx-billing-orders-1");
    }

    @Test
    void aHandlerCannotEndTheConsumersTransactionNorSendWhenItIsOver() {
        var kept = new AtomicReference<Transaction>();
        handler = (m, tx) -> {
            kept.set(tx);
            assertThatIllegalStateException().isThrownBy(tx::commit).withMessageContaining("throw");
            assertThatIllegalStateException().isThrownBy(tx::abort);
            assertThatIllegalStateException().isThrownBy(tx::close);
        };
        var rig = rig();
        rig.append(P0, "a");
        rig.own(P0);
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(1);
        assertThatIllegalStateException()
                .isThrownBy(() -> kept.get().send(OUT, "k", "late"))
                .withMessageContaining("has returned");
    }

    @Test
    void aPauseFromOutsideCommitsWhatIsDoneAndWaits() {
        var rig = rig();
        var held = new Object();
        handler = (m, tx) -> {
            tx.send(OUT, m.key(), m.value());
            if (m.value().equals("a")) {
                rig.tenure(P0).hold(held, Tenure.By.OUTSIDE, Optional.empty());
            }
        };
        rig.append(P0, "a", "b");
        rig.own(P0);
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(1);
        assertThat(rig.reason(P0)).isInstanceOf(Reason.PausedFromOutside.class);
        rig.tenure(P0).release(held);
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(2);
    }

    @Test
    void aStopCommitsWhatIsDone() {
        gate.shut();
        handler = (m, tx) -> {
            gate.enter(m);
            tx.send(OUT, m.key(), m.value());
        };
        var rig = rig();
        rig.append(P0, "a", "b", "c");
        rig.own(P0);
        rig.steps(2);
        gate.pass(gate.waiting().getFirst());
        time.duringSleep(() -> {
            if (!gate.waiting().isEmpty()) {
                gate.pass(gate.waiting().getFirst());
            }
        });
        assertThat(rig.loop.drain(Duration.ofSeconds(5))).isTrue();
        assertThat(broker.committed("out")).containsExactly("a", "b");
        assertThat(rig.committed(P0)).isEqualTo(2);
    }

    @Test
    void whatCannotBeRefusedAtTheStartOfAnInstanceIsRefusedAtTheBuilder() {
        try (var kafka = Kafka.connect("127.0.0.1:1")) {
            Map.<String, java.util.function.UnaryOperator<Consumer.Builder>>of(
                            "one after the other",
                            b -> b.concurrency(Concurrency.perKey(4)),
                            "inTopics()",
                            b -> b.retry(Retry.fixed(Duration.ofSeconds(1))
                                            .attempts(2)
                                            .inTopics())
                                    .deadLetter(DeadLetter.suffix(".dlq")),
                            "Manual",
                            b -> b.commit(Commit.manual()),
                            "alwaysStartAt",
                            b -> b.alwaysStartAt(Position.earliest()),
                            "readUncommitted()",
                            Consumer.Builder::readUncommitted,
                            "read uncommitted",
                            b -> b.set("isolation.level", "read_uncommitted"))
                    .forEach((words, contradiction) -> assertThatIllegalStateException()
                            .isThrownBy(() -> contradiction
                                    .apply(kafka.consumer("billing").eachTransaction(OUT, "tx", (m, tx) -> {}))
                                    .start())
                            .withMessageContaining("eachTransaction(out)")
                            .withMessageContaining(words));
        }
    }
}

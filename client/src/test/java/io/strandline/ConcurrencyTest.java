package io.strandline;

import static io.strandline.Rig.P0;
import static io.strandline.Rig.P1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class ConcurrencyTest {
    private final FakeGroup group = new FakeGroup("orders", 2);
    private final Rig.Choices choices = new Rig.Choices();
    private final List<String> handled = Collections.synchronizedList(new ArrayList<>());

    /** Values that contain {@code bad} fail. */
    private Rig rig(Concurrency concurrency) {
        choices.concurrency = concurrency;
        choices.handler = (m, ctx) -> {
            handled.add(m.value() + "#" + m.attempt());
            if (String.valueOf(m.value()).contains("bad")) {
                throw new IllegalStateException("on purpose");
            }
        };
        return new Rig(group, choices);
    }

    private static List<String> atTheGate(Rig rig) {
        return rig.gate.waiting().stream()
                .map(w -> ((Message<?, ?>) w.who()).value())
                .map(String::valueOf)
                .toList();
    }

    private static void letThrough(Rig rig, String value) {
        rig.gate.waiting().stream()
                .filter(w -> value.equals(((Message<?, ?>) w.who()).value()))
                .forEach(rig.gate::pass);
    }

    @Test
    void keysAreHandledSideBySideAndEachKeyInItsOrder() {
        var rig = rig(Concurrency.perKey(10));
        rig.appendKeyed(P0, "a:1", "b:1", "a:2", "c:1", "b:2");
        rig.gate.shut();
        rig.own(P0);
        assertThat(atTheGate(rig)).containsExactlyInAnyOrder("a:1", "b:1", "c:1");
        letThrough(rig, "b:1");
        assertThat(atTheGate(rig)).containsExactlyInAnyOrder("a:1", "b:2", "c:1");
        rig.gate.open();
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(5);
    }

    @Test
    void messagesWithoutAKeyWaitForNobody() {
        var rig = rig(Concurrency.perKey(10));
        rig.appendKeyed(P0, "none 1", "none 2", "a:1", "a:2");
        rig.gate.shut();
        rig.own(P0);
        assertThat(atTheGate(rig)).containsExactlyInAnyOrder("none 1", "none 2", "a:1");
    }

    @Test
    void anEmptyKeyIsAKey() {
        var rig = rig(Concurrency.perKey(10));
        rig.appendKeyed(P0, ":1", ":2");
        rig.gate.shut();
        rig.own(P0);
        assertThat(atTheGate(rig)).containsExactly(":1");
    }

    @Test
    void aRetryThatWaitsHoldsItsKeyAloneAndTheProgress() {
        var rig = rig(Concurrency.perKey(10));
        rig.appendKeyed(P0, "a:1", "b:bad", "b:2", "c:1");
        rig.own(P0);
        rig.steps(2);
        assertThat(handled).containsExactlyInAnyOrder("a:1#1", "b:bad#1", "c:1#1");
        assertThat(rig.committed(P0)).isEqualTo(1);
        assertThat(rig.reason(P0))
                .isInstanceOfSatisfying(
                        Reason.RetryWaiting.class,
                        waiting -> assertThat(waiting.offset()).isEqualTo(1));
        for (int i = 0; i < 3; i++) {
            rig.time.pass(Duration.ofSeconds(31));
            rig.step();
        }
        rig.steps(2);
        assertThat(handled).endsWith("b:bad#2", "b:bad#3", "b:2#1");
        assertThat(rig.committed(P0)).isEqualTo(4);
    }

    @Test
    void whatIsFinishedAboveAnUnfinishedMessageIsNotCommitted() {
        var rig = rig(Concurrency.unordered(10));
        rig.appendKeyed(P0, "a:1", "a:2", "a:3");
        rig.gate.shut();
        rig.own(P0);
        letThrough(rig, "a:3");
        letThrough(rig, "a:2");
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(-1);
        letThrough(rig, "a:1");
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(3);
    }

    @Test
    void handlersAtOnceAreCountedOverAllPartitions() {
        var rig = rig(Concurrency.perKey(3));
        rig.appendKeyed(P0, "a:1", "b:1", "c:1", "d:1");
        rig.appendKeyed(P1, "e:1", "f:1", "g:1");
        rig.gate.shut();
        rig.own(P0, P1);
        assertThat(atTheGate(rig)).hasSize(3);
        assertThat(rig.reason(P1)).isInstanceOf(Reason.AllHandlersBusy.class);
        rig.gate.pass(rig.gate.waiting().getFirst());
        assertThat(atTheGate(rig)).hasSize(3);
        rig.gate.open();
        rig.steps(2);
        assertThat(handled).hasSize(7);
    }

    @Test
    void unorderedMessagesOfOneKeyDoNotWaitForEachOther() {
        var rig = rig(Concurrency.unordered(10));
        rig.appendKeyed(P0, "a:bad", "a:2");
        rig.own(P0);
        assertThat(handled).containsExactlyInAnyOrder("a:bad#1", "a:2#1");
    }

    @Test
    void aPauseHoldsAllKeysAndARevocationWaitsForAllHandlers() {
        var rig = rig(Concurrency.perKey(10));
        rig.appendKeyed(P0, "a:1", "b:1", "a:2");
        rig.gate.shut();
        rig.own(P0);
        rig.loop.tenures().forEach(tenure -> tenure.hold("test", Tenure.By.OUTSIDE, java.util.Optional.empty()));
        letThrough(rig, "a:1");
        assertThat(atTheGate(rig)).containsExactly("b:1");
        rig.loop.tenures().forEach(tenure -> tenure.release("test"));
        rig.gate.settle();
        assertThat(atTheGate(rig)).containsExactlyInAnyOrder("a:2", "b:1");

        rig.time.duringSleep(() -> rig.gate.waiting().stream().findFirst().ifPresent(rig.gate::pass));
        group.assign(group.join(), List.of(P0));
        rig.step();
        assertThat(rig.committed(P0)).isEqualTo(3);
    }

    @Test
    void oneThousandKeysThatTakeNoTimeNeedAFewThreads() {
        var rig = rig(Concurrency.perKey(500));
        rig.kafka.recordsPerPoll = 1_000;
        for (int i = 0; i < 1_000; i++) {
            rig.appendKeyed(P0, i + ":x");
        }
        rig.own(P0);
        assertThat(handled).hasSize(1_000);
        assertThat(rig.gate.started()).isLessThan(5);
    }

    @Test
    void idleKeysTakeNoRoom() {
        var rig = rig(Concurrency.perKey(1));
        var tenure = rig.tenure(P0);
        var crew = new Crew(rig.member, 10);
        var attempts = new Attempts(tenure, rig.member, Rig.ORDERS, task -> {});
        var lanes = new Lanes.PerKey(() -> new MessageLane(attempts, crew, rig.time));
        for (long offset = 0; offset < 10_000; offset++) {
            var key = Long.toString(offset).getBytes(UTF_8);
            lanes.add(List.of(new Task(tenure, new ConsumerRecord<>("orders", 0, offset, key, new byte[0]))));
            crew.hire();
            rig.gate.settle();
        }
        assertThat(lanes.size()).isLessThan(300);
        lanes.empty();
        assertThat(lanes.size()).isZero();
    }

    @Test
    void farAheadOfAnUnfinishedMessageAPartitionWaits() {
        choices.maxInFlight = 100_000;
        choices.retry = Retry.fixed(Duration.ofDays(1)).forever();
        var rig = rig(Concurrency.perKey(10));
        rig.kafka.recordsPerPoll = 10_000;
        rig.appendKeyed(P0, "a:bad");
        for (int i = 0; i < 150_000; i++) {
            rig.appendKeyed(P0, "b:x");
        }
        rig.own(P0);
        rig.steps(30);
        assertThat(handled).hasSizeBetween(100_000, 120_000);
        assertThat(rig.reason(P0)).isInstanceOf(Reason.RetryWaiting.class);
    }

    @Test
    void fewerThanOneHandlerIsRefused() {
        assertThatThrownBy(() -> Concurrency.perKey(0)).hasMessageContaining("not 0");
        assertThatThrownBy(() -> Concurrency.unordered(-1)).hasMessageContaining("not -1");
    }
}

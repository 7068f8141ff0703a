package io.strandline.broker.requests;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.message.CreateTopicsResponse;
import io.strandline.storage.Durability;
import io.strandline.storage.Time;
import io.strandline.storage.Waiter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DurablePartsTest {
    private static final Duration LIMIT = Duration.ofSeconds(3);

    private long nanos;
    private final Time time = new Time() {
        @Override
        public long wallMs() {
            return 0;
        }

        @Override
        public long nanos() {
            return nanos;
        }
    };
    private final CreateTopicsResponse response = new CreateTopicsResponse();
    private final List<String> told = new ArrayList<>();
    private final DurableParts parts = new DurableParts();

    /** On its way to a disk that does what it is told. */
    private static final class OnItsWay implements Durability {
        private State state = State.PENDING;

        @Override
        public State state() {
            return state;
        }

        @Override
        public void notify(Waiter waiter) {}
    }

    private OnItsWay part(String name) {
        var part = new OnItsWay();
        parts.add(part, error -> told.add(name + " " + error));
        return part;
    }

    private Answer answer() {
        return parts.answer(time, LIMIT, () -> response);
    }

    private void assertResponds(Answer answer) {
        assertThat(answer.ready()).isTrue();
        assertThat(answer.result()).isEqualTo(new Answer.Result.Respond(response));
    }

    @Test
    void whereNothingWaitsTheAnswerIsThere() {
        assertResponds(answer());
    }

    @Test
    void theResponseWaitsForAllAndNobodyHasToSayAnything() {
        var one = part("one");
        var other = part("other");
        var answer = answer();
        one.state = Durability.State.DURABLE;
        assertThat(answer.ready()).isFalse();
        other.state = Durability.State.DURABLE;
        assertResponds(answer);
        assertThat(told).isEmpty();
    }

    @Test
    void whenTheTimeIsOverEachSaysForItselfWhatCameOfIt() {
        part("one").state = Durability.State.DURABLE;
        part("late");
        var answer = answer();
        assertThat(answer.ready()).isFalse();
        nanos = LIMIT.toNanos();
        assertResponds(answer);
        assertThat(told).containsExactly("late REQUEST_TIMED_OUT");
    }

    @Test
    void aDiskThatHasFailedIsToldAtOnce() {
        part("one").state = Durability.State.FAILED;
        assertResponds(answer());
        assertThat(told).containsExactly("one KAFKA_STORAGE_ERROR");
    }
}

package io.strandline;

import static io.strandline.Rig.P0;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FailureTest {
    private final FakeGroup group = new FakeGroup("orders", 1);
    private final Rig.Choices choices = new Rig.Choices();
    private final List<String> handled = Collections.synchronizedList(new ArrayList<>());
    private final List<String> parked = Collections.synchronizedList(new ArrayList<>());

    /** Values that begin with {@code bad} fail. */
    private Rig rig(Failure failure) {
        choices.failure = Optional.of(failure);
        choices.deadLetter = Optional.empty();
        choices.writer = (source, topic, givenUp, noStack) -> {
            parked.add(topic + "@" + source.offset());
            return new Ack(topic, 0, 0, Instant.EPOCH);
        };
        choices.handler = (m, ctx) -> {
            handled.add(m.value() + "#" + m.attempt());
            if (String.valueOf(m.value()).startsWith("bad")) {
                throw new IllegalStateException("on purpose");
            }
        };
        return new Rig(group, choices);
    }

    private static void later(Rig rig, Duration d) {
        rig.time.pass(d);
        rig.steps(2);
    }

    @Test
    void aDelayMayBeLongerThanALife() {
        var rig = rig(
                (message, error, attempt, since) -> new Failure.Decision.RetryAfter(ChronoUnit.FOREVER.getDuration()));
        rig.append(P0, "bad");
        rig.own(P0);
        later(rig, Duration.ofDays(365));
        assertThat(rig.crash.get()).isNull();
        assertThat(handled).containsExactly("bad#1");
        assertThat(rig.reason(P0)).isInstanceOf(Reason.RetryWaiting.class);
    }

    @Test
    void theUsersOwnPolicyDecidesAboutEachAttemptWithTheMessageAndItsHistory() {
        var asked = new ArrayList<String>();
        var rig = rig((message, error, attempt, since) -> {
            asked.add(message.value() + " " + error.getMessage() + " " + attempt + " " + since.toSeconds());
            return attempt < 3
                    ? new Failure.Decision.RetryAfter(Duration.ofMinutes(attempt))
                    : new Failure.Decision.Park("elsewhere");
        });
        rig.append(P0, "bad", "behind");
        rig.own(P0);
        later(rig, Duration.ofSeconds(61));
        later(rig, Duration.ofSeconds(121));
        assertThat(asked).containsExactly("bad on purpose 1 0", "bad on purpose 2 61", "bad on purpose 3 182");
        assertThat(parked).containsExactly("elsewhere@0");
        assertThat(handled).endsWith("behind#1");
        assertThat(rig.committed(P0)).isEqualTo(2);
    }

    @Test
    void itMayThrowAMessageAway() {
        var rig = rig((message, error, attempt, since) -> new Failure.Decision.Skip());
        rig.append(P0, "bad", "behind");
        rig.own(P0);
        rig.steps(2);
        assertThat(rig.events(Event.Skipped.class)).hasSize(1);
        assertThat(rig.committed(P0)).isEqualTo(2);
    }

    @Test
    void itMayStopTheConsumerWhichCommitsNothingBeyond() {
        var rig = rig((message, error, attempt, since) -> new Failure.Decision.Stop());
        rig.append(P0, "ok", "bad", "behind");
        rig.own(P0);
        rig.steps(2);
        assertThat(rig.crash.get()).hasMessageContaining("orders-0@1").hasRootCauseMessage("on purpose");
        rig.loop.close();
        assertThat(handled).containsExactly("ok#1", "bad#1");
        assertThat(rig.committed(P0)).isEqualTo(1);
    }

    @Test
    void anUnreadableMessageIsShownToItAsItsBytes() {
        var seen = new ArrayList<Object>();
        var rig = rig((message, error, attempt, since) -> {
            seen.add(message.value());
            return new Failure.Decision.Skip();
        });
        group.append(P0, new byte[] {'k'}, new byte[] {(byte) 0xff});
        rig.own(P0);
        assertThat(seen).singleElement().isEqualTo(new byte[] {(byte) 0xff});
    }

    @Test
    void ifItFailsItselfTheMessageIsTriedAgain() {
        var rig = rig((message, error, attempt, since) -> {
            throw new IllegalArgumentException("broken policy");
        });
        rig.append(P0, "bad", "behind");
        rig.own(P0);
        later(rig, Duration.ofSeconds(2));
        assertThat(handled).containsExactly("bad#1", "bad#2");
        assertThat(rig.committed(P0)).isEqualTo(-1);
    }

    @Test
    void whatItParksInItsOwnTopicWouldComeAgainForEverAndIsTriedAgainInItsPlace() {
        var rig = rig((message, error, attempt, since) ->
                new Failure.Decision.Park(message.topic().name()));
        rig.append(P0, "bad", "behind");
        rig.own(P0);
        later(rig, Duration.ofSeconds(2));
        assertThat(parked).isEmpty();
        assertThat(handled).containsExactly("bad#1", "bad#2");
    }

    @Test
    void ifItDecidesNothingTheMessageIsTriedAgain() {
        var rig = rig((message, error, attempt, since) -> null);
        rig.append(P0, "bad");
        rig.own(P0);
        later(rig, Duration.ofSeconds(2));
        assertThat(handled).containsExactly("bad#1", "bad#2");
        assertThat(rig.crash.get()).isNull();
    }
}

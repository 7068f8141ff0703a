package io.strandline;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class RetryTest {
    /** Only the user's own policy asks for it. */
    private static final Supplier<Message<?, ?>> NONE = () -> {
        throw new AssertionError("not asked for");
    };

    private final SplittableRandom random = new SplittableRandom(1);

    @Test
    void delaysDoubleUpToTheLongestAndAreSpreadByAFifth() {
        var retry = Retry.exponential(ofMillis(100), ofSeconds(2));
        long[] expected = {100, 200, 400, 800, 1600, 2000, 2000};
        for (int failed = 1; failed <= expected.length; failed++) {
            for (int i = 0; i < 200; i++) {
                assertThat(retry.delayAfter(failed, random))
                        .isBetween(ofMillis(expected[failed - 1] * 8 / 10), ofMillis(expected[failed - 1] * 12 / 10));
            }
        }
    }

    @Test
    void delaysAreSpreadAndNotAllTheSame() {
        var retry = Retry.exponential(ofSeconds(1), ofSeconds(2));
        var all = java.util.stream.IntStream.range(0, 50)
                .mapToObj(i -> retry.delayAfter(1, random))
                .distinct();
        assertThat(all.count()).isGreaterThan(40);
    }

    @Test
    void aGreatNumberOfFailuresStillWaitsTheLongestDelay() {
        assertThat(Retry.exponential(ofMillis(100), ofSeconds(2)).delayAfter(100_000, random))
                .isBetween(ofMillis(1600), ofMillis(2400));
    }

    @Test
    void theLongestDelayMayBeForEver() {
        var longest = ChronoUnit.FOREVER.getDuration();
        assertThat(Retry.exponential(ofMillis(100), longest).delayAfter(100_000))
                .isEqualTo(Nanos.LONGEST);
        assertThat(Retry.exponential(longest, longest).delayAfter(1, random)).isGreaterThan(Duration.ofDays(29_000));
    }

    @Test
    void theLastStepRepeats() {
        var retry = Retry.steps(ofSeconds(1), ofSeconds(5)).attempts(4);
        assertThat(retry.delayAfter(1, random)).isEqualTo(ofSeconds(1));
        assertThat(retry.delayAfter(2, random)).isEqualTo(ofSeconds(5));
        assertThat(retry.delayAfter(3, random)).isEqualTo(ofSeconds(5));
    }

    @Test
    void aMessageIsGivenUpAfterItsLastAttempt() {
        var policy = new FailurePolicy(
                Retry.fixed(ofSeconds(1)).attempts(3),
                Optional.of(DeadLetter.suffix(".dlq")),
                Optional.empty(),
                random);
        var why = new IllegalStateException();
        assertThat(policy.decide("orders", NONE, why, 2, Duration.ZERO))
                .isEqualTo(new Failure.Decision.RetryAfter(ofSeconds(1)));
        assertThat(policy.decide("orders", NONE, why, 3, Duration.ZERO))
                .isEqualTo(new Failure.Decision.Park("orders.dlq"));
    }

    @Test
    void noAttemptBeginsLaterThanTheTotalTime() {
        var policy = new FailurePolicy(
                Retry.fixed(ofSeconds(1)).attempts(100).within(ofSeconds(10)),
                Optional.of(DeadLetter.discard()),
                Optional.empty(),
                random);
        var why = new IllegalStateException();
        assertThat(policy.decide("orders", NONE, why, 2, ofSeconds(9))).isInstanceOf(Failure.Decision.RetryAfter.class);
        assertThat(policy.decide("orders", NONE, why, 2, ofMillis(9001))).isEqualTo(new Failure.Decision.Skip());
    }

    @Test
    void whatIsNeverTriedAgainGoesAtOnceSubclassesIncluded() {
        var policy = new FailurePolicy(
                Retry.standard().never(IllegalArgumentException.class),
                Optional.of(DeadLetter.suffix(".dlq").on(NumberFormatException.class, "numbers")),
                Optional.empty(),
                random);
        assertThat(policy.decide("orders", NONE, new NumberFormatException(), 1, Duration.ZERO))
                .isEqualTo(new Failure.Decision.Park("numbers"));
        assertThat(policy.decide("orders", NONE, new IllegalArgumentException(), 1, Duration.ZERO))
                .isEqualTo(new Failure.Decision.Park("orders.dlq"));
        assertThat(policy.decide("orders", NONE, new IllegalStateException(), 1, Duration.ZERO))
                .isInstanceOf(Failure.Decision.RetryAfter.class);
    }

    @Test
    void withoutAPlaceForItNothingIsEverGivenUp() {
        var policy = new FailurePolicy(Retry.standard().forever(), Optional.empty(), Optional.empty(), random);
        var poison = new PoisonMessage(false, Partition.of("orders", 0), 7, new IllegalStateException("no JSON"));
        assertThat(policy.decide("orders", NONE, poison, 1_000_000, Duration.ofDays(365)))
                .isInstanceOf(Failure.Decision.RetryAfter.class);
    }

    @Test
    void onlyALimitNeedsAPlaceForWhatExceedsIt() {
        assertThat(Retry.standard().ends()).isTrue();
        assertThat(Retry.standard().forever().ends()).isFalse();
        assertThat(Retry.standard().forever().within(ofSeconds(1)).ends()).isTrue();
        assertThat(Retry.standard().forever().never(IllegalStateException.class).ends())
                .isTrue();
    }

    @Test
    void aScheduleWithoutSenseIsRefused() {
        assertThatThrownBy(() -> Retry.standard().attempts(0)).hasMessageContaining("not 0");
        assertThatThrownBy(() -> Retry.exponential(ofSeconds(2), ofSeconds(1))).hasMessageContaining("PT2S");
        assertThatThrownBy(() -> Retry.fixed(ofSeconds(-1))).hasMessageContaining("PT-1S");
        assertThatThrownBy(Retry::steps).hasMessageContaining("[]");
    }

    @Test
    void kafkaClientsGetsTheTutorialsRetryInItsOwnWords() {
        assertThat(RetrySettings.producer(
                        Retry.exponential(ofMillis(100), ofSeconds(30)).attempts(6)))
                .containsEntry("retry.backoff.ms", 100L)
                .containsEntry("retry.backoff.max.ms", 30_000L)
                .containsEntry("reconnect.backoff.ms", 100L)
                .containsEntry("reconnect.backoff.max.ms", 30_000L)
                .containsEntry("retries", 5);
    }

    @Test
    void whatKafkaClientsCannotDoIsRefusedWithWhatItCan() {
        var tripling = new Retry(
                5,
                new Retry.Backoff.Exponential(ofMillis(100), 3, ofSeconds(30), 0.2),
                Optional.empty(),
                java.util.Set.of(),
                new Retry.Place.InPlace());
        assertThatThrownBy(() -> Kafka.builder().retry(tripling)).hasMessageContaining("multiplier of 3.0");
        assertThatThrownBy(() -> Kafka.builder().retry(Retry.steps(ofSeconds(1))))
                .hasMessageContaining("Retry.exponential");
    }
}

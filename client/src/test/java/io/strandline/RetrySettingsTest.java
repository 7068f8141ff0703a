package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The names that other clients have for the retries of connections and requests: each is honoured, or refused in words. */
class RetrySettingsTest {
    private static final Retry TUTORIALS = Retry.exponential(Duration.ofMillis(100), Duration.ofSeconds(30));

    @Test
    void theFirstAndTheLongestDelayAreThoseOfConnectionsAndOfRequests() {
        assertThat(RetrySettings.connection(TUTORIALS))
                .containsEntry("reconnect.backoff.ms", 100L)
                .containsEntry("reconnect.backoff.max.ms", 30_000L)
                .containsEntry("retry.backoff.ms", 100L)
                .containsEntry("retry.backoff.max.ms", 30_000L);
        assertThat(RetrySettings.connection(Retry.fixed(Duration.ofMillis(250))))
                .containsEntry("reconnect.backoff.ms", 250L)
                .containsEntry("reconnect.backoff.max.ms", 250L);
    }

    @Test
    void attemptsAndTimeBoundWhatAProducerSends() {
        assertThat(RetrySettings.producer(TUTORIALS.attempts(6))).containsEntry("retries", 5);
        assertThat(RetrySettings.producer(TUTORIALS.forever())).doesNotContainKey("retries");
        assertThat(RetrySettings.producer(TUTORIALS.within(Duration.ofSeconds(10))))
                .containsEntry("delivery.timeout.ms", 10_000)
                .containsEntry("request.timeout.ms", 10_000);
    }

    @Test
    void aShortDeliveryTimeOutLeavesRoomForTheLingerAndOneRequest() {
        assertThat(RetrySettings.deliveryTimeout(Duration.ofSeconds(10), Duration.ofMillis(5)))
                .containsEntry("delivery.timeout.ms", 10_000)
                .containsEntry("request.timeout.ms", 9_995);
        assertThatThrownBy(() -> RetrySettings.deliveryTimeout(Duration.ofSeconds(1), Duration.ofSeconds(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("linger(PT1S)")
                .hasMessageContaining("deliveryTimeout(PT1S)");
    }

    @Test
    void whatKafkaClientsDoesNotHaveIsRefusedWithTheValueAndWhatToUse() {
        assertThatThrownBy(() -> Kafka.builder().retry(of(3.0, 0.2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("multiplier of 3.0")
                .hasMessageContaining("Use Retry.exponential(first, max)");
        assertThatThrownBy(() -> Kafka.builder().retry(of(2.0, 0.5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("jitter of 0.5");
        assertThatThrownBy(() -> Kafka.builder().retry(Retry.steps(Duration.ofSeconds(1), Duration.ofSeconds(5))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no steps")
                .hasMessageContaining("PT5S");
        Kafka.builder().retry(of(2.0, 0.2)); // what it has
    }

    private static Retry of(double multiplier, double jitter) {
        var backoff = new Retry.Backoff.Exponential(Duration.ofMillis(100), multiplier, Duration.ofSeconds(30), jitter);
        return new Retry(6, backoff, TUTORIALS.within(), TUTORIALS.never(), TUTORIALS.place());
    }
}

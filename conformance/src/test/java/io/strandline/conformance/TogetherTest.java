package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TogetherTest {
    private final AtomicInteger happened = new AtomicInteger();
    private final AtomicInteger went = new AtomicInteger();
    private Together together = within(Duration.ofDays(1));

    private Together within(Duration limit) {
        return new Together(happened::incrementAndGet, limit, Duration.ofDays(1));
    }

    private void meetAndGoOn() throws InterruptedException {
        together.meet();
        assertThat(happened).hasValue(1);
        went.incrementAndGet();
    }

    @Test
    void itHappensOnceWhenAllHaveCome() throws InterruptedException {
        together.run(Map.of("a", this::meetAndGoOn, "b", this::meetAndGoOn, "c", this::meetAndGoOn));
        together.refuseFailures();
        assertThat(went).hasValue(3);
    }

    @Test
    void nobodyWaitsForOneThatHasFailedAndItsFailureIsTheFirstToBeTold() throws InterruptedException {
        var failed = new CountDownLatch(1);
        together.run(Map.of(
                "a",
                () -> {
                    failed.countDown();
                    throw new IllegalStateException("the root");
                },
                "b",
                () -> {
                    failed.await();
                    meetAndGoOn();
                    throw new IllegalStateException("what came of it");
                },
                "c",
                this::meetAndGoOn));
        assertThat(went).hasValue(2);
        assertThatThrownBy(together::refuseFailures)
                .hasMessage("a, before the middle: java.lang.IllegalStateException: the root")
                .satisfies(first -> assertThat(first.getSuppressed())
                        .singleElement()
                        .asString()
                        .contains("b, after the middle", "what came of it"));
    }

    @Test
    void oneThatIsWaitedForTooLongIsNamed() throws InterruptedException {
        together = within(Duration.ofMillis(20));
        var waited = new CountDownLatch(1);
        together.run(Map.of(
                "a",
                () -> {
                    waited.await();
                    together.meet();
                },
                "b",
                () -> {
                    try {
                        together.meet();
                    } finally {
                        waited.countDown();
                    }
                }));
        assertThatThrownBy(together::refuseFailures).hasMessageContaining("within PT0.02S: [a]");
    }

    @Test
    void oneWithoutAMiddleIsAFailure() throws InterruptedException {
        together.run(Map.of("a", () -> {}, "b", this::meetAndGoOn));
        assertThatThrownBy(together::refuseFailures).hasMessageContaining("a, ").hasMessageContaining("has no middle");
    }

    @Test
    void soIsAFailureOfWhatHappens() throws InterruptedException {
        together = new Together(
                () -> {
                    throw new IllegalStateException("it cannot");
                },
                Duration.ofDays(1),
                Duration.ofDays(1));
        together.run(Map.of("a", together::meet));
        assertThatThrownBy(together::refuseFailures).hasMessageContaining("it cannot");
    }
}

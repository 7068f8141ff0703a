package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OnTheirWayTest {
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final int LOOK_EVERY = 128;

    private final OnTheirWay messages = new OnTheirWay();

    @Test
    void whoSendsTooManyWaitsUntilHalfOfThemAreAnswered() throws Exception {
        begin(OnTheirWay.MAX);
        var sender = inAThread("sender", () -> begin(LOOK_EVERY));
        awaitWaiting(1);

        end(OnTheirWay.MAX / 2 + LOOK_EVERY - 1);
        assertThat(messages.waiting()).as("one more is to be answered").isEqualTo(1);
        end(1);
        sender.get(30, TimeUnit.SECONDS);
        assertThat(messages.now()).isEqualTo(OnTheirWay.MAX / 2);
    }

    @Test
    void nobodyIsRefused() {
        begin(OnTheirWay.MAX);
        for (int i = 0; i < LOOK_EVERY; i++) {
            messages.begins(Duration.ofNanos(1));
        }
        assertThat(messages.now()).isEqualTo(OnTheirWay.MAX + LOOK_EVERY);
    }

    /** It would wait for itself: a callback of kafka-clients that sends runs where the answers come from. */
    @Test
    void whoAnswersDoesNotWait() throws Exception {
        begin(OnTheirWay.MAX);
        inAThread("kafka-producer-network-thread | it", () -> begin(3 * LOOK_EVERY))
                .get(30, TimeUnit.SECONDS);
        assertThat(messages.waiting()).isZero();
    }

    @Test
    void anInterruptedSenderGoesOnAndStaysInterrupted() throws Exception {
        begin(OnTheirWay.MAX);
        var interrupted = new CompletableFuture<Boolean>();
        var sender = Thread.ofPlatform().start(() -> {
            begin(LOOK_EVERY);
            interrupted.complete(Thread.currentThread().isInterrupted());
        });
        awaitWaiting(1);
        sender.interrupt();
        assertThat(interrupted.get(30, TimeUnit.SECONDS)).isTrue();
        assertThat(messages.waiting()).isZero();
    }

    @Test
    void manySendersAllComeToTheirEnd() throws Exception {
        int senders = 8;
        int each = 100_000;
        var ended = new AtomicLong();
        try (var threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            var all = IntStream.range(0, senders)
                    .<Future<?>>mapToObj(i -> threads.submit(() -> begin(each)))
                    .toList();
            while (ended.get() < (long) senders * each) {
                if (messages.now() > 0) {
                    end(1);
                    ended.incrementAndGet();
                }
                assertThat(messages.now()).isLessThanOrEqualTo(OnTheirWay.MAX + (long) senders * LOOK_EVERY);
            }
            for (var sender : all) {
                sender.get(30, TimeUnit.SECONDS);
            }
        }
        assertThat(messages.now()).isZero();
        assertThat(messages.waiting()).isZero();
    }

    private void begin(int count) {
        for (int i = 0; i < count; i++) {
            messages.begins(LONG);
        }
    }

    private void end(int count) {
        for (int i = 0; i < count; i++) {
            messages.ends();
        }
    }

    private static Future<?> inAThread(String name, Runnable task) {
        var done = new CompletableFuture<Void>();
        Thread.ofPlatform().name(name).start(() -> {
            try {
                task.run();
                done.complete(null);
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    private void awaitWaiting(int count) {
        while (messages.waiting() != count) {
            Thread.onSpinWait(); // the test has a limit
        }
    }
}

package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class EventBusTest {
    private final EventBus bus = new EventBus(new VirtualTime());

    private static Event event(int n) {
        return new Event.Stopped(Instant.EPOCH.plusSeconds(n), "group", true);
    }

    @Test
    void aListenerThatThrowsGetsTheNextEventAndSoDoTheOthers() throws Exception {
        var thrown = new LinkedBlockingQueue<Event>();
        var calm = new LinkedBlockingQueue<Event>();
        bus.on(e -> {
            thrown.add(e);
            throw new IllegalStateException("on purpose");
        });
        bus.on(Event.Stopped.class, calm::add);
        bus.raise(event(1));
        bus.raise(event(2));
        for (var queue : java.util.List.of(thrown, calm)) {
            assertThat(queue.poll(30, TimeUnit.SECONDS)).isEqualTo(event(1));
            assertThat(queue.poll(30, TimeUnit.SECONDS)).isEqualTo(event(2));
        }
    }

    @Test
    void aListenerThatIsTooSlowIsToldHowManyItMissedAndNobodyWaitsForIt() throws Exception {
        var busy = new CountDownLatch(1);
        var release = new CompletableFuture<Boolean>();
        var missed = new CompletableFuture<Long>();
        bus.on(e -> {
            busy.countDown();
            release.join();
            if (e instanceof Event.Missed m) {
                missed.complete(m.events());
            }
        });
        bus.raise(event(0));
        busy.await();
        for (int i = 0; i < 10_100; i++) {
            bus.raise(event(i));
        }
        release.complete(true);
        assertThat(missed.get(30, TimeUnit.SECONDS)).isEqualTo(100);
    }

    @Test
    void aClosedSubscriptionGetsNothingMore() throws Exception {
        var first = new LinkedBlockingQueue<Event>();
        var second = new LinkedBlockingQueue<Event>();
        var subscription = bus.on(first::add);
        bus.on(second::add);
        subscription.close();
        bus.raise(event(1));
        assertThat(second.poll(30, TimeUnit.SECONDS)).isEqualTo(event(1));
        assertThat(first).isEmpty();
        assertThat(bus.wanted(Event.Stopped.class)).isTrue();
    }

    @Test
    void whatNobodyListensToNeedNotBeMade() {
        assertThat(bus.wanted(Event.Sent.class)).isFalse();
        bus.on(Event.OfConsumer.class, e -> {});
        assertThat(bus.wanted(Event.Sent.class)).isFalse();
        bus.on(Event.OfProducer.class, e -> {});
        assertThat(bus.wanted(Event.Sent.class)).isTrue();
    }
}

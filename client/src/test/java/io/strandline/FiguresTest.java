package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FiguresTest {
    private static final Topic<String, String> ORDERS = Topic.strings("orders").partitions(1);

    @Test
    void theyCountAndMeasureWhatIsDoneAndWhatFails() {
        var time = new VirtualTime();
        var figures = new Figures(time);
        assertThat(figures.snapshot().sent().mean()).isZero();
        assertThat(figures.snapshot().sent().errorRate()).isZero();
        for (int ms : new int[] {10, 30}) {
            var sending = figures.sending(Outgoing.to(ORDERS, "k", "v"));
            time.pass(Duration.ofMillis(ms));
            sending.acknowledged(new Ack("orders", 0, 0, time.now()));
        }
        figures.sending(Outgoing.to(ORDERS, "k", "v")).failed(new IllegalStateException("on purpose"));
        figures.sending(Outgoing.to(ORDERS, "k", "v")).failed(new IllegalStateException("on purpose"));
        var sent = figures.snapshot().sent();
        assertThat(sent).isEqualTo(new Figures.Work(2, 2, Duration.ofMillis(40), Duration.ofMillis(30)));
        assertThat(sent.mean()).isEqualTo(Duration.ofMillis(20));
        assertThat(sent.errorRate()).isEqualTo(0.5);
    }

    @Test
    void aClientTellsThemOfItself() throws Exception {
        var figures = new Figures();
        var failedOnce = new CompletableFuture<String>();
        try (var broker = Broker.start(BrokerConfig.defaults().port(0).with("strandline.durability", "memory"));
                var kafka = Kafka.builder()
                        .bootstrap(broker.bootstrapServers())
                        .instrument(figures)
                        .build()) {
            kafka.admin().ensure(ORDERS);
            kafka.producer().send(ORDERS, "k", "a");
            try (var consumer = kafka.consumer("billing")
                    .eachMessage(ORDERS, m -> {
                        if (failedOnce.complete(m.value())) {
                            throw new IllegalStateException("on purpose");
                        }
                    })
                    .start()) {
                assertThat(failedOnce.get(30, TimeUnit.SECONDS)).isEqualTo("a");
                assertThat(consumer.group()).isEqualTo("billing");
                while (!figures.snapshot().lag().toString().contains("orders-0=0")) {
                    LockSupport.parkNanos(1_000_000);
                }
                var snapshot = figures.snapshot();
                assertThat(snapshot.sent().done()).isEqualTo(1);
                assertThat(snapshot.sent().mean()).isPositive();
                assertThat(snapshot.handled()).containsOnlyKeys("billing");
                assertThat(snapshot.handled().get("billing"))
                        .satisfies(work -> assertThat(work.done()).isEqualTo(1))
                        .satisfies(work -> assertThat(work.failed()).isEqualTo(1));
            }
        }
    }
}

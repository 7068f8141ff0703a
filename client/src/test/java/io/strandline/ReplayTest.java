package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Reading history, and reading along, on a broker. */
@Timeout(120)
class ReplayTest {
    private static final Topic<String, String> EVENTS = Topic.strings("events").partitions(2);

    private Broker broker;
    private Kafka kafka;
    private final List<String> seen = new CopyOnWriteArrayList<>();

    @BeforeEach
    void start() throws Exception {
        broker = Broker.start(BrokerConfig.defaults().port(0).durability(DurabilityMode.MEMORY));
        kafka = Kafka.connect(broker.bootstrapServers());
        kafka.admin().ensure(EVENTS);
    }

    @AfterEach
    void stop() throws Exception {
        kafka.close();
        broker.close();
    }

    private void send(int partition, String... values) {
        for (var value : values) {
            kafka.producer().send(Outgoing.to(EVENTS, "k", value).partition(partition));
        }
    }

    @Test
    void allIsReadOnceInTheOrderOfEachPartitionAndNothingIsCommitted() throws Exception {
        send(0, "a1", "a2", "a3");
        send(1, "b1", "b2");
        var report = kafka.replay(EVENTS).each(m -> seen.add(m.value()));
        assertThat(report.read()).isEqualTo(5);
        assertThat(seen).hasSize(5).containsSubsequence("a1", "a2", "a3").containsSubsequence("b1", "b2");
        assertThat(kafka.admin().groups()).isEmpty();
    }

    @Test
    void itEndsWhereTheLogEndedWhenItBegan() throws Exception {
        send(0, "1", "2");
        var report = kafka.replay(EVENTS).each(m -> {
            seen.add(m.value());
            send(0, "echo of " + m.value());
        });
        assertThat(report.read()).isEqualTo(2);
        assertThat(seen).containsExactly("1", "2");
    }

    @Test
    void aPieceBeginsAndEndsWhereItIsTold() throws Exception {
        send(0, "0", "1", "2", "3", "4");
        kafka.replay(EVENTS)
                .from(Position.offset(1))
                .to(Position.offset(3))
                .partitions(Set.of(0))
                .each(m -> seen.add(m.value()));
        assertThat(seen).containsExactly("1", "2");
        assertThat(kafka.replay(EVENTS).from(Position.latest()).each(m -> {}).read())
                .isZero();
        assertThat(kafka.replay(EVENTS).to(Position.offset(99)).each(m -> {}).read())
                .isEqualTo(5);
        assertThatThrownBy(() -> kafka.replay(EVENTS).partitions(Set.of(7)).each(m -> {}))
                .hasMessageContaining("events");
    }

    @Test
    void aTimeIsAPlaceToBeginAndToEnd() throws Exception {
        var noon = Instant.parse("2026-11-23T12:00:00Z");
        for (int minute = 0; minute < 5; minute++) {
            kafka.producer()
                    .send(Outgoing.to(EVENTS, "k", "12:0" + minute)
                            .partition(minute % 2)
                            .timestamp(noon.plus(Duration.ofMinutes(minute))));
        }
        kafka.replay(EVENTS)
                .from(Position.at(noon.plusSeconds(30)))
                .to(Position.at(noon.plus(Duration.ofMinutes(4))))
                .each(m -> seen.add(m.value()));
        assertThat(seen).containsExactlyInAnyOrder("12:01", "12:02", "12:03");
    }

    @Test
    void theFirstFailureStopsItAndIsWhatTheCallerGets() {
        send(0, "1", "bad", "3");
        assertThatThrownBy(() -> kafka.replay(EVENTS).each(m -> {
                    if (m.value().equals("bad")) {
                        throw new java.io.IOException("cannot");
                    }
                    seen.add(m.value());
                }))
                .isInstanceOf(java.io.IOException.class)
                .hasMessage("cannot");
        assertThat(seen).containsExactly("1");
        assertThatThrownBy(
                        () -> kafka.replay(Topic.json("events", Integer.class)).each(m -> {}))
                .isInstanceOf(PoisonMessage.class);
    }

    @Test
    void everyBroadcastConsumerSeesEveryMessageAndLeavesNothingBehind() throws Exception {
        send(0, "before");
        var both = new CountDownLatch(5);
        var byOne = Collections.newSetFromMap(new ConcurrentHashMap<String, Boolean>());
        try (var first = kafka.broadcast()
                        .eachMessage(EVENTS, m -> {
                            byOne.add("first " + m.value());
                            both.countDown();
                        })
                        .start();
                var second = kafka.broadcast()
                        .startAt(Position.earliest())
                        .eachMessage(EVENTS, m -> {
                            byOne.add("second " + m.value());
                            both.countDown();
                        })
                        .start()) {
            while (first.assignment().size() < 2
                    || second.assignment().size() < 2
                    || first.position(Partition.of("events", 0)).isEmpty()
                    || first.position(Partition.of("events", 1)).isEmpty()) {
                Thread.onSpinWait();
            }
            send(0, "one");
            send(1, "two");
            assertThat(both.await(30, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(byOne).contains("first one", "first two", "second before", "second one", "second two");
        assertThat(byOne).doesNotContain("first before");
        while (!kafka.admin().groups().isEmpty()) {
            Thread.onSpinWait(); // deleted when the last member has left
        }
    }
}

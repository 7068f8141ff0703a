package io.strandline;

import static io.strandline.Rig.P0;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class RetryTopicsTest {
    private static final TopicPartition AFTER_10S = new TopicPartition("orders.retry.10s", 0);
    private static final TopicPartition AFTER_60S = new TopicPartition("orders.retry.1m", 0);

    private final FakeGroup group = new FakeGroup("orders", 1);
    private final Rig.Choices choices = new Rig.Choices();
    private final List<String> handled = Collections.synchronizedList(new ArrayList<>());
    private final List<ConsumerRecord<byte[], byte[]>> letters = Collections.synchronizedList(new ArrayList<>());
    private final List<GivenUp> reasons = Collections.synchronizedList(new ArrayList<>());

    private Rig rig() {
        group.addPartitions("orders.retry.10s", 0, 1);
        group.addPartitions("orders.retry.1m", 0, 1);
        choices.retry =
                Retry.steps(Duration.ofSeconds(10), Duration.ofMinutes(1)).inTopics();
        choices.writer = (source, topic, givenUp, noStack) -> {
            letters.add(source);
            reasons.add(givenUp);
            return new Ack(topic, 0, 0, Instant.EPOCH);
        };
        choices.handler = (m, ctx) -> {
            handled.add(m.value() + "#" + m.attempt() + " " + m.partition() + "@" + m.offset());
            if (String.valueOf(m.value()).startsWith("bad")) {
                throw new IllegalStateException("on purpose");
            }
        };
        return new Rig(group, choices);
    }

    private static void later(Rig rig, int seconds) {
        rig.time.pass(Duration.ofSeconds(seconds));
        rig.steps(2);
    }

    @Test
    void nothingWaitsForAMessageThatWaitsInARetryTopic() {
        var rig = rig();
        rig.append(P0, "bad", "behind");
        rig.own(P0, AFTER_10S, AFTER_60S);
        rig.steps(2);
        assertThat(handled).containsExactly("bad#1 orders-0@0", "behind#1 orders-0@1");
        assertThat(rig.committed(P0)).isEqualTo(2);
        assertThat(rig.reason(AFTER_10S)).isInstanceOfSatisfying(Reason.RetryWaiting.class, waiting -> {
            assertThat(waiting.in()).isBetween(Duration.ofSeconds(9), Duration.ofSeconds(10));
            assertThat(waiting.failed()).isEqualTo(1);
            assertThat(waiting.why()).hasMessageContaining("on purpose");
        });
        later(rig, 9);
        assertThat(handled).hasSize(2);
        later(rig, 1);
        assertThat(handled).endsWith("bad#2 orders-0@0");
        assertThat(rig.committed(AFTER_10S)).isEqualTo(1);
    }

    @Test
    void attemptsAreCountedAcrossTheTopicsAndTheDeadLetterIsTheMessageAsItFirstWas() {
        var rig = rig();
        var headers = new RecordHeaders().add("trace", "t-1".getBytes(UTF_8));
        group.append(P0, "k".getBytes(UTF_8), "bad".getBytes(UTF_8), headers);
        rig.own(P0, AFTER_10S, AFTER_60S);
        var first = rig.time.now();
        rig.steps(2);
        later(rig, 10);
        later(rig, 60);
        rig.steps(2);
        assertThat(handled).containsExactly("bad#1 orders-0@0", "bad#2 orders-0@0", "bad#3 orders-0@0");
        assertThat(letters).singleElement().satisfies(letter -> {
            assertThat(letter.topic()).isEqualTo("orders");
            assertThat(letter.offset()).isZero();
            assertThat(letter.timestamp()).isEqualTo(1_000);
            assertThat(letter.headers()).extracting(h -> h.key()).containsExactly("trace");
        });
        assertThat(reasons.getFirst().attempts()).isEqualTo(3);
        assertThat(Duration.between(reasons.getFirst().firstAttempt(), first)).isLessThan(Duration.ofSeconds(1));
        assertThat(rig.events(Event.DeadLettered.class))
                .singleElement()
                .satisfies(e -> assertThat(e.partition()).isEqualTo(Partition.of("orders", 0)));
    }

    @Test
    void theAttemptsSurviveARestart() {
        var before = rig();
        before.append(P0, "bad");
        before.own(P0, AFTER_10S, AFTER_60S);
        before.steps(2);
        before.loop.close();
        choices.startAt = Position.latest(); // which is not for what is ours to do
        var after = rig();
        after.own(P0, AFTER_10S, AFTER_60S);
        later(after, 11);
        assertThat(handled).containsExactly("bad#1 orders-0@0", "bad#2 orders-0@0");
    }

    @Test
    void theSourceIsNotPassedBeforeItsCopyIsStored() {
        choices.beforeRetryIsWritten = () -> {
            throw new IllegalStateException("not authorized");
        };
        var rig = rig();
        rig.append(P0, "bad", "behind");
        rig.own(P0, AFTER_10S, AFTER_60S);
        rig.steps(3);
        assertThat(rig.committed(P0)).isEqualTo(-1);
        assertThat(rig.reason(P0).text()).contains("orders.retry.10s").contains("not authorized");
        choices.beforeRetryIsWritten = () -> {};
        later(rig, 1);
        assertThat(rig.committed(P0)).isEqualTo(2);
        assertThat(handled).containsExactly("bad#1 orders-0@0", "behind#1 orders-0@1");
    }

    @Test
    void whatOtherGroupsPutThereIsPassedOver() {
        var rig = rig();
        var task = new Task(rig.tenure(P0), new ConsumerRecord<>("orders", 0, 7, null, "theirs".getBytes(UTF_8)));
        var letter = Task.Letter.again("orders.retry.10s", new IllegalStateException(), Duration.ofSeconds(10));
        group.append(
                AFTER_10S,
                null,
                "theirs".getBytes(UTF_8),
                HeaderList.toKafka(RetryHeaders.of(task, "shipping", letter, rig.time)));
        rig.own(P0, AFTER_10S);
        later(rig, 20);
        assertThat(handled).isEmpty();
        assertThat(rig.committed(AFTER_10S)).isEqualTo(1);
    }

    @Test
    void aBatchThatFailsSendsOnlyThoseThatFailOnTheirOwnToTheRetryTopicAndTheyComeBackAlone() {
        choices.batchHandler = Optional.of(batch -> {
            handled.add(String.join(
                    " ",
                    batch.messages().stream()
                            .map(m -> m.value() + "#" + m.attempt())
                            .toList()));
            for (var m : batch) {
                if ("bad".equals(m.value()) && m.attempt() == 1) {
                    throw new IllegalStateException("on purpose");
                }
            }
        });
        var rig = rig();
        rig.append(P0, "a", "bad", "c");
        rig.own(P0, AFTER_10S, AFTER_60S);
        rig.steps(2);
        assertThat(rig.committed(P0)).isEqualTo(3);
        later(rig, 10);
        assertThat(handled).containsExactly("a#1 bad#1 c#1", "a#1", "bad#1", "c#1", "bad#2");
        assertThat(rig.committed(AFTER_10S)).isEqualTo(1);
    }

    @Test
    void theirNamesSayTheDelay() {
        assertThat(RetryTopics.names("orders", Retry.standard().inTopics()))
                .containsExactly("orders.retry.200ms", "orders.retry.400ms", "orders.retry.800ms", "orders.retry.1.6s");
        assertThat(RetryTopics.name("orders", Duration.ofHours(25))).isEqualTo("orders.retry.25h");
        assertThat(Retry.exponential(Duration.ofSeconds(1), Duration.ofSeconds(30))
                        .forever()
                        .delays())
                .hasSize(6);
    }

    @Test
    void whatWaitsInARetryTopicTakesNotAllTheMemory() {
        choices.maxInFlightBytes = 1_000;
        var rig = rig();
        for (int i = 0; i < 30; i++) {
            rig.append(P0, "bad" + "x".repeat(200)); // one poll brings more than there is room for
        }
        rig.own(P0, AFTER_10S, AFTER_60S);
        rig.steps(8);
        rig.append(P0, "good");
        rig.steps(5);
        assertThat(handled).endsWith("good#1 orders-0@30");
        assertThat(rig.tenure(AFTER_10S).messagesInMemory()).as("one poll").isLessThanOrEqualTo(10);
        later(rig, 10);
        rig.steps(20);
        assertThat(handled.stream().filter(what -> what.contains("#2"))).hasSize(30);
    }
}

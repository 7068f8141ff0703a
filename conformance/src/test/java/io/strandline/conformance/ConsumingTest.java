package io.strandline.conformance;

import static io.strandline.conformance.JavaClient.get;
import static io.strandline.conformance.JavaClient.poll;
import static io.strandline.conformance.JavaClient.send;
import static io.strandline.conformance.JavaClient.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

@OnEveryTarget(client = "kafka-clients 4.3 (Java)")
class ConsumingTest {
    private final JavaClient java;

    ConsumingTest(Subject subject) {
        java = new JavaClient(subject.shared());
    }

    @Test
    void earliestBeginsAtTheFirstMessage() {
        var partition = partitionWith("a", "b");
        try (var consumer = java.consumer("auto.offset.reset=earliest")) {
            consumer.assign(List.of(partition));
            assertThat(values(poll(consumer, 2))).containsExactly("a", "b");
        }
    }

    @Test
    void latestSeesOnlyWhatComesLater() {
        var partition = partitionWith("old");
        try (var consumer = java.consumer("auto.offset.reset=latest")) {
            consumer.assign(List.of(partition));
            assertThat(consumer.position(partition)).isEqualTo(1);
            java.send(partition.topic(), "new");
            assertThat(values(poll(consumer, 1))).containsExactly("new");
        }
    }

    @Test
    void readingContinuesAtAnyOffset() {
        var partition = partitionWith("a", "b", "c", "d");
        try (var consumer = java.consumer()) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, 2);
            assertThat(values(poll(consumer, 2))).containsExactly("c", "d");
            consumer.seek(partition, 1);
            assertThat(values(poll(consumer, 3))).containsExactly("b", "c", "d");
        }
    }

    @Test
    void readingBeginsInTheMiddleOfABatch() {
        var topic = java.topic(1);
        try (var producer = java.producer("linger.ms=200", "compression.type=gzip")) {
            IntStream.range(0, 50).forEach(i -> producer.send(new ProducerRecord<>(topic, "m" + i)));
        }
        var partition = new TopicPartition(topic, 0);
        try (var consumer = java.consumer()) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, 37);
            assertThat(poll(consumer, 13).getFirst().value()).isEqualTo("m37");
        }
    }

    @Test
    void aTimeLeadsToTheFirstMessageAtOrAfterIt() {
        var topic = java.topic(1);
        try (var producer = java.producer()) {
            for (long time : new long[] {1000, 2000, 3000}) {
                send(producer, new ProducerRecord<>(topic, 0, time, null, "at" + time));
            }
        }
        var partition = new TopicPartition(topic, 0);
        try (var consumer = java.consumer()) {
            assertThat(offsetAt(consumer.offsetsForTimes(Map.of(partition, 0L)), partition))
                    .isEqualTo(0);
            assertThat(offsetAt(consumer.offsetsForTimes(Map.of(partition, 1001L)), partition))
                    .isEqualTo(1);
            assertThat(offsetAt(consumer.offsetsForTimes(Map.of(partition, 3000L)), partition))
                    .isEqualTo(2);
            assertThat(consumer.offsetsForTimes(Map.of(partition, 3001L)).get(partition))
                    .isNull();
        }
    }

    @Test
    void theSpecialOffsetsAreListed() {
        var topic = java.topic(1);
        try (var producer = java.producer()) {
            for (long time : new long[] {1000, 5000, 3000}) {
                send(producer, new ProducerRecord<>(topic, 0, time, null, "at" + time));
            }
        }
        assertThat(list(topic, OffsetSpec.earliest()).offset()).isZero();
        assertThat(list(topic, OffsetSpec.latest()).offset()).isEqualTo(3);
        assertThat(list(topic, OffsetSpec.earliestLocal()).offset()).isZero();
        var max = list(topic, OffsetSpec.maxTimestamp());
        assertThat(max.offset()).isEqualTo(1);
        assertThat(max.timestamp()).isEqualTo(5000);
        var at = list(topic, OffsetSpec.forTimestamp(2000));
        assertThat(at.offset()).isEqualTo(1);
        assertThat(at.timestamp()).isEqualTo(5000);
    }

    @Test
    void anEmptyPartitionBeginsAndEndsAtZero() {
        var topic = java.topic(1);
        var partition = new TopicPartition(topic, 0);
        try (var consumer = java.consumer()) {
            assertThat(consumer.beginningOffsets(List.of(partition))).containsEntry(partition, 0L);
            assertThat(consumer.endOffsets(List.of(partition))).containsEntry(partition, 0L);
        }
        assertThat(list(topic, OffsetSpec.maxTimestamp()).offset()).isEqualTo(-1);
    }

    @Test
    void aPausedPartitionGivesNothingUntilItIsResumed() {
        var topic = java.topic(2);
        try (var producer = java.producer()) {
            send(producer, new ProducerRecord<>(topic, 0, null, "zero"));
            send(producer, new ProducerRecord<>(topic, 1, null, "one"));
        }
        var paused = new TopicPartition(topic, 0);
        try (var consumer = java.consumer()) {
            consumer.assign(List.of(paused, new TopicPartition(topic, 1)));
            consumer.pause(List.of(paused));
            assertThat(values(poll(consumer, 1))).containsExactly("one");
            assertThat(consumer.poll(Duration.ofMillis(300)).count()).isZero();
            consumer.resume(List.of(paused));
            assertThat(values(poll(consumer, 1))).containsExactly("zero");
        }
    }

    @Test
    void anOffsetBeyondTheEndIsOutOfRange() {
        var partition = partitionWith("only");
        try (var consumer = java.consumer("auto.offset.reset=none")) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, 99);
            assertThatThrownBy(() -> poll(consumer, 1)).isInstanceOf(OffsetOutOfRangeException.class);
        }
        try (var consumer = java.consumer("auto.offset.reset=earliest")) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, 99);
            assertThat(values(poll(consumer, 1))).containsExactly("only");
        }
    }

    @Test
    void aMessageLargerThanTheFetchLimitStillComes() {
        var partition = partitionWith("x".repeat(50_000), "small", "y".repeat(50_000));
        try (var consumer = java.consumer("max.partition.fetch.bytes=1000", "fetch.max.bytes=1000")) {
            consumer.assign(List.of(partition));
            assertThat(poll(consumer, 3)).hasSize(3);
        }
    }

    @Test
    void aWaitingFetchIsAnsweredWhenAMessageComes() {
        var topic = java.topic(1);
        var partition = new TopicPartition(topic, 0);
        // A fetch that is not answered because of the message takes longer than the patience of this test.
        var consumer = java.consumer("fetch.max.wait.ms=300000", "request.timeout.ms=310000");
        try {
            consumer.assign(List.of(partition));
            consumer.poll(Duration.ofMillis(500)); // The fetch is on its way, and waits.
            java.send(topic, "at last");
            assertThat(values(poll(consumer, 1))).containsExactly("at last");
        } finally {
            consumer.close(CloseOptions.timeout(Duration.ZERO)); // Else it waits for the next fetch.
        }
    }

    @Test
    void aFetchThatWantsMoreThanThereIsEndsWithItsTime() {
        var partition = partitionWith("little");
        try (var consumer = java.consumer("fetch.min.bytes=1000000", "fetch.max.wait.ms=500")) {
            consumer.assign(List.of(partition));
            assertThat(values(poll(consumer, 1))).containsExactly("little");
        }
    }

    @Test
    void aReaderOfCommittedTransactionsReadsPlainMessages() {
        var partition = partitionWith("plain");
        try (var consumer = java.consumer("isolation.level=read_committed")) {
            consumer.assign(List.of(partition));
            assertThat(values(poll(consumer, 1))).containsExactly("plain");
            assertThat(consumer.endOffsets(List.of(partition))).containsEntry(partition, 1L);
        }
    }

    @Test
    void everyPartitionOfATopicIsRead() {
        var topic = java.topic(12);
        try (var producer = java.producer()) {
            IntStream.range(0, 120).forEach(i -> producer.send(new ProducerRecord<>(topic, i % 12, null, "m" + i)));
        }
        var perPartition = new HashMap<Integer, Integer>();
        java.read(topic, 120).forEach(message -> perPartition.merge(message.partition(), 1, Integer::sum));
        assertThat(perPartition).hasSize(12).containsValue(10);
    }

    private TopicPartition partitionWith(String... values) {
        var topic = java.topic(1);
        java.send(topic, values);
        return new TopicPartition(topic, 0);
    }

    private org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo list(String topic, OffsetSpec spec) {
        var partition = new TopicPartition(topic, 0);
        try (var admin = java.admin()) {
            return get(admin.listOffsets(Map.of(partition, spec)).partitionResult(partition));
        }
    }

    private static long offsetAt(
            Map<TopicPartition, org.apache.kafka.clients.consumer.OffsetAndTimestamp> found, TopicPartition partition) {
        return found.get(partition).offset();
    }
}

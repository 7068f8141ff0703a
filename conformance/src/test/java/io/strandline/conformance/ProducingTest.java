package io.strandline.conformance;

import static io.strandline.conformance.JavaClient.get;
import static io.strandline.conformance.JavaClient.send;
import static io.strandline.conformance.JavaClient.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.BufferExhaustedException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@OnEveryTarget(client = "kafka-clients 4.3 (Java)")
class ProducingTest {
    private final JavaClient java;

    ProducingTest(Subject subject) {
        java = new JavaClient(subject.shared());
    }

    @Test
    void aMessageComesBackAsItWasSent() {
        var topic = java.topic(3);
        var sent = new ProducerRecord<>(topic, 2, 1_700_000_000_123L, "clé", "vàlue");
        sent.headers()
                .add("twice", "1".getBytes(StandardCharsets.UTF_8))
                .add("twice", "2".getBytes(StandardCharsets.UTF_8))
                .add("empty", new byte[0])
                .add(new RecordHeader("null", (byte[]) null));
        try (var producer = java.producer()) {
            var place = send(producer, sent);
            assertThat(place.partition()).isEqualTo(2);
            assertThat(place.offset()).isZero();
            assertThat(place.timestamp()).isEqualTo(1_700_000_000_123L);
        }

        var read = java.read(topic, 1).getFirst();
        assertThat(read.partition()).isEqualTo(2);
        assertThat(read.offset()).isZero();
        assertThat(read.timestamp()).isEqualTo(1_700_000_000_123L);
        assertThat(read.timestampType()).isEqualTo(TimestampType.CREATE_TIME);
        assertThat(read.key()).isEqualTo("clé");
        assertThat(read.value()).isEqualTo("vàlue");
        assertThat(read.headers().toArray()).isEqualTo(sent.headers().toArray());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "all"})
    void everyKindOfAcknowledgementStores(String acks) {
        var topic = java.topic(1);
        try (var producer = java.producer("acks=" + acks, "enable.idempotence=false")) {
            for (int i = 0; i < 20; i++) {
                producer.send(new ProducerRecord<>(topic, "m" + i));
            }
            producer.flush();
        }
        assertThat(values(java.read(topic, 20)))
                .containsExactlyElementsOf(
                        IntStream.range(0, 20).mapToObj(i -> "m" + i).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void everyCompressionComesBack(String compression) {
        var topic = java.topic(1);
        var values = IntStream.range(0, 300)
                .mapToObj(i -> "the same words again and again " + i)
                .toList();
        try (var producer = java.producer("compression.type=" + compression, "linger.ms=100")) {
            values.forEach(value -> producer.send(new ProducerRecord<>(topic, value)));
        }
        assertThat(values(java.read(topic, 300))).containsExactlyElementsOf(values);
    }

    @Test
    void nullAndEmptyAreDifferent() {
        var topic = java.topic(1);
        try (var producer = java.producer()) {
            send(producer, new ProducerRecord<>(topic, "key", null));
            send(producer, new ProducerRecord<>(topic, null, "value"));
            send(producer, new ProducerRecord<>(topic, "", ""));
        }
        var read = java.read(topic, 3);
        assertThat(read.stream().map(message -> Arrays.asList(message.key(), message.value())))
                .containsExactly(Arrays.asList("key", null), Arrays.asList(null, "value"), List.of("", ""));
    }

    @Test
    void theMessagesOfAKeyStayInOneOrder() {
        var topic = java.topic(4);
        try (var producer = java.producer("batch.size=200", "max.in.flight.requests.per.connection=5")) {
            for (int i = 0; i < 1000; i++) {
                producer.send(new ProducerRecord<>(topic, "key" + i % 20, Integer.toString(i)));
            }
        }
        var partitionOf = new HashMap<String, Integer>();
        var lastOf = new HashMap<String, Integer>();
        for (var message : java.read(topic, 1000)) {
            assertThat(partitionOf.computeIfAbsent(message.key(), ignored -> message.partition()))
                    .isEqualTo(message.partition());
            int number = Integer.parseInt(message.value());
            assertThat(lastOf.getOrDefault(message.key(), -1)).isLessThan(number);
            lastOf.put(message.key(), number);
        }
        assertThat(lastOf).hasSize(20);
        assertThat(new HashSet<>(partitionOf.values())).hasSizeGreaterThan(1);
    }

    @Test
    void fiveRequestsInFlightOfAnIdempotentProducerKeepTheirOrder() throws Exception {
        var topic = java.topic(1);
        var places = new ArrayList<Future<RecordMetadata>>();
        try (var producer =
                java.producer("enable.idempotence=true", "batch.size=1", "max.in.flight.requests.per.connection=5")) {
            for (int i = 0; i < 300; i++) {
                places.add(producer.send(new ProducerRecord<>(topic, Integer.toString(i))));
            }
        }
        for (int i = 0; i < places.size(); i++) {
            assertThat(places.get(i).get().offset()).isEqualTo(i);
        }
        assertThat(values(java.read(topic, 300)))
                .containsExactlyElementsOf(
                        IntStream.range(0, 300).mapToObj(Integer::toString).toList());
    }

    @Test
    void aBigMessageComesBack() {
        var topic = java.topic(1);
        var big = "x".repeat(900_000);
        java.send(topic, big, "small", big);
        assertThat(values(java.read(topic, 3))).containsExactly(big, "small", big);
    }

    @Test
    void aMessageAboveTheTopicsLimitIsRefusedAndTheNextIsNot() {
        var topic = java.topic(1, "max.message.bytes=1000");
        try (var producer = java.producer()) {
            assertThatThrownBy(() -> send(producer, new ProducerRecord<>(topic, "x".repeat(2000))))
                    .isInstanceOf(RecordTooLargeException.class)
                    .isNotInstanceOf(BufferExhaustedException.class);
            send(producer, new ProducerRecord<>(topic, "fits"));
        }
        assertThat(values(java.read(topic, 1))).containsExactly("fits");
    }

    @Test
    void aTopicThatDoesNotExistIsCreatedByTheFirstMessage() {
        var topic = JavaClient.name("unheard-of");
        java.send(topic, "first");
        assertThat(values(java.read(topic, 1))).containsExactly("first");
    }

    @Test
    void aNameThatNoTopicMayHaveIsRefused() {
        try (var producer = java.producer("max.block.ms=10000")) {
            assertThatThrownBy(() -> send(producer, new ProducerRecord<>("no/topic", "lost")))
                    .isInstanceOf(InvalidTopicException.class);
        }
    }

    @Test
    void theBrokersTimeReplacesTheProducersWhereTheTopicSaysSo() {
        var topic = java.topic(1, "message.timestamp.type=LogAppendTime");
        long before = System.currentTimeMillis();
        try (var producer = java.producer()) {
            var place = send(producer, new ProducerRecord<>(topic, 0, 5L, null, "late"));
            assertThat(place.timestamp()).isBetween(before, System.currentTimeMillis());
            var read = java.read(topic, 1).getFirst();
            assertThat(read.timestamp()).isEqualTo(place.timestamp());
            assertThat(read.timestampType()).isEqualTo(TimestampType.LOG_APPEND_TIME);
        }
    }

    @Test
    void aTimestampFarInTheFutureIsRefused() {
        var topic = java.topic(1);
        long nextWeek = System.currentTimeMillis() + 7 * 86_400_000L;
        try (var producer = java.producer()) {
            assertThatThrownBy(() -> send(producer, new ProducerRecord<>(topic, 0, nextWeek, null, "too early")))
                    .isInstanceOf(InvalidTimestampException.class);
        }
    }

    @Test
    void aCompactedTopicTakesNoMessageWithoutAKey() {
        var topic = java.topic(1, "cleanup.policy=compact");
        try (var producer = java.producer()) {
            assertThatThrownBy(() -> send(producer, new ProducerRecord<>(topic, "keyless")))
                    .isInstanceOf(InvalidRecordException.class);
            assertThat(send(producer, new ProducerRecord<>(topic, "key", "value"))
                            .offset())
                    .isZero();
        }
    }

    @Test
    void messagesToManyPartitionsInOneRequestAllArrive() {
        var topic = java.topic(20);
        try (var producer = java.producer("linger.ms=50")) {
            for (int i = 0; i < 400; i++) {
                producer.send(new ProducerRecord<>(topic, i % 20, null, "m" + i));
            }
        }
        assertThat(java.read(topic, 400)).hasSize(400);
        try (var admin = java.admin()) {
            var description = get(admin.describeTopics(List.of(topic)).allTopicNames());
            assertThat(description.get(topic).partitions()).hasSize(20);
        }
        try (var consumer = java.consumer()) {
            var ends = consumer.endOffsets(IntStream.range(0, 20)
                    .mapToObj(partition -> new TopicPartition(topic, partition))
                    .toList());
            assertThat(ends.values()).containsOnly(20L);
        }
    }
}

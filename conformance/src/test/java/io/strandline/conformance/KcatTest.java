package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@OnEveryTarget(client = "kcat 1.7 (librdkafka 2.0)")
class KcatTest {
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final Target target;
    private final JavaClient java;

    KcatTest(Subject subject) {
        target = subject.shared();
        java = new JavaClient(target);
    }

    @BeforeEach
    void kcat() {
        Tool.KCAT.require();
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void everyCompressionComesBackHereAndInJava(String codec) {
        var topic = java.topic(1);
        var values = IntStream.range(0, 200)
                .mapToObj(i -> "the same words again " + i)
                .toList();
        produce(values, topic, "-z", codec);
        assertThat(consume(topic, "-o", "beginning", "-e")).isEqualTo(values);
        assertThat(JavaClient.values(java.read(topic, 200))).isEqualTo(values);
    }

    @Test
    void keysHeadersAndDeletionsComeBack() {
        var topic = java.topic(1);
        produce(List.of("key=value", "gone="), topic, "-K", "=", "-Z", "-H", "kind=test");
        assertThat(consume(topic, "-o", "beginning", "-e", "-Z", "-f", "%k %s %h\\n"))
                .containsExactly("key value kind=test", "gone NULL kind=test");
        assertThat(java.read(topic, 2).get(1).value()).isNull();
    }

    @Test
    void anIdempotentProducerIsTaken() {
        var topic = java.topic(1);
        produce(List.of("a", "b"), topic, "-X", "enable.idempotence=true");
        assertThat(consume(topic, "-o", "beginning", "-e")).containsExactly("a", "b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "all"})
    void everyKindOfAcknowledgementStores(String acks) {
        var topic = java.topic(1);
        produce(List.of("a", "b", "c"), topic, "-X", "acks=" + acks);
        assertThat(JavaClient.values(java.read(topic, 3))).containsExactly("a", "b", "c");
    }

    @Test
    void whatJavaCompressesIsRead() {
        var topic = java.topic(1);
        for (var codec : List.of("gzip", "snappy", "lz4", "zstd")) {
            try (var producer = java.producer("compression.type=" + codec)) {
                JavaClient.send(producer, new ProducerRecord<>(topic, codec));
            }
        }
        assertThat(consume(topic, "-o", "beginning", "-e")).containsExactly("gzip", "snappy", "lz4", "zstd");
    }

    @Test
    void readingBeginsAtAnOffsetATimeOrFromTheEnd() {
        var topic = java.topic(1);
        try (var producer = java.producer()) {
            for (long time = 1000; time <= 5000; time += 1000) {
                JavaClient.send(producer, new ProducerRecord<>(topic, 0, time, null, "at" + time));
            }
        }
        assertThat(consume(topic, "-o", "3", "-e")).containsExactly("at4000", "at5000");
        assertThat(consume(topic, "-o", "s@3500", "-e")).containsExactly("at4000", "at5000");
        assertThat(consume(topic, "-o", "-1", "-e")).containsExactly("at5000");
        assertThat(Tool.KCAT.run("-b", target.bootstrap(), "-Q", "-t", topic + ":0:2500"))
                .containsExactly(topic + " [0] offset 2");
    }

    /** Java's partitioner is an option of librdkafka, and not its default: see the notes of the report. */
    @Test
    void aKeyGoesWhereJavaPutsItOnlyWithTheMurmurPartitioner() {
        var topic = java.topic(7);
        var lines = IntStream.range(0, 50).mapToObj(i -> "key" + i + "=murmur").toList();
        produce(lines, topic, "-K", "=", "-X", "topic.partitioner=murmur2_random");
        produce(lines.stream().map(line -> line.replace("murmur", "default")).toList(), topic, "-K", "=");
        try (var producer = java.producer()) {
            IntStream.range(0, 50).forEach(i -> producer.send(new ProducerRecord<>(topic, "key" + i, "java")));
        }
        var places = new HashMap<String, Map<String, Integer>>();
        java.read(topic, 150)
                .forEach(message -> places.computeIfAbsent(message.value(), ignored -> new HashMap<>())
                        .put(message.key(), message.partition()));
        assertThat(places.get("murmur")).isEqualTo(places.get("java"));
        assertThat(places.get("default")).isNotEqualTo(places.get("java"));
    }

    @Test
    void theClusterIsListed() {
        var topic = java.topic(3);
        assertThat(String.join("\n", Tool.KCAT.run("-b", target.bootstrap(), "-L", "-t", topic)))
                .contains("1 brokers")
                .contains("topic \"" + topic + "\" with 3 partitions");
    }

    @Test
    void aGroupResumesAlsoAfterTheBrokerWasKilled() {
        var topic = java.topic(1);
        var group = JavaClient.name("group");
        java.send(topic, "a", "b");
        assertThat(group(group, topic)).containsExactly("a", "b");
        java.send(topic, "c");
        assertThat(group(group, topic)).containsExactly("c");
        target.kill();
        target.restart();
        java.send(topic, "d");
        assertThat(group(group, topic)).containsExactly("d");
    }

    @Test
    void twoMembersShareAndALeaverGivesBack() {
        var topic = java.topic(4);
        var group = JavaClient.name("group");
        try (var early = member(group, topic);
                var late = member(group, topic)) {
            awaitShare(early, topic, 2);
            awaitShare(late, topic, 2);
            early.terminate();
            early.await(PATIENCE);
            awaitShare(late, topic, 4);
        }
    }

    private void produce(List<String> lines, String topic, String... options) {
        var arguments = Stream.of(List.of("-b", target.bootstrap(), "-P", "-t", topic), List.of(options))
                .flatMap(List::stream)
                .toArray(String[]::new);
        Tool.KCAT.run((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8), arguments);
    }

    private List<String> consume(String topic, String... options) {
        return Tool.KCAT.run(Stream.of(List.of("-b", target.bootstrap(), "-C", "-q", "-t", topic), List.of(options))
                .flatMap(List::stream)
                .toArray(String[]::new));
    }

    /** What a member reads until the end of the topic; it commits when it ends. */
    private List<String> group(String group, String topic) {
        return Tool.KCAT.run(
                "-b", target.bootstrap(), "-X", "auto.offset.reset=earliest", "-q", "-e", "-G", group, topic);
    }

    private Child member(String group, String topic) {
        return Tool.KCAT.start("-b", target.bootstrap(), "-X", "heartbeat.interval.ms=300", "-u", "-G", group, topic);
    }

    /** kcat writes each assignment to standard error: {@code ... assigned: t [0], t [1]}. */
    private static void awaitShare(Child member, String topic, int partitions) {
        member.awaitErrorLine(
                line -> line.contains("assigned") && line.split("\\Q" + topic + "\\E \\[", -1).length == partitions + 1,
                PATIENCE);
    }
}

package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

@OnEveryTarget(client = "kafka-python 2.0.2")
class KafkaPythonTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Target target;
    private final JavaClient java;

    KafkaPythonTest(Subject subject) {
        target = subject.shared();
        java = new JavaClient(target);
    }

    @BeforeEach
    void python() {
        Tool.KAFKA_PYTHON.require();
    }

    @Test
    void keysHeadersAndNullsComeBack() {
        var topic = java.topic(1);
        run(
                "produce",
                Map.of(
                        "topic",
                        topic,
                        "headers",
                        List.of(List.of("h", "1")),
                        "messages",
                        List.of(Arrays.asList("k", "v"), Arrays.asList("gone", null), Arrays.asList(null, "keyless"))));
        var lines = consume(topic, JavaClient.name("group"), 3);
        assertThat(lines.get(0).toString()).contains("\"k\"", "\"v\"", "[[\"h\",\"1\"]]");
        assertThat(lines.get(1).get("value").isNull()).isTrue();
        assertThat(lines.get(2).get("key").isNull()).isTrue();
        assertThat(JavaClient.values(java.read(topic, 3))).containsExactly("v", null, "keyless");
    }

    @Test
    void gzipComesBackHereAndInJava() {
        var topic = java.topic(1);
        run("produce", Map.of("topic", topic, "compression", "gzip", "messages", List.of(Arrays.asList(null, "a"))));
        try (var producer = java.producer("compression.type=gzip")) {
            JavaClient.send(producer, new ProducerRecord<>(topic, "b"));
        }
        assertThat(values(consume(topic, JavaClient.name("group"), 2))).containsExactly("a", "b");
        assertThat(JavaClient.values(java.read(topic, 2))).containsExactly("a", "b");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, -1})
    void everyKindOfAcknowledgementStores(int acks) {
        var topic = java.topic(1);
        Object all = acks == -1 ? "all" : acks;
        run("produce", Map.of("topic", topic, "acks", all, "messages", List.of(Arrays.asList(null, "a"))));
        assertThat(JavaClient.values(java.read(topic, 1))).containsExactly("a");
    }

    @Test
    void aGroupResumesAlsoAfterTheBrokerWasKilled() {
        var topic = java.topic(1);
        var group = JavaClient.name("group");
        java.send(topic, "a", "b", "c", "d");
        assertThat(values(consume(topic, group, 2))).containsExactly("a", "b");
        assertThat(values(consume(topic, group, 1))).containsExactly("c");
        target.kill();
        target.restart();
        assertThat(values(consume(topic, group, 1))).containsExactly("d");
    }

    @Test
    void aKeyGoesToThePartitionThatJavaWouldChoose() {
        var topic = java.topic(7);
        var keys = IntStream.range(0, 50).mapToObj(i -> "key" + i).toList();
        run(
                "produce",
                Map.of(
                        "topic",
                        topic,
                        "messages",
                        keys.stream().map(key -> List.of(key, "python")).toList()));
        try (var producer = java.producer()) {
            keys.forEach(key -> producer.send(new ProducerRecord<>(topic, key, "java")));
        }
        var partitionsOf = new HashMap<String, Set<Integer>>();
        java.read(topic, 100)
                .forEach(message -> partitionsOf
                        .computeIfAbsent(message.key(), ignored -> new HashSet<>())
                        .add(message.partition()));
        assertThat(partitionsOf).hasSize(50);
        assertThat(partitionsOf.values()).allMatch(partitions -> partitions.size() == 1);
    }

    @Test
    void readingBeginsAtAnOffsetOrATime() {
        var topic = java.topic(1);
        try (var producer = java.producer()) {
            for (long time = 1000; time <= 3000; time += 1000) {
                JavaClient.send(producer, new ProducerRecord<>(topic, 0, time, null, "at" + time));
            }
        }
        assertThat(run("seek", Map.of("topic", topic, "time", 1500, "offset", 2)).stream()
                        .map(JsonNode::toString))
                .containsExactly("{\"beginning\":0}", "{\"end\":3}", "{\"at\":1}", "{\"value\":\"at3000\"}");
    }

    @Test
    void theAdministratorSeesTopicsAndGroups() {
        var topic = java.topic(1);
        var group = JavaClient.name("group");
        var created = JavaClient.name("created");
        java.send(topic, "a");
        consume(topic, group, 1);
        var lines = run("admin", Map.of("create", created, "group", group));
        assertThat(lines.get(0).toString()).contains(created);
        assertThat(lines.get(1).get("partitions").asInt()).isEqualTo(2);
        assertThat(lines.get(2).toString()).doesNotContain(created);
        assertThat(lines.get(3).toString()).contains(group);
        assertThat(lines.get(4).get("offsets").get("0").asInt()).isEqualTo(1);
    }

    private List<JsonNode> consume(String topic, String group, int count) {
        return run("consume", Map.of("topic", topic, "group", group, "count", count));
    }

    private List<JsonNode> run(String task, Map<String, ?> arguments) {
        try (var child = Tool.KAFKA_PYTHON.start(target.bootstrap(), task, JSON.writeValueAsString(arguments))) {
            return child.await(PATIENCE).orThrow().out().stream()
                    .map(JSON::readTree)
                    .toList();
        }
    }

    private static List<String> values(List<JsonNode> lines) {
        return lines.stream().map(line -> line.get("value").asString()).toList();
    }
}

package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

@OnEveryTarget(client = "KafkaJS 2.2.4")
class KafkaJsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Target target;
    private final JavaClient java;

    KafkaJsTest(Subject subject) {
        target = subject.shared();
        java = new JavaClient(target);
    }

    @BeforeEach
    void kafkaJs() {
        Tool.KAFKAJS.require();
    }

    @ParameterizedTest
    @ValueSource(strings = {"None", "GZIP", "Snappy"})
    void everyCompressionOfItsComesBackHereAndInJava(String codec) {
        var topic = java.topic(1);
        var values =
                IntStream.range(0, 100).mapToObj(i -> "the same words " + i).toList();
        run("produce", Map.of("topic", topic, "compression", codec, "messages", messages(values)));
        assertThat(values(run("consume", consumption(topic, values.size())))).isEqualTo(values);
        assertThat(JavaClient.values(java.read(topic, values.size()))).isEqualTo(values);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "snappy"})
    void whatJavaCompressesIsRead(String codec) {
        var topic = java.topic(1);
        try (var producer = java.producer("compression.type=" + codec, "linger.ms=50")) {
            IntStream.range(0, 50).forEach(i -> producer.send(new ProducerRecord<>(topic, "value " + i)));
        }
        assertThat(run("consume", consumption(topic, 50)).stream().filter(line -> line.has("value")))
                .hasSize(50);
    }

    @Test
    void keysHeadersTimestampsAndNullsComeBack() {
        var topic = java.topic(1);
        run(
                "produce",
                Map.of(
                        "topic",
                        topic,
                        "messages",
                        List.of(Map.of(
                                "key", "k", "value", "v", "headers", Map.of("h", "1"), "timestamp", "1700000000123"))));
        try (var producer = java.producer()) {
            JavaClient.send(producer, new ProducerRecord<>(topic, "tombstone", null));
        }
        var read = run("consume", consumption(topic, 2)).stream()
                .filter(line -> line.has("value"))
                .toList();
        assertThat(read.getFirst().get("key").asString()).isEqualTo("k");
        assertThat(read.getFirst().get("headers").get("h").asString()).isEqualTo("1");
        assertThat(read.getFirst().get("timestamp").asString()).isEqualTo("1700000000123");
        assertThat(read.get(1).get("value").isNull()).isTrue();
    }

    @Test
    void anIdempotentProducerIsTaken() {
        var topic = java.topic(1);
        run("produce", Map.of("topic", topic, "idempotent", true, "messages", messages(List.of("a", "b"))));
        assertThat(JavaClient.values(java.read(topic, 2))).containsExactly("a", "b");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, -1})
    void everyKindOfAcknowledgementStores(int acks) {
        var topic = java.topic(1);
        run("produce", Map.of("topic", topic, "acks", acks, "messages", messages(List.of("a", "b"))));
        assertThat(JavaClient.values(java.read(topic, 2))).containsExactly("a", "b");
    }

    @Test
    void aKeyGoesToThePartitionThatJavaWouldChoose() {
        var topic = java.topic(7);
        var keys = IntStream.range(0, 100).mapToObj(i -> "key-" + i * 37).toList();
        run(
                "produce",
                Map.of(
                        "topic",
                        topic,
                        "messages",
                        keys.stream()
                                .map(key -> Map.of("key", key, "value", "js"))
                                .toList()));
        try (var producer = java.producer()) {
            keys.forEach(key -> producer.send(new ProducerRecord<>(topic, key, "java")));
        }
        var partitionsOf = new TreeMap<String, Set<Integer>>();
        java.read(topic, 200)
                .forEach(message -> partitionsOf
                        .computeIfAbsent(message.key(), ignored -> new TreeSet<>())
                        .add(message.partition()));
        assertThat(partitionsOf)
                .hasSize(100)
                .allSatisfy((key, partitions) -> assertThat(partitions).hasSize(1));
    }

    @Test
    void aGroupResumesAlsoAfterTheBrokerWasKilled() {
        var topic = java.topic(1);
        var group = JavaClient.name("group");
        java.send(topic, "a", "b");
        assertThat(values(run("consume", consumption(topic, 2, "group", group))))
                .containsExactly("a", "b");
        java.send(topic, "c");
        assertThat(values(run("consume", consumption(topic, 1, "group", group))))
                .containsExactly("c");
        target.kill();
        target.restart();
        java.send(topic, "d");
        assertThat(values(run("consume", consumption(topic, 1, "group", group))))
                .containsExactly("d");
    }

    @Test
    void aMemberThatJoinsLateTakesItsShare() {
        var topic = java.topic(4);
        var group = JavaClient.name("group");
        try (var early = start("consume", consumption(topic, 1_000_000, "group", group))) {
            early.awaitLine(line -> line.contains("\"joined\":4"), PATIENCE);
            try (var late = start("consume", consumption(topic, 1_000_000, "group", group))) {
                early.awaitLine(line -> line.contains("\"joined\":2"), PATIENCE);
                late.awaitLine(line -> line.contains("\"joined\":2"), PATIENCE);
            }
        }
    }

    @Test
    void aBatchIsCommittedAsFarAsItWasResolved() {
        var topic = java.topic(1);
        var group = JavaClient.name("group");
        try (var producer = java.producer("linger.ms=50")) {
            IntStream.range(0, 10).forEach(i -> producer.send(new ProducerRecord<>(topic, "m" + i)));
        }
        var first = consumption(topic, 4, "group", group, "batch", true, "stopAfter", 4);
        assertThat(values(run("consume", first))).containsExactly("m0", "m1", "m2", "m3");
        var second = consumption(topic, 6, "group", group, "batch", true);
        assertThat(values(run("consume", second))).containsExactly("m4", "m5", "m6", "m7", "m8", "m9");
    }

    @Test
    void latestSeesOnlyWhatComesLater() {
        var topic = java.topic(1);
        java.send(topic, "old");
        try (var reader = start("consume", consumption(topic, 1, "fromBeginning", false))) {
            reader.awaitLine(line -> line.contains("joined"), PATIENCE);
            // It looks the end up after it has joined; what comes before that is old to it.
            try (var producer = java.producer()) {
                while (reader.isAlive() && reader.lines().stream().noneMatch(line -> line.contains("value"))) {
                    JavaClient.send(producer, new ProducerRecord<>(topic, "new"));
                }
            }
            assertThat(reader.awaitLine(line -> line.contains("value"), PATIENCE))
                    .contains("\"new\"");
        }
    }

    @Test
    void aSeekMovesTheGroup() {
        var topic = java.topic(1);
        java.send(topic, "a", "b", "c");
        var read = values(run("consume", consumption(topic, 1, "seek", "2", "fromBeginning", false)));
        assertThat(read).containsExactly("c");
    }

    @Test
    void aPausedTopicGivesNothingUntilItIsResumed() {
        var topic = java.topic(1);
        java.send(topic, "a", "b");
        var lines = run("consume", consumption(topic, 2, "pause", true));
        assertThat(values(lines)).containsExactly("a", "b");
    }

    @Test
    void topicsAreCreatedDescribedAndDeleted() {
        var topic = JavaClient.name("topic");
        var results = admin(
                List.of(
                        "createTopics",
                        Map.of(
                                "topics",
                                List.of(Map.of(
                                        "topic",
                                        topic,
                                        "numPartitions",
                                        3,
                                        "configEntries",
                                        List.of(Map.of("name", "retention.ms", "value", "1234567")))))),
                List.of("listTopics"),
                List.of("fetchTopicMetadata", Map.of("topics", List.of(topic))),
                List.of("describeConfigs", Map.of("resources", List.of(Map.of("name", topic)))),
                List.of("fetchTopicOffsets", topic),
                List.of("deleteTopics", Map.of("topics", List.of(topic))),
                List.of("awaitGone", topic),
                List.of("listTopics"),
                List.of("describeCluster"));
        assertThat(results.get(0).get("createTopics").asBoolean()).isTrue();
        assertThat(results.get(1).toString()).contains(topic);
        assertThat(results.get(2).findPath("partitions").size()).isEqualTo(3);
        assertThat(results.get(3).toString()).contains("retention.ms").contains("1234567");
        assertThat(results.get(4).get("fetchTopicOffsets").size()).isEqualTo(3);
        assertThat(results.get(6).toString()).doesNotContain(topic);
        assertThat(results.get(7).findPath("brokers").size()).isEqualTo(1);
    }

    @Test
    void wrongTopicsAreRefusedWithKafkasErrors() {
        var existing = java.topic(1);
        var results = admin(
                List.of("createTopics", Map.of("topics", List.of(Map.of("topic", "no/topic")))),
                List.of("createTopics", Map.of("topics", List.of(Map.of("topic", existing)))),
                List.of("deleteTopics", Map.of("topics", List.of(JavaClient.name("nowhere")), "timeout", 1000)));
        assertThat(results.get(0).toString()).contains("error");
        assertThat(results.get(1).get("createTopics").asBoolean()).isFalse(); // KafkaJS's word for "it existed".
        assertThat(results.get(2).toString()).contains("does not host this topic-partition");
    }

    @Test
    void literalOffsetsSurviveCommitAndFetch() {
        var topic = java.topic(1);
        var group = JavaClient.name("group");
        java.send(topic, "a", "b");
        // Behind the end, for KafkaJS resets by joining and fetching, and a fetch at the end takes 5 s.
        run("consume", consumption(topic, 1, "group", group, "batch", true, "stopAfter", 1));
        var results = admin(
                List.of("fetchOffsets", Map.of("groupId", group, "topics", List.of(topic))),
                List.of("resetOffsets", Map.of("groupId", group, "topic", topic, "earliest", false)),
                List.of("fetchOffsets", Map.of("groupId", group, "topics", List.of(topic))),
                List.of("resetOffsets", Map.of("groupId", group, "topic", topic, "earliest", true)),
                List.of("fetchOffsets", Map.of("groupId", group, "topics", List.of(topic))));
        assertThat(offset(results.get(0))).isEqualTo("1");
        assertThat(offset(results.get(2))).isEqualTo("-1");
        assertThat(offset(results.get(4))).isEqualTo("-2");
        // And the literal does what it says: the group begins anew.
        assertThat(values(run("consume", consumption(topic, 2, "group", group))))
                .containsExactly("a", "b");
    }

    @Test
    void groupsAreListedAndDescribed() {
        var topic = java.topic(2);
        var group = JavaClient.name("group");
        try (var member = start("consume", consumption(topic, 1, "group", group))) {
            member.awaitLine(line -> line.contains("joined"), PATIENCE);
            var results = admin(List.of("listGroups"), List.of("describeGroups", List.of(group)));
            assertThat(results.get(0).toString()).contains("\"" + group + "\"");
            var described = results.get(1).findPath("groups").get(0);
            assertThat(described.get("state").asString()).isEqualTo("Stable");
            assertThat(described.get("protocol").asString()).isEqualTo("RoundRobinAssigner");
            assertThat(described.get("members").size()).isEqualTo(1);
        }
    }

    private static String offset(JsonNode fetched) {
        return fetched.findPath("offset").asString();
    }

    private static List<Map<String, String>> messages(List<String> values) {
        return values.stream().map(value -> Map.of("value", value)).toList();
    }

    private static Map<String, Object> consumption(String topic, int count, Object... more) {
        var arguments = new HashMap<String, Object>(
                Map.of("topic", topic, "count", count, "group", JavaClient.name("group"), "fromBeginning", true));
        for (int i = 0; i < more.length; i += 2) {
            arguments.put((String) more[i], more[i + 1]);
        }
        return arguments;
    }

    private List<JsonNode> admin(List<?>... calls) {
        return run("admin", Map.of("calls", List.of(calls)));
    }

    private List<JsonNode> run(String task, Map<String, ?> arguments) {
        try (var child = start(task, arguments)) {
            var results = new ArrayList<JsonNode>();
            child.await(PATIENCE).orThrow().out().forEach(line -> results.add(JSON.readTree(line)));
            return results;
        }
    }

    private Child start(String task, Map<String, ?> arguments) {
        return Tool.KAFKAJS.start(target.bootstrap(), task, JSON.writeValueAsString(arguments));
    }

    private static List<String> values(List<JsonNode> lines) {
        return lines.stream()
                .filter(line -> line.has("value"))
                .map(line -> line.get("value").asString())
                .toList();
    }
}

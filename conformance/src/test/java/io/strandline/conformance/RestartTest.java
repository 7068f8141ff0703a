package io.strandline.conformance;

import static io.strandline.conformance.JavaClient.get;
import static io.strandline.conformance.JavaClient.poll;
import static io.strandline.conformance.JavaClient.send;
import static io.strandline.conformance.JavaClient.values;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;

/** The broker ends and starts again while the clients stay. */
@OnEveryTarget(client = "kafka-clients 4.3 (Java)")
class RestartTest {
    private final Target target;
    private final JavaClient java;

    RestartTest(Subject subject) {
        target = subject.shared();
        java = new JavaClient(target);
    }

    @Test
    void clientsOutliveTheDeathOfTheBrokerAndNothingIsLostOrDoubled() {
        var topic = java.topic(1);
        var group = JavaClient.name("group");
        try (var producer = java.producer();
                var member = java.member(group)) {
            member.subscribe(List.of(topic));
            sendAll(producer, topic, 0, 50).forEach(JavaClient::get);
            assertThat(values(poll(member, 50))).isEqualTo(numbers(0, 50));
            member.commitSync();

            target.kill();
            // In a thread of its own: a producer that reaches no broker forgets its metadata, and blocks in send.
            var whileDown = CompletableFuture.supplyAsync(() -> sendAll(producer, topic, 50, 100));
            target.restart();

            get(whileDown).forEach(JavaClient::get);
            send(producer, new ProducerRecord<>(topic, "100"));
            assertThat(values(poll(member, 51))).isEqualTo(numbers(50, 101));
            assertThat(values(java.read(topic, 101))).isEqualTo(numbers(0, 101));
        }
    }

    @Test
    void aKillUnderLoadKeepsWhatWasAcknowledgedInOrderAndOnce() {
        var topic = java.topic(1);
        try (var producer = java.producer("batch.size=300", "linger.ms=1")) {
            var sent = new ArrayList<Future<RecordMetadata>>();
            sendAll(producer, topic, 0, 100).forEach(JavaClient::get);
            sent.addAll(sendAll(producer, topic, 100, 2100));
            target.kill();
            target.restart();
            sent.addAll(sendAll(producer, topic, 2100, 2200));
            sent.forEach(JavaClient::get);
        }
        assertThat(values(java.read(topic, 2200))).isEqualTo(numbers(0, 2200));
    }

    @Test
    void commitsTopicsSettingsAndDeletionsSurvive() {
        var kept = java.topic(3, "retention.ms=98765");
        var deleted = java.topic(1);
        var group = JavaClient.name("group");
        java.send(kept, "a", "b", "c");
        try (var member = java.member(group)) {
            member.subscribe(List.of(kept));
            poll(member, 3);
            member.commitSync(Map.of(new TopicPartition(kept, 0), new OffsetAndMetadata(2)));
        }
        try (var admin = java.admin()) {
            get(admin.deleteTopics(List.of(deleted)).all());
        }

        target.kill();
        target.restart();

        try (var admin = java.admin()) {
            java.awaitGone(deleted);
            assertThat(get(admin.listTopics().names())).contains(kept);
            assertThat(get(admin.describeTopics(List.of(kept)).allTopicNames())
                            .get(kept)
                            .partitions())
                    .hasSize(3);
            var resource = new ConfigResource(ConfigResource.Type.TOPIC, kept);
            var config = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
            assertThat(config.get("retention.ms").value()).isEqualTo("98765");
        }
        try (var member = java.member(group)) {
            member.subscribe(List.of(kept));
            assertThat(values(poll(member, 1))).containsExactly("c");
        }
    }

    @Test
    void anOrderlyStopKeepsEverything() {
        var topic = java.topic(1);
        java.send(topic, "before");
        target.stop();
        target.restart();
        java.send(topic, "after");
        assertThat(values(java.read(topic, 2))).containsExactly("before", "after");
    }

    private static List<Future<RecordMetadata>> sendAll(
            Producer<String, String> producer, String topic, int from, int to) {
        return numbers(from, to).stream()
                .map(number -> producer.send(new ProducerRecord<>(topic, number)))
                .toList();
    }

    private static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(Integer::toString).toList();
    }
}

package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@OnEveryTarget(client = "kafka-tools 4.3 (the scripts of Apache Kafka)")
class KafkaToolsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final List<String> JVM = List.of(
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");

    private final Target target;
    private final JavaClient java;

    KafkaToolsTest(Subject subject) {
        target = subject.shared();
        java = new JavaClient(target);
    }

    @Test
    void whatTheProducerPerformanceToolWritesTheConsoleConsumerReads() {
        var topic = java.topic(3);
        var report = run(
                "org.apache.kafka.tools.ProducerPerformance",
                "--topic",
                topic,
                "--num-records",
                "5000",
                "--record-size",
                "100",
                "--throughput",
                "-1",
                "--command-property",
                "bootstrap.servers=" + target.bootstrap(),
                "acks=all");
        assertThat(report.getLast()).startsWith("5000 records sent");

        var read = run(
                "org.apache.kafka.tools.consumer.ConsoleConsumer",
                "--bootstrap-server",
                target.bootstrap(),
                "--topic",
                topic,
                "--group",
                JavaClient.name("group"),
                "--from-beginning",
                "--max-messages",
                "5000",
                "--timeout-ms",
                "30000");
        assertThat(read).hasSize(5000).allMatch(line -> line.length() == 100);
    }

    @Test
    void theConsoleConsumerResumesAlsoAfterTheBrokerWasKilled() {
        var topic = java.topic(1);
        var group = JavaClient.name("group");
        java.send(topic, "a");
        assertThat(consume(topic, group)).containsExactly("a");
        target.kill();
        target.restart();
        java.send(topic, "b");
        assertThat(consume(topic, group)).containsExactly("b");
    }

    /** The next message of the group; the tool commits when it ends. */
    private List<String> consume(String topic, String group) {
        return run(
                "org.apache.kafka.tools.consumer.ConsoleConsumer",
                "--bootstrap-server",
                target.bootstrap(),
                "--topic",
                topic,
                "--group",
                group,
                "--from-beginning",
                "--max-messages",
                "1",
                "--timeout-ms",
                "60000");
    }

    @Test
    void theConsoleProducerWritesLines(@TempDir Path folder) throws IOException {
        var topic = java.topic(1);
        var input = folder.resolve("lines");
        Files.writeString(input, "k1:a\nk2:b\n");
        run(
                "--input=" + input,
                "org.apache.kafka.tools.ConsoleProducer",
                "--bootstrap-server",
                target.bootstrap(),
                "--topic",
                topic,
                "--reader-property",
                "parse.key=true",
                "--reader-property",
                "key.separator=:");
        assertThat(java.read(topic, 2).stream().map(message -> message.key() + "=" + message.value()))
                .containsExactly("k1=a", "k2=b");
    }

    @Test
    void theToolsForTopicsAndGroupsSeeWhatIsThere() {
        var topic = JavaClient.name("topic");
        var group = JavaClient.name("group");
        run(
                "org.apache.kafka.tools.TopicCommand",
                "--bootstrap-server",
                target.bootstrap(),
                "--create",
                "--topic",
                topic,
                "--partitions",
                "2",
                "--config",
                "retention.ms=54321");
        var described = String.join(
                "\n",
                run(
                        "org.apache.kafka.tools.TopicCommand",
                        "--bootstrap-server",
                        target.bootstrap(),
                        "--describe",
                        "--topic",
                        topic));
        assertThat(described).contains("PartitionCount: 2").contains("retention.ms=54321");

        java.send(topic, "a", "b", "c");
        try (var member = java.member(group)) {
            member.subscribe(List.of(topic));
            JavaClient.poll(member, 3);
            member.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(1)));
        }
        var lag = String.join(
                "\n",
                run(
                        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                        "--bootstrap-server",
                        target.bootstrap(),
                        "--describe",
                        "--group",
                        group));
        // group, topic, partition, committed, end, lag
        assertThat(lag).containsPattern(topic + " +0 +1 +3 +2");
    }

    @Test
    void theToolsForTopicsAndSettingsChangeThem() {
        var topic = java.topic(1, "segment.ms=7654321");
        run(
                "org.apache.kafka.tools.TopicCommand",
                "--bootstrap-server",
                target.bootstrap(),
                "--alter",
                "--topic",
                topic,
                "--partitions",
                "3");
        configs(topic, "--alter", "--add-config", "retention.ms=54321,cleanup.policy=[compact,delete]");
        assertThat(String.join("\n", configs(topic, "--describe")))
                .contains("retention.ms=54321", "cleanup.policy=compact,delete", "segment.ms=7654321");
        configs(topic, "--alter", "--delete-config", "retention.ms,cleanup.policy");
        assertThat(String.join("\n", configs(topic, "--describe")))
                .doesNotContain("retention.ms=54321", "cleanup.policy=compact")
                .contains("segment.ms=7654321");
        var described = run(
                "org.apache.kafka.tools.TopicCommand",
                "--bootstrap-server",
                target.bootstrap(),
                "--describe",
                "--topic",
                topic);
        assertThat(String.join("\n", described)).contains("PartitionCount: 3");
    }

    private List<String> configs(String topic, String... what) {
        var arguments = new ArrayList<>(List.of(
                "kafka.admin.ConfigCommand",
                "--bootstrap-server",
                target.bootstrap(),
                "--entity-type",
                "topics",
                "--entity-name",
                topic));
        arguments.addAll(List.of(what));
        return run(arguments.toArray(String[]::new));
    }

    @Test
    void theToolsForRecordsAndDirectoriesSeeThatTheyAreFewer(@TempDir Path folder) throws IOException {
        var topic = java.topic(1);
        java.send(topic, "a", "b", "c");
        var wanted = folder.resolve("offsets.json");
        Files.writeString(
                wanted,
                "{\"version\": 1, \"partitions\": [{\"topic\": \"" + topic + "\", \"partition\": 0, \"offset\": 2}]}");
        var report = run(
                "org.apache.kafka.tools.DeleteRecordsCommand",
                "--bootstrap-server",
                target.bootstrap(),
                "--offset-json-file",
                wanted.toString());
        assertThat(String.join("\n", report)).contains(topic + "-0").contains("low_watermark: 2");
        assertThat(java.read(topic, 1)).extracting(message -> message.value()).containsExactly("c");

        var directories = run(
                "org.apache.kafka.tools.LogDirsCommand",
                "--bootstrap-server",
                target.bootstrap(),
                "--describe",
                "--topic-list",
                topic);
        assertThat(String.join("\n", directories)).contains("\"partition\":\"" + topic + "-0\"");
    }

    private List<String> run(String... arguments) {
        var classPath = ClassPaths.equipment() + File.pathSeparator + ClassPaths.apacheKafka();
        try (var child = Child.jvm("kafka-tools", classPath, JVM, new ArrayList<>(List.of(arguments)))) {
            return child.await(PATIENCE).orThrow().out();
        }
    }
}

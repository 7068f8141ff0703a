package io.strandline.conformance;

import static io.strandline.conformance.JavaClient.get;
import static io.strandline.conformance.JavaClient.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.CreatePartitionsOptions;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SecurityDisabledException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Topics that change while they are used. */
@OnEveryTarget(client = "kafka-clients 4.3 (Java)")
class AdministrationTest {
    private final Target target;
    private final JavaClient java;
    private final Admin admin;

    AdministrationTest(Subject subject) {
        target = subject.shared();
        java = new JavaClient(target);
        admin = java.admin();
    }

    @AfterEach
    void close() {
        admin.close();
    }

    // ---- settings

    @Test
    void aChangedSettingHasItsEffectAndGivesWayToTheDefaultWhenItIsTakenAway() {
        var topic = java.topic(1);
        alter(topic, new AlterConfigOp(new ConfigEntry("max.message.bytes", "300"), OpType.SET));
        await(() -> "300".equals(setting(topic, "max.message.bytes").value()));
        assertThat(setting(topic, "max.message.bytes").source()).isEqualTo(ConfigSource.DYNAMIC_TOPIC_CONFIG);
        await(() -> isTooLarge(topic));

        alter(topic, new AlterConfigOp(new ConfigEntry("max.message.bytes", null), OpType.DELETE));
        await(() -> "1048588".equals(setting(topic, "max.message.bytes").value()));
        assertThat(setting(topic, "max.message.bytes").isDefault()).isTrue();
        await(() -> !isTooLarge(topic));
    }

    private boolean isTooLarge(String topic) {
        try {
            java.send(topic, "x".repeat(1000));
            return false;
        } catch (RecordTooLargeException e) {
            return true;
        }
    }

    @Test
    void aChangedSettingSurvivesThatTheBrokerIsKilled() {
        var topic = java.topic(1, "segment.ms=7654321");
        alter(topic, new AlterConfigOp(new ConfigEntry("retention.ms", "54321"), OpType.SET));
        target.kill();
        target.restart();
        await(() -> "54321".equals(setting(topic, "retention.ms").value()));
        assertThat(setting(topic, "segment.ms").value()).isEqualTo("7654321");
    }

    @Test
    void wordsAreAppendedToAListAndTakenOutOfIt() {
        var topic = java.topic(1);
        alter(topic, new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact"), OpType.APPEND));
        await(() -> "delete,compact".equals(setting(topic, "cleanup.policy").value()));
        alter(topic, new AlterConfigOp(new ConfigEntry("cleanup.policy", "delete"), OpType.SUBTRACT));
        await(() -> "compact".equals(setting(topic, "cleanup.policy").value()));
        assertThatThrownBy(() -> alter(topic, new AlterConfigOp(new ConfigEntry("retention.ms", "1"), OpType.APPEND)))
                .isInstanceOf(InvalidConfigurationException.class);
    }

    @Test
    void aSettingThatDoesNotExistOrAValueThatItDoesNotTakeIsRefused() {
        var topic = java.topic(1);
        assertThatThrownBy(() -> alter(topic, new AlterConfigOp(new ConfigEntry("retention.mss", "1"), OpType.SET)))
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("retention.mss");
        assertThatThrownBy(() -> alter(topic, new AlterConfigOp(new ConfigEntry("retention.ms", "soon"), OpType.SET)))
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("soon");
        var missing = JavaClient.name("missing");
        assertThatThrownBy(() -> alter(missing, new AlterConfigOp(new ConfigEntry("retention.ms", "1"), OpType.SET)))
                .isInstanceOf(UnknownTopicOrPartitionException.class);
    }

    @Test
    void aDryRunOfAChangeOfSettingsChangesNothing() {
        var topic = java.topic(1, "retention.ms=54321");
        var operation = new AlterConfigOp(new ConfigEntry("retention.ms", "1"), OpType.SET);
        get(admin.incrementalAlterConfigs(
                        Map.of(resource(topic), List.of(operation)), new AlterConfigsOptions().validateOnly(true))
                .all());
        assertThat(setting(topic, "retention.ms").value()).isEqualTo("54321");
    }

    @Test
    void aSettingTellsWhatWouldCountWithoutIt() {
        var topic = java.topic(1, "max.message.bytes=5000");
        var described = get(admin.describeConfigs(
                                List.of(resource(topic)), new DescribeConfigsOptions().includeSynonyms(true))
                        .all())
                .get(resource(topic))
                .get("max.message.bytes");
        assertThat(described.synonyms())
                .extracting(synonym -> synonym.name() + "=" + synonym.value() + " " + synonym.source())
                .containsExactly(
                        "max.message.bytes=5000 DYNAMIC_TOPIC_CONFIG", "message.max.bytes=1048588 DEFAULT_CONFIG");
    }

    // ---- partitions

    @Test
    void addedPartitionsAreUsed() {
        var topic = java.topic(1);
        get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all());
        await(() -> partitions(topic) == 3);
        try (var producer = java.producer()) {
            JavaClient.send(producer, new ProducerRecord<>(topic, 2, null, "in the third"));
        }
        assertThat(values(java.read(topic, 1))).containsExactly("in the third");
    }

    @Test
    void aGroupTakesUpAddedPartitionsByItself() {
        var topic = java.topic(1);
        try (var member = java.member(JavaClient.name("group"), "metadata.max.age.ms=500")) {
            member.subscribe(List.of(topic));
            JavaClient.pollUntil(() -> member.assignment().size() == 1, List.of(member));
            get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(2)))
                    .all());
            JavaClient.pollUntil(() -> member.assignment().size() == 2, List.of(member));
        }
    }

    @Test
    void partitionsNeverBecomeFewerAndAreNotPlacedElsewhere() {
        var topic = java.topic(2);
        assertThatThrownBy(() -> addPartitions(topic, NewPartitions.increaseTo(1)))
                .isInstanceOf(InvalidPartitionsException.class)
                .hasMessageContaining("2 partition");
        assertThatThrownBy(() -> addPartitions(topic, NewPartitions.increaseTo(2)))
                .isInstanceOf(InvalidPartitionsException.class)
                .hasMessageContaining("already");
        assertThatThrownBy(() -> addPartitions(topic, NewPartitions.increaseTo(3, List.of(List.of(4711)))))
                .isInstanceOf(InvalidReplicaAssignmentException.class);
        assertThatThrownBy(() -> addPartitions(JavaClient.name("missing"), NewPartitions.increaseTo(3)))
                .isInstanceOf(UnknownTopicOrPartitionException.class);
        get(admin.createPartitions(
                        Map.of(topic, NewPartitions.increaseTo(3)), new CreatePartitionsOptions().validateOnly(true))
                .all());
        assertThat(partitions(topic)).isEqualTo(2);
    }

    private void addPartitions(String topic, NewPartitions wanted) {
        get(admin.createPartitions(Map.of(topic, wanted)).all());
    }

    // ---- records

    @Test
    void deletedRecordsAreGoneAndOffsetsGoOn() {
        var topic = java.topic(1);
        var partition = new TopicPartition(topic, 0);
        java.send(topic, "a", "b", "c", "d");
        assertThat(delete(partition, 2)).isEqualTo(2);
        assertThat(earliest(partition)).isEqualTo(2);
        assertThat(values(java.read(topic, 2))).containsExactly("c", "d");
        assertThat(delete(partition, 1)).isEqualTo(2);
        assertThat(delete(partition, -1)).isEqualTo(4);
        java.send(topic, "e");
        assertThat(values(java.read(topic, 1))).containsExactly("e");
    }

    @Test
    void whoReadsDeletedRecordsIsToldThatTheyAreOutOfRange() {
        var topic = java.topic(1);
        var partition = new TopicPartition(topic, 0);
        java.send(topic, "a", "b");
        delete(partition, 1);
        try (var consumer = java.consumer("auto.offset.reset=none")) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, 0);
            assertThatThrownBy(() -> JavaClient.poll(consumer, 1)).isInstanceOf(OffsetOutOfRangeException.class);
        }
    }

    @Test
    void onlyWhatIsThereIsDeletedAndOnlyWhereThePolicyAllowsIt() {
        var topic = java.topic(1);
        var partition = new TopicPartition(topic, 0);
        java.send(topic, "a");
        assertThatThrownBy(() -> delete(partition, 2))
                .isInstanceOf(org.apache.kafka.common.errors.OffsetOutOfRangeException.class);
        var compacted = java.topic(1, "cleanup.policy=compact");
        assertThatThrownBy(() -> delete(new TopicPartition(compacted, 0), -1))
                .isInstanceOf(PolicyViolationException.class);
    }

    // ---- what else administrators ask

    @Test
    void theDirectoryOfTheBrokerIsDescribed() {
        var topic = java.topic(2);
        java.send(topic, "x".repeat(1000));
        int node = get(admin.describeCluster().nodes()).iterator().next().id();
        var directories =
                get(admin.describeLogDirs(List.of(node)).allDescriptions()).get(node);
        assertThat(directories).hasSize(1);
        var replicas = directories.values().iterator().next().replicaInfos();
        assertThat(replicas.get(new TopicPartition(topic, 0)).size()).isBetween(1000L, 2000L);
        assertThat(replicas.get(new TopicPartition(topic, 1)).size()).isZero();
    }

    @Test
    void theProducersOfAPartitionAreDescribed() {
        var topic = java.topic(1);
        java.send(topic, "a");
        var partition = new TopicPartition(topic, 0);
        var state = get(admin.describeProducers(List.of(partition)).all()).get(partition);
        assertThat(state.activeProducers()).singleElement().satisfies(producer -> {
            assertThat(producer.lastSequence()).isZero();
            assertThat(producer.currentTransactionStartOffset()).isEmpty();
        });
    }

    @Test
    void withoutAnAuthorizerEverythingIsAllowedAndNoRuleIsKept() {
        assertThatThrownBy(() -> get(admin.describeAcls(AclBindingFilter.ANY).values()))
                .isInstanceOf(SecurityDisabledException.class)
                .hasMessageContaining("Authorizer");
        var topic = java.topic(1);
        var described =
                get(admin.describeTopics(List.of(topic), new DescribeTopicsOptions().includeAuthorizedOperations(true))
                        .allTopicNames());
        assertThat(described.get(topic).authorizedOperations())
                .containsExactlyInAnyOrder(
                        AclOperation.READ,
                        AclOperation.WRITE,
                        AclOperation.CREATE,
                        AclOperation.DELETE,
                        AclOperation.ALTER,
                        AclOperation.DESCRIBE,
                        AclOperation.DESCRIBE_CONFIGS,
                        AclOperation.ALTER_CONFIGS);
        var cluster = admin.describeCluster(new DescribeClusterOptions().includeAuthorizedOperations(true));
        assertThat(get(cluster.authorizedOperations()))
                .containsExactlyInAnyOrder(
                        AclOperation.CREATE,
                        AclOperation.ALTER,
                        AclOperation.DESCRIBE,
                        AclOperation.CLUSTER_ACTION,
                        AclOperation.DESCRIBE_CONFIGS,
                        AclOperation.ALTER_CONFIGS,
                        AclOperation.IDEMPOTENT_WRITE);
    }

    private void alter(String topic, AlterConfigOp operation) {
        get(admin.incrementalAlterConfigs(Map.of(resource(topic), List.of(operation)))
                .all());
    }

    private ConfigEntry setting(String topic, String name) {
        return get(admin.describeConfigs(List.of(resource(topic))).all())
                .get(resource(topic))
                .get(name);
    }

    private static ConfigResource resource(String topic) {
        return new ConfigResource(ConfigResource.Type.TOPIC, topic);
    }

    private int partitions(String topic) {
        return get(admin.describeTopics(List.of(topic)).allTopicNames())
                .get(topic)
                .partitions()
                .size();
    }

    private long delete(TopicPartition partition, long before) {
        var deleted = admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(before)));
        return get(deleted.lowWatermarks().get(partition)).lowWatermark();
    }

    private long earliest(TopicPartition partition) {
        return get(admin.listOffsets(Map.of(partition, OffsetSpec.earliest())).partitionResult(partition))
                .offset();
    }

    /** Apache Kafka answers a change before all of its parts know of it. */
    private static void await(BooleanSupplier fact) {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!fact.getAsBoolean()) {
            assertThat(System.nanoTime()).as("60 s are over").isLessThan(deadline);
        }
    }
}

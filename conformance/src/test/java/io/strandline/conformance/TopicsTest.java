package io.strandline.conformance;

import static io.strandline.conformance.JavaClient.get;
import static io.strandline.conformance.JavaClient.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@OnEveryTarget(client = "kafka-clients 4.3 (Java)")
class TopicsTest {
    private final JavaClient java;
    private final Admin admin;

    TopicsTest(Subject subject) {
        java = new JavaClient(subject.shared());
        admin = java.admin();
    }

    @AfterEach
    void close() {
        admin.close();
    }

    @Test
    void aTopicIsUsableWhenItsCreationIsAnswered() {
        var topic = JavaClient.name("topic");
        get(admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1))).all());
        java.send(topic, "at once");
        assertThat(values(java.read(topic, 1))).containsExactly("at once");
        assertThat(get(admin.listTopics().names())).contains(topic);
    }

    @Test
    void aTopicIsDescribedAsItWasCreated() {
        var topic = java.topic(3);
        var description = describe(topic);
        assertThat(description.name()).isEqualTo(topic);
        assertThat(description.isInternal()).isFalse();
        assertThat(description.partitions()).hasSize(3).allSatisfy(partition -> {
            assertThat(partition.leader()).isNotNull();
            assertThat(partition.replicas()).hasSize(1);
            assertThat(partition.isr()).hasSize(1);
        });
        var byId = get(admin.describeTopics(TopicCollection.ofTopicIds(List.of(description.topicId())))
                .allTopicIds());
        assertThat(byId.get(description.topicId()).name()).isEqualTo(topic);
    }

    @Test
    void theBrokersDefaultsMakeATopicToo() {
        var topic = JavaClient.name("topic");
        get(admin.createTopics(List.of(new NewTopic(topic, Optional.empty(), Optional.empty())))
                .all());
        assertThat(describe(topic).partitions()).hasSize(1);
    }

    @Test
    void aSecondTopicOfTheSameNameIsRefused() {
        var topic = java.topic(1);
        assertThatThrownBy(() -> create(new NewTopic(topic, 1, (short) 1))).isInstanceOf(TopicExistsException.class);
    }

    @Test
    void namesThatDifferOnlyInDotAndUnderscoreCollide() {
        var name = JavaClient.name("collide");
        create(new NewTopic(name + ".a", 1, (short) 1));
        assertThatThrownBy(() -> create(new NewTopic(name + "_a", 1, (short) 1)))
                .isInstanceOf(InvalidTopicException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a/b", "a b", "ü", "%2e", "250 characters"})
    void aNameThatNoTopicMayHaveIsRefused(String name) {
        var wrong = name.equals("250 characters") ? "x".repeat(250) : name;
        assertThatThrownBy(() -> create(new NewTopic(wrong, 1, (short) 1))).isInstanceOf(InvalidTopicException.class);
    }

    @Test
    void theLongestNameIsTaken() {
        var name = (JavaClient.name("long") + "-" + "x".repeat(249)).substring(0, 249);
        create(new NewTopic(name, 1, (short) 1));
        java.send(name, "fits");
        assertThat(values(java.read(name, 1))).containsExactly("fits");
    }

    @Test
    void noPartitionIsTooFew() {
        assertThatThrownBy(() -> create(new NewTopic(JavaClient.name("topic"), 0, (short) 1)))
                .isInstanceOf(InvalidPartitionsException.class);
    }

    @Test
    void anUnknownSettingIsRefused() {
        assertThatThrownBy(() -> create(
                        new NewTopic(JavaClient.name("topic"), 1, (short) 1).configs(Map.of("retention.msec", "1"))))
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("retention.msec");
    }

    @Test
    void aValueThatTheSettingDoesNotTakeIsRefused() {
        assertThatThrownBy(() -> create(
                        new NewTopic(JavaClient.name("topic"), 1, (short) 1).configs(Map.of("retention.ms", "a week"))))
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("a week");
    }

    @Test
    void aDryRunCreatesNothing() {
        var topic = JavaClient.name("topic");
        get(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1)), new CreateTopicsOptions().validateOnly(true))
                .all());
        assertThat(get(admin.listTopics().names())).doesNotContain(topic);
    }

    @Test
    void theSettingsOfATopicAreDescribed() {
        var topic = java.topic(1, "retention.ms=12345", "cleanup.policy=delete", "min.insync.replicas=1");
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        var config = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
        assertThat(config.get("retention.ms").value()).isEqualTo("12345");
        assertThat(config.get("retention.ms").source()).isEqualTo(ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
        assertThat(config.get("retention.ms").isReadOnly()).isFalse();
        assertThat(config.get("segment.bytes").value()).isEqualTo("1073741824");
        assertThat(config.get("segment.bytes").isDefault()).isTrue();
        assertThat(config.get("max.message.bytes").value()).isEqualTo("1048588");
        assertThat(config.get("compression.type").value()).isEqualTo("producer");
    }

    @Test
    void theSettingsOfTheBrokerAreDescribed() {
        var node = get(admin.describeCluster().nodes()).iterator().next();
        var resource = new ConfigResource(ConfigResource.Type.BROKER, node.idString());
        assertThat(get(admin.describeConfigs(List.of(resource)).all())
                        .get(resource)
                        .entries())
                .isNotEmpty();
    }

    @Test
    void aDeletedTopicIsGone() {
        var topic = java.topic(2);
        java.send(topic, "gone");
        get(admin.deleteTopics(List.of(topic)).all());
        java.awaitGone(topic);
        assertThatThrownBy(() -> get(admin.describeTopics(List.of(topic)).allTopicNames()))
                .isInstanceOf(UnknownTopicOrPartitionException.class);
        assertThatThrownBy(() -> get(admin.deleteTopics(List.of(topic)).all()))
                .isInstanceOf(UnknownTopicOrPartitionException.class);
    }

    @Test
    void aTopicOfTheSameNameAfterADeletionIsAnotherTopic() {
        var topic = java.topic(1);
        java.send(topic, "of the first");
        var first = describe(topic).topicId();
        get(admin.deleteTopics(List.of(topic)).all());
        java.awaitGone(topic);

        create(new NewTopic(topic, 1, (short) 1));
        assertThat(describe(topic).topicId()).isNotEqualTo(first);
        java.send(topic, "of the second");
        var read = java.read(topic, 1);
        assertThat(values(read)).containsExactly("of the second");
        assertThat(read.getFirst().offset()).isZero();
    }

    @Test
    void aTopicIsDeletedByItsId() {
        var topic = java.topic(1);
        var id = describe(topic).topicId();
        get(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all());
        assertThatThrownBy(() -> get(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id)))
                        .all()))
                .isInstanceOf(UnknownTopicIdException.class);
    }

    @Test
    void theClusterIsDescribed() {
        var cluster = admin.describeCluster();
        assertThat(get(cluster.nodes())).hasSize(1);
        assertThat(get(cluster.clusterId())).isNotBlank();
        assertThat(get(cluster.controller()).id())
                .isEqualTo(get(cluster.nodes()).iterator().next().id());
    }

    private void create(NewTopic topic) {
        get(admin.createTopics(List.of(topic)).all());
    }

    /** Apache Kafka answers a creation before each of its brokers knows of it; so this asks again for a while. */
    private TopicDescription describe(String topic) {
        var deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (true) {
            try {
                return get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);
            } catch (UnknownTopicOrPartitionException e) {
                if (System.nanoTime() - deadline > 0) {
                    throw e;
                }
            }
        }
    }
}

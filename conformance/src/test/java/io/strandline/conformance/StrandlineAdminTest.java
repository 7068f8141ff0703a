package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.Kafka;
import io.strandline.Outgoing;
import io.strandline.Partition;
import io.strandline.Position;
import io.strandline.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.SecurityDisabledException;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** What our client's administrator can do. */
@OnEveryTarget(client = "Strandline client")
class StrandlineAdminTest {
    private static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");

    @AutoClose
    private final Kafka kafka;

    StrandlineAdminTest(Subject subject) {
        kafka = Kafka.connect(subject.shared().bootstrap());
    }

    @Test
    void aGroupIsMovedAfterAPreviewAndOnlyWhileNobodyIsInIt() throws InterruptedException {
        var topic = withFiveMessages();
        var at = Partition.of(topic.name(), 0);
        var group = JavaClient.name("group");
        try (var consumer = kafka.consumer(group).eachMessage(topic, m -> {}).start()) {
            assertThat(consumer.awaitIdle(Duration.ofSeconds(40))).isTrue();
            await(() -> kafka.admin().committed(group).equals(Map.of(at, 5L)));
            assertThat(kafka.admin().group(group).orElseThrow().members()).hasSize(1);
            assertThatThrownBy(() -> kafka.admin().reset(group, topic.name(), Position.earliest()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("has members");
        }
        assertThat(kafka.admin().planReset(group, topic.name(), Position.at(NOON.plusSeconds(2))))
                .singleElement()
                .satisfies(change -> {
                    assertThat(change.from()).contains("5");
                    assertThat(change.to()).isEqualTo("2");
                });
        assertThat(kafka.admin().committed(group)).isEqualTo(Map.of(at, 5L));

        kafka.admin().reset(group, topic.name(), Position.at(NOON.plusSeconds(2)));
        assertThat(kafka.admin().committed(group)).isEqualTo(Map.of(at, 2L));
        assertThat(kafka.admin().lag(group)).isEqualTo(Map.of(at, 3L));
        kafka.admin().set(group, Map.of(at, 4L));
        assertThat(kafka.admin().lag(group)).isEqualTo(Map.of(at, 1L));
        assertThat(kafka.admin().planReset(group, topic.name(), Position.offset(4)))
                .isEmpty();
    }

    @Test
    void aGroupIsSeenAndDeleted() {
        var topic = withFiveMessages();
        var group = JavaClient.name("group");
        kafka.admin().set(group, Map.of(Partition.of(topic.name(), 0), 3L));
        assertThat(kafka.admin().groups()).contains(group);
        kafka.admin().deleteGroups(group);
        assertThat(kafka.admin().groups()).doesNotContain(group);
        assertThat(kafka.admin().group(group)).isEmpty();
        assertThat(kafka.admin().committed(group)).isEmpty();
    }

    @Test
    void everyPlaceOfALogHasItsOffset() {
        var topic = withFiveMessages().name();
        var at = Partition.of(topic, 0);
        assertThat(kafka.admin().offsets(topic, Position.earliest())).isEqualTo(Map.of(at, 0L));
        assertThat(kafka.admin().offsets(topic, Position.latest())).isEqualTo(Map.of(at, 5L));
        assertThat(kafka.admin().offsetsAt(topic, NOON.plusSeconds(3))).isEqualTo(Map.of(at, 3L));
        assertThat(kafka.admin().offsetsAt(topic, NOON.plusSeconds(99))).isEqualTo(Map.of(at, 5L));
    }

    @Test
    void theBeginningOfALogIsCutOff() {
        var topic = withFiveMessages();
        var at = Partition.of(topic.name(), 0);
        kafka.admin().truncate(at, 3);
        assertThat(kafka.admin().offsets(topic.name(), Position.earliest())).isEqualTo(Map.of(at, 3L));
        assertThatThrownBy(() -> kafka.admin().truncate(at, 6)).isInstanceOf(OffsetOutOfRangeException.class);
    }

    @Test
    void partitionsAreAdded() {
        var topic = withFiveMessages();
        kafka.admin().addPartitions(topic.name(), 3);
        await(() -> kafka.admin().topic(topic.name()).orElseThrow().partitions() == 3);
        assertThatThrownBy(() -> kafka.admin().addPartitions(topic.name(), 2))
                .isInstanceOf(InvalidPartitionsException.class);
    }

    @Test
    void settingsChangeAndOthersStay() {
        var topic = withFiveMessages().config("retention.ms", "3600000");
        assertThat(kafka.admin().plan(topic)).singleElement().satisfies(change -> {
            assertThat(change.what()).isEqualTo("retention.ms");
            assertThat(change.to()).isEqualTo("3600000");
        });
        kafka.admin().ensure(topic);
        await(() -> kafka.admin().plan(topic).isEmpty());
        kafka.admin().alterConfig(topic.name(), Map.of("max.message.bytes", "5000"), List.of("retention.ms"));
        await(() -> "5000".equals(kafka.admin().config(topic.name()).get("max.message.bytes")));
        assertThat(kafka.admin().config(topic.name()).get("retention.ms")).isEqualTo("604800000");
        assertThatThrownBy(() -> kafka.admin().alterConfig(topic.name(), Map.of("retention.mss", "1"), List.of()))
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("retention.mss");
    }

    @Test
    void rightsAreNotKeptWithoutAnAuthorizer() {
        assertThatThrownBy(() -> kafka.admin().acls())
                .isInstanceOf(SecurityDisabledException.class)
                .hasMessageContaining("Authorizer");
    }

    @Test
    void theClusterTellsItsNameAndItsBrokers() {
        var cluster = kafka.admin().cluster();
        assertThat(cluster.id()).isNotBlank();
        assertThat(cluster.brokers()).hasSize(1);
        assertThat(cluster.controller()).isPresent();
    }

    private Topic<String, String> withFiveMessages() {
        var topic = Topic.strings(JavaClient.name("admin")).partitions(1).replication(1);
        kafka.admin().ensure(topic);
        for (int i = 0; i < 5; i++) {
            kafka.producer().send(Outgoing.to(topic, "k", "" + i).timestamp(NOON.plusSeconds(i)));
        }
        return topic;
    }

    private static void await(BooleanSupplier fact) {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!fact.getAsBoolean()) {
            assertThat(System.nanoTime()).as("60 s are over").isLessThan(deadline);
        }
    }
}

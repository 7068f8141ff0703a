package io.strandline.broker.groups;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Apache Kafka's own client in groups of a real broker. */
class ConsumeInGroupTest {
    private static final String TOPIC = "user-events";
    private static final int PARTITIONS = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(50);

    @TempDir
    Path directory;

    private Broker broker;
    private final List<AutoCloseable> open = new ArrayList<>();

    private void start(int port) throws Exception {
        broker = Broker.start(
                BrokerConfig.defaults().directory(directory).port(port).with(BrokerConfig.JOURNAL_BYTES, 4L << 20));
    }

    @AfterEach
    void stop() throws Exception {
        for (var client : open.reversed()) {
            client.close();
        }
        broker.close();
    }

    private Admin admin() {
        var admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
        open.add(admin);
        return admin;
    }

    private void publish(int from, int to) {
        try (var producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()),
                new StringSerializer(),
                new StringSerializer())) {
            for (int i = from; i < to; i++) {
                producer.send(new ProducerRecord<>(TOPIC, i % PARTITIONS, "k" + i, "v" + i));
            }
        }
    }

    private KafkaConsumer<String, String> consumer(Map<String, Object> more) {
        var config = new HashMap<String, Object>(Map.of(
                "bootstrap.servers",
                broker.bootstrapServers(),
                ConsumerConfig.GROUP_ID_CONFIG,
                "user-service-handlers",
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                "earliest",
                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                false,
                ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG,
                300,
                ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG,
                60_000));
        config.putAll(more);
        var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
        open.add(consumer);
        return consumer;
    }

    private Set<String> read(KafkaConsumer<String, String> consumer, int count) {
        var values = new TreeSet<String>();
        await(() -> {
            consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
            return values.size() >= count;
        });
        return values;
    }

    private static void await(BooleanSupplier fact) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!fact.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
        }
    }

    private void createTopic() throws Exception {
        admin().createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1)))
                .all()
                .get();
    }

    @Test
    void aGroupReadsCommitsAndGoesOnAfterARestartOfTheClient() throws Exception {
        start(0);
        createTopic();
        publish(0, 30);
        var first = consumer(Map.of());
        first.subscribe(List.of(TOPIC));
        assertThat(read(first, 30)).hasSize(30);
        first.commitSync();
        first.close();
        publish(30, 36);

        var second = consumer(Map.of());
        second.subscribe(List.of(TOPIC));

        assertThat(read(second, 6)).containsExactlyInAnyOrder("v30", "v31", "v32", "v33", "v34", "v35");
    }

    @Test
    void aGroupGoesOnAfterARestartOfTheBrokerWithoutARebalance() throws Exception {
        start(0);
        createTopic();
        publish(0, 30);
        var consumer = consumer(Map.of());
        consumer.subscribe(List.of(TOPIC));
        read(consumer, 30);
        consumer.commitSync();
        int generation = consumer.groupMetadata().generationId();
        int port = broker.address().getPort();
        broker.close();

        start(port);

        publish(30, 33);
        assertThat(read(consumer, 3)).containsExactlyInAnyOrder("v30", "v31", "v32");
        consumer.commitSync();
        assertThat(consumer.groupMetadata().generationId()).isEqualTo(generation);
        var offsets = admin().listConsumerGroupOffsets("user-service-handlers")
                .partitionsToOffsetAndMetadata()
                .get();
        assertThat(offsets.values()).extracting(OffsetAndMetadata::offset).containsExactly(11L, 11L, 11L);
    }

    @Test
    void twoMembersShareThePartitionsAndOneTakesOverWhenTheOtherLeaves() throws Exception {
        start(0);
        createTopic();
        var one = consumer(Map.of());
        var other = consumer(Map.of());
        one.subscribe(List.of(TOPIC));
        other.subscribe(List.of(TOPIC));
        await(() -> {
            one.poll(Duration.ofMillis(50));
            other.poll(Duration.ofMillis(50));
            return one.assignment().size() + other.assignment().size() == PARTITIONS
                    && !one.assignment().isEmpty()
                    && !other.assignment().isEmpty();
        });
        var both = new HashSet<>(one.assignment());
        both.addAll(other.assignment());
        assertThat(both).hasSize(PARTITIONS);

        other.close();

        await(() -> {
            one.poll(Duration.ofMillis(50));
            return one.assignment().size() == PARTITIONS;
        });
    }

    @Test
    void aStaticMemberComesBackToItsPartitions() throws Exception {
        start(0);
        createTopic();
        publish(0, 3);
        var one = consumer(Map.of(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, "one"));
        one.subscribe(List.of(TOPIC));
        read(one, 3);
        one.commitSync();
        int generation = one.groupMetadata().generationId();
        one.close(); // a static member does not leave

        var again = consumer(Map.of(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, "one"));
        again.subscribe(List.of(TOPIC));
        publish(3, 6);

        assertThat(read(again, 3)).containsExactlyInAnyOrder("v3", "v4", "v5");
        assertThat(again.groupMetadata().generationId()).isEqualTo(generation);
    }

    @Test
    void toolsSeeAndChangeGroups() throws Exception {
        start(0);
        createTopic();
        publish(0, 3);
        var consumer = consumer(Map.of());
        consumer.subscribe(List.of(TOPIC));
        read(consumer, 3);
        consumer.commitSync();
        var admin = admin();

        var described = admin.describeConsumerGroups(List.of("user-service-handlers"))
                .all()
                .get()
                .get("user-service-handlers");
        assertThat(described.groupState()).isEqualTo(GroupState.STABLE);
        assertThat(described.members())
                .singleElement()
                .satisfies(member ->
                        assertThat(member.assignment().topicPartitions()).hasSize(PARTITIONS));
        assertThat(admin.listGroups().all().get())
                .singleElement()
                .satisfies(group -> assertThat(group.groupId()).isEqualTo("user-service-handlers"));

        consumer.close();
        var partition = new TopicPartition(TOPIC, 0);
        admin.alterConsumerGroupOffsets("user-service-handlers", Map.of(partition, new OffsetAndMetadata(0)))
                .all()
                .get();
        admin.deleteConsumerGroupOffsets("user-service-handlers", Set.of(new TopicPartition(TOPIC, 1)))
                .all()
                .get();
        assertThat(admin.listConsumerGroupOffsets("user-service-handlers")
                        .partitionsToOffsetAndMetadata()
                        .get()
                        .get(partition)
                        .offset())
                .isZero();
        admin.deleteConsumerGroups(List.of("user-service-handlers")).all().get();
        assertThat(admin.listGroups().all().get()).isEmpty();
    }

    @Test
    void theLogOfTheGroupsCanBeReadLikeAnyTopic() throws Exception {
        start(0);
        createTopic();
        publish(0, 3);
        var consumer = consumer(Map.of());
        consumer.subscribe(List.of(TOPIC));
        read(consumer, 3);
        consumer.commitSync();

        var reader = new KafkaConsumer<>(
                Map.<String, Object>of("bootstrap.servers", broker.bootstrapServers(), "auto.offset.reset", "earliest"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        open.add(reader);
        reader.assign(List.of(new TopicPartition(ConsumerOffsets.TOPIC, 0)));
        var keys = new ArrayList<String>();
        await(() -> {
            reader.poll(Duration.ofMillis(100))
                    .forEach(record -> keys.add(new String(record.key(), StandardCharsets.ISO_8859_1)));
            return keys.size() >= 1 + PARTITIONS;
        });

        assertThat(keys).allMatch(key -> key.contains("user-service-handlers"));
    }
}

package io.strandline.conformance;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.AppInfoParser;
import org.jspecify.annotations.Nullable;

/**
 * What a Java client of any version does, as a program of its own: it is compiled against our kafka-clients and run
 * with another. Arguments: bootstrap, a name for topics and groups, and what to do. Writes {@code ok} lines; a line
 * {@code failed} carries the reason.
 */
public final class OwnJvmClient {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final String bootstrap;
    private final String name;

    private OwnJvmClient(String bootstrap, String name) {
        this.bootstrap = bootstrap;
        this.name = name;
    }

    public static void main(String[] args) {
        System.out.println("version " + AppInfoParser.getVersion());
        var client = new OwnJvmClient(args[0], args[1]);
        for (var task : List.of(args).subList(2, args.length)) {
            try {
                client.run(task);
                System.out.println("ok " + task);
            } catch (Exception e) {
                System.out.println("failed " + task + " " + e);
                e.printStackTrace();
            }
        }
        System.exit(0);
    }

    private void run(String task) throws Exception {
        switch (task) {
            case "none", "gzip", "snappy", "lz4", "zstd" -> roundTrip(task);
            case "headers" -> headers();
            case "group" -> group();
            case "resume" -> resume();
            case "admin" -> admin();
            default -> throw new IllegalArgumentException(task);
        }
    }

    private void roundTrip(String codec) throws Exception {
        var topic = name + "-" + codec;
        create(topic);
        try (var producer = producer("compression.type", codec)) {
            for (int i = 0; i < 100; i++) {
                producer.send(new ProducerRecord<>(topic, "key", "some words " + i));
            }
        }
        try (var consumer = consumer(null)) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            expect(100, poll(consumer, 100).size());
        }
    }

    private void headers() throws Exception {
        var topic = name + "-headers";
        create(topic);
        try (var producer = producer("acks", "all")) {
            var message = new ProducerRecord<String, String>(topic, 0, 5L, "key", null);
            message.headers().add("h", "1".getBytes(StandardCharsets.UTF_8));
            producer.send(message).get();
        }
        try (var consumer = consumer(null)) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            var read = poll(consumer, 1).get(0);
            expect(5L, read.timestamp());
            expect("1", new String(read.headers().lastHeader("h").value(), StandardCharsets.UTF_8));
            expect(null, read.value());
        }
    }

    private void group() throws Exception {
        var topic = name + "-group";
        create(topic);
        try (var producer = producer("acks", "all")) {
            for (var value : List.of("a", "b", "c")) {
                producer.send(new ProducerRecord<>(topic, 0, null, value)).get();
            }
        }
        try (var consumer = consumer(name)) {
            consumer.subscribe(List.of(topic));
            poll(consumer, 3);
            consumer.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(2)));
        }
    }

    /** In another life than {@link #group}, which comes first. */
    private void resume() {
        try (var consumer = consumer(name)) {
            consumer.subscribe(List.of(name + "-group"));
            expect("c", poll(consumer, 1).get(0).value());
        }
    }

    private void admin() throws Exception {
        var topic = name + "-admin";
        create(topic);
        try (var admin = Admin.create(settings())) {
            expect(
                    1,
                    admin.describeTopics(List.of(topic))
                            .allTopicNames()
                            .get()
                            .get(topic)
                            .partitions()
                            .size());
            expect(1, admin.describeCluster().nodes().get().size());
            admin.deleteTopics(List.of(topic)).all().get();
            // Apache Kafka answers before each of its brokers knows of the deletion: ask again.
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (admin.listTopics().names().get().contains(topic)) {
                expect(true, System.nanoTime() < deadline);
            }
        }
    }

    /** As {@link JavaClient#topic}: Apache Kafka answers before the partition takes messages, so ask it once. */
    private void create(String topic) throws Exception {
        try (var admin = Admin.create(settings())) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (!isLed(admin, topic)) {
                expect(true, System.nanoTime() < deadline);
            }
        }
    }

    private static boolean isLed(Admin admin, String topic) throws Exception {
        try {
            admin.listOffsets(Map.of(new TopicPartition(topic, 0), OffsetSpec.latest()))
                    .all()
                    .get();
            return true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RetriableException) {
                return false; // Not yet known everywhere.
            }
            throw e;
        }
    }

    private Properties settings() {
        var settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        return settings;
    }

    private KafkaProducer<String, String> producer(String setting, String value) {
        var settings = settings();
        settings.put(setting, value);
        return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
    }

    private KafkaConsumer<String, String> consumer(@Nullable String group) {
        var settings = settings();
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", "false");
        if (group != null) {
            settings.put("group.id", group);
        }
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    private static List<ConsumerRecord<String, String>> poll(KafkaConsumer<String, String> consumer, int count) {
        var messages = new ArrayList<ConsumerRecord<String, String>>();
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (messages.size() < count && System.nanoTime() < deadline) {
            consumer.poll(Duration.ofMillis(100)).forEach(messages::add);
        }
        if (messages.size() < count) {
            throw new IllegalStateException("only " + messages.size() + " of " + count + " messages came");
        }
        return messages;
    }

    private static void expect(@Nullable Object expected, @Nullable Object actual) {
        if (!Objects.equals(expected, actual)) {
            throw new IllegalStateException("expected " + expected + ", got " + actual);
        }
    }
}

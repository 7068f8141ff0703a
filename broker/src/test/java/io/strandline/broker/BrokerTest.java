package io.strandline.broker;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.config.BrokerConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The broker as applications see it: through Apache Kafka's own clients. */
@Timeout(120)
class BrokerTest {
    @TempDir
    Path directory;

    @Test
    void whatWasProducedIsConsumedInOrderAndAgainAfterARestart() throws Exception {
        try (var broker = Broker.start(config())) {
            create(broker, "events", 3);
            produce(broker, "events", 500, Map.of());
            assertThat(values(broker, "events", 500)).containsExactlyInAnyOrderElementsOf(expected(500));
        }
        try (var broker = Broker.start(config())) {
            assertThat(broker.opening().clean()).isTrue();
            assertThat(values(broker, "events", 500)).containsExactlyInAnyOrderElementsOf(expected(500));
            produce(broker, "events", 10, Map.of());
            assertThat(values(broker, "events", 510)).hasSize(510);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void everyCompressionOfKafkasProducerIsTaken(String compression) throws Exception {
        try (var broker = Broker.start(config())) {
            produce(broker, "auto-created", 200, Map.of("compression.type", compression));

            assertThat(values(broker, "auto-created", 200)).containsExactlyInAnyOrderElementsOf(expected(200));
        }
    }

    private BrokerConfig config() {
        return BrokerConfig.defaults()
                .directory(directory.resolve("data"))
                .port(0)
                .with(BrokerConfig.JOURNAL_BYTES, 4L << 20);
    }

    private static void create(Broker broker, String topic, int partitions) throws Exception {
        try (var admin = Admin.create(Map.<String, Object>of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1)))
                    .all()
                    .get();
        }
    }

    private static void produce(Broker broker, String topic, int count, Map<String, String> more) throws Exception {
        var properties = new Properties();
        properties.put("bootstrap.servers", broker.bootstrapServers());
        properties.putAll(more);
        try (var producer = new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < count; i++) {
                producer.send(new ProducerRecord<>(topic, "key-" + i % 7, "value-" + i));
            }
            producer.flush();
        }
    }

    private static List<String> expected(int count) {
        return IntStream.range(0, count).mapToObj(i -> "value-" + i).toList();
    }

    private static List<String> values(Broker broker, String topic, int count) {
        var properties = new Properties();
        properties.put("bootstrap.servers", broker.bootstrapServers());
        properties.put("auto.offset.reset", "earliest");
        var values = new ArrayList<String>();
        try (var consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList());
            while (values.size() < count) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(10))) {
                    values.add(record.value());
                }
            }
        }
        return values;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

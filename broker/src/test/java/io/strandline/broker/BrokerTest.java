package io.strandline.broker;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.net.RawClient;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.Payload;
import io.strandline.protocol.RequestFrame;
import io.strandline.protocol.ResponseFrame;
import io.strandline.protocol.message.MetadataRequest;
import io.strandline.protocol.message.MetadataResponse;
import io.strandline.protocol.message.RequestHeader;
import java.nio.ByteBuffer;
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
import org.apache.kafka.clients.admin.OffsetSpec;
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

    @Test
    void recordsHaveTheirTimeWhileTheBrokerRuns() throws Exception {
        try (var broker = Broker.start(config().with(BrokerConfig.RETENTION_CHECK_MS, 1L));
                var admin = Admin.create(Map.<String, Object>of("bootstrap.servers", broker.bootstrapServers()))) {
            var shortLived = new NewTopic("short-lived", 1, (short) 1).configs(Map.of("retention.ms", "1"));
            admin.createTopics(List.of(shortLived, new NewTopic("kept", 1, (short) 1)))
                    .all()
                    .get();
            produce(broker, "short-lived", 5, Map.of());
            produce(broker, "kept", 5, Map.of());

            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (earliest(admin, "short-lived") < 5) {
                assertThat(System.nanoTime()).as("time limit").isLessThan(deadline);
            }
            assertThat(earliest(admin, "kept")).isZero();
        }
    }

    private static long earliest(Admin admin, String topic) throws Exception {
        var partition = new TopicPartition(topic, 0);
        return admin.listOffsets(Map.of(partition, OffsetSpec.earliest()))
                .partitionResult(partition)
                .get()
                .offset();
    }

    @Test
    void connectionsCanAllRunOnVirtualThreads() throws Exception {
        try (var broker = Broker.start(config().with(BrokerConfig.PLATFORM_THREADS, 0))) {
            produce(broker, "events", 50, Map.of());

            assertThat(values(broker, "events", 50)).hasSize(50);
        }
    }

    @Test
    void manyBrokersLiveInOneProcessAndStopInBoundedTime() throws Exception {
        var one = Broker.start(config());
        try (var other = Broker.start(config().directory(directory.resolve("other")))) {
            assertThat(one.clusterId()).isNotEqualTo(other.clusterId());
            produce(one, "events", 5, Map.of());
            produce(other, "events", 7, Map.of());
            assertThat(values(one, "events", 5)).hasSize(5);
            assertThat(values(other, "events", 7)).hasSize(7);
            one.close();
            one.close(); // changes nothing
            assertThat(values(other, "events", 7)).hasSize(7);
        }
    }

    @Test
    void aBrokerKeepsItsNameAndSaysHowItWasFound() throws Exception {
        String name;
        try (var broker = Broker.start(config())) {
            name = broker.clusterId();
            assertThat(broker.opening().made()).isTrue();
            assertThat(broker.firstForce()).isPositive();
            assertThat(broker.health().ok()).isTrue();
            assertThat(broker.durabilityInWords()).contains("power cut");
        }
        try (var broker = Broker.start(config())) {
            assertThat(broker.clusterId()).isEqualTo(name);
            assertThat(broker.opening().made()).isFalse();
        }
    }

    @Test
    void clientsAreToldTheAddressTheyCameToUnlessAnotherIsAdvertised() throws Exception {
        try (var broker = Broker.start(config())) {
            assertThat(node(broker)).isEqualTo(broker.bootstrapServers());
        }
        try (var broker =
                Broker.start(config().with(BrokerConfig.ADVERTISED_LISTENERS, "PLAINTEXT://localhost:1234"))) {
            assertThat(node(broker)).isEqualTo("localhost:1234");
        }
    }

    private static String node(Broker broker) throws Exception {
        var header = new RequestHeader()
                .requestApiKey(ApiKey.METADATA.id())
                .requestApiVersion((short) 12)
                .correlationId(1);
        try (var client = new RawClient(broker.address())) {
            var request = Payload.join(RequestFrame.toParts(ApiKey.METADATA, header, new MetadataRequest()));
            client.send(request.array());
            var response = (MetadataResponse)
                    ResponseFrame.parse(ByteBuffer.wrap(client.receiveFrame()), ApiKey.METADATA, (short) 12, 1);
            return response.brokers.get(0).host + ":" + response.brokers.get(0).port;
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

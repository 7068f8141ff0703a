package io.strandline.cli.demo;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads everything that is in a topic now, outside every group. */
final class TopicReader {
    private static final Duration POLL = Duration.ofMillis(500);

    private TopicReader() {}

    /**
     * Hands out every record from the beginning to the present end, in order for each partition.
     *
     * @param stall how long nothing may come before this is given up
     * @throws IllegalStateException if the end was not reached
     */
    static void readAll(
            String bootstrap, String topic, Duration stall, Consumer<ConsumerRecord<byte[], byte[]>> handler) {
        try (var consumer = new KafkaConsumer<byte[], byte[]>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        bootstrap,
                        ConsumerConfig.CLIENT_ID_CONFIG,
                        "demo-read-back",
                        ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                        Math.toIntExact(stall.toMillis()),
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                        "none",
                        ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
                        "false"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            var all = consumer.partitionsFor(topic).stream()
                    .map(partition -> new TopicPartition(topic, partition.partition()))
                    .toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            var ends = consumer.endOffsets(all);
            var lastProgress = System.nanoTime();
            while (!reached(consumer, all, ends)) {
                var records = consumer.poll(POLL);
                records.forEach(handler);
                if (!records.isEmpty()) {
                    lastProgress = System.nanoTime();
                } else if (System.nanoTime() - lastProgress > stall.toNanos()) {
                    throw new IllegalStateException(
                            "Reading " + topic + " back stopped before its end: ends are " + ends);
                }
            }
        }
    }

    private static boolean reached(
            KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> all, Map<TopicPartition, Long> ends) {
        return all.stream()
                .allMatch(partition -> consumer.position(partition) >= Objects.requireNonNull(ends.get(partition)));
    }
}

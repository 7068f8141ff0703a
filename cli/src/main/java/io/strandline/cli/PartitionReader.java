package io.strandline.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/** Reads partitions of one topic outside every group. */
final class PartitionReader implements AutoCloseable {
    private final List<TopicPartition> partitions;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private Map<TopicPartition, Long> ends = Map.of();

    /** @param only the one partition to read, null for all of them */
    PartitionReader(BrokerAddress broker, String topic, @Nullable Integer only, int count) {
        this.partitions = IntStream.range(0, count)
                .filter(number -> only == null || number == only)
                .mapToObj(number -> new TopicPartition(topic, number))
                .toList();
        var settings = new HashMap<String, Object>(broker.settings());
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, broker.servers());
        settings.put(ConsumerConfig.CLIENT_ID_CONFIG, "strandline-consume");
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        this.consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.assign(partitions);
    }

    /** @param offset where to begin; null: at the beginning or at the end */
    void begin(@Nullable Long offset, boolean fromBeginning) {
        ends = consumer.endOffsets(partitions);
        if (offset != null) {
            refuseWhatIsNotThere(offset);
            partitions.forEach(partition -> consumer.seek(partition, offset));
        } else if (fromBeginning) {
            consumer.seekToBeginning(partitions);
        } else {
            // Exactly the ends that were just read, so that what is written meanwhile is not missed.
            ends.forEach(consumer::seek);
        }
    }

    /** Whether everything that was there at the beginning has been read. */
    boolean reachedEnd() {
        return partitions.stream().allMatch(partition -> consumer.position(partition) >= of(ends, partition));
    }

    void poll(Duration atMost, RecordPrinter printer) {
        try {
            for (var record : consumer.poll(atMost)) {
                if (!printer.print(printable(record))) {
                    return;
                }
            }
        } catch (OffsetOutOfRangeException e) {
            // Retention was faster than we.
            throw Problem.failed("What comes next is not there any more: " + contents(), e);
        }
    }

    /** The end itself is a place to begin: the next message will be there. */
    private void refuseWhatIsNotThere(long offset) {
        var first = consumer.beginningOffsets(partitions);
        for (var partition : partitions) {
            if (offset < of(first, partition) || offset > of(ends, partition)) {
                throw Problem.failed("There is no message at offset " + offset + ": " + contents());
            }
        }
    }

    private String contents() {
        var first = consumer.beginningOffsets(partitions);
        return partitions.stream()
                .map(partition -> "partition " + partition.partition()
                        + (of(first, partition) < of(ends, partition)
                                ? " has " + of(first, partition) + " to " + (of(ends, partition) - 1)
                                : " is empty, its next offset is " + of(ends, partition)))
                .collect(Collectors.joining(", "));
    }

    private static long of(Map<TopicPartition, Long> offsets, TopicPartition partition) {
        return Objects.requireNonNull(offsets.get(partition), partition::toString);
    }

    private static RecordPrinter.Printable printable(ConsumerRecord<byte[], byte[]> record) {
        return new RecordPrinter.Printable(
                record.topic(),
                record.partition(),
                record.offset(),
                Instant.ofEpochMilli(record.timestamp()),
                record.key(),
                record.value(),
                RecordPrinter.NamedValue.of(record.headers()));
    }

    @Override
    public void close() {
        consumer.close();
    }
}

package io.strandline;

import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** Makes messages of records. Runs where handlers run, because serdes are the user's. */
final class Decoder {
    private Decoder() {}

    static <K, V> Message<K, V> decode(
            Topic<K, V> topic, Partition partition, ConsumerRecord<byte[], byte[]> record, int attempt) {
        var headers = HeaderList.of(record.headers());
        K key = read(topic.key(), record.key(), true, partition, record.offset(), headers);
        V value = read(topic.value(), record.value(), false, partition, record.offset(), headers);
        var timestamp = Instant.ofEpochMilli(record.timestamp());
        return new Message<>(topic, partition, record.offset(), timestamp, key, value, headers, attempt);
    }

    private static <T> @Nullable T read(
            Serde<T> serde, byte @Nullable [] bytes, boolean isKey, Partition partition, long offset, Headers headers) {
        if (bytes == null) {
            return null;
        }
        try {
            return serde.deserialize(partition.topic(), bytes, headers);
        } catch (Exception e) {
            throw new PoisonMessage(isKey, partition, offset, e);
        }
    }
}

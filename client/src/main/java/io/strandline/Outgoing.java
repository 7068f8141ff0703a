package io.strandline;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One message on its way out.
 *
 * @param key decides the partition, and so the order; null: any partition
 * @param value null is a tombstone
 * @param partition null: by the key (Java's murmur2, as every Kafka client written in Java)
 * @param timestamp null: the time of sending
 */
public record Outgoing<K, V>(
        Topic<K, V> topic,
        @Nullable K key,
        @Nullable V value,
        Headers headers,
        @Nullable Integer partition,
        @Nullable Instant timestamp) {
    public Outgoing {
        Objects.requireNonNull(topic, "topic");
        Objects.requireNonNull(headers, "headers");
        if (partition != null && partition < 0) {
            throw new IllegalArgumentException("A partition's number is 0 or more, not " + partition);
        }
    }

    public static <K, V> Outgoing<K, V> to(Topic<K, V> topic, @Nullable K key, @Nullable V value) {
        return new Outgoing<>(topic, key, value, Headers.none(), null, null);
    }

    public Outgoing<K, V> header(String name, String text) {
        return headers(headers.with(name, text));
    }

    public Outgoing<K, V> header(String name, byte[] bytes) {
        return headers(headers.with(name, bytes));
    }

    /** These headers instead of those it had. */
    public Outgoing<K, V> headers(Headers all) {
        return new Outgoing<>(topic, key, value, all, partition, timestamp);
    }

    public Outgoing<K, V> partition(int number) {
        return new Outgoing<>(topic, key, value, headers, number, timestamp);
    }

    public Outgoing<K, V> timestamp(Instant time) {
        return new Outgoing<>(topic, key, value, headers, partition, time);
    }
}

package io.strandline;

import java.util.function.Function;

/**
 * Bytes in, value out, and back. A null is a tombstone (or an absent key) and is never passed in. Must be safe for use
 * by many threads at once.
 */
public interface Serde<T> {
    /** Throws what it likes: the message is then refused before it is sent. */
    byte[] serialize(String topic, T value, Headers headers);

    /** Throws what it likes: the message is then a {@link PoisonMessage}. */
    T deserialize(String topic, byte[] data, Headers headers);

    /** The bytes as they are. */
    static Serde<byte[]> bytes() {
        return Serdes.BYTES;
    }

    /** UTF-8 text. Bytes that are no UTF-8 are refused, not replaced. */
    static Serde<String> string() {
        return Serdes.STRING;
    }

    /**
     * JSON by Jackson 3, without type names on the wire: unknown fields are ignored, a missing primitive is an error,
     * times are ISO-8601, enums go by name.
     */
    static <T> Serde<T> json(Class<T> type) {
        return Serdes.json(type);
    }

    /** Avro, Protobuf, a schema registry: any serializer and deserializer made for kafka-clients, already configured. */
    static <T> Serde<T> wrap(org.apache.kafka.common.serialization.Serde<T> kafka) {
        return Serdes.wrap(kafka);
    }

    static <T> Serde<T> of(Function<T, byte[]> out, Function<byte[], T> in) {
        return Serdes.of(out, in);
    }
}

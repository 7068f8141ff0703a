package io.strandline;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import org.apache.kafka.common.errors.SerializationException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/** The serdes in the box. */
final class Serdes {
    static final Serde<byte[]> BYTES = of(Function.identity(), Function.identity());
    static final Serde<String> STRING = of(text -> text.getBytes(StandardCharsets.UTF_8), Serdes::utf8);

    private Serdes() {}

    static <T> Serde<T> json(Class<T> type) {
        return new Json<>(Mapper.JSON.writerFor(type), Mapper.JSON.readerFor(type));
    }

    static <T> Serde<T> wrap(org.apache.kafka.common.serialization.Serde<T> kafka) {
        return new Wrapped<>(kafka);
    }

    static <T> Serde<T> of(Function<T, byte[]> out, Function<byte[], T> in) {
        return new OfFunctions<>(out, in);
    }

    /**
     * The decoder in String puts U+FFFD where bytes are wrong, and what was sent would be lost without a word; it is
     * also many times faster than the strict one, which therefore looks only at text that has one.
     */
    private static String utf8(byte[] bytes) {
        var text = new String(bytes, StandardCharsets.UTF_8);
        return text.indexOf('\uFFFD') < 0 ? text : strictUtf8(bytes);
    }

    private static String strictUtf8(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new SerializationException("These " + bytes.length + " bytes are not UTF-8 text", e);
        }
    }

    /** Made at the first use of JSON: whoever has none does not load Jackson. */
    private static final class Mapper {
        static final JsonMapper JSON = JsonMapper.builder()
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
    }

    private record Json<T>(ObjectWriter writer, ObjectReader reader) implements Serde<T> {
        @Override
        public byte[] serialize(String topic, T value, Headers headers) {
            return writer.writeValueAsBytes(value);
        }

        @Override
        public T deserialize(String topic, byte[] data, Headers headers) {
            T value = reader.readValue(data);
            if (value == null) {
                throw new SerializationException("The JSON text null is no value; a tombstone has no bytes at all");
            }
            return value;
        }
    }

    private record OfFunctions<T>(Function<T, byte[]> out, Function<byte[], T> in) implements Serde<T> {
        @Override
        public byte[] serialize(String topic, T value, Headers headers) {
            return out.apply(value);
        }

        @Override
        public T deserialize(String topic, byte[] data, Headers headers) {
            return in.apply(data);
        }
    }

    private record Wrapped<T>(org.apache.kafka.common.serialization.Serde<T> kafka) implements Serde<T> {
        @Override
        public byte[] serialize(String topic, T value, Headers headers) {
            return kafka.serializer().serialize(topic, HeaderList.toKafka(headers), value);
        }

        @Override
        public T deserialize(String topic, byte[] data, Headers headers) {
            return kafka.deserializer().deserialize(topic, HeaderList.toKafka(headers), data);
        }
    }
}

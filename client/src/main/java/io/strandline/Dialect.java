package io.strandline;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * How someone writes down where a dead letter came from and why: names of headers, empty where there is none.
 *
 * @param topic tells the dialect from others
 * @param own headers that are the letter's, not the message's
 * @param oldestWins a header that was written several times says the origin first and the last station last
 * @param recordTime the letter has the timestamp of its message
 */
record Dialect(
        String name,
        String topic,
        String partition,
        String offset,
        String timestamp,
        String firstFailed,
        String attempts,
        String group,
        String exception,
        String message,
        String stackTrace,
        Predicate<String> own,
        boolean oldestWins,
        boolean recordTime) {

    static final String UNKNOWN = "unknown";

    /** Of this client, and of Kafka's share groups, whose names of headers it took over. */
    static final String OURS = "Strandline";

    private static final List<String> KARAFKA = List.of(
            "source_topic",
            "source_partition",
            "source_offset",
            "source_consumer_group",
            "source_attempts",
            "source_trace_id");

    private static final List<String> WOLVERINE = List.of(
            "exception-type",
            "exception-message",
            "exception-stack",
            "failed-at",
            "original-destination",
            "original-partition",
            "original-offset");

    /** In the order in which they are tried: names that anyone might use come last. */
    private static final List<Dialect> ALL = List.of(
            new Dialect(
                    OURS,
                    DeadLetterHeaders.TOPIC,
                    DeadLetterHeaders.PARTITION,
                    DeadLetterHeaders.OFFSET,
                    DeadLetterHeaders.ERROR_TIMESTAMP,
                    DeadLetterHeaders.ERROR_FIRST,
                    DeadLetterHeaders.DELIVERY_COUNT,
                    DeadLetterHeaders.GROUP,
                    DeadLetterHeaders.ERROR_CLASS,
                    DeadLetterHeaders.MESSAGE,
                    DeadLetterHeaders.ERROR_STACK,
                    startsWith("__dlq.errors.").or(startsWith("strandline.error.")),
                    false,
                    false),
            new Dialect(
                    "Kafka Streams",
                    "__streams.errors.topic",
                    "__streams.errors.partition",
                    "__streams.errors.offset",
                    "",
                    "",
                    "",
                    "",
                    "__streams.errors.exception",
                    "__streams.errors.message",
                    "__streams.errors.stacktrace",
                    startsWith("__streams.errors."),
                    false,
                    true),
            new Dialect(
                    "Kafka Connect",
                    "__connect.errors.topic",
                    "__connect.errors.partition",
                    "__connect.errors.offset",
                    "",
                    "",
                    "",
                    "__connect.errors.connector.name",
                    "__connect.errors.exception.class.name",
                    "__connect.errors.exception.message",
                    "__connect.errors.exception.stacktrace",
                    startsWith("__connect.errors."),
                    false,
                    true),
            new Dialect(
                    "Spring",
                    "kafka_dlt-original-topic",
                    "kafka_dlt-original-partition",
                    "kafka_dlt-original-offset",
                    "kafka_dlt-original-timestamp",
                    "",
                    "retry_topic-attempts",
                    "kafka_dlt-original-consumer-group",
                    "kafka_dlt-exception-fqcn",
                    "kafka_dlt-exception-message",
                    "kafka_dlt-exception-stacktrace",
                    startsWith("kafka_dlt-").or(startsWith("retry_topic-")),
                    true,
                    false),
            new Dialect(
                    "SmallRye",
                    "dead-letter-topic",
                    "dead-letter-partition",
                    "dead-letter-offset",
                    "delayed-retry-original-timestamp",
                    "delayed-retry-first-processing-timestamp",
                    "delayed-retry-count",
                    "",
                    "dead-letter-exception-class-name",
                    "dead-letter-reason",
                    "",
                    startsWith("dead-letter-").or(startsWith("delayed-retry-")),
                    false,
                    false),
            new Dialect(
                    "SmallRye",
                    "delayed-retry-topic",
                    "delayed-retry-partition",
                    "delayed-retry-offset",
                    "delayed-retry-original-timestamp",
                    "delayed-retry-first-processing-timestamp",
                    "delayed-retry-count",
                    "",
                    "delayed-retry-exception-class-name",
                    "delayed-retry-reason",
                    "",
                    startsWith("delayed-retry-"),
                    false,
                    false),
            new Dialect(
                    "KPipe",
                    "x-dlq-source-topic",
                    "x-dlq-source-partition",
                    "x-dlq-source-offset",
                    "x-dlq-source-timestamp",
                    "",
                    "",
                    "",
                    "x-dlq-exception-class",
                    "x-dlq-exception-message",
                    "",
                    startsWith("x-dlq-"),
                    false,
                    false),
            new Dialect(
                    "Wolverine",
                    "original-destination",
                    "original-partition",
                    "original-offset",
                    "",
                    "failed-at",
                    "",
                    "",
                    "exception-type",
                    "exception-message",
                    "exception-stack",
                    WOLVERINE::contains,
                    false,
                    false),
            new Dialect(
                    "Karafka",
                    "source_topic",
                    "source_partition",
                    "source_offset",
                    "",
                    "",
                    "source_attempts",
                    "source_consumer_group",
                    "",
                    "",
                    "",
                    KARAFKA::contains,
                    false,
                    false));

    private static Predicate<String> startsWith(String prefix) {
        return name -> name.startsWith(prefix);
    }

    /** @param from the topic of letters that do not say where they came from */
    static DeadLetters.Letter read(ConsumerRecord<byte[], byte[]> record, Optional<String> from) {
        var headers = HeaderList.of(record.headers());
        return ALL.stream()
                .filter(dialect -> headers.last(dialect.topic).isPresent())
                .findFirst()
                .map(dialect -> dialect.letter(record, headers))
                .orElseGet(() -> unknown(record, headers, from));
    }

    private DeadLetters.Letter letter(ConsumerRecord<byte[], byte[]> record, Headers headers) {
        // Without a word on the partition: most writers keep it.
        var source = Partition.of(topicName(text(headers, topic)), (int)
                number(headers, partition).orElse(record.partition()));
        return new DeadLetters.Letter(
                Partition.of(record.topic(), record.partition()),
                record.offset(),
                record.key(),
                record.value(),
                original(headers, own),
                Optional.of(source),
                number(headers, offset),
                firstOffset(headers, source, number(headers, offset)),
                sourceTime(record, headers),
                time(headers, firstFailed),
                (int) number(headers, attempts).orElse(0),
                text(headers, group),
                text(headers, exception),
                text(headers, message),
                text(headers, stackTrace),
                redriven(headers),
                headers.last(DeadLetterHeaders.FOLLOWS).orElse(""),
                name);
    }

    private static DeadLetters.Letter unknown(
            ConsumerRecord<byte[], byte[]> record, Headers headers, Optional<String> from) {
        return new DeadLetters.Letter(
                Partition.of(record.topic(), record.partition()),
                record.offset(),
                record.key(),
                record.value(),
                original(headers, name -> false),
                from.map(topic -> Partition.of(topic, record.partition())),
                OptionalLong.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                "",
                "",
                "",
                "",
                redriven(headers),
                "",
                UNKNOWN);
    }

    private Optional<Instant> sourceTime(ConsumerRecord<byte[], byte[]> record, Headers headers) {
        return recordTime ? Optional.of(Instant.ofEpochMilli(record.timestamp())) : time(headers, timestamp);
    }

    private static Headers original(Headers headers, Predicate<String> own) {
        Headers original = headers;
        for (var header : headers) {
            if (own.test(header.name())
                    || header.name().equals(DeadLetterHeaders.REDRIVEN)
                    || header.name().equals(DeadLetterHeaders.ORIGIN)
                    || header.name().equals(DeadLetterHeaders.REDRIVE_GROUP)) {
                original = original.without(header.name());
            }
        }
        return original;
    }

    private static OptionalLong firstOffset(Headers headers, Partition source, OptionalLong now) {
        var origin = headers.last(DeadLetterHeaders.ORIGIN)
                .map(text -> DeadLetterHeaders.origin(text, source))
                .orElse(OptionalLong.empty());
        return origin.isPresent() ? origin : now;
    }

    private static int redriven(Headers headers) {
        return headers.last(DeadLetterHeaders.REDRIVEN)
                .filter(text -> text.matches("[0-9]{1,9}"))
                .map(Integer::parseInt)
                .orElse(0);
    }

    private byte @Nullable [] bytes(Headers headers, String name) {
        byte @Nullable [] found = null;
        for (var header : headers) {
            if (header.name().equals(name) && (found == null || !oldestWins)) {
                found = header.value();
            }
        }
        return found;
    }

    private String text(Headers headers, String name) {
        byte[] bytes = bytes(headers, name);
        return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
    }

    /** Text, or, as Spring has it, the big-endian bytes of an int, a long or a BigInteger. */
    private OptionalLong number(Headers headers, String name) {
        byte[] bytes = bytes(headers, name);
        if (bytes == null || bytes.length == 0) {
            return OptionalLong.empty();
        }
        var text = new String(bytes, StandardCharsets.US_ASCII);
        if (oldestWins) {
            return OptionalLong.of(
                    bytes.length == Integer.BYTES
                            ? ByteBuffer.wrap(bytes).getInt()
                            : new BigInteger(bytes).longValue());
        }
        return text.matches("-?[0-9]{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
    }

    /** Milliseconds since 1970, or ISO-8601. */
    private Optional<Instant> time(Headers headers, String name) {
        var millis = number(headers, name);
        if (millis.isPresent()) {
            return Optional.of(Instant.ofEpochMilli(millis.getAsLong()));
        }
        try {
            var text = text(headers, name);
            return text.isEmpty()
                    ? Optional.empty()
                    : Optional.of(OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException e) {
            return Optional.empty(); // a time that we cannot read is as good as none
        }
    }

    /** Wolverine names an address: {@code kafka://topic/orders}. */
    private static String topicName(String text) {
        int address = text.indexOf("://topic/");
        return address < 0 ? text : text.substring(address + "://topic/".length());
    }
}

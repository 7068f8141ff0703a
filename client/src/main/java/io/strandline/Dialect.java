package io.strandline;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * How someone writes down where a dead letter came from and why: names of headers, empty where there is none.
 *
 * @param topic tells the dialect from others
 * @param attempts a count that is {@code countedMore} higher than the number of attempts
 * @param exception what was caught
 * @param cause what the handler threw, if that is wrapped in what was caught
 * @param own headers that are the letter's, not the message's
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
        int countedMore,
        String group,
        String exception,
        String cause,
        String message,
        String stackTrace,
        Predicate<String> own,
        Stations stations,
        Numbers numbers,
        boolean recordTime) {

    /** In which order the headers lie of a letter that had several stations, such as topics for retries. */
    private enum Stations {
        /** The letter is of the last one, and goes back there. */
        LAST_COUNTS,
        /** Each writes behind what it found: the origin comes first, the last failure last. */
        OLDEST_FIRST,
        /** Each writes before what it found. */
        NEWEST_FIRST
    }

    private enum Numbers {
        TEXT,
        /** The big-endian bytes of an int, a long or a BigInteger. */
        BINARY
    }

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

    private static final List<String> SPRING_PREFIXES =
            List.of("kafka_dlt-", "kafka_original-", "kafka_exception-", "kafka_key-exception-", "retry_topic-");

    /** What the container adds to a record before its listener sees it. */
    private static final List<String> SPRING_CONTAINER = List.of(
            "kafka_deliveryAttempt",
            "kafka_listenerInfo",
            "springDeserializerExceptionKey",
            "springDeserializerExceptionValue");

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
                    0,
                    DeadLetterHeaders.GROUP,
                    DeadLetterHeaders.ERROR_CLASS,
                    "",
                    DeadLetterHeaders.MESSAGE,
                    DeadLetterHeaders.ERROR_STACK,
                    startsWith("__dlq.errors.").or(startsWith("strandline.error.")),
                    Stations.LAST_COUNTS,
                    Numbers.TEXT,
                    false),
            new Dialect(
                    "Kafka Streams",
                    "__streams.errors.topic",
                    "__streams.errors.partition",
                    "__streams.errors.offset",
                    "",
                    "",
                    "",
                    0,
                    "",
                    "__streams.errors.exception",
                    "",
                    "__streams.errors.message",
                    "__streams.errors.stacktrace",
                    startsWith("__streams.errors."),
                    Stations.LAST_COUNTS,
                    Numbers.TEXT,
                    true),
            new Dialect(
                    "Kafka Connect",
                    "__connect.errors.topic",
                    "__connect.errors.partition",
                    "__connect.errors.offset",
                    "",
                    "",
                    "",
                    0,
                    "__connect.errors.connector.name",
                    "__connect.errors.exception.class.name",
                    "",
                    "__connect.errors.exception.message",
                    "__connect.errors.exception.stacktrace",
                    startsWith("__connect.errors."),
                    Stations.LAST_COUNTS,
                    Numbers.TEXT,
                    true),
            new Dialect(
                    "Spring",
                    "kafka_original-topic",
                    "kafka_original-partition",
                    "kafka_original-offset",
                    "kafka_original-timestamp",
                    "",
                    "retry_topic-attempts",
                    1,
                    "kafka_dlt-original-consumer-group",
                    "kafka_exception-fqcn",
                    "kafka_exception-cause-fqcn",
                    "kafka_exception-message",
                    "kafka_exception-stacktrace",
                    Dialect::springs,
                    Stations.OLDEST_FIRST,
                    Numbers.BINARY,
                    false),
            new Dialect(
                    "Spring",
                    "kafka_dlt-original-topic",
                    "kafka_dlt-original-partition",
                    "kafka_dlt-original-offset",
                    "kafka_dlt-original-timestamp",
                    "",
                    "kafka_deliveryAttempt",
                    0,
                    "kafka_dlt-original-consumer-group",
                    "kafka_dlt-exception-fqcn",
                    "kafka_dlt-exception-cause-fqcn",
                    "kafka_dlt-exception-message",
                    "kafka_dlt-exception-stacktrace",
                    Dialect::springs,
                    Stations.OLDEST_FIRST,
                    Numbers.BINARY,
                    false),
            new Dialect(
                    "SmallRye",
                    "dead-letter-topic",
                    "dead-letter-partition",
                    "dead-letter-offset",
                    "delayed-retry-original-timestamp",
                    "delayed-retry-first-processing-timestamp",
                    "delayed-retry-count",
                    -1,
                    "",
                    "dead-letter-exception-class-name",
                    "",
                    "dead-letter-reason",
                    "",
                    startsWith("dead-letter-").or(startsWith("delayed-retry-")),
                    Stations.NEWEST_FIRST,
                    Numbers.TEXT,
                    false),
            new Dialect(
                    "SmallRye",
                    "delayed-retry-topic",
                    "delayed-retry-partition",
                    "delayed-retry-offset",
                    "delayed-retry-original-timestamp",
                    "delayed-retry-first-processing-timestamp",
                    "delayed-retry-count",
                    -1,
                    "",
                    "delayed-retry-exception-class-name",
                    "",
                    "delayed-retry-reason",
                    "",
                    startsWith("delayed-retry-"),
                    Stations.NEWEST_FIRST,
                    Numbers.TEXT,
                    false),
            new Dialect(
                    "KPipe",
                    "x-dlq-source-topic",
                    "x-dlq-source-partition",
                    "x-dlq-source-offset",
                    "x-dlq-source-timestamp",
                    "",
                    "",
                    0,
                    "",
                    "x-dlq-exception-class",
                    "",
                    "x-dlq-exception-message",
                    "",
                    startsWith("x-dlq-"),
                    Stations.LAST_COUNTS,
                    Numbers.TEXT,
                    false),
            new Dialect(
                    "Wolverine",
                    "original-destination",
                    "original-partition",
                    "original-offset",
                    "",
                    "failed-at",
                    "",
                    0,
                    "",
                    "exception-type",
                    "",
                    "exception-message",
                    "exception-stack",
                    WOLVERINE::contains,
                    Stations.LAST_COUNTS,
                    Numbers.TEXT,
                    false),
            new Dialect(
                    "Karafka",
                    "source_topic",
                    "source_partition",
                    "source_offset",
                    "",
                    "",
                    "source_attempts",
                    0,
                    "source_consumer_group",
                    "",
                    "",
                    "",
                    "",
                    KARAFKA::contains,
                    Stations.LAST_COUNTS,
                    Numbers.TEXT,
                    false));

    private static boolean springs(String name) {
        return SPRING_CONTAINER.contains(name) || SPRING_PREFIXES.stream().anyMatch(name::startsWith);
    }

    private static Predicate<String> startsWith(String prefix) {
        return name -> name.startsWith(prefix);
    }

    /** @param from the topic of letters that do not say where they came from */
    static DeadLetters.Letter read(ConsumerRecord<byte[], byte[]> record, Optional<String> from) {
        var headers = HeaderList.of(record.headers());
        return ALL.stream()
                .filter(dialect -> has(headers, dialect.topic))
                .findFirst()
                .map(dialect -> dialect.letter(record, headers, from))
                .orElseGet(() -> unknown(record, headers, from));
    }

    /** With or without a value: what Kafka Streams' timers threw comes from a topic that is null. */
    private static boolean has(Headers headers, String name) {
        for (var header : headers) {
            if (header.name().equals(name)) {
                return true;
            }
        }
        return false;
    }

    private DeadLetters.Letter letter(ConsumerRecord<byte[], byte[]> record, Headers headers, Optional<String> from) {
        var named = topicName(text(origin(headers, topic)));
        var fromOffset = notNegative(number(origin(headers, offset)));
        // Without a word on the partition: most writers keep it.
        int fromPartition = partitionNumber(number(origin(headers, partition))).orElse(record.partition());
        var source = (named.isEmpty() ? from : Optional.of(named)).map(name -> Partition.of(name, fromPartition));
        var thrown = text(latest(headers, cause));
        return new DeadLetters.Letter(
                Partition.of(record.topic(), record.partition()),
                record.offset(),
                record.key(),
                record.value(),
                original(headers, own),
                source,
                fromOffset,
                source.map(home -> firstOffset(headers, home, fromOffset)).orElse(fromOffset),
                sourceTime(record, headers),
                time(origin(headers, firstFailed)),
                attemptsMade(headers),
                text(latest(headers, group)),
                thrown.isEmpty() ? text(latest(headers, exception)) : thrown,
                text(latest(headers, message)),
                text(latest(headers, stackTrace)),
                redriven(headers),
                headers.last(DeadLetterHeaders.FOLLOWS).orElse(""),
                name);
    }

    private int attemptsMade(Headers headers) {
        var counted = number(latest(headers, attempts));
        return counted.isPresent() ? (int) Math.max(0, counted.getAsLong() - countedMore) : 0;
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
        var told =
                recordTime ? Optional.of(Instant.ofEpochMilli(record.timestamp())) : time(origin(headers, timestamp));
        return told.filter(time -> !time.isBefore(Instant.EPOCH)); // of records that have none, and no broker takes it
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

    private byte @Nullable [] origin(Headers headers, String name) {
        return stations == Stations.OLDEST_FIRST ? first(headers, name) : last(headers, name);
    }

    private byte @Nullable [] latest(Headers headers, String name) {
        return stations == Stations.NEWEST_FIRST ? first(headers, name) : last(headers, name);
    }

    private static byte @Nullable [] first(Headers headers, String name) {
        for (var header : headers) {
            if (header.name().equals(name)) {
                return header.value();
            }
        }
        return null;
    }

    private static byte @Nullable [] last(Headers headers, String name) {
        byte @Nullable [] found = null;
        for (var header : headers) {
            if (header.name().equals(name)) {
                found = header.value();
            }
        }
        return found;
    }

    private static String text(byte @Nullable [] bytes) {
        return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
    }

    private OptionalLong number(byte @Nullable [] bytes) {
        if (bytes == null || bytes.length == 0) {
            return OptionalLong.empty();
        }
        if (numbers == Numbers.BINARY) {
            return OptionalLong.of(new BigInteger(bytes).longValue());
        }
        var text = text(bytes);
        return text.matches("-?[0-9]{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
    }

    private static OptionalInt partitionNumber(OptionalLong number) {
        return number.isPresent() && number.getAsLong() >= 0 && number.getAsLong() <= Integer.MAX_VALUE
                ? OptionalInt.of((int) number.getAsLong())
                : OptionalInt.empty();
    }

    private static OptionalLong notNegative(OptionalLong number) {
        return number.isPresent() && number.getAsLong() < 0 ? OptionalLong.empty() : number;
    }

    /** Milliseconds since 1970, or ISO-8601. */
    private Optional<Instant> time(byte @Nullable [] bytes) {
        var millis = number(bytes);
        if (millis.isPresent()) {
            return Optional.of(Instant.ofEpochMilli(millis.getAsLong()));
        }
        try {
            var text = text(bytes);
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

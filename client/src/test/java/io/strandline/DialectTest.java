package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

/**
 * Dead letters as their writers write them, byte by byte. The bytes are of the writers' sources, as each test says; none
 * of the writers runs here. Those in Java do in {@code ForeignDeadLettersTest} of the module conformance.
 */
class DialectTest {
    private static final byte[] KEY = {0, -1};
    private static final byte[] VALUE = "not json".getBytes(UTF_8);
    private static final byte[] BINARY = {-128, 0, 1};
    private static final Instant SOURCE_TIME = Instant.ofEpochMilli(1_763_884_800_123L);

    private final RecordHeaders headers = new RecordHeaders();

    DialectTest() {
        headers.add("trace", BINARY).add("trace", null);
    }

    private DialectTest text(String name, String value) {
        headers.add(name, value.getBytes(UTF_8));
        return this;
    }

    private DialectTest bytes(String name, byte[] value) {
        headers.add(name, value);
        return this;
    }

    private DeadLetters.Letter read() {
        headers.add("last", "of the message".getBytes(UTF_8));
        var letter = Dialect.read(
                new ConsumerRecord<>(
                        "dlq",
                        2,
                        99,
                        SOURCE_TIME.toEpochMilli(),
                        TimestampType.CREATE_TIME,
                        KEY.length,
                        VALUE.length,
                        KEY,
                        VALUE,
                        headers,
                        Optional.empty()),
                Optional.empty());
        assertThat(letter.key()).isSameAs(KEY);
        assertThat(letter.value()).isSameAs(VALUE);
        assertThat(letter.headers())
                .containsExactly(
                        new Headers.Header("trace", BINARY),
                        new Headers.Header("trace", null),
                        new Headers.Header("last", "of the message".getBytes(UTF_8)));
        assertThat(letter.at()).isEqualTo(Partition.of("dlq", 2));
        assertThat(letter.offset()).isEqualTo(99);
        return letter;
    }

    private static void assertOrigin(DeadLetters.Letter letter, String dialect) {
        assertThat(letter.dialect()).isEqualTo(dialect);
        assertThat(letter.from()).contains(Partition.of("orders", 5));
        assertThat(letter.fromOffset()).isEqualTo(OptionalLong.of(8_589_934_592L));
    }

    @Test
    void ofThisClient() {
        text("__dlq.errors.topic", "orders").text("__dlq.errors.partition", "5");
        text("__dlq.errors.offset", "8589934592").text("__dlq.errors.group", "billing");
        text("__dlq.errors.delivery.count", "6").text("__dlq.errors.message", "no such customer");
        text("strandline.error.class", "com.example.UnknownCustomer").text("strandline.error.root", "x");
        text("strandline.error.stack", "at ...").text("strandline.error.first", "1763884900000");
        text("strandline.error.timestamp", "1763884800123").text("strandline.redriven", "2");
        text("strandline.redrive.group", "billing");
        var letter = read();
        assertOrigin(letter, "Strandline");
        assertThat(letter.timestamp()).contains(SOURCE_TIME);
        assertThat(letter.firstFailed()).contains(Instant.ofEpochMilli(1_763_884_900_000L));
        assertThat(letter.attempts()).isEqualTo(6);
        assertThat(letter.group()).isEqualTo("billing");
        assertThat(letter.exception()).isEqualTo("com.example.UnknownCustomer");
        assertThat(letter.message()).isEqualTo("no such customer");
        assertThat(letter.stackTrace()).isEqualTo("at ...");
        assertThat(letter.redriven()).isEqualTo(2);
    }

    @Test
    void ofShareGroups() {
        text("__dlq.errors.topic", "orders").text("__dlq.errors.partition", "5");
        text("__dlq.errors.offset", "8589934592").text("__dlq.errors.group", "workers");
        text("__dlq.errors.delivery.count", "5").text("__dlq.errors.message", "rejected");
        var letter = read();
        assertOrigin(letter, "Strandline");
        assertThat(letter.group()).isEqualTo("workers");
        assertThat(letter.timestamp()).isEmpty();
        assertThat(letter.exception()).isEmpty();
    }

    /** {@code org.apache.kafka.streams.errors.internals.ExceptionHandlerUtils} of Kafka 4.3.1 (KIP-1034). */
    @Test
    void ofKafkaStreams() {
        text("__streams.errors.exception", "java.lang.ArithmeticException");
        text("__streams.errors.message", "/ by zero").text("__streams.errors.stacktrace", "at ...");
        text("__streams.errors.topic", "orders").text("__streams.errors.partition", "5");
        text("__streams.errors.offset", "8589934592");
        var letter = read();
        assertOrigin(letter, "Kafka Streams");
        assertThat(letter.timestamp()).as("the letter has its message's time").contains(SOURCE_TIME);
        assertThat(letter.exception()).isEqualTo("java.lang.ArithmeticException");
        assertThat(letter.message()).isEqualTo("/ by zero");
    }

    /** A timer has no message: topic null, partition and offset -1. */
    @Test
    void ofATimerOfKafkaStreamsWhichHasNoHome() {
        text("__streams.errors.exception", "java.lang.ArithmeticException");
        bytes("__streams.errors.topic", null).text("__streams.errors.partition", "-1");
        text("__streams.errors.offset", "-1");
        var letter = read();
        assertThat(letter.dialect()).isEqualTo("Kafka Streams");
        assertThat(letter.from()).isEmpty();
        assertThat(letter.fromOffset()).isEmpty();
        assertThat(letter.exception()).isEqualTo("java.lang.ArithmeticException");
    }

    /** {@code org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter} of Kafka 4.3.1. */
    @Test
    void ofKafkaConnect() {
        text("__connect.errors.topic", "orders").text("__connect.errors.partition", "5");
        text("__connect.errors.offset", "8589934592").text("__connect.errors.connector.name", "s3-sink");
        text("__connect.errors.task.id", "0").text("__connect.errors.stage", "VALUE_CONVERTER");
        text("__connect.errors.class.name", "org.apache.kafka.connect.json.JsonConverter");
        text("__connect.errors.exception.class.name", "org.apache.kafka.connect.errors.DataException");
        text("__connect.errors.exception.message", "bad").text("__connect.errors.exception.stacktrace", "at ...");
        var letter = read();
        assertOrigin(letter, "Kafka Connect");
        assertThat(letter.timestamp()).contains(SOURCE_TIME);
        assertThat(letter.group()).isEqualTo("s3-sink");
        assertThat(letter.exception()).isEqualTo("org.apache.kafka.connect.errors.DataException");
    }

    /** {@code org.springframework.kafka.listener.DeadLetterPublishingRecoverer}. */
    @Test
    void ofSpringWhoseNumbersAreBinary() {
        text("kafka_dlt-original-topic", "orders");
        bytes("kafka_dlt-original-partition", ByteBuffer.allocate(4).putInt(5).array());
        bytes(
                "kafka_dlt-original-offset",
                ByteBuffer.allocate(8).putLong(8_589_934_592L).array());
        bytes(
                "kafka_dlt-original-timestamp",
                ByteBuffer.allocate(8).putLong(SOURCE_TIME.toEpochMilli()).array());
        text("kafka_dlt-original-timestamp-type", "CreateTime").text("kafka_dlt-original-consumer-group", "billing");
        text("kafka_dlt-exception-fqcn", "org.springframework.kafka.listener.ListenerExecutionFailedException");
        text("kafka_dlt-exception-cause-fqcn", "java.lang.IllegalStateException");
        text("kafka_dlt-exception-message", "Listener failed").text("kafka_dlt-exception-stacktrace", "at ...");
        var letter = read();
        assertOrigin(letter, "Spring");
        assertThat(letter.timestamp()).contains(SOURCE_TIME);
        assertThat(letter.group()).isEqualTo("billing");
        assertThat(letter.exception()).as("what the listener threw").isEqualTo("java.lang.IllegalStateException");
        assertThat(letter.message()).isEqualTo("Listener failed");
    }

    /**
     * {@code org.springframework.kafka.retrytopic.DeadLetterPublishingRecovererFactory}: names of its own, except that of
     * the group, and the number of the attempt that would be next, once for each station.
     */
    @Test
    void ofSpringsRetryTopics() {
        text("kafka_original-topic", "orders");
        bytes("kafka_original-partition", ByteBuffer.allocate(4).putInt(5).array());
        bytes(
                "kafka_original-offset",
                ByteBuffer.allocate(8).putLong(8_589_934_592L).array());
        bytes(
                "kafka_original-timestamp",
                ByteBuffer.allocate(8).putLong(SOURCE_TIME.toEpochMilli()).array());
        text("kafka_original-timestamp-type", "CreateTime").text("kafka_dlt-original-consumer-group", "billing");
        text("kafka_exception-fqcn", "org.springframework.kafka.listener.ListenerExecutionFailedException");
        text("kafka_exception-cause-fqcn", "java.lang.IllegalStateException").text("kafka_exception-message", "no");
        for (int attempt = 2; attempt <= 4; attempt++) {
            bytes(
                    "retry_topic-original-timestamp",
                    BigInteger.valueOf(SOURCE_TIME.toEpochMilli()).toByteArray());
            bytes("retry_topic-attempts", ByteBuffer.allocate(4).putInt(attempt).array());
            bytes("retry_topic-backoff-timestamp", BigInteger.valueOf(17).toByteArray());
        }
        var letter = read();
        assertOrigin(letter, "Spring");
        assertThat(letter.timestamp()).contains(SOURCE_TIME);
        assertThat(letter.attempts()).isEqualTo(3);
        assertThat(letter.group()).isEqualTo("billing");
        assertThat(letter.exception()).isEqualTo("java.lang.IllegalStateException");
        assertThat(letter.message()).isEqualTo("no");
    }

    @Test
    void ofSpringWhereALetterWasGivenUpAgainTheFirstStationIsTheOrigin() {
        text("kafka_dlt-original-topic", "orders");
        bytes("kafka_dlt-original-partition", ByteBuffer.allocate(4).putInt(5).array());
        bytes(
                "kafka_dlt-original-offset",
                ByteBuffer.allocate(8).putLong(8_589_934_592L).array());
        text("kafka_dlt-exception-message", "first");
        bytes("kafka_deliveryAttempt", ByteBuffer.allocate(4).putInt(3).array());
        text("kafka_dlt-original-topic", "orders-dlt");
        bytes("kafka_dlt-original-partition", ByteBuffer.allocate(4).putInt(1).array());
        bytes("kafka_dlt-original-offset", ByteBuffer.allocate(8).putLong(3).array());
        text("kafka_dlt-exception-message", "last");
        bytes("kafka_deliveryAttempt", ByteBuffer.allocate(4).putInt(10).array());
        var letter = read();
        assertOrigin(letter, "Spring");
        assertThat(letter.message()).isEqualTo("last");
        assertThat(letter.attempts()).isEqualTo(10);
    }

    /** The constants of {@code io.smallrye.reactive.messaging.kafka.fault.KafkaDeadLetterQueue} 4.36.0. */
    @Test
    void ofSmallRye() {
        text("dead-letter-topic", "orders").text("dead-letter-partition", "5");
        text("dead-letter-offset", "8589934592").text("dead-letter-reason", "cannot charge");
        text("dead-letter-cause", "no money").text("dead-letter-exception-class-name", "com.example.ChargeFailed");
        text("dead-letter-cause-class-name", "com.example.NoMoney");
        var letter = read();
        assertOrigin(letter, "SmallRye");
        assertThat(letter.timestamp()).isEmpty();
        assertThat(letter.exception()).isEqualTo("com.example.ChargeFailed");
        assertThat(letter.message()).isEqualTo("cannot charge");
    }

    /** The constants of {@code io.smallrye.reactive.messaging.kafka.fault.KafkaDelayedRetryTopic} 4.36.0. */
    @Test
    void ofSmallRyesDelayedRetries() {
        text("delayed-retry-topic", "orders").text("delayed-retry-partition", "5");
        text("delayed-retry-offset", "8589934592").text("delayed-retry-count", "3");
        text("delayed-retry-original-timestamp", "1763884800123").text("delayed-retry-reason", "cannot charge");
        text("delayed-retry-first-processing-timestamp", "1763884900000");
        text("delayed-retry-exception-class-name", "com.example.ChargeFailed");
        var letter = read();
        assertOrigin(letter, "SmallRye");
        assertThat(letter.timestamp()).contains(SOURCE_TIME);
        assertThat(letter.firstFailed()).contains(Instant.ofEpochMilli(1_763_884_900_000L));
        assertThat(letter.attempts()).as("three retries").isEqualTo(4);
    }

    /** {@code lib/kpipe-producer/src/main/java/.../KPipeProducer.java} of eschizoid/kpipe at a948886, which asks for Java 25. */
    @Test
    void ofKPipe() {
        text("x-dlq-source-topic", "orders").text("x-dlq-source-partition", "5");
        text("x-dlq-source-offset", "8589934592").text("x-dlq-source-timestamp", "1763884800123");
        text("x-dlq-exception-class", "com.example.ChargeFailed").text("x-dlq-exception-message", "cannot charge");
        var letter = read();
        assertOrigin(letter, "KPipe");
        assertThat(letter.timestamp()).contains(SOURCE_TIME);
        assertThat(letter.exception()).isEqualTo("com.example.ChargeFailed");
    }

    /** Not Java: {@code src/Wolverine/Transports/DeadLetterQueueConstants.cs} of JasperFx/wolverine at 655b619. */
    @Test
    void ofWolverine() {
        text("exception-type", "System.InvalidOperationException").text("exception-message", "no");
        text("exception-stack", "at ...").text("failed-at", "1763884900000");
        text("original-destination", "kafka://topic/orders").text("original-partition", "5");
        text("original-offset", "8589934592");
        var letter = read();
        assertOrigin(letter, "Wolverine");
        assertThat(letter.exception()).isEqualTo("System.InvalidOperationException");
        assertThat(letter.firstFailed()).contains(Instant.parse("2025-11-23T08:01:40Z"));
    }

    @Test
    void aTimeMayBeTextAsWell() {
        text("original-destination", "kafka://topic/orders").text("original-partition", "5");
        text("original-offset", "8589934592").text("failed-at", "2025-11-23T08:01:40.0000000+00:00");
        assertThat(read().firstFailed()).contains(Instant.parse("2025-11-23T08:01:40Z"));
    }

    /**
     * Not Java: {@code lib/karafka/pro/processing/consumer_groups/strategies/dlq/default.rb} of karafka/karafka at 65f74b7.
     * What is not Pro writes no headers.
     */
    @Test
    void ofKarafka() {
        text("source_topic", "orders").text("source_partition", "5").text("source_offset", "8589934592");
        text("source_consumer_group", "billing").text("source_attempts", "4").text("source_trace_id", "t-1");
        var letter = read();
        assertOrigin(letter, "Karafka");
        assertThat(letter.group()).isEqualTo("billing");
        assertThat(letter.attempts()).isEqualTo(4);
    }

    @Test
    void whatSaysNothingOfItselfHasNoHome() {
        var letter = read();
        assertThat(letter.dialect()).isEqualTo("unknown");
        assertThat(letter.from()).isEmpty();
    }

    @Test
    void numbersThatAreNoneAreUnknownAndNoError() {
        text("source_topic", "orders").text("source_partition", "five").text("source_offset", "");
        text("source_attempts", "99999999999999999999999999");
        var letter = read();
        assertThat(letter.from()).contains(Partition.of("orders", 2));
        assertThat(letter.fromOffset()).isEmpty();
        assertThat(letter.attempts()).isZero();
    }
}

package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class DeadLetterHeadersTest {
    private static final Instant FIRST = Instant.ofEpochMilli(1_795_443_136_543L);

    private final RecordHeaders original = new RecordHeaders();
    private final Throwable why =
            new IllegalStateException("no such customer", new java.io.IOException("connection reset"));

    private Headers headers(int stackTraceChars) {
        var record = new ConsumerRecord<>(
                "orders",
                2,
                4711L,
                99L,
                TimestampType.CREATE_TIME,
                1,
                1,
                new byte[1],
                new byte[1],
                original,
                Optional.empty());
        return DeadLetterHeaders.of(record, "billing", new GivenUp(why, 5, FIRST), stackTraceChars);
    }

    @Test
    void originalHeadersComeFirstByteForByte() {
        byte[] noText = {(byte) 0xff, 0, (byte) 0xc0};
        original.add("a", noText);
        original.add("empty", new byte[0]);
        original.add("null", null);
        original.add("a", "again".getBytes(UTF_8));

        var all = new ArrayList<Headers.Header>();
        headers(4096).forEach(all::add);
        assertThat(all.subList(0, 4))
                .containsExactly(
                        new Headers.Header("a", noText),
                        new Headers.Header("empty", new byte[0]),
                        new Headers.Header("null", null),
                        new Headers.Header("a", "again".getBytes(UTF_8)));
    }

    @Test
    void whereItCameFromAndWhyIsTextUnderTheNamesOfKip1191AndOurs() {
        var headers = headers(4096);
        assertThat(headers.last("__dlq.errors.topic")).hasValue("orders");
        assertThat(headers.last("__dlq.errors.partition")).hasValue("2");
        assertThat(headers.last("__dlq.errors.offset")).hasValue("4711");
        assertThat(headers.last("__dlq.errors.group")).hasValue("billing");
        assertThat(headers.last("__dlq.errors.delivery.count")).hasValue("5");
        assertThat(headers.last("__dlq.errors.message")).hasValue("no such customer");
        assertThat(headers.last("strandline.error.class")).hasValue("java.lang.IllegalStateException");
        assertThat(headers.last("strandline.error.root")).hasValue("java.io.IOException: connection reset");
        assertThat(headers.last("strandline.error.first")).hasValue("1795443136543");
        assertThat(headers.last("strandline.error.timestamp")).hasValue("99");
        assertThat(headers.last("strandline.error.stack").orElseThrow()).contains("DeadLetterHeadersTest");
    }

    @Test
    void aSecondDeathReplacesTheHeadersOfTheFirst() {
        original.add("__dlq.errors.group", "shipping".getBytes(UTF_8));
        original.add("strandline.error.stack", "long".getBytes(UTF_8));
        assertThat(headers(4096).all("__dlq.errors.group")).containsExactly("billing");
        assertThat(headers(0).all("strandline.error.stack")).isEmpty();
    }

    @Test
    void theStackTraceIsCut() {
        assertThat(headers(100).last("strandline.error.stack").orElseThrow()).hasSize(100);
    }

    /** A handler may throw what it likes. */
    private static final class Unspeakable extends RuntimeException {
        private static final long serialVersionUID = 1;

        @Override
        public String getMessage() {
            return getMessage() + "!";
        }
    }

    @Test
    void anExceptionWhoseTextCannotBeMadeIsTold() {
        var record = new ConsumerRecord<>("orders", 2, 4711L, new byte[1], new byte[1]);
        for (var unspeakable : List.of(new Unspeakable(), new IllegalStateException("see below", new Unspeakable()))) {
            var headers = DeadLetterHeaders.of(record, "billing", new GivenUp(unspeakable, 5, FIRST), 4096);
            assertThat(headers.last("strandline.error.class"))
                    .hasValue(unspeakable.getClass().getName());
            assertThat(headers.last("strandline.error.root").orElseThrow()).contains("Unspeakable");
            assertThat(headers.last("__dlq.errors.message")).isPresent();
        }
    }
}

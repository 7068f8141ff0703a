package io.strandline;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a message in a retry topic says about itself, as UTF-8 text, behind its original headers:
 *
 * <pre>
 *   strandline.retry.topic       where it came from
 *   strandline.retry.partition
 *   strandline.retry.offset
 *   strandline.retry.timestamp   the source record's timestamp, in ms since 1970
 *   strandline.retry.group       who tries it again; others pass over it
 *   strandline.retry.failed      how many attempts failed so far
 *   strandline.retry.first       when the first attempt began, in ms since 1970
 *   strandline.retry.due         when the next one may begin, in ms since 1970
 *   strandline.retry.error       the last failure
 * </pre>
 */
final class RetryHeaders {
    private static final Logger LOG = LoggerFactory.getLogger(Retry.class);
    private static final String PREFIX = "strandline.retry.";
    private static final String TOPIC = PREFIX + "topic";
    private static final String PARTITION = PREFIX + "partition";
    private static final String OFFSET = PREFIX + "offset";
    private static final String TIMESTAMP = PREFIX + "timestamp";
    private static final String GROUP = PREFIX + "group";
    private static final String FAILED = PREFIX + "failed";
    private static final String FIRST = PREFIX + "first";
    private static final String DUE = PREFIX + "due";
    private static final String ERROR = PREFIX + "error";
    private static final int ERROR_CHARS_MAX = 1024;

    private RetryHeaders() {}

    /**
     * A message as it was in its own topic, and what became of it since.
     *
     * @param record with the original topic, partition, offset, timestamp and headers
     * @param failed attempts so far
     */
    record Origin(
            ConsumerRecord<byte[], byte[]> record, String group, int failed, Instant first, Instant due, String error) {
        Partition partition() {
            return Partition.of(record.topic(), record.partition());
        }
    }

    /** The last failure, told by a header. */
    static final class FailedBefore extends RuntimeException {
        private static final long serialVersionUID = 1;

        FailedBefore(String error) {
            super(error, null, false, false);
        }
    }

    /** The original headers, byte for byte and in their order, and ours behind them. */
    static Headers of(Task task, String group, Task.Letter letter, Time time) {
        var source = task.record();
        var why = DeadLetterHeaders.said(letter.why(), letter.why()::toString);
        var due = time.now().plus(letter.delay().orElse(Duration.ZERO));
        return HeaderList.of(source.headers())
                .with(TOPIC, source.topic())
                .with(PARTITION, Integer.toString(source.partition()))
                .with(OFFSET, Long.toString(source.offset()))
                .with(TIMESTAMP, Long.toString(source.timestamp()))
                .with(GROUP, group)
                .with(FAILED, Integer.toString(task.attempt()))
                .with(FIRST, Long.toString(task.firstAttempt(time).toEpochMilli()))
                .with(DUE, Long.toString(due.toEpochMilli()))
                .with(ERROR, why.substring(0, Math.min(why.length(), ERROR_CHARS_MAX)));
    }

    /** Empty if it does not say: then somebody else put it there, and it is a message like any other. */
    static Optional<Origin> origin(ConsumerRecord<byte[], byte[]> record) {
        var headers = HeaderList.of(record.headers());
        if (headers.last(TOPIC).isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Origin(
                    original(record, headers),
                    text(headers, GROUP),
                    Integer.parseInt(text(headers, FAILED)),
                    Instant.ofEpochMilli(Long.parseLong(text(headers, FIRST))),
                    Instant.ofEpochMilli(Long.parseLong(text(headers, DUE))),
                    text(headers, ERROR)));
        } catch (NumberFormatException e) {
            LOG.warn(
                    "{}-{}@{} has headers of a retry that cannot be read; it is handled as if it had none",
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    e);
            return Optional.empty();
        }
    }

    private static ConsumerRecord<byte[], byte[]> original(ConsumerRecord<byte[], byte[]> record, Headers headers) {
        var kept = new RecordHeaders();
        for (var header : record.headers().toArray()) {
            if (!header.key().startsWith(PREFIX)) {
                kept.add(header);
            }
        }
        return new ConsumerRecord<>(
                text(headers, TOPIC),
                Integer.parseInt(text(headers, PARTITION)),
                Long.parseLong(text(headers, OFFSET)),
                Long.parseLong(text(headers, TIMESTAMP)),
                record.timestampType(),
                record.serializedKeySize(),
                record.serializedValueSize(),
                record.key(),
                record.value(),
                kept,
                Optional.empty());
    }

    private static String text(Headers headers, String name) {
        return headers.last(name).orElse("");
    }
}

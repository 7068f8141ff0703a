package io.strandline;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What a dead letter says about itself, as UTF-8 text, behind the original headers:
 *
 * <pre>
 *   __dlq.errors.topic            where it came from (KIP-1191's names, so that share groups' dead letters look alike)
 *   __dlq.errors.partition
 *   __dlq.errors.offset
 *   __dlq.errors.group            who gave it up
 *   __dlq.errors.delivery.count   after how many attempts
 *   __dlq.errors.message          why
 *   strandline.error.class        the exception
 *   strandline.error.root         the exception at the bottom of its causes
 *   strandline.error.stack        the beginning of its stack trace
 *   strandline.error.first        when the first attempt began, in ms since 1970
 *   strandline.error.timestamp    the source record's timestamp, in ms since 1970
 *   strandline.error.follows      the letter that it was parked behind, such as orders.dlq-0@17, if it was not tried
 * </pre>
 *
 * A message that is given up a second time has them replaced, so they never grow.
 */
final class DeadLetterHeaders {
    static final String TOPIC = "__dlq.errors.topic";
    static final String PARTITION = "__dlq.errors.partition";
    static final String OFFSET = "__dlq.errors.offset";
    static final String GROUP = "__dlq.errors.group";
    static final String DELIVERY_COUNT = "__dlq.errors.delivery.count";
    static final String MESSAGE = "__dlq.errors.message";
    static final String ERROR_CLASS = "strandline.error.class";
    static final String ERROR_ROOT = "strandline.error.root";
    static final String ERROR_STACK = "strandline.error.stack";
    static final String ERROR_FIRST = "strandline.error.first";
    static final String ERROR_TIMESTAMP = "strandline.error.timestamp";

    static final String FOLLOWS = "strandline.error.follows";

    /** How often it was sent home. */
    static final String REDRIVEN = "strandline.redriven";

    /** The one group that is meant by a message that was sent home, and the topic: {@code billing@orders}. */
    static final String REDRIVE_GROUP = "strandline.redrive.group";

    /** Where it was before it was sent home for the first time, such as {@code orders-0@17}. */
    static final String ORIGIN = "strandline.origin";

    private static final List<String> ALL = List.of(
            TOPIC,
            PARTITION,
            OFFSET,
            GROUP,
            DELIVERY_COUNT,
            MESSAGE,
            ERROR_CLASS,
            ERROR_ROOT,
            ERROR_STACK,
            ERROR_FIRST,
            ERROR_TIMESTAMP,
            FOLLOWS);

    private static final int MESSAGE_CHARS_MAX = 1024;
    private static final int CAUSES_MAX = 100;

    private DeadLetterHeaders() {}

    /** The original headers, byte for byte and in their order, and ours behind them. */
    static Headers of(ConsumerRecord<byte[], byte[]> source, String group, GivenUp givenUp, int stackTraceChars) {
        var headers = HeaderList.of(source.headers());
        for (var name : ALL) {
            headers = headers.without(name);
        }
        for (var entry : describe(source, group, givenUp, stackTraceChars).entrySet()) {
            headers = headers.with(entry.getKey(), entry.getValue());
        }
        return headers;
    }

    /**
     * True for what was sent home only for another group. Whoever handled it may have sent it on to another topic with
     * all its headers: there it is for everybody.
     */
    static boolean isForAnother(ConsumerRecord<byte[], byte[]> record, String group) {
        var meant = record.headers().lastHeader(REDRIVE_GROUP);
        return meant != null
                && meant.value() != null
                && isForAnother(new String(meant.value(), StandardCharsets.UTF_8), record.topic(), group);
    }

    private static boolean isForAnother(String meant, String topic, String group) {
        var here = "@" + topic;
        return meant.endsWith(here) && !meant.equals(group + here);
    }

    /** What a letter carries when it is sent home. */
    static Headers homeward(DeadLetters.Letter letter, Optional<String> onlyFor) {
        var headers = letter.headers().with(REDRIVEN, Integer.toString(letter.redriven() + 1));
        if (letter.from().isPresent() && letter.firstOffset().isPresent()) {
            var origin = place(letter.from().get(), letter.firstOffset().getAsLong());
            headers = headers.with(ORIGIN, origin);
        }
        return onlyFor.isPresent() && letter.from().isPresent()
                ? headers.with(
                        REDRIVE_GROUP, onlyFor.get() + "@" + letter.from().get().topic())
                : headers;
    }

    static String place(Partition partition, long offset) {
        return partition + "@" + offset;
    }

    /** Its own offset, or, of a letter that was sent home, the one it had in this partition when it was sent first. */
    static long origin(ConsumerRecord<byte[], byte[]> record) {
        var origin = record.headers().lastHeader(ORIGIN);
        return origin == null || origin.value() == null
                ? record.offset()
                : origin(
                                new String(origin.value(), StandardCharsets.UTF_8),
                                Partition.of(record.topic(), record.partition()))
                        .orElse(record.offset());
    }

    /** Empty if the text speaks of another partition, or of none. */
    static OptionalLong origin(String text, Partition partition) {
        var prefix = partition + "@";
        var offset = text.startsWith(prefix) ? text.substring(prefix.length()) : "";
        return offset.matches("[0-9]{1,18}") ? OptionalLong.of(Long.parseLong(offset)) : OptionalLong.empty();
    }

    private static Map<String, String> describe(
            ConsumerRecord<byte[], byte[]> source, String group, GivenUp givenUp, int stackTraceChars) {
        var why = givenUp.why();
        var root = root(why);
        var ours = new LinkedHashMap<String, String>();
        ours.put(TOPIC, source.topic());
        ours.put(PARTITION, Integer.toString(source.partition()));
        ours.put(OFFSET, Long.toString(source.offset()));
        ours.put(GROUP, group);
        ours.put(DELIVERY_COUNT, Integer.toString(givenUp.attempts()));
        ours.put(MESSAGE, cut(text(why), MESSAGE_CHARS_MAX));
        ours.put(ERROR_CLASS, why.getClass().getName());
        ours.put(ERROR_ROOT, cut(root.getClass().getName() + ": " + text(root), MESSAGE_CHARS_MAX));
        if (why instanceof Parked parked) {
            ours.put(FOLLOWS, place(parked.behind().at(), parked.behind().offset()));
        }
        if (stackTraceChars > 0 && !(why instanceof Parked)) {
            ours.put(ERROR_STACK, cut(said(why, () -> stackTrace(why)), stackTraceChars));
        }
        ours.put(ERROR_FIRST, Long.toString(givenUp.firstAttempt().toEpochMilli()));
        ours.put(ERROR_TIMESTAMP, Long.toString(source.timestamp()));
        return ours;
    }

    private static String text(Throwable why) {
        return said(
                why,
                () -> Optional.ofNullable(why.getMessage())
                        .orElse(why.getClass().getName()));
    }

    /** An exception is foreign code: what it throws instead of a text must not keep a message from being stored. */
    static String said(Throwable why, Supplier<String> text) {
        try {
            return text.get();
        } catch (RuntimeException | LinkageError | StackOverflowError e) {
            return why.getClass().getName() + ", whose text cannot be made: "
                    + e.getClass().getName();
        }
    }

    private static Throwable root(Throwable why) {
        var root = why;
        for (int depth = 0; root.getCause() != null && depth < CAUSES_MAX; depth++) { // causes may form a ring
            root = root.getCause();
        }
        return root;
    }

    private static String stackTrace(Throwable why) {
        var text = new StringWriter();
        why.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    private static String cut(String text, int charsMax) {
        return text.length() <= charsMax ? text : text.substring(0, charsMax);
    }
}

package io.strandline.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** Prints messages as a format says, from any thread, up to a number of them. */
final class RecordPrinter {
    /** A message as it is printed. */
    @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
    record Printable(
            String topic,
            int partition,
            long offset,
            Instant timestamp,
            byte @Nullable [] key,
            byte @Nullable [] value,
            List<NamedValue> headers) {}

    @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
    record NamedValue(String name, byte @Nullable [] value) {
        static List<NamedValue> of(Iterable<Header> headers) {
            return StreamSupport.stream(headers.spliterator(), false)
                    .map(header -> new NamedValue(header.key(), header.value()))
                    .toList();
        }
    }

    private static final Pattern PLACE = Pattern.compile("\\{([a-z]+)}");
    private static final List<String> PLACES =
            List.of("topic", "partition", "offset", "timestamp", "key", "value", "headers");

    private final List<String> parts = new ArrayList<>();
    private final PrintStream out;
    private final long max;
    private final ReentrantLock lock = new ReentrantLock();
    private final CountDownLatch done = new CountDownLatch(1);
    private long printed;

    /** @throws Problem if the format names something that a message has not */
    RecordPrinter(String format, PrintStream out, long max) {
        this.out = out;
        this.max = max;
        var text = format.replace("\\t", "\t").replace("\\n", "\n");
        var matcher = PLACE.matcher(text);
        var end = 0;
        while (matcher.find()) {
            if (!PLACES.contains(matcher.group(1))) {
                throw Problem.usage("--format knows no " + matcher.group() + "; it knows "
                        + PLACES.stream().map(place -> "{" + place + "}").collect(Collectors.joining(" ")));
            }
            parts.add(text.substring(end, matcher.start()));
            parts.add(matcher.group(1));
            end = matcher.end();
        }
        parts.add(text.substring(end));
        if (max == 0) {
            done.countDown();
        }
    }

    /** @return false if enough have been printed; this one was not */
    boolean print(Printable message) {
        lock.lock();
        try {
            if (printed == max) {
                return false;
            }
            var line = line(message);
            out.write(line, 0, line.length);
            out.flush();
            printed++;
            if (printed == max) {
                done.countDown();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    long printed() {
        lock.lock();
        try {
            return printed;
        } finally {
            lock.unlock();
        }
    }

    /** Whether enough have been printed; waits a while for it. */
    boolean awaitDone(long millis) throws InterruptedException {
        return done.await(millis, TimeUnit.MILLISECONDS);
    }

    /** Whether enough have been printed. */
    boolean done() {
        return done.getCount() == 0;
    }

    private byte[] line(Printable message) {
        var line = new ByteArrayOutputStream();
        for (var index = 0; index < parts.size(); index++) {
            line.writeBytes(index % 2 == 0 ? utf8(parts.get(index)) : value(parts.get(index), message));
        }
        line.write('\n');
        return line.toByteArray();
    }

    private static byte[] value(String place, Printable message) {
        return switch (place) {
            case "topic" -> utf8(message.topic());
            case "partition" -> utf8(String.valueOf(message.partition()));
            case "offset" -> utf8(String.valueOf(message.offset()));
            case "timestamp" -> utf8(message.timestamp().toString());
            case "key" -> orNull(message.key());
            case "value" -> orNull(message.value());
            case "headers" -> headers(message.headers());
            default -> throw new IllegalStateException("The constructor let {" + place + "} through");
        };
    }

    private static byte[] headers(List<NamedValue> headers) {
        var text = new ByteArrayOutputStream();
        for (var header : headers) {
            if (text.size() > 0) {
                text.write(',');
            }
            text.writeBytes(utf8(header.name() + "="));
            text.writeBytes(onOneLine(orNull(header.value())));
        }
        return text.toByteArray();
    }

    /** A stack trace in a header must not look like more messages. */
    private static byte[] onOneLine(byte[] text) {
        var line = new ByteArrayOutputStream(text.length);
        for (var each : text) {
            switch (each) {
                case '\n' -> line.writeBytes(utf8("\\n"));
                case '\r' -> line.writeBytes(utf8("\\r"));
                case '\t' -> line.writeBytes(utf8("\\t"));
                default -> line.write(each);
            }
        }
        return line.toByteArray();
    }

    private static byte[] orNull(byte @Nullable [] bytes) {
        return bytes == null ? utf8("null") : bytes;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

package io.strandline.cli;

import io.strandline.Acks;
import io.strandline.Compression;
import io.strandline.Headers;
import io.strandline.Outgoing;
import io.strandline.Producer;
import io.strandline.SendFailed;
import io.strandline.Topic;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code strandline produce}: every line of standard input is a message. */
@Command(
        name = "produce",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = {"Sends the lines of standard input.", ""},
        description = {
            "",
            "Sends every line of standard input as a message, byte for byte, and says how many were acknowledged.",
            "Ends at the end of the input; the exit code is 0 only if every line was acknowledged.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  echo hello | strandline produce greetings",
            "  strandline produce user-events --key : --header source=import < events.txt    (user-1:{\"a\": 1})"
        })
final class ProduceCommand implements Callable<Integer> {
    private static final int IN_FLIGHT_MAX = 10_000;

    private final Streams streams;

    @Mixin
    private BrokerAddress broker = new BrokerAddress();

    @Parameters(paramLabel = "TOPIC", description = "Where to. Created if the broker creates topics by itself.")
    private String topic = "";

    @Option(
            names = {"-k", "--key"},
            paramLabel = "SEPARATOR",
            description = "The key stands before the first SEPARATOR of each line. Without it messages have no key.")
    private @Nullable String separator;

    @Option(
            names = {"-H", "--header"},
            paramLabel = "NAME=VALUE",
            description = "A header of every message. May be repeated.")
    private List<String> headers = List.of();

    @Option(
            names = "--acks",
            paramLabel = "all|1|0",
            defaultValue = "all",
            description =
                    "What to wait for. all: it is durable. 1: the broker has it. 0: nothing. Default: ${DEFAULT-VALUE}.")
    private String acks = "all";

    @Option(
            names = "--compression",
            defaultValue = "none",
            paramLabel = "none|gzip|snappy|lz4|zstd",
            description = "Default: ${DEFAULT-VALUE}.")
    private Compression compression = Compression.NONE;

    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> firstFailure = new AtomicReference<>();

    ProduceCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        var chosenAcks = acks();
        var sendHeaders = headers();
        if (separator != null && separator.isEmpty()) {
            throw Problem.usage("--key needs a separator, such as --key :");
        }
        try (var kafka = broker.connect("strandline-produce")) {
            var producer = kafka.producerBuilder()
                    .acks(chosenAcks)
                    .compression(compression)
                    .build();
            eachLine(producer, sendHeaders);
            producer.flush();
        }
        return summary(chosenAcks);
    }

    private void eachLine(Producer producer, Headers sendHeaders) throws IOException, InterruptedException {
        var to = Topic.bytes(topic);
        var inFlight = new Semaphore(IN_FLIGHT_MAX);
        var in = new BufferedInputStream(streams.in());
        var number = 0L;
        for (var line = readLine(in); line.isPresent(); line = readLine(in)) {
            number++;
            inFlight.acquire();
            send(producer, message(to, line.get(), number).headers(sendHeaders), inFlight);
        }
    }

    private void send(Producer producer, Outgoing<byte[], byte[]> message, Semaphore inFlight) {
        var unused = producer.sendAsync(message).whenComplete((ack, failure) -> {
            inFlight.release();
            if (failure == null) {
                acknowledged.incrementAndGet();
            } else {
                failed.incrementAndGet();
                firstFailure.compareAndSet(null, failure);
            }
        });
    }

    private Outgoing<byte[], byte[]> message(Topic<byte[], byte[]> to, byte[] line, long number) {
        if (separator == null) {
            return Outgoing.to(to, null, line);
        }
        // Byte for byte: as ISO-8859-1 every byte is a character, and the separator is looked for as its UTF-8 bytes.
        var text = new String(line, StandardCharsets.ISO_8859_1);
        var bytes = new String(separator.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        var at = text.indexOf(bytes);
        if (at < 0) {
            throw Problem.failed("Line " + number + " has no \"" + separator
                    + "\" behind its key; lines before it were sent. Without --key lines have no key.");
        }
        return Outgoing.to(
                to,
                text.substring(0, at).getBytes(StandardCharsets.ISO_8859_1),
                text.substring(at + bytes.length()).getBytes(StandardCharsets.ISO_8859_1));
    }

    private int summary(Acks chosenAcks) {
        var count = acknowledged.get();
        var messages = count == 1 ? "message" : "messages";
        streams.err()
                .println(count + " " + messages
                        + switch (chosenAcks) {
                            case ALL -> " acknowledged";
                            case LEADER -> " taken by the broker";
                            case NONE -> " sent, nothing known about them";
                        });
        var failure = firstFailure.get();
        if (failure != null) {
            throw Problem.failed(failed.get() + " not acknowledged: " + reason(failure), failure);
        }
        return 0;
    }

    private static String reason(Throwable failure) {
        return failure instanceof SendFailed && failure.getCause() != null
                ? String.valueOf(failure.getCause().getMessage())
                : String.valueOf(failure.getMessage());
    }

    private Acks acks() {
        return switch (acks) {
            case "all", "-1" -> Acks.ALL;
            case "1" -> Acks.LEADER;
            case "0" -> Acks.NONE;
            default -> throw Problem.usage("--acks is all, 1 or 0, not " + acks);
        };
    }

    private Headers headers() {
        var all = Headers.none();
        for (var header : headers) {
            var at = header.indexOf('=');
            if (at < 1) {
                throw Problem.usage("--header is NAME=VALUE, not " + header);
            }
            all = all.with(header.substring(0, at), header.substring(at + 1));
        }
        return all;
    }

    private static Optional<byte[]> readLine(BufferedInputStream in) throws IOException {
        var line = new ByteArrayOutputStream();
        int next;
        while ((next = in.read()) >= 0) {
            if (next == '\n') {
                return Optional.of(line.toByteArray());
            }
            line.write(next);
        }
        return line.size() == 0 ? Optional.empty() : Optional.of(line.toByteArray());
    }
}

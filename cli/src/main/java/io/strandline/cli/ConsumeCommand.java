package io.strandline.cli;

import io.strandline.Admin;
import io.strandline.Consumer;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.Position;
import io.strandline.Topic;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code strandline consume}: messages to standard output. */
@Command(
        name = "consume",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = {"Prints messages.", ""},
        description = {
            "",
            "Prints the messages of a topic, one a line, until Ctrl-C, --max or --until-end.",
            "With --group it is a member of that group and goes on where the group stopped.",
            ""
        },
        footer = {
            "",
            "In --format these are replaced: {topic} {partition} {offset} {timestamp} {key} {value} {headers}, and \\t and \\n."
                    + " Keys and values are printed byte for byte, headers on one line; what is absent is printed as null.",
            "",
            "Examples:",
            "  strandline consume greetings --from-beginning",
            "  strandline consume user-events --group audit --format '{partition}/{offset} {key}: {value}'",
            "  strandline consume user-events --partition 0 --offset 100 --max 10"
        })
final class ConsumeCommand implements Callable<Integer> {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration STOP_ATMOST = Duration.ofSeconds(10);

    private final Streams streams;

    @Mixin
    private BrokerAddress broker = new BrokerAddress();

    @Parameters(paramLabel = "TOPIC", description = "What to read.")
    private String topic = "";

    @Option(
            names = {"-g", "--group"},
            paramLabel = "GROUP",
            description = "Read as a member of this group. Progress is stored when a message has been printed.")
    private @Nullable String group;

    @Option(
            names = "--from-beginning",
            description =
                    "Begin at the oldest message; a group does so where it has no progress yet. Without it: only new ones.")
    private boolean fromBeginning;

    @Option(
            names = {"-p", "--partition"},
            paramLabel = "N",
            description = "Only this partition. Not with --group.")
    private @Nullable Integer partition;

    @Option(
            names = {"-o", "--offset"},
            paramLabel = "N",
            description = "Begin at this offset. Needs --partition.")
    private @Nullable Long offset;

    @Option(
            names = {"-n", "--max"},
            paramLabel = "N",
            description = "Stop after so many messages.")
    private @Nullable Long max;

    @Option(names = "--until-end", description = "Stop at what is the end now. Not with --group.")
    private boolean untilEnd;

    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            defaultValue = "{value}",
            description = "How to print a message; see below. Default: ${DEFAULT-VALUE}.")
    private String format = "{value}";

    ConsumeCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws InterruptedException {
        checkOptions();
        var printer = new RecordPrinter(format, streams.out(), max == null ? Long.MAX_VALUE : max);
        try (var stop = new StopSignal(STOP_ATMOST);
                var kafka = broker.connect("strandline-consume")) {
            var partitions = kafka.admin().topic(topic).map(Admin.TopicInfo::partitions);
            if (partitions.isEmpty()) {
                throw Problem.failed("There is no topic " + topic + " ('strandline topics list' shows what there is)");
            }
            if (group == null) {
                readAlone(printer, stop, partitions.get());
            } else {
                readAsMember(kafka, group, printer, stop);
            }
            streams.err().println(printer.printed() + (printer.printed() == 1 ? " message" : " messages"));
            stop.finishedWell();
        }
        return 0;
    }

    private void checkOptions() {
        if (group != null && (partition != null || untilEnd)) {
            throw Problem.usage(
                    "--group shares the partitions among its members: leave --partition and --until-end out");
        }
        if (offset != null && partition == null) {
            throw Problem.usage("--offset needs --partition: offsets count within a partition");
        }
        if (offset != null && fromBeginning) {
            throw Problem.usage("--offset and --from-beginning name two places to begin: give one");
        }
        if (offset != null && offset < 0) {
            throw Problem.usage("--offset is 0 or more, not " + offset);
        }
        if (max != null && max < 0) {
            throw Problem.usage("--max is 0 or more, not " + max);
        }
    }

    private void readAsMember(Kafka kafka, String member, RecordPrinter printer, StopSignal stop)
            throws InterruptedException {
        try (var consumer = kafka.consumer(member)
                .startAt(fromBeginning ? Position.earliest() : Position.latest())
                .eachMessage(Topic.bytes(topic), message -> {
                    if (!printer.print(printable(message))) {
                        // Not printed, so not done: it stays for the next member.
                        throw new EnoughPrinted();
                    }
                })
                .start()) {
            while (!printer.awaitDone(POLL.toMillis()) && !stop.requested()) {
                if (consumer.state() == Consumer.State.CRASHED) {
                    consumer.await();
                }
            }
        }
    }

    private void readAlone(RecordPrinter printer, StopSignal stop, int partitions) {
        if (partition != null && (partition < 0 || partition >= partitions)) {
            throw Problem.usage(topic + " has no partition " + partition + "; it has 0 to " + (partitions - 1));
        }
        try (var reader = new PartitionReader(broker, topic, partition, partitions)) {
            reader.begin(offset, fromBeginning);
            while (!printer.done() && !stop.requested() && !(untilEnd && reader.reachedEnd())) {
                reader.poll(POLL, printer);
            }
        }
    }

    private static RecordPrinter.Printable printable(Message<byte[], byte[]> message) {
        var headers = StreamSupport.stream(message.headers().spliterator(), false)
                .map(header -> new RecordPrinter.NamedValue(header.name(), header.value()))
                .toList();
        return new RecordPrinter.Printable(
                message.partition().topic(),
                message.partition().number(),
                message.offset(),
                message.timestamp(),
                message.key(),
                message.value(),
                headers);
    }

    private static final class EnoughPrinted extends Exception {
        private static final long serialVersionUID = 1L;
    }
}

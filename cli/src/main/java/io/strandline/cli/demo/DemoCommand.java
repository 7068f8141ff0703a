package io.strandline.cli.demo;

import io.strandline.cli.Problem;
import io.strandline.cli.Streams;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code strandline demo}: the promise, put to the test. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = {"Kills a broker under load, and accounts for every event.", ""},
        description = {
            "",
            "Publishes real events to a broker, kills the broker halfway and starts it again on the same data, handles the"
                    + " events in a group of two members, reads everything back, and draws up what became of each event.",
            "Exit code 0 only if nothing was lost, stored twice or out of order for its key.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  strandline demo",
            "  strandline demo --power-cut",
            "  strandline demo --events my-events.jsonl.gz --key customerId"
        })
public final class DemoCommand implements Callable<Integer> {
    /** When nothing has moved for so long the demo gives up and says what is missing. */
    private static final Duration STALL = Duration.ofSeconds(60);

    /** The broker's own limit; it is raised for events that need more. */
    private static final int MESSAGE_BYTES = 1 << 20;

    private static final int ROOM_FOR_HEADERS = 64 << 10;

    private final Streams streams;

    @Option(
            names = "--power-cut",
            description =
                    "Cut the power instead: one process, on a simulated disk that loses what was not forced; 20 times.")
    private boolean powerCut;

    @Option(
            names = "--events",
            paramLabel = "FILE",
            description = {
                "Your own events: one JSON object a line, plain or gzipped. A line that is none is published as it stands,"
                        + " and becomes a dead letter with its number in the header source-line."
            })
    private @Nullable Path events;

    @Option(
            names = "--key",
            paramLabel = "FIELD",
            description = "The field whose events must stay in order. Needed with --events.")
    private @Nullable String key;

    @Option(
            names = "--spoil",
            paramLabel = "N",
            defaultValue = "7",
            description =
                    "Events to make unreadable on purpose; each must become a dead letter. Default: ${DEFAULT-VALUE}.")
    private int spoil;

    @Option(
            names = "--dir",
            paramLabel = "DIRECTORY",
            description = "Where the broker keeps its data. Without it: a temporary directory, deleted at the end.")
    private @Nullable Path directory;

    @Option(
            names = "--cuts",
            paramLabel = "N",
            defaultValue = "20",
            description = "How many power cuts, with --power-cut. Default: ${DEFAULT-VALUE}.")
    private int cuts;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "3000",
            description = "Events to publish in a second, at most. Default: ${DEFAULT-VALUE}.")
    private int rate;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description =
                    "What decides where the power fails and what survives, with --power-cut. Default: by chance, and shown.")
    private @Nullable Long seed;

    @Option(
            names = "--without-forcing",
            hidden = true,
            description = "The simulated disk ignores every force: the demo must fail then.")
    private boolean withoutForcing;

    public DemoCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws Exception {
        checkOptions();
        var file = events == null ? EventFile.bundled() : EventFile.of(events, String.valueOf(key));
        var plan = new Demo.Plan(powerCut ? cuts : 1, spoil, rate, STALL);
        var broker = broker(Math.max(MESSAGE_BYTES, file.longestLine() + ROOM_FOR_HEADERS));
        // Ctrl-C in the middle: the process and the temporary directory go as well.
        var cleaner = new Thread(() -> closeQuietly(broker));
        Runtime.getRuntime().addShutdownHook(cleaner);
        Account account;
        try (broker) {
            account = new Demo(broker, file, plan, streams.out(), streams.terminal()).run();
        }
        Runtime.getRuntime().removeShutdownHook(cleaner);
        return verdict(account);
    }

    private int verdict(Account account) {
        streams.out().println();
        streams.out().println(account.table());
        streams.out().println();
        if (account.balances()) {
            streams.out()
                    .println("Every event that was acknowledged arrived, in the order of its key. Nothing was lost.");
            return 0;
        }
        streams.out().println("The account does not balance: see the rows marked WRONG.");
        return Problem.FAILED;
    }

    private void checkOptions() {
        if (events != null && key == null) {
            throw Problem.usage("--events needs --key FIELD: the field whose events must stay in order");
        }
        if (events == null && key != null) {
            throw Problem.usage("--key goes with --events FILE; the bundled events are keyed by user");
        }
        if (powerCut && directory != null) {
            throw Problem.usage("--power-cut keeps its data on a simulated disk in memory: leave --dir out");
        }
        atLeast("--spoil", spoil, 0);
        atLeast("--cuts", cuts, 1);
        atLeast("--rate", rate, 1);
    }

    private static void atLeast(String option, int value, int least) {
        if (value < least) {
            throw Problem.usage(option + " is " + least + " or more, not " + value);
        }
    }

    /** @param messageBytesMax what the largest message takes */
    private DemoBroker broker(int messageBytesMax) throws IOException {
        if (powerCut) {
            long chosen = seed == null ? ThreadLocalRandom.current().nextLong() : seed;
            streams.out().println("Seed     " + chosen);
            return new PowerCutBroker(chosen, withoutForcing ? ForgetfulDisk::new : disk -> disk, messageBytesMax);
        }
        return directory == null
                ? BrokerProcess.onTemporaryDirectory(messageBytesMax)
                : BrokerProcess.on(directory, messageBytesMax);
    }

    private static void closeQuietly(DemoBroker broker) {
        try {
            broker.close();
        } catch (IOException e) {
            // The process is ending; what is left is in the temporary directory of the system.
        }
    }
}

package io.strandline.cli;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.config.InvalidSetting;
import io.strandline.storage.DiskFull;
import io.strandline.storage.DurabilityMode;
import io.strandline.storage.Store;
import java.io.IOException;
import java.net.BindException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code strandline serve}: a broker as a process. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = {"Runs a broker.", ""},
        description = {
            "",
            "Runs a broker until Ctrl-C or SIGTERM; any Kafka client can use it.",
            "It listens on this machine only, unless --host says otherwise.",
            ""
        },
        footer = {
            "",
            "Settings have Kafka's names where Kafka has them. A setting in --config wins over one in --properties, and an option"
                    + " wins over both. A name that does not exist is refused, with the nearest that does.",
            "",
            "Examples:",
            "  strandline serve",
            "  strandline serve --dir /var/lib/strandline --port 9093",
            "  strandline serve --host 0.0.0.0 --advertise broker.example.com:9092",
            "  strandline serve --durability memory --config num.partitions=3",
            "",
            "Exit codes: 0 stopped cleanly, 1 it could not start or not stop cleanly, 2 the command line or a setting is wrong."
        })
final class ServeCommand implements Callable<Integer> {
    private static final Path DEFAULT_DIRECTORY = Path.of("strandline-data");
    private static final int DEFAULT_PORT = 9092;
    private static final String LOOPBACK = "127.0.0.1";

    /** On top of the time that the broker gives to replies that are owed. */
    private static final Duration STOP_MARGIN = Duration.ofSeconds(20);

    private static final Duration LOOK_AROUND = Duration.ofSeconds(1);

    private final Streams streams;

    @Option(
            names = {"-d", "--dir"},
            paramLabel = "DIRECTORY",
            description =
                    "Where the data is; made if it is missing. Default: strandline-data in the current directory.")
    private @Nullable Path directory;

    @Option(
            names = {"-p", "--port"},
            paramLabel = "PORT",
            description = "Default: 9092; 0 takes any free one.")
    private @Nullable Integer port;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            description = "The address to listen at. Default: 127.0.0.1, this machine only. 0.0.0.0: all. There is no"
                    + " authentication yet: whoever reaches the port can read and write.")
    private @Nullable String host;

    @Option(
            names = "--advertise",
            paramLabel = "HOST:PORT",
            description =
                    "The address that clients are told; Kafka calls it advertised.listeners. Default: the one they came to.")
    private @Nullable String advertised;

    @Option(
            names = "--durability",
            paramLabel = "fsync|os|memory",
            description = {
                "What acks=all means. fsync: on the disk. os: in the operating system. memory: in this process.",
                "Default: fsync."
            })
    private @Nullable String durability;

    @Option(
            names = {"-c", "--config"},
            paramLabel = "KEY=VALUE",
            description = "A setting of the broker. May be repeated.")
    private Map<String, String> settings = new LinkedHashMap<>();

    @Option(names = "--properties", paramLabel = "FILE", description = "Settings, one KEY=VALUE a line.")
    private @Nullable Path properties;

    @Option(
            names = "--stop-when-stdin-ends",
            hidden = true,
            description = "Stop when standard input ends: for a parent process that must not leave a broker behind.")
    private boolean stopWithParent;

    ServeCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Logging.showWhatHappens();
        var config = config();
        var stopLimit = Duration.ofMillis(config.get(BrokerConfig.STOP_MS)).plus(STOP_MARGIN);
        try (var stop = new StopSignal(stopLimit)) {
            try (var broker = start(config)) {
                if (stopWithParent) {
                    Thread.ofPlatform().daemon().name("parent-watch").start(this::awaitEndOfInput);
                }
                banner(broker, config.durability());
                while (!stop.awaitRequest(LOOK_AROUND)) {
                    // Serving.
                }
                streams.out().println("Stopping ...");
            }
            streams.out()
                    .println(
                            config.durability() == DurabilityMode.MEMORY
                                    ? "Stopped."
                                    : "Stopped; everything is on the disk.");
            stop.finishedWell();
        }
        return 0;
    }

    private BrokerConfig config() {
        try {
            var config = properties == null ? BrokerConfig.defaults() : BrokerConfig.of(read(properties));
            for (var setting : settings.entrySet()) {
                config = config.with(setting.getKey(), setting.getValue());
            }
            return withOptions(config);
        } catch (InvalidSetting e) {
            throw Problem.usage(e.getMessage());
        }
    }

    private BrokerConfig withOptions(BrokerConfig given) {
        var config = given;
        if (directory != null) {
            config = config.directory(directory);
        } else if (!config.isGiven(BrokerConfig.LOG_DIR)) {
            config = config.directory(DEFAULT_DIRECTORY);
        }
        if (port != null || host != null || !config.isGiven(BrokerConfig.LISTENERS)) {
            config = config.with(
                    BrokerConfig.LISTENERS,
                    "PLAINTEXT://" + Optional.ofNullable(host).orElse(LOOPBACK) + ":"
                            + Optional.ofNullable(port).orElse(DEFAULT_PORT));
        }
        if (advertised != null) {
            config = config.with(BrokerConfig.ADVERTISED_LISTENERS, "PLAINTEXT://" + advertised);
        }
        if (durability != null) {
            config = config.with(BrokerConfig.DURABILITY.name(), durability.toLowerCase(Locale.ROOT));
        }
        return config;
    }

    private static Properties read(Path file) {
        var read = new Properties();
        try (var reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            read.load(reader);
            return read;
        } catch (NoSuchFileException e) {
            throw Problem.usage("There is no file " + file + " for --properties");
        } catch (IOException | IllegalArgumentException e) {
            throw Problem.usage("Cannot read " + file + " for --properties: " + e.getMessage());
        }
    }

    private static Broker start(BrokerConfig config) throws IOException {
        try {
            return Broker.start(config);
        } catch (InvalidSetting e) {
            throw Problem.usage(e.getMessage());
        } catch (DiskFull e) {
            throw Problem.failed(
                    "The disk is too full to begin: " + e.getMessage() + ". The journal takes up to twice "
                            + BrokerConfig.JOURNAL_BYTES.name() + "=" + config.get(BrokerConfig.JOURNAL_BYTES)
                            + ": make space, name another disk with --dir, or set less with --config",
                    e);
        } catch (IOException e) {
            if (e.getCause() instanceof BindException cause) {
                throw Problem.failed(
                        "Cannot listen at " + config.get(BrokerConfig.LISTENERS) + ": " + cause.getMessage()
                                + ". If a broker is running there already, stop it or take another port with --port",
                        e);
            }
            throw e;
        }
    }

    private void banner(Broker broker, DurabilityMode durability) throws IOException {
        var out = streams.out();
        out.println("Strandline listens at " + broker.bootstrapServers());
        if (!broker.address().getAddress().isLoopbackAddress()) {
            out.println(
                    "  WARNING     whoever reaches this address can read and write: there is no authentication yet");
        }
        if (broker.directory().isPresent()) {
            var mount = Mount.of(broker.directory().get().toAbsolutePath());
            out.println("  data        " + mount.directory() + " (" + mount.fileSystem() + "; "
                    + found(broker.opening()) + ")");
            out.println("  durability  " + mount.worth(durability, broker.durabilityInWords()));
            mount.doubt().ifPresent(doubt -> out.println("  WARNING     " + doubt));
            out.printf(
                    Locale.ROOT,
                    "  this mount  forcing 4 KiB takes %.2f ms%n",
                    mount.measuredForce().toNanos() / 1e6);
        } else {
            out.println("  data        in memory");
            out.println("  durability  " + broker.durabilityInWords());
        }
        out.println("  stop        Ctrl-C or SIGTERM");
        out.flush();
    }

    private static String found(Store.Opening opening) {
        if (opening.made()) {
            return "new";
        }
        return opening.clean()
                ? "was stopped cleanly"
                : "was not stopped cleanly; "
                        + (opening.framesApplied() == 0
                                ? "the journal had nothing to add"
                                : "all in its journal is back: " + opening.bytesRewritten() + " bytes");
    }

    private void awaitEndOfInput() {
        try {
            while (streams.in().read() >= 0) {
                // What the parent writes means nothing; that it lives does.
            }
        } catch (IOException e) {
            // As good as the end.
        }
        System.exit(0);
    }
}

package io.strandline.cli;

import io.strandline.Admin;
import io.strandline.Partition;
import io.strandline.Position;
import io.strandline.Topic;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code strandline topics}: what topics there are, and their shape. */
@Command(
        name = "topics",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        description = "Lists, creates, describes, changes, truncates and deletes topics.",
        footer = {
            "",
            "Examples:",
            "  strandline topics list",
            "  strandline topics create orders --partitions 3 --config retention.ms=604800000",
            "  strandline topics describe orders",
            "  strandline topics alter orders --partitions 6 --config retention.ms=86400000",
            "  strandline topics truncate orders --partition 0 --before 1000",
            "  strandline topics delete orders"
        })
final class TopicsCommand implements Callable<Integer> {
    private static final String CLIENT_ID = "strandline-topics";

    private final Streams streams;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    TopicsCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        throw new ParameterException(
                spec.commandLine(), "Which one: list, create, describe, alter, truncate or delete?");
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Prints the name of every topic, one a line.")
    int list(@Mixin BrokerAddress broker) {
        try (var kafka = broker.connect(CLIENT_ID)) {
            kafka.admin().topics().forEach(streams.out()::println);
        }
        return 0;
    }

    @Command(
            name = "create",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            description = "Creates a topic. It can be used when the command returns.")
    int create(
            @Mixin BrokerAddress broker,
            @Parameters(paramLabel = "TOPIC", description = "Letters, digits, '.', '_' and '-'; at most 249.")
                    String name,
            @Option(
                            names = {"-p", "--partitions"},
                            paramLabel = "N",
                            defaultValue = "-1",
                            description = "How many partitions. Without it: what the broker gives.")
                    int partitions,
            @Option(
                            names = "--replication",
                            paramLabel = "N",
                            defaultValue = "-1",
                            description =
                                    "How many copies to keep; Strandline's own broker accepts any number and keeps one.")
                    int replication,
            @Option(
                            names = "--config",
                            paramLabel = "KEY=VALUE",
                            description =
                                    "One of Kafka's topic settings, such as retention.ms=604800000. May be repeated.")
                    @Nullable
                    Map<String, String> config) {
        var topic = shape(name, partitions, replication, config == null ? Map.of() : config);
        try (var kafka = broker.connect(CLIENT_ID)) {
            if (!kafka.admin().create(topic)) {
                throw Problem.failed(
                        "The topic " + name + " is there already ('strandline topics describe " + name + "' shows it)");
            }
            streams.out().println("created " + name);
        }
        return 0;
    }

    @Command(
            name = "describe",
            mixinStandardHelpOptions = true,
            description = "Shows partitions, offsets and the settings of a topic that are not the default.")
    int describe(@Mixin BrokerAddress broker, @Parameters(paramLabel = "TOPIC", description = "Its name.") String name)
            throws InterruptedException {
        try (var kafka = broker.connect(CLIENT_ID)) {
            var admin = kafka.admin();
            var topic = admin.topic(name).orElseThrow(() -> unknown(admin, name));
            streams.out().printf("%s: %s, %s%n", name, counted(topic.partitions(), "partition"), copies(topic));
            var first = admin.offsets(name, Position.earliest());
            var end = admin.offsets(name, Position.latest());
            streams.out().printf("  %9s %12s %12s %12s%n", "partition", "first", "end", "messages");
            first.keySet().stream()
                    .sorted(Comparator.comparingInt(Partition::number))
                    .forEach(partition -> streams.out()
                            .printf(
                                    "  %9d %12d %12d %12d%n",
                                    partition.number(),
                                    first.get(partition),
                                    end.getOrDefault(partition, 0L),
                                    end.getOrDefault(partition, 0L) - first.getOrDefault(partition, 0L)));
            settings(admin, name).forEach(setting -> streams.out().println("  " + setting));
        }
        return 0;
    }

    @Command(
            name = "alter",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            description = "Gives a topic more partitions, or other settings. What is not named stays.")
    int alter(
            @Mixin BrokerAddress broker,
            @Parameters(paramLabel = "TOPIC", description = "Its name.") String name,
            @Option(
                            names = {"-p", "--partitions"},
                            paramLabel = "N",
                            description = {
                                "How many partitions it has from now on, never fewer than before. Messages of a key may",
                                "then go to another partition than those before them."
                            })
                    @Nullable
                    Integer partitions,
            @Option(
                            names = "--config",
                            paramLabel = "KEY=VALUE",
                            description = "A setting and its new value. May be repeated.")
                    @Nullable
                    Map<String, String> config,
            @Option(
                            names = "--unset",
                            paramLabel = "KEY",
                            description = "A setting that goes back to its default. May be repeated.")
                    @Nullable
                    List<String> unset) {
        var set = config == null ? Map.<String, String>of() : config;
        var taken = unset == null ? List.<String>of() : unset;
        if (partitions == null && set.isEmpty() && taken.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "What is to change? Give --partitions, --config or --unset");
        }
        try (var kafka = broker.connect(CLIENT_ID)) {
            var admin = kafka.admin();
            if (admin.topic(name).isEmpty()) {
                throw unknown(admin, name);
            }
            if (!set.isEmpty() || !taken.isEmpty()) { // first, as it can be wrong and be undone
                admin.alterConfig(name, set, taken);
            }
            if (partitions != null) {
                admin.addPartitions(name, partitions);
            }
            streams.out().println("changed " + name);
        }
        return 0;
    }

    @Command(
            name = "truncate",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            description = "Deletes the messages of a partition below an offset, for good.")
    int truncate(
            @Mixin BrokerAddress broker,
            @Parameters(paramLabel = "TOPIC", description = "Its name.") String name,
            @Option(names = "--partition", paramLabel = "N", required = true, description = "Which partition.")
                    int partition,
            @Option(
                            names = "--before",
                            paramLabel = "OFFSET",
                            required = true,
                            description = "The first offset that stays; -1 deletes all that is there.")
                    long before) {
        try (var kafka = broker.connect(CLIENT_ID)) {
            var admin = kafka.admin();
            var topic = admin.topic(name).orElseThrow(() -> unknown(admin, name));
            if (partition < 0 || partition >= topic.partitions()) {
                throw Problem.usage(
                        "Topic " + name + " has no partition " + partition + ", only 0 to " + (topic.partitions() - 1));
            }
            var at = Partition.of(name, partition);
            var end = admin.offsets(name, Position.latest()).getOrDefault(at, 0L);
            if (before < -1 || before > end) {
                throw Problem.failed("Partition " + partition + " of " + name + " ends at " + end
                        + "; there is no offset " + before + " to begin at");
            }
            admin.truncate(at, before);
            streams.out()
                    .println(name + "/" + partition + " begins at "
                            + admin.offsets(name, Position.earliest()).get(at));
        }
        return 0;
    }

    @Command(name = "delete", mixinStandardHelpOptions = true, description = "Deletes topics with everything in them.")
    int delete(
            @Mixin BrokerAddress broker,
            @Parameters(arity = "1..*", paramLabel = "TOPIC", description = "Their names.") List<String> names) {
        try (var kafka = broker.connect(CLIENT_ID)) {
            var admin = kafka.admin();
            var there = admin.topics();
            for (var name : names) {
                if (!there.contains(name)) {
                    throw unknown(admin, name);
                }
            }
            admin.delete(names.toArray(String[]::new));
            names.forEach(name -> streams.out().println("deleted " + name));
        }
        return 0;
    }

    private static Topic<byte[], byte[]> shape(
            String name, int partitions, int replication, Map<String, String> config) {
        try {
            var topic = Topic.bytes(name).partitions(partitions).replication(replication);
            for (var setting : config.entrySet()) {
                topic = topic.config(setting.getKey(), setting.getValue());
            }
            return topic;
        } catch (IllegalArgumentException e) {
            throw Problem.usage(e.getMessage());
        }
    }

    private static Problem unknown(Admin admin, String name) {
        var topics = admin.topics();
        return Problem.failed("There is no topic " + name + "; "
                + (topics.isEmpty() ? "there are none" : "there are: " + String.join(", ", topics)));
    }

    private static List<String> settings(Admin admin, String name) throws InterruptedException {
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
        try {
            var config =
                    admin.raw().describeConfigs(List.of(resource)).all().get().get(resource);
            return Objects.requireNonNull(config).entries().stream()
                    .filter(entry -> entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG)
                    .map(entry -> entry.name() + "=" + entry.value())
                    .sorted()
                    .collect(Collectors.toCollection(ArrayList::new));
        } catch (ExecutionException e) {
            throw Problem.failed("The broker did not tell the settings of " + name + ": " + e.getMessage(), e);
        }
    }

    private static String copies(Admin.TopicInfo topic) {
        return topic.replication() == 1 ? "1 copy" : topic.replication() + " copies";
    }

    private static String counted(int number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }
}

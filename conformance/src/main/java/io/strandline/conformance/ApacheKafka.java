package io.strandline.conformance;

import io.strandline.cli.demo.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Uuid;

/**
 * Apache Kafka from the Maven artifacts, on loopback: one node, or several that form a cluster; each node in its own
 * JVM, broker and KRaft controller in one.
 */
public final class ApacheKafka implements Target {
    private static final Duration READY_WITHIN = Duration.ofSeconds(90);

    /** With the consumer protocol the broker decides how long a member may be silent. */
    static final Duration CONSUMER_SESSION = Duration.ofSeconds(4);

    private static final long ASK_AGAIN_NANOS = 50_000_000;

    /**
     * What a test does not wait for: groups start at once and hear of changes soon, internal topics are small, and a node that was killed may
     * register again when its session is over, which by default takes 9 s.
     */
    private static final Map<String, String> TEST_SETTINGS = Map.ofEntries(
            Map.entry("group.initial.rebalance.delay.ms", "0"),
            Map.entry("group.consumer.min.heartbeat.interval.ms", "300"),
            Map.entry("group.consumer.heartbeat.interval.ms", "300"),
            Map.entry("group.consumer.min.session.timeout.ms", Long.toString(CONSUMER_SESSION.toMillis())),
            Map.entry("group.consumer.session.timeout.ms", Long.toString(CONSUMER_SESSION.toMillis())),
            Map.entry("group.min.session.timeout.ms", "1000"),
            // How often it looks for transactions whose time is over.
            Map.entry("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000"),
            Map.entry("offsets.topic.num.partitions", "4"),
            Map.entry("transaction.state.log.num.partitions", "4"),
            Map.entry("broker.session.timeout.ms", "3000"),
            Map.entry("broker.heartbeat.interval.ms", "500"));

    /** A small heap and a quick start matter more to a test than peak speed. */
    private static final List<String> TEST_JVM =
            List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData");

    private record Node(int id, int port, int controllerPort, Path folder) {
        String address() {
            return "127.0.0.1:" + port;
        }

        Path properties() {
            return folder.resolve("server.properties");
        }
    }

    private final Path folder;
    private final String clusterId = Uuid.randomUuid().toString();
    private final List<Node> nodes;
    private final List<String> jvmOptions;
    private List<String> formatArguments = List.of();
    private final Map<Node, Child> running = new LinkedHashMap<>();

    private ApacheKafka(Path folder, int nodes, Map<String, String> settings, List<String> jvmOptions) {
        this(folder, nodes, settings, jvmOptions, List.of());
    }

    private ApacheKafka(
            Path folder,
            int nodes,
            Map<String, String> settings,
            List<String> jvmOptions,
            List<Listener> moreListeners) {
        this.folder = folder;
        this.jvmOptions = jvmOptions;
        this.nodes = IntStream.rangeClosed(1, nodes)
                .mapToObj(id -> new Node(id, Ports.free(), Ports.free(), folder.resolve("node-" + id)))
                .toList();
        this.nodes.forEach(node -> writeProperties(node, settings, moreListeners));
    }

    /** One node for tests, ready. */
    public static ApacheKafka start() {
        return startCluster(1);
    }

    /** A cluster for tests, ready: every broker is registered. */
    public static ApacheKafka startCluster(int nodes) {
        var kafka = new ApacheKafka(Folders.temporary("apache-kafka-"), nodes, TEST_SETTINGS, TEST_JVM);
        kafka.startOrClose();
        return kafka;
    }

    /**
     * Another way in, beside the plaintext one.
     *
     * @param host as clients are told it; the socket is on loopback either way
     * @param protocol such as {@code SASL_SSL}
     * @param settings of this listener alone, without the prefix
     */
    public record Listener(String name, String host, int port, String protocol, Map<String, String> settings) {
        /** On a free port, by the name of localhost. */
        public static Listener of(String name, String protocol, Map<String, String> settings) {
            return new Listener(name, "localhost", Ports.free(), protocol, settings);
        }

        public String address() {
            return host + ":" + port;
        }
    }

    /**
     * One node for tests with more ways in, ready.
     *
     * @param formatArguments what {@code kafka-storage format} is told besides, such as {@code --add-scram}
     */
    public static ApacheKafka startWith(
            List<Listener> listeners, Map<String, String> settings, List<String> formatArguments) {
        var all = new LinkedHashMap<>(TEST_SETTINGS);
        all.putAll(settings);
        var kafka = new ApacheKafka(Folders.temporary("apache-kafka-"), 1, all, TEST_JVM, listeners);
        kafka.formatArguments = List.copyOf(formatArguments);
        kafka.startOrClose();
        return kafka;
    }

    /**
     * One node that has been formatted but not started, with the given settings over Kafka's own defaults.
     *
     * @param folder where its data goes; it is removed on {@link #close}
     */
    public static ApacheKafka formatted(Path folder, Map<String, String> settings, List<String> jvmOptions) {
        var kafka = unformatted(folder, settings, jvmOptions);
        kafka.launch(kafka.nodes.getFirst(), "format-only").await(READY_WITHIN).orThrow();
        return kafka;
    }

    /** As {@link #formatted}, but it will be formatted when it starts. */
    public static ApacheKafka unformatted(Path folder, Map<String, String> settings, List<String> jvmOptions) {
        return new ApacheKafka(folder, 1, settings, jvmOptions);
    }

    /** The version of Apache Kafka that the build names. */
    public static String version() {
        return org.apache.kafka.common.utils.AppInfoParser.getVersion();
    }

    /** Starts the processes and returns at once. */
    public void launch() {
        nodes.forEach(node -> running.put(node, launch(node, "run")));
    }

    /** The process of a single node. */
    public Child process() {
        return child(nodes.getFirst());
    }

    @Override
    public String title() {
        return "Apache Kafka " + version() + (nodes.size() == 1 ? "" : " (" + nodes.size() + " nodes)");
    }

    @Override
    public String bootstrap() {
        return nodes.stream().map(Node::address).collect(Collectors.joining(","));
    }

    @Override
    public boolean isRunning() {
        return running.size() == nodes.size() && running.values().stream().allMatch(Child::isAlive);
    }

    @Override
    public void kill() {
        running.values().forEach(Child::kill);
    }

    /**
     * One node of a cluster ends as by SIGKILL; the others go on.
     *
     * @param id from 1
     */
    public void kill(int id) {
        child(node(id)).kill();
    }

    /**
     * Starts a node on its data if it does not run; returns when it answers, has registered, and its copies have caught up.
     */
    public void revive(int id) {
        var node = node(id);
        if (!child(node).isAlive()) {
            running.put(node, launch(node, "run"));
        }
        // First by itself: the others take it for alive until its old session is over, and so do its copies.
        awaitBrokers(node.address(), 1);
        awaitBrokers(bootstrap(), nodes.size());
        awaitInSync();
    }

    /** The node whose controller leads the others. */
    public int controller() {
        try (var admin = admin()) {
            return answer(admin.describeMetadataQuorum().quorumInfo()).leaderId();
        }
    }

    private Child child(Node node) {
        return Objects.requireNonNull(running.get(node), "not started");
    }

    private Node node(int id) {
        return nodes.get(id - 1);
    }

    @Override
    public void stop() {
        running.values().forEach(Child::terminate);
        running.values().forEach(child -> child.await(Duration.ofSeconds(30)));
    }

    @Override
    public void restart() {
        kill();
        launch();
        awaitReady();
    }

    @Override
    public void close() {
        kill();
        Folders.delete(folder);
    }

    private void startOrClose() {
        try {
            launch();
            awaitReady();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private Child launch(Node node, String mode) {
        var options = new ArrayList<>(jvmOptions);
        options.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
        var arguments = new ArrayList<>(
                List.of(ApacheKafkaMain.class.getName(), node.properties().toString(), clusterId, mode));
        arguments.addAll(formatArguments);
        return Child.jvm(
                "Apache Kafka node " + node.id(),
                ClassPaths.equipment() + java.io.File.pathSeparator + ClassPaths.apacheKafka(),
                options,
                arguments);
    }

    private void awaitReady() {
        awaitBrokers(bootstrap(), nodes.size());
    }

    /** Asks at these addresses until so many brokers have registered; the client's own back-off paces the asking. */
    private void awaitBrokers(String addresses, int wanted) {
        long deadline = System.nanoTime() + READY_WITHIN.toNanos();
        try (var admin = admin(addresses)) {
            while (brokers(admin) < wanted) {
                running.values().forEach(ApacheKafka::refuseIfEnded);
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("not ready within " + READY_WITHIN + ": " + running.values());
                }
            }
        }
    }

    private static void refuseIfEnded(Child child) {
        if (!child.isAlive()) {
            int exitCode = child.await(READY_WITHIN).exitCode(); // and all that it wrote is read
            throw new IllegalStateException("ended while starting, with exit code " + exitCode + ": " + child);
        }
    }

    /** Asks until no partition lacks a copy. */
    private void awaitInSync() {
        long deadline = System.nanoTime() + READY_WITHIN.toNanos();
        try (var admin = admin()) {
            while (!inSync(admin)) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("copies have not caught up within " + READY_WITHIN);
                }
                LockSupport.parkNanos(ASK_AGAIN_NANOS); // Nothing announces it.
            }
        }
    }

    private static boolean inSync(Admin admin) {
        try {
            var topics = answer(
                    admin.listTopics(new ListTopicsOptions().listInternal(true)).names());
            return answer(admin.describeTopics(topics).allTopicNames()).values().stream()
                    .flatMap(topic -> topic.partitions().stream())
                    .allMatch(partition ->
                            partition.isr().size() == partition.replicas().size());
        } catch (IllegalStateException e) {
            return false; // Not yet.
        }
    }

    private Admin admin() {
        return admin(bootstrap());
    }

    private static Admin admin(String addresses) {
        return Admin.create(Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, addresses,
                AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, "100",
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, "5000",
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, "2000"));
    }

    private static int brokers(Admin admin) {
        try {
            return answer(admin.describeCluster().nodes()).size();
        } catch (IllegalStateException e) {
            return 0; // Not yet.
        }
    }

    /** Throws an IllegalStateException if there is none. */
    private static <T> T answer(KafkaFuture<T> future) {
        try {
            return future.get(5, TimeUnit.SECONDS);
        } catch (ExecutionException | java.util.concurrent.TimeoutException e) {
            throw new IllegalStateException("Apache Kafka does not answer", e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while waiting for Apache Kafka", e);
        }
    }

    private void writeProperties(Node node, Map<String, String> settings, List<Listener> more) {
        var factor = Integer.toString(Math.min(3, nodes.size()));
        var lines = new LinkedHashMap<String, String>();
        lines.put("process.roles", "broker,controller");
        lines.put("node.id", Integer.toString(node.id()));
        lines.put(
                "controller.quorum.voters",
                nodes.stream()
                        .map(each -> each.id() + "@127.0.0.1:" + each.controllerPort())
                        .collect(Collectors.joining(",")));
        lines.put(
                "listeners",
                "PLAINTEXT://" + node.address() + ",CONTROLLER://127.0.0.1:" + node.controllerPort()
                        + each(more, listener -> listener.name() + "://127.0.0.1:" + listener.port()));
        lines.put(
                "advertised.listeners",
                "PLAINTEXT://" + node.address() + each(more, listener -> listener.name() + "://" + listener.address()));
        lines.put("controller.listener.names", "CONTROLLER");
        lines.put(
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
                        + each(more, listener -> listener.name() + ":" + listener.protocol()));
        more.forEach(listener -> listener.settings()
                .forEach((name, value) ->
                        lines.put("listener.name." + listener.name().toLowerCase(Locale.ROOT) + "." + name, value)));
        lines.put("log.dirs", node.folder().resolve("data").toString());
        lines.put("offsets.topic.replication.factor", factor);
        lines.put("transaction.state.log.replication.factor", factor);
        lines.put("transaction.state.log.min.isr", nodes.size() < 3 ? "1" : "2");
        lines.put("share.coordinator.state.topic.replication.factor", factor);
        lines.put("share.coordinator.state.topic.min.isr", "1");
        lines.putAll(settings);
        try {
            Files.createDirectories(node.folder());
            Files.write(
                    node.properties(),
                    lines.entrySet().stream()
                            .map(entry -> entry.getKey() + "=" + entry.getValue())
                            .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String each(List<Listener> listeners, Function<Listener, String> text) {
        return listeners.stream().map(listener -> "," + text.apply(listener)).collect(Collectors.joining());
    }
}

package io.strandline.broker;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.config.InvalidSetting;
import io.strandline.broker.groups.GroupsOnDisk;
import io.strandline.broker.groups.TimerThread;
import io.strandline.broker.net.Complaints;
import io.strandline.broker.net.ConnectionThreads;
import io.strandline.broker.net.Listener;
import io.strandline.broker.net.RequestMemory;
import io.strandline.broker.net.RequestStarter;
import io.strandline.broker.requests.Authorizer;
import io.strandline.broker.requests.Codecs;
import io.strandline.broker.requests.Endpoint;
import io.strandline.broker.requests.Node;
import io.strandline.broker.requests.Requests;
import io.strandline.broker.topics.Facts;
import io.strandline.storage.Disk;
import io.strandline.storage.Durability;
import io.strandline.storage.DurabilityMode;
import io.strandline.storage.FileDisk;
import io.strandline.storage.MemoryDisk;
import io.strandline.storage.Store;
import io.strandline.storage.StoreRefused;
import io.strandline.storage.Time;
import io.strandline.storage.Waiter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * One node that speaks the Kafka protocol, in this process. There can be many in one process, each with a directory of its
 * own. Nothing here ends the process, and no thread of a broker keeps it alive.
 *
 * <pre>{@code
 *   try (var broker = Broker.start(BrokerConfig.defaults().directory(path).port(0))) {
 *       connect(broker.bootstrapServers());
 *   }
 * }</pre>
 */
public final class Broker implements AutoCloseable {
    private static final Duration FIRST_FORCE_LIMIT = Duration.ofSeconds(60);

    private final BrokerConfig config;
    private final Store store;
    private final Node node;
    private final RequestMemory memory;
    private final List<Listener> listeners;
    private final TimerThread groupTimer;
    private final Housekeeper housekeeper;
    private final Duration firstForce;
    private final ReentrantLock closing = new ReentrantLock();
    private boolean closed;

    private Broker(
            BrokerConfig config,
            Store store,
            Node node,
            RequestMemory memory,
            List<Listener> listeners,
            TimerThread groupTimer,
            Housekeeper housekeeper,
            Duration firstForce) {
        this.config = config;
        this.store = store;
        this.node = node;
        this.memory = memory;
        this.listeners = listeners;
        this.groupTimer = groupTimer;
        this.housekeeper = housekeeper;
        this.firstForce = firstForce;
    }

    /**
     * Opens the data directory, brings it to where everything acknowledged is, and begins to listen.
     *
     * @throws InvalidSetting for a configuration that is not possible
     * @throws io.strandline.storage.StoreRefused when the directory is in use, is not ours, or misses a part
     * @throws IOException when the disk fails or an address cannot be bound
     */
    public static Broker start(BrokerConfig config) throws IOException {
        addresses(config); // before a directory is made for a configuration that is not possible
        try {
            return start(config, disk(config), Time.SYSTEM, UUID::randomUUID);
        } catch (StoreRefused e) {
            var reason = String.valueOf(e.getMessage());
            var directory = config.get(BrokerConfig.LOG_DIR);
            throw reason.contains(directory)
                    ? e
                    : new StoreRefused("The data directory " + directory + ": " + reason, e);
        }
    }

    /**
     * As above, on a disk and with clocks of the caller's choice.
     *
     * @param newIds gives an id that was never used before
     */
    public static Broker start(BrokerConfig config, Disk disk, Time time, Supplier<UUID> newIds) throws IOException {
        return start(config, disk, time, newIds, UnaryOperator.identity());
    }

    /**
     * As above, for tests that want a broker to fail.
     *
     * @param between gets what starts requests and gives what stands in front of it
     */
    public static Broker start(
            BrokerConfig config, Disk disk, Time time, Supplier<UUID> newIds, UnaryOperator<RequestStarter> between)
            throws IOException {
        var addresses = addresses(config);
        refuseUnreadableAddressForClients(config);
        var facts = new Facts(time, config.topicDefaults(), newIds);
        var store = Store.open(disk, config.store(), facts, time);
        var groupTimer = new TimerThread("strandline-groups");
        try {
            store.start(
                    Thread.ofPlatform().daemon().name("strandline-store-", 1).factory());
            long before = time.nanos();
            awaitDurable(facts.begin(store.metadata(), textOf(newIds.get()), config.get(BrokerConfig.NODE_ID)), time);
            var firstForce = Duration.ofNanos(time.nanos() - before);
            var groups = GroupsOnDisk.open(config.groups(), store, facts.topics(), groupTimer, time, UUID::randomUUID);
            var node = node(config, store, facts, groups, time);
            return open(config, addresses, store, node, between.apply(new Requests(node)), groupTimer, firstForce);
        } catch (IOException | RuntimeException e) {
            groupTimer.close();
            store.close();
            throw e;
        }
    }

    private static Broker open(
            BrokerConfig config,
            List<InetSocketAddress> addresses,
            Store store,
            Node node,
            RequestStarter requests,
            TimerThread groupTimer,
            Duration firstForce)
            throws IOException {
        var memory = new RequestMemory(config.requestMemoryBytes());
        var shared = new Listener.Shared(
                config.net(),
                requests,
                memory,
                new ConnectionThreads(config.get(BrokerConfig.PLATFORM_THREADS)),
                node.complaints(),
                Time.SYSTEM); // sockets live in real time, whatever the broker's clock is
        var housekeeper = new Housekeeper(node);
        var listeners = new ArrayList<Listener>();
        try {
            for (var address : addresses) {
                listeners.add(listen(address, shared));
            }
        } catch (IOException | RuntimeException e) {
            listeners.forEach(Listener::close);
            throw e;
        }
        housekeeper.start();
        return new Broker(config, store, node, memory, List.copyOf(listeners), groupTimer, housekeeper, firstForce);
    }

    private static Listener listen(InetSocketAddress address, Listener.Shared shared) throws IOException {
        try {
            return Listener.open(address, shared);
        } catch (IOException e) {
            throw new IOException(
                    "Cannot listen at " + address.getHostString() + ":" + address.getPort() + " (" + e.getMessage()
                            + "): choose another port in listeners, or stop what has it",
                    e);
        }
    }

    /** The first address it listens at, with the real port. */
    public InetSocketAddress address() {
        return listeners.get(0).address();
    }

    /** For a client's {@code bootstrap.servers}. */
    public String bootstrapServers() {
        return address().getAddress().getHostAddress() + ":" + address().getPort();
    }

    public String clusterId() {
        return node.clusterId();
    }

    public BrokerConfig config() {
        return config;
    }

    /** How long the first write of this start took to become durable: what a lone acks=all send has to wait for. */
    public Duration firstForce() {
        return firstForce;
    }

    /** How the data directory was found. */
    public Store.Opening opening() {
        return store.opening();
    }

    public BrokerHealth health() {
        return new BrokerHealth(
                store.failure().map(Throwable::toString),
                store.damages(),
                config.durability(),
                listeners.stream().mapToInt(Listener::connections).sum(),
                memory.usedBytes(),
                memory.limitBytes());
    }

    /** Hangs up on every client, at once and in the middle of whatever it does. They may come back. */
    public void dropConnections() {
        listeners.forEach(Listener::dropConnections);
    }

    /**
     * Stops: accepts nothing more, answers what is owed within {@code strandline.stop.ms}, makes everything durable and lets
     * go of the directory. Doing it twice changes nothing.
     */
    @Override
    public void close() throws IOException {
        closing.lock(); // a second caller waits for the first
        try {
            if (closed) {
                return;
            }
            closed = true;
            housekeeper.stop();
            groupTimer.close();
            node.groups().stop();
            var drain = Duration.ofMillis(config.get(BrokerConfig.STOP_MS));
            listeners.forEach(listener -> listener.close(drain));
            store.close();
        } finally {
            closing.unlock();
        }
    }

    private static Node node(BrokerConfig config, Store store, Facts facts, GroupsOnDisk groups, Time time) {
        var named = facts.named().orElseThrow(() -> new IllegalStateException("A broker without a name"));
        return new Node(
                config,
                named.clusterId(),
                named.nodeId(),
                store,
                facts.topics(),
                facts.producerIds(),
                groups.groups(),
                groups.log(),
                new Codecs(),
                Authorizer.ALLOW_ALL,
                new Complaints(Time.SYSTEM),
                time);
    }

    private static Disk disk(BrokerConfig config) throws IOException {
        if (config.durability() == DurabilityMode.MEMORY) {
            return new MemoryDisk();
        }
        var directory = config.get(BrokerConfig.LOG_DIR);
        if (directory.isEmpty()) {
            throw new InvalidSetting("log.dir is not set: name a directory for the data,"
                    + " or set strandline.durability=memory to keep it in memory");
        }
        return new FileDisk(Path.of(directory));
    }

    private static List<InetSocketAddress> addresses(BrokerConfig config) {
        var addresses = new ArrayList<InetSocketAddress>();
        for (var listener : config.get(BrokerConfig.LISTENERS).split(",", -1)) {
            int scheme = listener.indexOf("://");
            if (scheme >= 0 && !listener.strip().startsWith("PLAINTEXT://")) {
                throw new InvalidSetting("listeners cannot be '" + listener + "': only PLAINTEXT is there yet");
            }
            var endpoint = Endpoint.parse(listener);
            addresses.add(
                    endpoint.host().isEmpty()
                            ? new InetSocketAddress(endpoint.port())
                            : new InetSocketAddress(endpoint.host(), endpoint.port()));
        }
        for (var address : addresses) {
            if (address.isUnresolved()) {
                throw new InvalidSetting(
                        "listeners names the host '" + address.getHostString() + "', which cannot be found");
            }
        }
        return addresses;
    }

    /** Now, not when the first client asks. */
    private static void refuseUnreadableAddressForClients(BrokerConfig config) {
        var advertised = config.get(BrokerConfig.ADVERTISED_LISTENERS);
        if (!advertised.isEmpty()) {
            var endpoint = Endpoint.parse(advertised);
            if (endpoint.host().isEmpty() || endpoint.port() == 0) {
                throw new InvalidSetting("advertised.listeners cannot be '" + advertised
                        + "': clients need a host and a port, such as PLAINTEXT://broker.example.com:9092");
            }
        }
    }

    private static void awaitDurable(Durability durability, Time time) throws IOException {
        var waiter = new Waiter();
        durability.notify(waiter);
        long deadline = time.nanos() + FIRST_FORCE_LIMIT.toNanos();
        while (durability.state() == Durability.State.PENDING) {
            if (time.nanos() - deadline >= 0) {
                throw new IOException("The disk did not take a first small write within "
                        + FIRST_FORCE_LIMIT.toSeconds() + " s: it is broken or far too slow");
            }
            waiter.rearm();
            if (durability.state() == Durability.State.PENDING) {
                waiter.await(time, deadline);
            }
        }
        if (durability.state() != Durability.State.DURABLE) {
            throw new IOException("The disk refused a first small write (" + durability.state() + ")");
        }
    }

    /** Kafka's form of a cluster id: 16 bytes as 22 characters. */
    private static String textOf(UUID id) {
        var bytes = ByteBuffer.allocate(16).putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /** For the start banner: what an acknowledgement means here, in a sentence. */
    public String durabilityInWords() {
        return switch (config.durability()) {
            case FSYNC -> "acks=all means on the disk: it survives a power cut";
            case OS -> "acks=all means in the operating system: it survives the death of the process, not a power cut";
            case MEMORY -> "acks=all means in this process: everything is gone when it ends";
        };
    }

    /** Where the data is; empty when it is in memory. */
    public Optional<Path> directory() {
        return config.durability() == DurabilityMode.MEMORY
                ? Optional.empty()
                : Optional.of(Path.of(config.get(BrokerConfig.LOG_DIR)));
    }
}

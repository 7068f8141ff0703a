package io.strandline.broker.config;

import io.strandline.broker.groups.GroupConfig;
import io.strandline.broker.net.NetSettings;
import io.strandline.storage.DurabilityMode;
import io.strandline.storage.StoreConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * How a broker works. Immutable; every {@code with} gives another one. Settings have Kafka's names where Kafka has them, so a
 * {@code server.properties} can be read; what only we have begins with {@code strandline.}.
 *
 * <pre>{@code
 *   BrokerConfig.defaults().directory(path).port(0).durability(DurabilityMode.FSYNC)
 * }</pre>
 */
public final class BrokerConfig {
    public static final Setting<String> LISTENERS = Setting.text(
            "listeners",
            "PLAINTEXT://127.0.0.1:9092",
            "Where to listen, as PLAINTEXT://host:port, several separated by commas; port 0 takes any free one.");
    public static final Setting<String> ADVERTISED_LISTENERS = Setting.text(
            "advertised.listeners", "", "The address told to clients; empty: the one on which the client reached us.");
    public static final Setting<Integer> NODE_ID =
            Setting.integer("node.id", 1, 0, Integer.MAX_VALUE, "The number of this broker.");
    public static final Setting<String> LOG_DIR =
            Setting.text("log.dir", "", "The data directory; not needed with strandline.durability=memory.");
    public static final Setting<String> DURABILITY = Setting.oneOf(
            "strandline.durability",
            "fsync",
            List.of("fsync", "os", "memory"),
            "What acks=all means: on the disk, in the operating system, or in this process.");
    public static final Setting<Long> JOURNAL_BYTES = Setting.number(
            "strandline.journal.bytes",
            256L << 20,
            1 << 20,
            1L << 40,
            "The most that the journal takes on the disk: it begins with 4 MiB and grows with the load. A reserve as large as "
                    + "the journal is kept for a full disk.");
    public static final Setting<Boolean> ACCEPT_LOSS = Setting.flag(
            "strandline.accept.loss", false, "Opens a store though parts of it are missing. A decision for one start.");
    public static final Setting<String> REPLICATION = Setting.oneOf(
            "strandline.replication",
            "lenient",
            List.of("lenient", "strict"),
            "Whether a topic may ask for more replicas than the one there is.");
    public static final Setting<Integer> PLATFORM_THREADS = Setting.integer(
            "strandline.platform.threads",
            128,
            0,
            100_000,
            "Platform threads for connections, two each; connections beyond run on virtual threads.");
    public static final Setting<Long> STOP_MS = Setting.number(
            "strandline.stop.ms", 5_000, 0, 3_600_000, "How long a stop waits for replies that are owed.");
    public static final Setting<Integer> NUM_PARTITIONS = Setting.integer(
            "num.partitions", 1, 1, Integer.MAX_VALUE, "Partitions of a topic for which nobody says a number.");
    public static final Setting<Boolean> AUTO_CREATE_TOPICS = Setting.flag(
            "auto.create.topics.enable", true, "Whether a topic that a client asks for is made if it is missing.");
    public static final Setting<Boolean> DELETE_TOPIC_ENABLE =
            Setting.flag("delete.topic.enable", true, "Whether topics can be deleted.");
    public static final Setting<Integer> REQUEST_BYTES_MAX = Setting.integer(
            "socket.request.max.bytes", 104_857_600, 1024, Integer.MAX_VALUE - 64, "The longest request.");
    public static final Setting<Long> QUEUED_REQUEST_BYTES_MAX = Setting.number(
            "queued.max.request.bytes",
            -1,
            -1,
            Long.MAX_VALUE,
            "Bytes of all requests that are being received or worked on; -1: a quarter of the heap.");
    public static final Setting<Integer> CONNECTIONS_MAX =
            Setting.integer("max.connections", 10_000, 1, Integer.MAX_VALUE, "Connections in all.");
    public static final Setting<Integer> CONNECTIONS_PER_IP_MAX = Setting.integer(
            "max.connections.per.ip", Integer.MAX_VALUE, 1, Integer.MAX_VALUE, "Connections from one address.");
    public static final Setting<Long> CONNECTIONS_IDLE_MS = Setting.number(
            "connections.max.idle.ms", 600_000, 1, Long.MAX_VALUE / 1_000_000, "Silence that ends a connection.");
    public static final Setting<Integer> FETCH_MAX_BYTES =
            Setting.integer("fetch.max.bytes", 57_671_680, 1024, Integer.MAX_VALUE, "The most that one fetch gives.");
    public static final Setting<Integer> PRODUCER_EXPIRY_MS = Setting.integer(
            "producer.id.expiration.ms",
            86_400_000,
            1,
            Integer.MAX_VALUE,
            "How long an idempotent producer that does not write is remembered.");
    public static final Setting<Long> RETENTION_CHECK_MS = Setting.number(
            "log.retention.check.interval.ms",
            300_000,
            1,
            Long.MAX_VALUE / 1_000_000,
            "How often records are looked for that have had their time.");
    public static final Setting<Integer> GROUP_INITIAL_DELAY_MS = Setting.integer(
            "group.initial.rebalance.delay.ms",
            0,
            0,
            Integer.MAX_VALUE,
            "How long an empty group waits for more members before its first rebalance.");
    public static final Setting<Integer> GROUP_SESSION_MIN_MS = Setting.integer(
            "group.min.session.timeout.ms", 6_000, 1, Integer.MAX_VALUE, "The shortest session time-out.");
    public static final Setting<Integer> GROUP_SESSION_MAX_MS = Setting.integer(
            "group.max.session.timeout.ms", 1_800_000, 1, Integer.MAX_VALUE, "The longest session time-out.");
    public static final Setting<Integer> GROUP_SIZE_MAX =
            Setting.integer("group.max.size", Integer.MAX_VALUE, 1, Integer.MAX_VALUE, "Members of a group.");
    public static final Setting<Integer> OFFSETS_RETENTION_MINUTES = Setting.integer(
            "offsets.retention.minutes",
            10_080,
            1,
            Integer.MAX_VALUE,
            "How long the offsets of an empty group are kept.");

    /** What all topics have unless they say otherwise: the broker's name, the topic's name. */
    private static final String[][] TOPIC_DEFAULTS = {
        {"log.retention.ms", "retention.ms"},
        {"log.retention.bytes", "retention.bytes"},
        {"log.segment.bytes", "segment.bytes"},
        {"log.roll.ms", "segment.ms"},
        {"log.cleanup.policy", "cleanup.policy"},
        {"message.max.bytes", "max.message.bytes"},
        {"log.message.timestamp.type", "message.timestamp.type"},
        {"log.message.timestamp.before.max.ms", "message.timestamp.before.max.ms"},
        {"log.message.timestamp.after.max.ms", "message.timestamp.after.max.ms"},
        {"min.insync.replicas", "min.insync.replicas"},
        {"compression.type", "compression.type"},
    };

    /** Everything that can be set. */
    public static final SettingTable TABLE = new SettingTable("broker configuration", settings());

    private static final BrokerConfig DEFAULTS = new BrokerConfig(Map.of());

    private final Map<String, String> given;

    private BrokerConfig(Map<String, String> given) {
        this.given = Collections.unmodifiableMap(given);
    }

    public static BrokerConfig defaults() {
        return DEFAULTS;
    }

    /**
     * Reads settings as text.
     *
     * @throws InvalidSetting for a name that does not exist, with the nearest that does, or a value that is not possible
     */
    public static BrokerConfig of(Map<String, String> texts) {
        texts.forEach((name, text) -> TABLE.require(name).parse(text));
        return new BrokerConfig(new LinkedHashMap<>(texts));
    }

    /** See {@link #of(Map)}. */
    public static BrokerConfig of(Properties properties) {
        var texts = new LinkedHashMap<String, String>();
        for (var name : properties.stringPropertyNames()) {
            texts.put(name, properties.getProperty(name));
        }
        return of(texts);
    }

    /** The value that counts. */
    public <T> T get(Setting<T> setting) {
        var text = given.get(setting.name());
        return text == null ? setting.defaultValue() : setting.parse(text);
    }

    /** The value that counts, as text. */
    public String text(Setting<?> setting) {
        var text = given.get(setting.name());
        return text == null ? defaultText(setting) : text;
    }

    /** Whether somebody has set it. */
    public boolean isGiven(Setting<?> setting) {
        return given.containsKey(setting.name());
    }

    public <T> BrokerConfig with(Setting<T> setting, T value) {
        return with(setting.name(), setting.format(value));
    }

    /** @throws InvalidSetting for a name that does not exist or a value that is not possible */
    public BrokerConfig with(String name, String text) {
        TABLE.require(name).parse(text);
        var changed = new LinkedHashMap<>(given);
        changed.put(name, text);
        return new BrokerConfig(changed);
    }

    /** Keeps the data here. */
    public BrokerConfig directory(Path directory) {
        return with(LOG_DIR, directory.toString());
    }

    /** Listens on the loopback address; 0 takes any free port. */
    public BrokerConfig port(int port) {
        return with(LISTENERS, "PLAINTEXT://127.0.0.1:" + port);
    }

    public BrokerConfig durability(DurabilityMode mode) {
        return with(DURABILITY, mode.name().toLowerCase(java.util.Locale.ROOT));
    }

    public DurabilityMode durability() {
        return DurabilityMode.valueOf(get(DURABILITY).toUpperCase(java.util.Locale.ROOT));
    }

    /** What the broker says for all topics, under the topics' names. */
    public Map<String, String> topicDefaults() {
        var defaults = new HashMap<String, String>();
        for (var pair : TOPIC_DEFAULTS) {
            var text = given.get(pair[0]);
            if (text != null) {
                defaults.put(pair[1], text);
            }
        }
        return defaults;
    }

    /** The broker's name for what all topics have unless they say otherwise; empty where only a topic can say it. */
    public static Optional<String> nameOfDefault(String topicSetting) {
        for (var pair : TOPIC_DEFAULTS) {
            if (pair[1].equals(topicSetting)) {
                return Optional.of(pair[0]);
            }
        }
        return Optional.empty();
    }

    public StoreConfig store() {
        return StoreConfig.defaults()
                .withDurability(durability())
                .withJournalBytes(get(JOURNAL_BYTES))
                .withProducerExpiry(Duration.ofMillis(get(PRODUCER_EXPIRY_MS)))
                .withAcceptLoss(get(ACCEPT_LOSS));
    }

    public NetSettings net() {
        return new NetSettings(
                get(REQUEST_BYTES_MAX),
                get(CONNECTIONS_MAX),
                get(CONNECTIONS_PER_IP_MAX),
                Duration.ofMillis(get(CONNECTIONS_IDLE_MS)),
                NetSettings.defaults().requestPatience());
    }

    public GroupConfig groups() {
        return GroupConfig.defaults()
                .withSessionTimeoutsMs(get(GROUP_SESSION_MIN_MS), get(GROUP_SESSION_MAX_MS))
                .withInitialRebalanceDelayMs(get(GROUP_INITIAL_DELAY_MS))
                .withMaxSize(get(GROUP_SIZE_MAX))
                .withOffsetsRetentionMs(
                        Duration.ofMinutes(get(OFFSETS_RETENTION_MINUTES)).toMillis());
    }

    /** What all requests together may take, in bytes. */
    public long requestMemoryBytes() {
        long set = get(QUEUED_REQUEST_BYTES_MAX);
        return set > 0 ? set : Math.max(8L << 20, Runtime.getRuntime().maxMemory() / 4);
    }

    private static <T> String defaultText(Setting<T> setting) {
        return setting.format(setting.defaultValue());
    }

    private static List<Setting<?>> settings() {
        var settings = new ArrayList<Setting<?>>(List.of(
                LISTENERS,
                ADVERTISED_LISTENERS,
                NODE_ID,
                LOG_DIR,
                DURABILITY,
                JOURNAL_BYTES,
                ACCEPT_LOSS,
                REPLICATION,
                PLATFORM_THREADS,
                STOP_MS,
                NUM_PARTITIONS,
                AUTO_CREATE_TOPICS,
                DELETE_TOPIC_ENABLE,
                REQUEST_BYTES_MAX,
                QUEUED_REQUEST_BYTES_MAX,
                CONNECTIONS_MAX,
                CONNECTIONS_PER_IP_MAX,
                CONNECTIONS_IDLE_MS,
                FETCH_MAX_BYTES,
                PRODUCER_EXPIRY_MS,
                RETENTION_CHECK_MS,
                GROUP_INITIAL_DELAY_MS,
                GROUP_SESSION_MIN_MS,
                GROUP_SESSION_MAX_MS,
                GROUP_SIZE_MAX,
                OFFSETS_RETENTION_MINUTES));
        for (var pair : TOPIC_DEFAULTS) {
            settings.add(Setting.text(pair[0], "", "For topics that do not set " + pair[1] + " themselves."));
        }
        return settings;
    }
}

package io.strandline.broker.topics;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.config.InvalidSetting;
import io.strandline.broker.config.Setting;
import io.strandline.broker.config.SettingTable;
import io.strandline.storage.LogConfig;
import io.strandline.storage.TimestampType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How one topic wants to be kept: what was set for it, over the broker's defaults. Names, meanings and defaults are Kafka's
 * ({@code org.apache.kafka.common.config.TopicConfig}). Immutable.
 */
public final class TopicConfig {
    public static final Setting<List<String>> CLEANUP_POLICY = Setting.words(
            "cleanup.policy",
            List.of("delete"),
            List.of("delete", "compact"),
            "What happens to old records: delete, compact, or both.");
    public static final Setting<String> COMPRESSION_TYPE = Setting.oneOf(
            "compression.type",
            "producer",
            List.of("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"),
            "Stored and shown; batches are kept as the producer compressed them.");
    public static final Setting<Integer> MAX_MESSAGE_BYTES = Setting.integer(
            "max.message.bytes", 1_048_588, 0, Integer.MAX_VALUE, "The largest batch that is taken, in bytes.");
    public static final Setting<String> MESSAGE_TIMESTAMP_TYPE = Setting.oneOf(
            "message.timestamp.type",
            "CreateTime",
            List.of("CreateTime", "LogAppendTime"),
            "Whether the producer or the broker gives the time of a record.");
    public static final Setting<Long> TIMESTAMP_BEFORE_MAX_MS = Setting.number(
            "message.timestamp.before.max.ms",
            Long.MAX_VALUE,
            0,
            Long.MAX_VALUE,
            "How far the time of a record may lie in the past.");
    public static final Setting<Long> TIMESTAMP_AFTER_MAX_MS = Setting.number(
            "message.timestamp.after.max.ms",
            3_600_000,
            0,
            Long.MAX_VALUE,
            "How far the time of a record may lie in the future.");
    public static final Setting<Integer> MIN_INSYNC_REPLICAS = Setting.integer(
            "min.insync.replicas", 1, 1, Integer.MAX_VALUE, "Stored and shown; without effect on one node.");
    public static final Setting<Long> RETENTION_BYTES =
            Setting.number("retention.bytes", -1, -1, Long.MAX_VALUE, "The largest size of a partition; -1: no limit.");
    public static final Setting<Long> RETENTION_MS =
            Setting.number("retention.ms", 604_800_000, -1, Long.MAX_VALUE, "How long records are kept; -1: for ever.");
    public static final Setting<Integer> SEGMENT_BYTES = Setting.integer(
            "segment.bytes", 1 << 30, 1 << 20, Integer.MAX_VALUE, "The size of one file of a partition.");
    /** Kafka's name, too: segments smaller than anyone should use, so that a test sees many. */
    static final Setting<Integer> INTERNAL_SEGMENT_BYTES = Setting.integer(
            "internal.segment.bytes", 0, 0, Integer.MAX_VALUE, "For tests: overrides segment.bytes when not 0.");

    public static final Setting<Long> SEGMENT_MS = Setting.number(
            "segment.ms", 604_800_000, 1, Long.MAX_VALUE, "After this time a new file is begun though it is not full.");

    /** Words of a list, whichever they are: whether they are allowed is found out from the whole. */
    private static final Setting<List<String>> WORDS =
            Setting.words("words", List.of(), List.of(), "Words separated by commas.");

    /** Everything that can be set for a topic. */
    public static final SettingTable TABLE = new SettingTable("topic configuration", settings());

    private final Map<String, String> own;
    private final Map<String, String> defaults;
    private final LogConfig log;
    private final boolean compacted;
    private final long timestampBeforeMaxMs;
    private final long timestampAfterMaxMs;

    /**
     * @param own what was set for the topic
     * @param defaults what the broker sets for all topics
     * @throws InvalidSetting for a name that does not exist or a value that is not possible
     */
    public TopicConfig(Map<String, String> own, Map<String, String> defaults) {
        this.own = Map.copyOf(own);
        this.defaults = Map.copyOf(defaults);
        own.forEach((name, value) -> TABLE.require(name).parse(value));
        refuseWhatWouldBeIgnored();
        var policy = get(CLEANUP_POLICY);
        this.compacted = policy.contains("compact");
        this.timestampBeforeMaxMs = get(TIMESTAMP_BEFORE_MAX_MS);
        this.timestampAfterMaxMs = get(TIMESTAMP_AFTER_MAX_MS);
        this.log = new LogConfig(
                segmentBytes(),
                get(SEGMENT_MS),
                get(RETENTION_MS),
                get(RETENTION_BYTES),
                policy.contains("delete"),
                get(MAX_MESSAGE_BYTES),
                get(MESSAGE_TIMESTAMP_TYPE).equals("LogAppendTime")
                        ? TimestampType.LOG_APPEND_TIME
                        : TimestampType.CREATE_TIME);
    }

    /** The value that counts. */
    public <T> T get(Setting<T> setting) {
        return effectiveText(setting).map(setting::parse).orElse(setting.defaultValue());
    }

    /** The value that counts, as text. */
    public String text(Setting<?> setting) {
        return effectiveText(setting).orElseGet(() -> defaultText(setting));
    }

    /** What was set for the topic itself. */
    public Map<String, String> own() {
        return own;
    }

    /**
     * What is set for the topic when all changes are made, in their order. Values are not looked at here.
     *
     * @throws InvalidSetting for a name that does not exist, or words for what is no list
     */
    public Map<String, String> ownAfter(List<ConfigChange> changes) {
        var after = new HashMap<>(own);
        for (var change : changes) {
            var setting = TABLE.require(change.name());
            switch (change) {
                case ConfigChange.Set(String name, String value) -> after.put(name, value);
                case ConfigChange.Delete(String name) -> after.remove(name);
                case ConfigChange.Append(String name, String words) -> {
                    var list = list(setting);
                    for (var word : WORDS.parse(words)) {
                        if (!list.contains(word)) {
                            list.add(word);
                        }
                    }
                    after.put(name, String.join(",", list));
                }
                case ConfigChange.Subtract(String name, String words) -> {
                    var list = list(setting);
                    list.removeAll(WORDS.parse(words));
                    after.put(name, String.join(",", list));
                }
            }
        }
        return after;
    }

    private List<String> list(Setting<?> setting) {
        if (setting.kind() != Setting.Kind.LIST) {
            throw new InvalidSetting(setting.name()
                    + " is no list: nothing can be appended to it or subtracted from it; set it to another value");
        }
        return new ArrayList<>(WORDS.parse(text(setting)));
    }

    /** All values that a setting could have, the one that counts first: of the topic, of the broker, Kafka's default. */
    public List<Possible> possible(Setting<?> setting) {
        var possible = new ArrayList<Possible>(3);
        var ofBroker = BrokerConfig.nameOfDefault(setting.name()).orElse(setting.name());
        var given = own.get(setting.name());
        if (given != null) {
            possible.add(new Possible(setting.name(), given, Source.TOPIC));
        }
        var byDefault = defaults.get(setting.name());
        if (byDefault != null) {
            possible.add(new Possible(ofBroker, byDefault, Source.BROKER));
        }
        possible.add(new Possible(ofBroker, defaultText(setting), Source.DEFAULT));
        return possible;
    }

    /**
     * One of the values that a setting could have.
     *
     * @param name under which it is set where it comes from
     */
    public record Possible(String name, String value, Source source) {}

    /** Where the value of a setting comes from. */
    public Source source(Setting<?> setting) {
        if (own.containsKey(setting.name())) {
            return Source.TOPIC;
        }
        return defaults.containsKey(setting.name()) ? Source.BROKER : Source.DEFAULT;
    }

    /** See {@link #source}; the numbers are those of DescribeConfigs. */
    public enum Source {
        TOPIC(1),
        BROKER(4),
        DEFAULT(5);

        private final byte code;

        Source(int code) {
            this.code = (byte) code;
        }

        public byte code() {
            return code;
        }
    }

    /** What the log engine needs to know. */
    public LogConfig log() {
        return log;
    }

    /** Whether only the last record of each key must stay; then every record needs a key. */
    public boolean compacted() {
        return compacted;
    }

    public long timestampBeforeMaxMs() {
        return timestampBeforeMaxMs;
    }

    public long timestampAfterMaxMs() {
        return timestampAfterMaxMs;
    }

    private Optional<String> effectiveText(Setting<?> setting) {
        var text = own.get(setting.name());
        return Optional.ofNullable(text != null ? text : defaults.get(setting.name()));
    }

    private static <T> String defaultText(Setting<T> setting) {
        return setting.format(setting.defaultValue());
    }

    private int segmentBytes() {
        int forTests = get(INTERNAL_SEGMENT_BYTES);
        return forTests > 0 ? forTests : get(SEGMENT_BYTES);
    }

    private void refuseWhatWouldBeIgnored() {
        if ("true"
                .equalsIgnoreCase(
                        own.getOrDefault("remote.storage.enable", "false").strip())) {
            throw new InvalidSetting("remote.storage.enable cannot be true: there is no tiered storage here");
        }
    }

    /** All names in order, for listings. */
    public Map<String, String> all() {
        var all = new TreeMap<String, String>();
        for (var setting : TABLE.all()) {
            all.put(setting.name(), text(setting));
        }
        return all;
    }

    private static List<Setting<?>> settings() {
        long forEver = Long.MAX_VALUE;
        var noEffect = "Known to Kafka, stored and shown; without effect here.";
        return List.of(
                CLEANUP_POLICY,
                COMPRESSION_TYPE,
                MAX_MESSAGE_BYTES,
                MESSAGE_TIMESTAMP_TYPE,
                TIMESTAMP_BEFORE_MAX_MS,
                TIMESTAMP_AFTER_MAX_MS,
                MIN_INSYNC_REPLICAS,
                RETENTION_BYTES,
                RETENTION_MS,
                SEGMENT_BYTES,
                INTERNAL_SEGMENT_BYTES,
                SEGMENT_MS,
                Setting.integer("compression.gzip.level", -1, -1, 9, noEffect),
                Setting.integer("compression.lz4.level", 9, 1, 17, noEffect),
                Setting.integer("compression.zstd.level", 3, -131_072, 22, noEffect),
                Setting.number("delete.retention.ms", 86_400_000, 0, forEver, noEffect),
                Setting.number("file.delete.delay.ms", 60_000, 0, forEver, noEffect),
                Setting.number("flush.messages", forEver, 1, forEver, "Everything acknowledged is flushed anyway."),
                Setting.number("flush.ms", forEver, 0, forEver, "Everything acknowledged is flushed anyway."),
                Setting.integer("index.interval.bytes", 4096, 0, Integer.MAX_VALUE, noEffect),
                Setting.fraction("min.cleanable.dirty.ratio", 0.5, noEffect),
                Setting.number("min.compaction.lag.ms", 0, 0, forEver, noEffect),
                Setting.number("max.compaction.lag.ms", forEver, 1, forEver, noEffect),
                Setting.flag("message.downconversion.enable", true, noEffect),
                Setting.flag("preallocate", false, noEffect),
                Setting.integer("segment.index.bytes", 10_485_760, 4, Integer.MAX_VALUE, noEffect),
                Setting.number("segment.jitter.ms", 0, 0, forEver, noEffect),
                Setting.flag("unclean.leader.election.enable", false, noEffect),
                Setting.words("leader.replication.throttled.replicas", List.of(), List.of(), noEffect),
                Setting.words("follower.replication.throttled.replicas", List.of(), List.of(), noEffect),
                Setting.flag("remote.storage.enable", false, "There is no tiered storage: only false is taken."),
                Setting.flag("remote.log.copy.disable", false, noEffect),
                Setting.flag("remote.log.delete.on.disable", false, noEffect),
                Setting.number("local.retention.ms", -2, -2, forEver, noEffect),
                Setting.number("local.retention.bytes", -2, -2, forEver, noEffect));
    }
}

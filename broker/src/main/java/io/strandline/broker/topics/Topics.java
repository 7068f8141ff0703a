package io.strandline.broker.topics;

import io.strandline.broker.config.InvalidSetting;
import io.strandline.protocol.ErrorCode;
import io.strandline.storage.Durability;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which topics there are. Deciding, appending and applying are one step under the lock; what waits for the disk is the reply
 * (W15). Stricter than that: a new topic, a new partition and another setting exist for clients only when they are durable, so
 * nothing can be produced to a partition that a power cut would take back, and no setting has an effect that is not kept.
 *
 * <p>Reading needs no lock and may come from any thread.
 */
public final class Topics {
    /** More than any sensible topic has, and few enough that one reply can name them. */
    public static final int PARTITIONS_MAX = 10_000;

    private final MetadataLog log;
    private final Map<String, String> defaults;
    private final Supplier<UUID> newIds;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<UUID, Topic> byId = new ConcurrentHashMap<>();
    private final Map<String, Topic> byName = new ConcurrentHashMap<>();
    private final Map<String, String> nameByCollisionKey = new HashMap<>(); // guarded by lock
    private final List<Deletion> deletions = new ArrayList<>(); // guarded by lock

    private record Deletion(Topic topic, long endOffset) {}

    /**
     * @param defaults topic configuration set for the whole broker
     * @param newIds gives an id that was never used before
     */
    public Topics(MetadataLog log, Map<String, String> defaults, Supplier<UUID> newIds) {
        this.log = log;
        this.defaults = Map.copyOf(defaults);
        this.newIds = newIds;
    }

    /** What became of a wish to change something. */
    public sealed interface Changed {
        /** @param durable what the reply waits for */
        record Done(Topic topic, Durability durable) implements Changed {}

        record Refused(ErrorCode error, String reason) implements Changed {}
    }

    /** The topic of this name, if clients may know it. */
    public Optional<Topic> find(String name) {
        return visible(byName.get(name));
    }

    /** The topic of this id, if clients may know it. */
    public Optional<Topic> find(UUID id) {
        return visible(byId.get(id));
    }

    /** All topics that clients may know, by name. */
    public List<Topic> all() {
        var all = new ArrayList<Topic>();
        for (var topic : byId.values()) {
            visible(topic).ifPresent(all::add);
        }
        all.sort(Comparator.comparing(Topic::name));
        return all;
    }

    /** The topic of this id, also when its creation is still on its way to the disk. */
    Optional<Topic> known(UUID id) {
        return Optional.ofNullable(byId.get(id));
    }

    /** What would be refused about a new topic, without making it. */
    public Optional<Changed.Refused> refusal(String name, int partitions, Map<String, String> config) {
        lock.lock();
        try {
            return fault(name, partitions, config);
        } finally {
            lock.unlock();
        }
    }

    /** Makes a topic. It exists for clients when {@link Changed.Done#durable} says so. */
    public Changed create(String name, int partitions, Map<String, String> config) {
        lock.lock();
        try {
            var fault = fault(name, partitions, config);
            if (fault.isPresent()) {
                return fault.get();
            }
            return change(new Event.TopicCreated(newIds.get(), name, partitions, Map.copyOf(config)));
        } finally {
            lock.unlock();
        }
    }

    /** The topic of this name, made if it is missing; what to wait for covers a creation that someone else began, too. */
    public Changed ensure(String name, int partitions) {
        lock.lock();
        try {
            var existing = byName.get(name);
            return existing == null
                    ? create(name, partitions, Map.of())
                    : new Changed.Done(existing, log.durable(existing.durableFrom()));
        } finally {
            lock.unlock();
        }
    }

    /** Removes a topic with all its records. New requests do not see it any more; its files go once that is durable. */
    public Changed delete(UUID id) {
        lock.lock();
        try {
            if (visible(byId.get(id)).isEmpty()) {
                return new Changed.Refused(ErrorCode.UNKNOWN_TOPIC_ID, "There is no topic with the id " + id);
            }
            return change(new Event.TopicDeleted(id));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Changes what was set for a topic. It counts when {@link Changed.Done#durable} says so.
     *
     * @param change from the configuration as it is, changes on their way to the disk included, to all that is to be set for
     *     the topic; may throw {@link InvalidSetting}
     */
    public Changed configure(UUID id, Function<TopicConfig, Map<String, String>> change) {
        lock.lock();
        try {
            return switch (decideConfig(id, change)) {
                case Decision.No no -> no.refused();
                case Decision.Nothing nothing -> alreadySo(nothing.topic());
                case Decision.Yes yes -> change(yes.event());
            };
        } finally {
            lock.unlock();
        }
    }

    /** What would be refused about a change of settings, without making it; see {@link #configure}. */
    public Optional<Changed.Refused> refusal(UUID id, Function<TopicConfig, Map<String, String>> change) {
        lock.lock();
        try {
            return refused(decideConfig(id, change));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Gives a topic more partitions. They exist for clients when {@link Changed.Done#durable} says so.
     *
     * @param partitions how many there are to be in all
     */
    public Changed addPartitions(UUID id, int partitions) {
        lock.lock();
        try {
            return switch (decidePartitions(id, partitions)) {
                case Decision.No no -> no.refused();
                case Decision.Nothing nothing -> alreadySo(nothing.topic());
                case Decision.Yes yes -> change(yes.event());
            };
        } finally {
            lock.unlock();
        }
    }

    /** What would be refused about more partitions, without adding them; see {@link #addPartitions}. */
    public Optional<Changed.Refused> refusal(UUID id, int partitions) {
        lock.lock();
        try {
            return refused(decidePartitions(id, partitions));
        } finally {
            lock.unlock();
        }
    }

    /** Topics whose deletion has become durable since the last call; what belongs to them may go now. */
    public List<Topic> deletedForGood() {
        lock.lock();
        try {
            var gone = new ArrayList<Topic>();
            deletions.removeIf(deletion -> {
                boolean durable = log.isDurable(deletion.endOffset());
                if (durable) {
                    gone.add(deletion.topic());
                }
                return durable;
            });
            return gone;
        } finally {
            lock.unlock();
        }
    }

    private Optional<Topic> visible(@Nullable Topic latest) {
        var topic = latest;
        while (topic != null && !log.isDurable(topic.durableFrom())) {
            topic = topic.before();
        }
        return Optional.ofNullable(topic);
    }

    /** What a wish to change a topic leads to. */
    private sealed interface Decision {
        record Yes(Event event) implements Decision {}

        /** It is so already, or will be when what is on its way to the disk is there. */
        record Nothing(Topic topic) implements Decision {}

        record No(Changed.Refused refused) implements Decision {}
    }

    private Decision decideConfig(UUID id, Function<TopicConfig, Map<String, String>> change) {
        var topic = byId.get(id);
        if (topic == null || visible(topic).isEmpty()) {
            return noSuchTopic(id);
        }
        try {
            var wanted = change.apply(topic.config());
            new TopicConfig(wanted, defaults);
            return wanted.equals(topic.config().own())
                    ? new Decision.Nothing(topic)
                    : new Decision.Yes(new Event.TopicConfigured(id, Map.copyOf(wanted)));
        } catch (InvalidSetting e) {
            return no(ErrorCode.INVALID_CONFIG, String.valueOf(e.getMessage()));
        }
    }

    private Decision decidePartitions(UUID id, int wanted) {
        var topic = byId.get(id);
        if (topic == null || visible(topic).isEmpty()) {
            return noSuchTopic(id);
        }
        int now = topic.partitions();
        if (wanted == now) {
            return no(ErrorCode.INVALID_PARTITIONS, "Topic '" + topic.name() + "' has " + now + " partitions already");
        }
        if (wanted < now) {
            return no(
                    ErrorCode.INVALID_PARTITIONS,
                    "Topic '" + topic.name() + "' has " + now + " partitions and cannot have fewer, such as " + wanted
                            + ": the records of those that go would be lost. Make a new topic");
        }
        if (wanted > PARTITIONS_MAX) {
            return no(
                    ErrorCode.INVALID_PARTITIONS,
                    "A topic has from 1 to " + PARTITIONS_MAX + " partitions, not " + wanted);
        }
        return new Decision.Yes(new Event.PartitionsAdded(id, wanted));
    }

    private static Decision noSuchTopic(UUID id) {
        return no(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "There is no topic with the id " + id);
    }

    private static Decision no(ErrorCode error, String reason) {
        return new Decision.No(new Changed.Refused(error, reason));
    }

    private static Optional<Changed.Refused> refused(Decision decision) {
        return decision instanceof Decision.No(Changed.Refused refused) ? Optional.of(refused) : Optional.empty();
    }

    private Changed alreadySo(Topic topic) {
        return new Changed.Done(topic, log.durable(topic.durableFrom()));
    }

    private Optional<Changed.Refused> fault(String name, int partitions, Map<String, String> config) {
        var nameFault = TopicName.fault(name);
        if (nameFault.isPresent()) {
            return refused(ErrorCode.INVALID_TOPIC_EXCEPTION, nameFault.get());
        }
        var sameKey = nameByCollisionKey.get(TopicName.collisionKey(name));
        if (name.equals(sameKey)) {
            return refused(ErrorCode.TOPIC_ALREADY_EXISTS, "Topic '" + name + "' exists already");
        }
        if (sameKey != null) {
            return refused(
                    ErrorCode.INVALID_TOPIC_EXCEPTION,
                    "Topic '" + name + "' differs from the existing topic '" + sameKey
                            + "' only in '.' and '_'; Kafka does not allow both");
        }
        if (partitions < 1 || partitions > PARTITIONS_MAX) {
            return refused(
                    ErrorCode.INVALID_PARTITIONS,
                    "A topic has from 1 to " + PARTITIONS_MAX + " partitions, not " + partitions);
        }
        try {
            new TopicConfig(config, defaults);
            return Optional.empty();
        } catch (InvalidSetting e) {
            return refused(ErrorCode.INVALID_CONFIG, String.valueOf(e.getMessage()));
        }
    }

    private static Optional<Changed.Refused> refused(ErrorCode error, String reason) {
        return Optional.of(new Changed.Refused(error, reason));
    }

    /** Appends and applies; the caller holds the lock and has decided. */
    private Changed change(Event event) {
        return switch (log.append(event)) {
            case MetadataLog.Appended.At(long endOffset) ->
                new Changed.Done(applied(event, endOffset), log.durable(endOffset));
            case MetadataLog.Appended.Refused(String reason) ->
                new Changed.Refused(ErrorCode.KAFKA_STORAGE_ERROR, reason);
        };
    }

    private Topic applied(Event event, long endOffset) {
        var topic = apply(event, endOffset);
        if (topic == null) {
            throw new IllegalStateException("No event of a topic: " + event);
        }
        return topic;
    }

    /**
     * Changes the state; cannot fail. Called under the lock while the broker runs, and by one thread at the start.
     *
     * @param endOffset where the event ends in the log; 0 at the start, when all of it is durable
     * @return the topic concerned; null when the event is not about a topic, or about one that is gone
     */
    @Nullable
    Topic apply(Event event, long endOffset) {
        return switch (event) {
            case Event.TopicCreated created -> {
                var config = new TopicConfig(created.config(), defaults);
                var topic = new Topic(created.id(), created.name(), created.partitions(), config, endOffset, null);
                nameByCollisionKey.put(TopicName.collisionKey(topic.name()), topic.name());
                yield put(topic);
            }
            case Event.TopicDeleted(UUID id) -> {
                var topic = byId.remove(id);
                if (topic != null) {
                    byName.remove(topic.name());
                    nameByCollisionKey.remove(TopicName.collisionKey(topic.name()));
                    if (endOffset > 0) {
                        deletions.add(new Deletion(topic, endOffset));
                    }
                }
                yield topic;
            }
            case Event.TopicConfigured(UUID id, Map<String, String> config) -> {
                var topic = byId.get(id);
                yield topic == null
                        ? null
                        : put(new Topic(
                                id,
                                topic.name(),
                                topic.partitions(),
                                new TopicConfig(config, defaults),
                                endOffset,
                                shortened(topic)));
            }
            case Event.PartitionsAdded(UUID id, int partitions) -> {
                var topic = byId.get(id);
                yield topic == null
                        ? null
                        : put(new Topic(id, topic.name(), partitions, topic.config(), endOffset, shortened(topic)));
            }
            case Event.Named named -> null;
            case Event.Started started -> null;
            case Event.ProducerIdsReserved reserved -> null;
        };
    }

    /** Without what no client will see again. */
    private @Nullable Topic shortened(@Nullable Topic topic) {
        if (topic == null || topic.before() == null) {
            return topic;
        }
        var before = log.isDurable(topic.durableFrom()) ? null : shortened(topic.before());
        return new Topic(topic.id(), topic.name(), topic.partitions(), topic.config(), topic.durableFrom(), before);
    }

    private Topic put(Topic topic) {
        byId.put(topic.id(), topic);
        byName.put(topic.name(), topic);
        return topic;
    }
}

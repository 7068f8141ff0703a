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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which topics there are. Deciding, appending and applying are one step under the lock; what waits for the disk is the reply
 * (W15). Stricter than that: a new topic exists for clients only when its creation is durable, so nothing can be produced to
 * a topic that a power cut would take back.
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

    private Optional<Topic> visible(@Nullable Topic topic) {
        return topic != null && log.isDurable(topic.durableFrom()) ? Optional.of(topic) : Optional.empty();
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
                var topic = new Topic(created.id(), created.name(), created.partitions(), config, endOffset);
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
                                topic.durableFrom()));
            }
            case Event.PartitionsAdded(UUID id, int partitions) -> {
                var topic = byId.get(id);
                yield topic == null
                        ? null
                        : put(new Topic(id, topic.name(), partitions, topic.config(), topic.durableFrom()));
            }
            case Event.Named named -> null;
            case Event.Started started -> null;
            case Event.ProducerIdsReserved reserved -> null;
        };
    }

    private Topic put(Topic topic) {
        byId.put(topic.id(), topic);
        byName.put(topic.name(), topic);
        return topic;
    }
}

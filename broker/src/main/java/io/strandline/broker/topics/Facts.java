package io.strandline.broker.topics;

import io.strandline.storage.Batch;
import io.strandline.storage.Catalogue;
import io.strandline.storage.Durability;
import io.strandline.storage.LogConfig;
import io.strandline.storage.PartitionLog;
import io.strandline.storage.Time;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Everything the metadata log says, brought together: the log engine asks it about topics, the broker about itself. One for
 * each broker; filled while its store opens.
 */
public final class Facts implements Catalogue {
    private final MetadataLog log;
    private final Topics topics;
    private final ProducerIds producerIds;
    private final Time time;
    private Event.@Nullable Named named;

    public Facts(Time time, Map<String, String> topicDefaults, Supplier<UUID> newIds) {
        this.time = time;
        this.log = new MetadataLog(time);
        this.topics = new Topics(log, topicDefaults, newIds);
        this.producerIds = new ProducerIds(log);
    }

    public Topics topics() {
        return topics;
    }

    public ProducerIds producerIds() {
        return producerIds;
    }

    /** Who this broker is, if it has ever been told. */
    public Optional<Event.Named> named() {
        return Optional.ofNullable(named);
    }

    /**
     * From here on facts can be added. Names the cluster when it has no name or another node id is wished.
     *
     * @param clusterId used when the cluster has no name yet
     * @param nodeId wished by the configuration
     * @return what to wait for before anyone is told; a disk that cannot write is found out here
     * @throws IllegalStateException when the log takes nothing
     */
    public Durability begin(PartitionLog metadata, String clusterId, int nodeId) {
        log.attach(metadata);
        var before = named;
        var now = new Event.Named(before == null ? clusterId : before.clusterId(), nodeId);
        if (!now.equals(before)) {
            add(now);
            named = now;
        }
        return log.durable(add(new Event.Started(time.wallMs())));
    }

    @Override
    public void apply(Batch batch) {
        for (var event : MetadataLog.events(batch)) {
            switch (event) {
                case Event.Named name -> named = name;
                case Event.ProducerIdsReserved reserved -> producerIds.apply(reserved);
                case Event.Started started -> {}
                case Event.TopicCreated created -> topics.apply(created, 0);
                case Event.TopicDeleted deleted -> topics.apply(deleted, 0);
                case Event.TopicConfigured configured -> topics.apply(configured, 0);
                case Event.PartitionsAdded added -> topics.apply(added, 0);
            }
        }
    }

    @Override
    public boolean live(UUID topicId) {
        return topics.known(topicId).isPresent();
    }

    @Override
    public LogConfig config(UUID topicId) {
        // Asked by threads of the engine, which may be a moment behind a deletion: then nothing depends on the answer.
        return topics.find(topicId)
                .or(() -> topics.known(topicId)) // the broker writes to a topic of its own while it is being made
                .map(topic -> topic.config().log())
                .orElseGet(LogConfig::keepEverything);
    }

    @Override
    public String name(UUID topicId) {
        return topics.known(topicId).map(Topic::name).orElse("");
    }

    private long add(Event event) {
        return switch (log.append(event)) {
            case MetadataLog.Appended.At(long endOffset) -> endOffset;
            case MetadataLog.Appended.Refused(String reason) ->
                throw new IllegalStateException("The metadata log cannot be written: " + reason);
        };
    }
}

package io.strandline;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.DescribeFeaturesOptions;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** kafka-clients' admin, blocking and typed. */
final class BlockingAdmin implements Admin, Discovery.Client {
    private static final Logger LOG = LoggerFactory.getLogger(Admin.class);

    private static final Duration LED_WITHIN = Duration.ofSeconds(10);

    private final Function<String, org.apache.kafka.clients.admin.Admin> make;
    private final NewTopics newTopics;
    private volatile String bootstrap;
    private volatile org.apache.kafka.clients.admin.Admin kafka;

    /**
     * @param make connects to these addresses
     * @param newTopics that are created here, for all who ask for them
     */
    BlockingAdmin(Function<String, org.apache.kafka.clients.admin.Admin> make, String bootstrap, NewTopics newTopics) {
        this.make = make;
        this.newTopics = newTopics;
        this.bootstrap = bootstrap;
        kafka = make.apply(bootstrap);
    }

    @Override
    public List<String> topics() {
        return get(kafka.listTopics().names()).stream().sorted().toList();
    }

    @Override
    public Optional<TopicInfo> topic(String name) {
        return describe(name)
                .map(topic -> new TopicInfo(name, topic.partitions().size(), replication(topic), config(name)));
    }

    @Override
    public boolean create(Topic<?, ?> topic) {
        var spec = topic.spec();
        var wanted = new NewTopic(
                        topic.name(),
                        Optional.of(spec.partitions()).filter(n -> n != -1),
                        Optional.of(spec.replication()).filter(n -> n != -1))
                .configs(spec.config());
        boolean created = true;
        try {
            get(kafka.createTopics(List.of(wanted)).all());
        } catch (TopicExistsException e) {
            created = false; // by another one, perhaps between the caller's look and this
        }
        newTopics.confirm(topic.name());
        describe(topic.name()).ifPresent(this::awaitLeaders);
        return created;
    }

    /**
     * Until the leader of each partition answers for it: it hears of it later than those who only know of the topic. If it
     * refused the first batch of an idempotent producer and took the next, the first would be out of order for ever.
     */
    private void awaitLeaders(TopicDescription topic) {
        var asked = topic.partitions().stream()
                .collect(Collectors.toMap(
                        partition -> new TopicPartition(topic.name(), partition.partition()),
                        partition -> OffsetSpec.latest()));
        try {
            var limit = new ListOffsetsOptions().timeoutMs(Math.toIntExact(LED_WITHIN.toMillis()));
            get(kafka.listOffsets(asked, limit).all());
        } catch (KafkaException e) {
            LOG.info("Topic {} was created; whether all of its partitions have leaders is not known", topic.name(), e);
        }
    }

    @Override
    public List<Change> plan(Topic<?, ?>... topics) {
        var changes = new ArrayList<Change>();
        for (var topic : topics) {
            changes.addAll(difference(topic));
        }
        return changes;
    }

    @Override
    public List<Change> ensure(Topic<?, ?>... topics) {
        var done = new ArrayList<Change>();
        for (var topic : topics) {
            done.addAll(ensureOne(topic));
        }
        return done;
    }

    private List<Change> ensureOne(Topic<?, ?> topic) {
        var changes = difference(topic);
        if (isCreation(changes)) {
            if (create(topic)) {
                return changes;
            }
            // Created by someone else since we looked: what they made is checked like any other that exists.
            changes = difference(topic);
            if (isCreation(changes)) {
                throw doesNotExist(topic.name());
            }
        }
        if (!changes.isEmpty()) {
            change(topic.name(), changes);
        }
        return changes;
    }

    private static boolean isCreation(List<Change> changes) {
        return !changes.isEmpty() && changes.getFirst().what().equals(CREATED);
    }

    private void change(String topic, List<Change> changes) {
        try {
            alterConfig(topic, changes.stream().collect(Collectors.toMap(Change::what, Change::to)), Set.of());
        } catch (UnsupportedVersionException e) {
            throw new UnsupportedVersionException(
                    "Topic " + topic + " exists with other settings, and this broker cannot change settings: " + changes
                            + ". Take the settings out of the Topic, or make the topic anew.",
                    e);
        }
    }

    private static final String CREATED = "created";

    private List<Change> difference(Topic<?, ?> topic) {
        var spec = topic.spec();
        var found = newTopics.isDeleted(topic.name())
                ? Optional.<TopicDescription>empty() // whatever a node says that has not heard of it
                : describe(topic.name());
        if (found.isEmpty()) {
            return List.of(new Change(topic.name(), CREATED, Optional.empty(), text(spec)));
        }
        refuseOtherPartitionCount(topic.name(), found.get().partitions().size(), spec.partitions());
        if (spec.replication() != -1 && spec.replication() != replication(found.get())) {
            LOG.warn(
                    "Topic {} keeps {} copies of each partition, {} are wanted; this is left as it is",
                    topic.name(),
                    replication(found.get()),
                    spec.replication());
        }
        return configDifference(topic.name(), spec.config());
    }

    private static void refuseOtherPartitionCount(String topic, int is, int wanted) {
        if (wanted != -1 && wanted != is) {
            throw new IllegalStateException("Topic " + topic + " has " + is + " partitions, " + wanted
                    + " are wanted. ensure() never changes that: keys would move to other partitions and messages of"
                    + " one key would lose their order. "
                    + (wanted > is
                            ? "If that is all right, call admin().addPartitions(\"" + topic + "\", " + wanted + ")."
                            : "A topic cannot lose partitions; make a new one."));
        }
    }

    private List<Change> configDifference(String topic, Map<String, String> wanted) {
        if (wanted.isEmpty()) {
            return List.of();
        }
        var is = config(topic);
        var changes = new ArrayList<Change>();
        new TreeMap<>(wanted).forEach((name, value) -> {
            if (!value.equals(is.get(name))) {
                changes.add(new Change(topic, name, Optional.ofNullable(is.get(name)), value));
            }
        });
        return changes;
    }

    private static String text(Topic.Spec spec) {
        return (spec.partitions() == -1 ? "default" : spec.partitions()) + " partitions, "
                + (spec.replication() == -1 ? "default" : spec.replication()) + " copies, "
                + new TreeMap<>(spec.config());
    }

    @Override
    public void delete(String... topics) {
        for (var topic : topics) {
            newTopics.forget(topic);
            try {
                get(kafka.deleteTopics(List.of(topic)).all());
            } catch (UnknownTopicOrPartitionException e) {
                // Not there: that is what was asked for.
            }
            newTopics.deleted(topic);
        }
    }

    @Override
    public void addPartitions(String topic, int total) {
        get(
                "add partitions",
                kafka.createPartitions(Map.of(topic, NewPartitions.increaseTo(total)))
                        .all());
    }

    @Override
    public void truncate(Partition partition, long beforeOffset) {
        get(
                "delete messages below an offset",
                kafka.deleteRecords(Map.of(partition.toKafka(), RecordsToDelete.beforeOffset(beforeOffset)))
                        .all());
    }

    @Override
    public Map<Partition, Long> offsets(String topic, Position position) {
        var partitions = partitions(topic);
        return switch (position) {
            case Position.Offset(long offset) ->
                partitions.stream().collect(Collectors.toMap(p -> p, p -> offset, (a, b) -> a, TreeMap::new));
            case Position.Earliest earliest -> listOffsets(partitions, OffsetSpec.earliest());
            case Position.Latest latest -> listOffsets(partitions, OffsetSpec.latest());
            case Position.At(Instant time) -> {
                var found = listOffsets(partitions, OffsetSpec.forTimestamp(time.toEpochMilli()));
                if (found.containsValue(-1L)) {
                    var ends = listOffsets(partitions, OffsetSpec.latest());
                    found.replaceAll((partition, offset) -> offset == -1 ? ends.getOrDefault(partition, 0L) : offset);
                }
                yield found;
            }
        };
    }

    private Map<Partition, Long> listOffsets(Collection<Partition> partitions, OffsetSpec spec) {
        var asked = partitions.stream().collect(Collectors.toMap(Partition::toKafka, p -> spec));
        var offsets = new TreeMap<Partition, Long>();
        get(kafka.listOffsets(asked).all())
                .forEach((partition, found) -> offsets.put(Partition.of(partition), found.offset()));
        return offsets;
    }

    private Set<Partition> partitions(String topic) {
        var found = describe(topic).orElseThrow(() -> doesNotExist(topic));
        return found.partitions().stream()
                .map(p -> Partition.of(topic, p.partition()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Override
    public List<String> groups() {
        return get(kafka.listGroups().all()).stream()
                .map(GroupListing::groupId)
                .sorted()
                .toList();
    }

    @Override
    public Optional<Group> group(String id) {
        try {
            var found = get(kafka.describeConsumerGroups(List.of(id)).all()).get(id);
            return Optional.ofNullable(found)
                    .filter(group -> group.groupState() != GroupState.DEAD) // so some brokers say that there is none
                    .map(BlockingAdmin::group);
        } catch (GroupIdNotFoundException e) {
            return Optional.empty();
        }
    }

    private static Group group(ConsumerGroupDescription found) {
        return new Group(
                found.groupId(),
                found.groupState().toString(),
                found.members().stream().map(BlockingAdmin::member).toList());
    }

    private static Member member(MemberDescription found) {
        return new Member(
                found.consumerId(),
                found.clientId(),
                found.host(),
                found.assignment().topicPartitions().stream()
                        .map(Partition::of)
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    @Override
    public Map<Partition, Long> committed(String group) {
        var committed = new TreeMap<Partition, Long>();
        committedWithMetadata(group).forEach((partition, offset) -> committed.put(partition, offset.offset()));
        return committed;
    }

    /** As {@link #committed}, with the text that was stored beside. */
    Map<Partition, OffsetAndMetadata> committedWithMetadata(String group) {
        var committed = new TreeMap<Partition, OffsetAndMetadata>();
        get(kafka.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
                .forEach((partition, offset) -> {
                    if (offset != null) {
                        committed.put(Partition.of(partition), offset);
                    }
                });
        return committed;
    }

    /** The offset behind the last message of a log. */
    long end(Partition partition) {
        return listOffsets(List.of(partition), OffsetSpec.latest()).getOrDefault(partition, 0L);
    }

    @Override
    public Map<Partition, Long> lag(String group) {
        var committed = committed(group);
        var lag = new TreeMap<Partition, Long>();
        listOffsets(committed.keySet(), OffsetSpec.latest())
                .forEach((partition, end) ->
                        lag.put(partition, Math.max(0, end - committed.getOrDefault(partition, end))));
        return lag;
    }

    @Override
    public void reset(String group, String topic, Position to) {
        set(group, offsets(topic, to));
    }

    @Override
    public List<Change> planReset(String group, String topic, Position to) {
        var committed = committed(group);
        var changes = new ArrayList<Change>();
        offsets(topic, to).forEach((partition, offset) -> {
            var from = committed.get(partition);
            if (from == null || !from.equals(offset)) {
                changes.add(new Change(
                        topic, partition.toString(), Optional.ofNullable(from).map(Object::toString), offset + ""));
            }
        });
        return changes;
    }

    @Override
    public void set(String group, Map<Partition, Long> offsets) {
        store(
                group,
                offsets.entrySet().stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, e -> new OffsetAndMetadata(e.getValue()))));
    }

    /** As {@link #set}, with a text beside. */
    void store(String group, Map<Partition, OffsetAndMetadata> offsets) {
        var kafkaOffsets = offsets.entrySet().stream()
                .collect(Collectors.toMap(e -> e.getKey().toKafka(), Map.Entry::getValue));
        try {
            get(kafka.alterConsumerGroupOffsets(group, kafkaOffsets).all());
        } catch (UnknownMemberIdException | GroupNotEmptyException | RebalanceInProgressException e) {
            throw new IllegalStateException(
                    "Group " + group + " has members, whose next commit would undo this. Stop them, then try again.",
                    e);
        }
    }

    @Override
    public void deleteGroups(String... ids) {
        get("delete groups", kafka.deleteConsumerGroups(Arrays.asList(ids)).all());
    }

    @Override
    public Map<String, String> config(String topic) {
        var found = newTopics.find(topic, () -> askConfig(topic));
        if (found.isEmpty() && describe(topic).isPresent()) {
            // Created by another client: one node knows of it, and the one that was asked before did not.
            newTopics.confirm(topic);
            found = newTopics.find(topic, () -> askConfig(topic));
        }
        return found.orElseThrow(() -> doesNotExist(topic));
    }

    private Optional<Map<String, String>> askConfig(String topic) {
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try {
            return Optional.of(
                    text(get(kafka.describeConfigs(List.of(resource)).all()).get(resource)));
        } catch (UnknownTopicOrPartitionException e) {
            return Optional.empty();
        }
    }

    private static Map<String, String> text(@Nullable Config found) {
        var config = new TreeMap<String, String>();
        if (found != null) {
            for (ConfigEntry entry : found.entries()) {
                if (entry.value() != null) {
                    config.put(entry.name(), entry.value());
                }
            }
        }
        return config;
    }

    @Override
    public void alterConfig(String topic, Map<String, String> set, Collection<String> remove) {
        var operations = Stream.concat(
                        set.entrySet().stream()
                                .map(e -> new AlterConfigOp(
                                        new ConfigEntry(e.getKey(), e.getValue()), AlterConfigOp.OpType.SET)),
                        remove.stream()
                                .map(name ->
                                        new AlterConfigOp(new ConfigEntry(name, null), AlterConfigOp.OpType.DELETE)))
                .toList();
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        get(
                "change settings",
                kafka.incrementalAlterConfigs(Map.of(resource, operations)).all());
    }

    @Override
    public Cluster cluster() {
        var found = kafka.describeCluster();
        var controller = get(found.controller());
        return new Cluster(
                get(found.clusterId()),
                Optional.ofNullable(controller).filter(node -> !node.isEmpty()).map(Node::id),
                get(found.nodes()).stream()
                        .map(node -> node.host() + ":" + node.port())
                        .sorted()
                        .toList());
    }

    @Override
    public List<AclBinding> acls() {
        return List.copyOf(
                get("tell rights", kafka.describeAcls(AclBindingFilter.ANY).values()));
    }

    @Override
    public void addAcls(AclBinding... acls) {
        get("give rights", kafka.createAcls(List.of(acls)).all());
    }

    @Override
    public void removeAcls(AclBinding... acls) {
        get(
                "take rights",
                kafka.deleteAcls(Stream.of(acls).map(AclBinding::toFilter).toList())
                        .all());
    }

    @Override
    public org.apache.kafka.clients.admin.Admin raw() {
        return kafka;
    }

    /** Calls that are under way by the old one fail: it is for when no broker answers it. */
    @Override
    public void moveTo(String other) {
        var left = kafka;
        kafka = make.apply(other);
        bootstrap = other;
        left.close(Duration.ZERO);
    }

    @Override
    public String bootstrap() {
        return bootstrap;
    }

    @Override
    public Map<Object, Discovery.Counters> counters() {
        var now = kafka;
        return Map.of(now, new Discovery.Counters("admin-client-metrics", now.metrics()));
    }

    @Override
    public void close() {
        // Shared by all callers of Kafka.admin(): closes with its Kafka.
    }

    /** @param copies the fewest that a partition has */
    record Shape(int partitions, int copies) {}

    /** Tells a topic from another one that has its name later; empty if the topic is not there. */
    Optional<Uuid> topicId(String topic) {
        return describe(topic).map(TopicDescription::topicId);
    }

    /** Empty if the topic is not there. Asks for nothing else. */
    Optional<Shape> shape(String topic) {
        return describe(topic).map(found -> new Shape(found.partitions().size(), replication(found)));
    }

    /** Whether the cluster has the group protocol of KIP-848. */
    ProtocolChoice.Offer offersConsumerProtocol(Duration atMost) {
        try {
            var limit = new DescribeFeaturesOptions().timeoutMs(Math.toIntExact(atMost.toMillis()));
            var version = get(kafka.describeFeatures(limit).featureMetadata())
                    .finalizedFeatures()
                    .get("group.version");
            return version != null && version.maxVersionLevel() > 0
                    ? ProtocolChoice.Offer.YES
                    : ProtocolChoice.Offer.NO;
        } catch (UnsupportedVersionException e) {
            return ProtocolChoice.Offer.NO;
        } catch (TimeoutException e) {
            return ProtocolChoice.Offer.UNKNOWN;
        }
    }

    /** That of a new topic when the node that answers knows of it. */
    private Optional<TopicDescription> describe(String topic) {
        return newTopics.find(topic, () -> askDescription(topic));
    }

    private Optional<TopicDescription> askDescription(String topic) {
        try {
            var found = get(kafka.describeTopics(List.of(topic)).allTopicNames());
            return Optional.ofNullable(found.get(topic));
        } catch (UnknownTopicOrPartitionException e) {
            return Optional.empty();
        }
    }

    private static UnknownTopicOrPartitionException doesNotExist(String topic) {
        return new UnknownTopicOrPartitionException("Topic " + topic + " does not exist, or this user may not see it");
    }

    private static int replication(TopicDescription topic) {
        return topic.partitions().stream()
                .mapToInt(p -> p.replicas().size())
                .min()
                .orElse(0);
    }

    /** @param what the broker is asked to do, as a sentence goes on after "cannot" */
    private static <T> T get(String what, KafkaFuture<T> future) {
        try {
            return get(future);
        } catch (UnsupportedVersionException e) {
            throw new UnsupportedVersionException("This broker cannot " + what + ": it does not have that request.", e);
        }
    }

    /** Waits at most as long as kafka-clients does ({@code default.api.timeout.ms}). */
    private static <T> T get(KafkaFuture<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException known
                    ? Advice.explained(known)
                    : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }
}

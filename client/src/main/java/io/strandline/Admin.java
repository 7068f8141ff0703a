package io.strandline;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.acl.AclBinding;

/**
 * Topics, offsets, groups, rights. Blocking; {@link #raw()} for the rest. Failures are kafka-clients' own
 * {@link org.apache.kafka.common.KafkaException} types; what the broker cannot do at all is an
 * {@link org.apache.kafka.common.errors.UnsupportedVersionException} that says so.
 */
public interface Admin extends AutoCloseable {
    /**
     * A topic as it is.
     *
     * @param config every setting, defaults included
     */
    record TopicInfo(String name, int partitions, int replication, Map<String, String> config) {}

    record Group(String id, String state, List<Member> members) {}

    record Member(String id, String clientId, String host, Set<Partition> partitions) {}

    /** Something that was changed, or would be; {@code from} is empty where there was nothing. */
    record Change(String topic, String what, Optional<String> from, String to) {}

    /**
     * The cluster as it is.
     *
     * @param controller the node's id, or empty where the cluster names none
     */
    record Cluster(String id, Optional<Integer> controller, List<String> brokers) {}

    /** Names, internal topics left out, sorted. */
    List<String> topics();

    /** Empty if there is none of this name. */
    Optional<TopicInfo> topic(String name);

    /**
     * Returns false if it was there already, whatever it looks like. It is to be seen, and its leaders answer, when this
     * returns: a cluster of Apache Kafka whose nodes do not all know of it yet is waited for, for some seconds at most.
     */
    boolean create(Topic<?, ?> topic);

    /** What {@link #ensure} would do; does nothing. */
    List<Change> plan(Topic<?, ?>... topics);

    /**
     * Creates what is missing and sets configuration that differs; never removes anything.
     *
     * @throws IllegalStateException if a topic exists with another number of partitions: that is never changed here,
     *     because keys would move to other partitions and lose their order; {@link #addPartitions} does it
     */
    List<Change> ensure(Topic<?, ?>... topics);

    /**
     * What is not there is left out in silence. A cluster of Apache Kafka may show a topic for a moment longer;
     * {@link #ensure} knows of what was deleted here, and makes it anew.
     */
    void delete(String... topics);

    /** Keys move: what is written afterwards may be in another partition than what was written before. */
    void addPartitions(String topic, int total);

    /** Deletes messages below this offset for good. */
    void truncate(Partition partition, long beforeOffset);

    /** The offset of this place in each partition. */
    Map<Partition, Long> offsets(String topic, Position position);

    default Map<Partition, Long> offsetsAt(String topic, Instant time) {
        return offsets(topic, Position.at(time));
    }

    /** Sorted. */
    List<String> groups();

    Optional<Group> group(String id);

    /** Next offsets to read, where some are stored. */
    Map<Partition, Long> committed(String group);

    /** Messages between what is committed and the end, where something is committed. */
    Map<Partition, Long> lag(String group);

    /**
     * Where the group reads next when it starts again.
     *
     * @throws IllegalStateException while the group has members: stop them first
     */
    void reset(String group, String topic, Position to);

    /** What {@link #reset} would do, per partition; does nothing. */
    List<Change> planReset(String group, String topic, Position to);

    /**
     * Stores these as the next offsets to read.
     *
     * @throws IllegalStateException while the group has members: stop them first
     */
    void set(String group, Map<Partition, Long> offsets);

    void deleteGroups(String... ids);

    /** Every setting, defaults included. */
    Map<String, String> config(String topic);

    /**
     * Changes settings of a topic, leaving the others as they are.
     *
     * @param remove settings that go back to their default
     */
    void alterConfig(String topic, Map<String, String> set, Collection<String> remove);

    Cluster cluster();

    /** Who may do what, in kafka-clients' own words. */
    List<AclBinding> acls();

    void addAcls(AclBinding... acls);

    /** What is not there is left out in silence. */
    void removeAcls(AclBinding... acls);

    /** kafka-clients' own, for the rest. */
    org.apache.kafka.clients.admin.Admin raw();

    /** Does nothing to a shared one, which closes with its {@link Kafka}. */
    @Override
    void close();
}

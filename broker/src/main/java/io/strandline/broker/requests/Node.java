package io.strandline.broker.requests;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.groups.ConsumerOffsets;
import io.strandline.broker.groups.Groups;
import io.strandline.broker.net.Complaints;
import io.strandline.broker.net.Session;
import io.strandline.broker.topics.ProducerIds;
import io.strandline.broker.topics.Topic;
import io.strandline.broker.topics.Topics;
import io.strandline.storage.Codec;
import io.strandline.storage.PartitionLog;
import io.strandline.storage.Store;
import io.strandline.storage.Time;

/**
 * What handlers work with: the parts of one running broker.
 *
 * @param clusterId told to clients; the same for the life of the data directory
 * @param consumerOffsets the log of the groups, whose durability their answers wait for
 * @param codec opens compressed records
 * @param complaints for what a client did wrong and the protocol has no field to tell
 */
public record Node(
        BrokerConfig config,
        String clusterId,
        int nodeId,
        Store store,
        Topics topics,
        ProducerIds producerIds,
        Groups groups,
        ConsumerOffsets consumerOffsets,
        Codec codec,
        Authorizer authorizer,
        Complaints complaints,
        Time time) {

    /** The log of a partition that the topic has. */
    PartitionLog log(Topic topic, int partition) {
        return store.log(topic.log(partition));
    }

    /**
     * Topics whose deletion has become durable may lose their files, and groups what they have read of them; not before, as a
     * power cut could bring the topic back. Called when the deletion is answered, and now and then.
     */
    public void letGoOfDeletedTopics() {
        for (var topic : topics.deletedForGood()) {
            // If a crash comes before this, the offsets stay for a while and mean nothing: they carry the topic's id.
            groups.forgetTopic(topic.name(), topic.id());
            store.delete(topic.id());
        }
    }

    boolean allows(Call call, Authorizer.Operation operation, Authorizer.Resource resource, String name) {
        return authorizer.allows(call.session(), operation, resource, name);
    }

    /** Where this client is told to find us. */
    Endpoint endpoint(Session session) {
        var advertised = config.get(BrokerConfig.ADVERTISED_LISTENERS);
        if (!advertised.isEmpty()) {
            return Endpoint.parse(advertised);
        }
        return new Endpoint(
                session.local().getAddress().getHostAddress(), session.local().getPort());
    }
}

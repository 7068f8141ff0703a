package io.strandline.broker.requests;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.broker.topics.TopicName;
import io.strandline.broker.topics.Topics.Changed;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.MetadataRequest;
import io.strandline.protocol.message.MetadataResponse;
import io.strandline.protocol.message.MetadataResponse.MetadataResponseBroker;
import io.strandline.protocol.message.MetadataResponse.MetadataResponsePartition;
import io.strandline.protocol.message.MetadataResponse.MetadataResponseTopic;
import io.strandline.storage.Durability;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Metadata, v0 to v13: which topics there are and where to find us. The address is the one on which this client reached us,
 * unless {@code advertised.listeners} says otherwise.
 *
 * <p>Asked for all: v0 with an empty list, later with null. From v10 on with topic ids, from v12 on also asked by id. A
 * topic that is missing is made when client and broker allow it, and the answer waits until it can be used; Apache Kafka
 * answers with an error first and lets the client come back. From v8 on the client can ask what it may do.
 */
final class MetadataHandler implements Handler<MetadataRequest> {
    private static final Duration CREATION_LIMIT = Duration.ofSeconds(10);

    private static final UUID NO_ID = new UUID(0, 0);

    private final Node node;

    MetadataHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(MetadataRequest request, Call call) {
        if (request.topics == null || (call.version() == 0 && request.topics.isEmpty())) {
            return Answer.now(respond(request, call, all(request, call)));
        }
        boolean create = node.config().get(BrokerConfig.AUTO_CREATE_TOPICS)
                && (call.version() < 4 || request.allowAutoTopicCreation);
        var asked = new ArrayList<Asked>(request.topics.size());
        var creations = new ArrayList<Durability>();
        for (var topic : request.topics) {
            // Kafka's admin client asks by id with an empty name, where the schema would have it null.
            var name = topic.topicId.equals(NO_ID) ? topic.name : null;
            var found = find(name, topic.topicId, create, call);
            asked.add(found);
            found.creation().ifPresent(creations::add);
        }
        if (creations.isEmpty()) {
            return Answer.now(respond(request, call, describe(asked, request, call)));
        }
        return new WhenDurable(
                Durability.all(creations),
                node.time(),
                CREATION_LIMIT,
                // Looked up again: a topic exists for clients from the moment its creation is durable.
                error -> respond(request, call, describe(asked, request, call)));
    }

    /**
     * One topic of the question.
     *
     * @param error why there is nothing to tell, unless the topic can be found when the answer is made
     * @param creation to wait for, when the topic is being made
     */
    private record Asked(@Nullable String name, UUID id, ErrorCode error, Optional<Durability> creation) {}

    private Asked find(@Nullable String name, UUID id, boolean create, Call call) {
        if (name == null) {
            return new Asked(null, id, ErrorCode.UNKNOWN_TOPIC_ID, Optional.empty());
        }
        if (TopicName.fault(name).isPresent()) {
            // A missing topic is asked for again, for it may come; this one never will.
            return new Asked(name, id, ErrorCode.INVALID_TOPIC_EXCEPTION, Optional.empty());
        }
        var unknown = new Asked(name, id, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, Optional.empty());
        if (!node.allows(call, Operation.DESCRIBE, Resource.TOPIC, name)) {
            return unknown; // looks like a topic that does not exist
        }
        if (!create
                || Topic.isInternal(name) // made by the broker itself, when it needs it
                || node.topics().find(name).isPresent()
                || !node.allows(call, Operation.CREATE, Resource.TOPIC, name)) {
            return unknown;
        }
        return switch (node.topics().ensure(name, node.config().get(BrokerConfig.NUM_PARTITIONS))) {
            case Changed.Done done -> new Asked(name, id, unknown.error(), Optional.of(done.durable()));
            case Changed.Refused refused -> {
                node.complaints()
                        .warn(
                                "metadata " + name,
                                call.session() + " asks for a topic that cannot be made. " + refused.reason());
                yield new Asked(name, id, refused.error(), Optional.empty());
            }
        };
    }

    private List<MetadataResponseTopic> all(MetadataRequest request, Call call) {
        var topics = new ArrayList<MetadataResponseTopic>();
        for (var topic : node.topics().all()) {
            if (node.allows(call, Operation.DESCRIBE, Resource.TOPIC, topic.name())) {
                topics.add(describe(topic, request, call));
            }
        }
        return topics;
    }

    private List<MetadataResponseTopic> describe(List<Asked> asked, MetadataRequest request, Call call) {
        var topics = new ArrayList<MetadataResponseTopic>(asked.size());
        for (var each : asked) {
            var name = each.name();
            var found =
                    name == null ? node.topics().find(each.id()) : node.topics().find(name);
            topics.add(found.filter(topic -> node.allows(call, Operation.DESCRIBE, Resource.TOPIC, topic.name()))
                    .map(topic -> describe(topic, request, call))
                    .orElseGet(() -> missing(each, call)));
        }
        return topics;
    }

    private static MetadataResponseTopic missing(Asked asked, Call call) {
        // A name is null only where the version can say so, which is where it can be asked by id.
        var name = asked.name() == null && call.version() < 12 ? "" : asked.name();
        return new MetadataResponseTopic().errorCode(asked.error()).name(name).topicId(asked.id());
    }

    private MetadataResponseTopic describe(Topic topic, MetadataRequest request, Call call) {
        var described = new MetadataResponseTopic()
                .errorCode(ErrorCode.NONE)
                .name(topic.name())
                .topicId(topic.id())
                .isInternal(topic.internal());
        if (request.includeTopicAuthorizedOperations) {
            described.topicAuthorizedOperations(AuthorizedOperations.of(Resource.TOPIC, topic.name(), node, call));
        }
        var here = List.of(node.nodeId());
        for (int partition = 0; partition < topic.partitions(); partition++) {
            described.partitions.add(new MetadataResponsePartition()
                    .partitionIndex(partition)
                    .leaderId(node.nodeId())
                    .leaderEpoch(node.log(topic, partition).leaderEpoch())
                    .replicaNodes(here)
                    .isrNodes(here));
        }
        return described;
    }

    private Message respond(MetadataRequest request, Call call, List<MetadataResponseTopic> topics) {
        var endpoint = node.endpoint(call.session());
        var response = new MetadataResponse()
                .brokers(List.of(new MetadataResponseBroker()
                        .nodeId(node.nodeId())
                        .host(endpoint.host())
                        .port(endpoint.port())))
                .clusterId(node.clusterId())
                .controllerId(node.nodeId())
                .topics(topics);
        if (request.includeClusterAuthorizedOperations) {
            response.clusterAuthorizedOperations(
                    AuthorizedOperations.of(Resource.CLUSTER, Authorizer.CLUSTER_NAME, node, call));
        }
        return response;
    }
}

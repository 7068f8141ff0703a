package io.strandline.broker.requests;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.config.Setting;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.broker.topics.TopicConfig;
import io.strandline.broker.topics.Topics.Changed;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.CreateTopicsRequest;
import io.strandline.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.strandline.protocol.message.CreateTopicsResponse;
import io.strandline.protocol.message.CreateTopicsResponse.CreatableTopicConfigs;
import io.strandline.protocol.message.CreateTopicsResponse.CreatableTopicResult;
import io.strandline.storage.Durability;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * CreateTopics, v2 to v7. A topic can be used as soon as its creation is answered.
 *
 * <p>On one node there is one replica. A larger replication factor is taken, reported as 1 and mentioned in the log once for
 * each topic, so a topic definition for a cluster works unchanged; {@code strandline.replication=strict} refuses it. From v5
 * on the answer carries the topic's whole configuration, from v7 its id.
 */
final class CreateTopicsHandler implements Handler<CreateTopicsRequest> {
    private static final int CONFIGS_FROM = 5;
    private static final short REPLICAS = 1;
    private static final short NOT_GIVEN = -1;

    private final Node node;

    CreateTopicsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(CreateTopicsRequest request, Call call) {
        var response = new CreateTopicsResponse();
        var made = new DurableParts();
        var twice = NamedTwice.in(request.topics.stream().map(topic -> topic.name));
        for (var wanted : request.topics) {
            var result = new CreatableTopicResult().name(wanted.name);
            response.topics.add(result);
            if (twice.contains(wanted.name)) {
                refuse(result, ErrorCode.INVALID_REQUEST, "The request names '" + wanted.name + "' more than once");
            } else {
                create(wanted, request.validateOnly, result, call, made);
            }
        }
        return made.answer(node.time(), Duration.ofMillis(request.timeoutMs), () -> response);
    }

    private void create(
            CreatableTopic wanted, boolean validateOnly, CreatableTopicResult result, Call call, DurableParts made) {
        if (!node.allows(call, Operation.CREATE, Resource.TOPIC, wanted.name)) {
            refuse(result, ErrorCode.TOPIC_AUTHORIZATION_FAILED, "This client may not create the topic");
            return;
        }
        if (Topic.isInternal(wanted.name)) {
            refuse(result, ErrorCode.INVALID_TOPIC_EXCEPTION, "The broker makes '" + wanted.name + "' itself");
            return;
        }
        var fault = replicationFault(wanted);
        if (fault != null) {
            refuse(result, fault.error(), fault.reason());
            return;
        }
        int partitions = partitions(wanted);
        var config = new HashMap<String, String>();
        for (var entry : wanted.configs) {
            if (entry.value == null) {
                refuse(result, ErrorCode.INVALID_CONFIG, "The configuration " + entry.name + " has no value");
                return;
            }
            config.put(entry.name, entry.value);
        }
        if (validateOnly) {
            node.topics()
                    .refusal(wanted.name, partitions, config)
                    .ifPresentOrElse(
                            refused -> refuse(result, refused.error(), refused.reason()),
                            () -> describe(
                                    result,
                                    partitions,
                                    new TopicConfig(config, node.config().topicDefaults()),
                                    call));
            return;
        }
        switch (node.topics().create(wanted.name, partitions, config)) {
            case Changed.Refused refused -> refuse(result, refused.error(), refused.reason());
            case Changed.Done(Topic topic, Durability durable) -> {
                result.topicId(topic.id());
                describe(result, partitions, topic.config(), call);
                sayWhatOneNodeMeans(wanted, config);
                made.add(
                        durable,
                        error -> refuse(
                                result,
                                error,
                                "The creation of the topic was not on the disk in time, or the disk has failed"));
            }
        }
    }

    private int partitions(CreatableTopic wanted) {
        if (!wanted.assignments.isEmpty()) {
            return wanted.assignments.size();
        }
        return wanted.numPartitions == NOT_GIVEN
                ? node.config().get(BrokerConfig.NUM_PARTITIONS)
                : wanted.numPartitions;
    }

    private @Nullable Fault replicationFault(CreatableTopic wanted) {
        if (!wanted.assignments.isEmpty()) {
            return assignmentFault(wanted);
        }
        boolean strict = node.config().get(BrokerConfig.REPLICATION).equals("strict");
        if (wanted.replicationFactor == 0 || wanted.replicationFactor < NOT_GIVEN) {
            return new Fault(
                    ErrorCode.INVALID_REPLICATION_FACTOR,
                    "A replication factor is positive, or -1 for the default; not " + wanted.replicationFactor,
                    List.of());
        }
        if (strict && wanted.replicationFactor > REPLICAS) {
            return new Fault(
                    ErrorCode.INVALID_REPLICATION_FACTOR,
                    "There is one node, so a replication factor of " + wanted.replicationFactor
                            + " is not possible (strandline.replication=strict)",
                    List.of());
        }
        return null;
    }

    /** Who places replicas by hand must place all of them here: partitions 0, 1, 2, ..., each on this node. */
    private @Nullable Fault assignmentFault(CreatableTopic wanted) {
        if (wanted.numPartitions != NOT_GIVEN || wanted.replicationFactor != NOT_GIVEN) {
            return new Fault(
                    ErrorCode.INVALID_REQUEST,
                    "With assignments, partitions and replication factor must both be -1",
                    List.of());
        }
        var indexes = new HashSet<Integer>();
        for (var assignment : wanted.assignments) {
            boolean here = assignment.brokerIds.equals(List.of(node.nodeId()));
            boolean inRange = assignment.partitionIndex >= 0 && assignment.partitionIndex < wanted.assignments.size();
            if (!here || !inRange || !indexes.add(assignment.partitionIndex)) {
                return new Fault(
                        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                        "Partition " + assignment.partitionIndex + " cannot be placed on nodes "
                                + assignment.brokerIds + ": partitions count from 0 without gaps, and the only node is "
                                + node.nodeId(),
                        List.of());
            }
        }
        return null;
    }

    private void sayWhatOneNodeMeans(CreatableTopic wanted, Map<String, String> config) {
        var minInSync = config.get(TopicConfig.MIN_INSYNC_REPLICAS.name());
        if (wanted.replicationFactor > REPLICAS
                || (minInSync != null && !minInSync.strip().equals("1"))) {
            node.complaints()
                    .warn(
                            "replication " + wanted.name,
                            "Topic '" + wanted.name + "' asks for replication factor " + wanted.replicationFactor
                                    + (minInSync == null ? "" : " and min.insync.replicas " + minInSync)
                                    + "; there is one node, so it has one replica, which acks=all waits for");
        }
    }

    private static void describe(CreatableTopicResult result, int partitions, TopicConfig config, Call call) {
        result.numPartitions(partitions).replicationFactor(REPLICAS);
        if (call.version() < CONFIGS_FROM) {
            return;
        }
        var configs = new ArrayList<CreatableTopicConfigs>();
        for (Setting<?> setting : TopicConfig.TABLE.all()) {
            configs.add(new CreatableTopicConfigs()
                    .name(setting.name())
                    .value(config.text(setting))
                    .configSource(config.source(setting).code()));
        }
        result.configs(configs);
    }

    private static void refuse(CreatableTopicResult result, ErrorCode error, String reason) {
        result.errorCode(error)
                .errorMessage(reason)
                .numPartitions(-1)
                .replicationFactor((short) -1)
                .configs(null);
    }
}

package io.strandline.broker.requests;

import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.broker.topics.Topics.Changed;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.CreatePartitionsRequest;
import io.strandline.protocol.message.CreatePartitionsRequest.CreatePartitionsTopic;
import io.strandline.protocol.message.CreatePartitionsResponse;
import io.strandline.protocol.message.CreatePartitionsResponse.CreatePartitionsTopicResult;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * CreatePartitions, v0 to v3: a topic gets more partitions, never fewer. They exist for clients when that is on the disk, and
 * the answer waits for it (W15). Consumers find out when they ask for metadata again, producers as well: the records of a key
 * may go to another partition from then on.
 */
final class CreatePartitionsHandler implements Handler<CreatePartitionsRequest> {
    private final Node node;

    CreatePartitionsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(CreatePartitionsRequest request, Call call) {
        var response = new CreatePartitionsResponse();
        var added = new DurableParts();
        var twice = NamedTwice.in(request.topics.stream().map(topic -> topic.name));
        for (var wanted : request.topics) {
            var result = new CreatePartitionsTopicResult().name(wanted.name);
            response.results.add(result);
            if (twice.contains(wanted.name)) {
                refuse(result, ErrorCode.INVALID_REQUEST, "The request names '" + wanted.name + "' more than once");
            } else {
                add(wanted, request.validateOnly, result, call, added);
            }
        }
        return added.answer(node.time(), Duration.ofMillis(request.timeoutMs), () -> response);
    }

    private void add(
            CreatePartitionsTopic wanted,
            boolean validateOnly,
            CreatePartitionsTopicResult result,
            Call call,
            DurableParts added) {
        var topic = node.topics().find(wanted.name);
        if (topic.isEmpty() || !node.allows(call, Operation.DESCRIBE, Resource.TOPIC, wanted.name)) {
            refuse(result, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "There is no topic '" + wanted.name + "'");
            return;
        }
        if (!node.allows(call, Operation.ALTER, Resource.TOPIC, wanted.name)) {
            refuse(result, ErrorCode.TOPIC_AUTHORIZATION_FAILED, "This client may not add partitions to the topic");
            return;
        }
        if (topic.get().internal()) {
            refuse(
                    result,
                    ErrorCode.INVALID_TOPIC_EXCEPTION,
                    "The broker's own topic '" + wanted.name + "' has the partitions that it needs");
            return;
        }
        var id = topic.get().id();
        var refusal = node.topics().refusal(id, wanted.count);
        var fault = assignmentFault(wanted, topic.get());
        if (refusal.isPresent()) {
            refuse(result, refusal.get().error(), refusal.get().reason());
        } else if (fault != null) {
            refuse(result, ErrorCode.INVALID_REPLICA_ASSIGNMENT, fault);
        } else if (!validateOnly) {
            switch (node.topics().addPartitions(id, wanted.count)) {
                case Changed.Refused refused -> refuse(result, refused.error(), refused.reason());
                case Changed.Done done ->
                    added.add(
                            done.durable(),
                            error -> refuse(
                                    result,
                                    error,
                                    "The partitions were not on the disk in time, or the disk has failed"));
            }
        }
    }

    /** Who places replicas by hand must place one of each new partition, here. */
    private @Nullable String assignmentFault(CreatePartitionsTopic wanted, Topic topic) {
        if (wanted.assignments == null) {
            return null;
        }
        int more = wanted.count - topic.partitions();
        if (wanted.assignments.size() != more) {
            return "There are " + wanted.assignments.size() + " assignments for " + more + " new partitions";
        }
        for (var assignment : wanted.assignments) {
            if (!assignment.brokerIds.equals(List.of(node.nodeId()))) {
                return "A partition cannot be placed on nodes " + assignment.brokerIds + ": the only node is "
                        + node.nodeId();
            }
        }
        return null;
    }

    private static void refuse(CreatePartitionsTopicResult result, ErrorCode error, String reason) {
        result.errorCode(error).errorMessage(reason);
    }
}

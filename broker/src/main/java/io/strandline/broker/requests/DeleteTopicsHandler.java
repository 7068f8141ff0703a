package io.strandline.broker.requests;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topics.Changed;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.DeleteTopicsRequest;
import io.strandline.protocol.message.DeleteTopicsRequest.DeleteTopicState;
import io.strandline.protocol.message.DeleteTopicsResponse;
import io.strandline.protocol.message.DeleteTopicsResponse.DeletableTopicResult;
import io.strandline.storage.Durability;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * DeleteTopics, v1 to v6: by name, from v6 on also by id. New requests do not see the topic any more; the answer waits until
 * no restart brings it back; its files go afterwards.
 */
final class DeleteTopicsHandler implements Handler<DeleteTopicsRequest> {
    private static final int STATES_FROM = 6;

    private final Node node;

    DeleteTopicsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(DeleteTopicsRequest request, Call call) {
        var response = new DeleteTopicsResponse();
        var deletions = new DurableParts();
        for (var wanted : wanted(request, call)) {
            var result = new DeletableTopicResult().name(wanted.name).topicId(wanted.topicId);
            response.responses.add(result);
            delete(wanted, result, call).ifPresent(durable -> deletions.add(durable, result::errorCode));
        }
        return deletions.answer(node.time(), Duration.ofMillis(request.timeoutMs), () -> {
            node.letGoOfDeletedTopics();
            return response;
        });
    }

    private static List<DeleteTopicState> wanted(DeleteTopicsRequest request, Call call) {
        if (call.version() >= STATES_FROM) {
            return request.topics;
        }
        var wanted = new ArrayList<DeleteTopicState>(request.topicNames.size());
        for (var name : request.topicNames) {
            wanted.add(new DeleteTopicState().name(name));
        }
        return wanted;
    }

    private Optional<Durability> delete(DeleteTopicState wanted, DeletableTopicResult result, Call call) {
        var topic = wanted.name == null
                ? node.topics().find(wanted.topicId)
                : node.topics().find(wanted.name);
        if (topic.isEmpty()
                || !node.allows(
                        call, Operation.DESCRIBE, Resource.TOPIC, topic.get().name())) {
            return wanted.name == null
                    ? refuse(result, ErrorCode.UNKNOWN_TOPIC_ID, "There is no topic with the id " + wanted.topicId)
                    : refuse(result, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "There is no topic '" + wanted.name + "'");
        }
        if (!node.config().get(BrokerConfig.DELETE_TOPIC_ENABLE)) {
            return refuse(result, ErrorCode.TOPIC_DELETION_DISABLED, "delete.topic.enable is false");
        }
        if (topic.get().internal()
                || !node.allows(
                        call, Operation.DELETE, Resource.TOPIC, topic.get().name())) {
            return refuse(result, ErrorCode.TOPIC_AUTHORIZATION_FAILED, "This client may not delete the topic");
        }
        result.name(topic.get().name()).topicId(topic.get().id());
        return switch (node.topics().delete(topic.get().id())) {
            case Changed.Done done -> Optional.of(done.durable());
            case Changed.Refused refused -> refuse(result, refused.error(), refused.reason());
        };
    }

    private static Optional<Durability> refuse(DeletableTopicResult result, ErrorCode error, String reason) {
        result.errorCode(error).errorMessage(reason);
        return Optional.empty();
    }
}

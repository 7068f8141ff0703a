package io.strandline.broker.requests;

import io.strandline.broker.groups.OffsetDeleteAnswer;
import io.strandline.broker.groups.TopicPartition;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.OffsetDeleteRequest;
import io.strandline.protocol.message.OffsetDeleteRequest.OffsetDeleteRequestTopic;
import io.strandline.protocol.message.OffsetDeleteResponse;
import io.strandline.protocol.message.OffsetDeleteResponse.OffsetDeleteResponsePartition;
import io.strandline.protocol.message.OffsetDeleteResponse.OffsetDeleteResponseTopic;
import java.util.ArrayList;
import java.util.Set;

/** OffsetDelete, v0: a group forgets offsets of topics that none of its members reads (KIP-496). */
final class OffsetDeleteHandler implements Handler<OffsetDeleteRequest> {
    private final Node node;

    OffsetDeleteHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(OffsetDeleteRequest request, Call call) {
        if (!node.allows(call, Operation.DELETE, Resource.GROUP, request.groupId)) {
            return Answer.now(refused(ErrorCode.GROUP_AUTHORIZATION_FAILED));
        }
        if (request.groupId.isEmpty()) {
            return Answer.now(refused(ErrorCode.INVALID_GROUP_ID));
        }
        var partitions = new ArrayList<TopicPartition>();
        for (var topic : request.topics) {
            if (fault(topic, call) == ErrorCode.NONE) {
                topic.partitions.forEach(
                        partition -> partitions.add(new TopicPartition(topic.name, partition.partitionIndex)));
            }
        }
        return GroupReply.of(
                node,
                node.groups().deleteOffsets(request.groupId, partitions),
                answer -> switch (answer) {
                    case OffsetDeleteAnswer.Deleted deleted -> deleted(request, deleted.inUse(), call);
                    case OffsetDeleteAnswer.Refused refused -> refused(refused.error());
                },
                OffsetDeleteHandler::refused);
    }

    private ErrorCode fault(OffsetDeleteRequestTopic topic, Call call) {
        if (!node.allows(call, Operation.READ, Resource.TOPIC, topic.name)) {
            return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
        }
        return node.topics().find(topic.name).isPresent() ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }

    private Message deleted(OffsetDeleteRequest request, Set<TopicPartition> inUse, Call call) {
        var response = new OffsetDeleteResponse();
        for (var topic : request.topics) {
            var fault = fault(topic, call);
            var answer = new OffsetDeleteResponseTopic().name(topic.name);
            response.topics.add(answer);
            for (var partition : topic.partitions) {
                boolean read = inUse.contains(new TopicPartition(topic.name, partition.partitionIndex));
                answer.partitions.add(new OffsetDeleteResponsePartition()
                        .partitionIndex(partition.partitionIndex)
                        .errorCode(read ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : fault));
            }
        }
        return response;
    }

    private static Message refused(ErrorCode error) {
        return new OffsetDeleteResponse().errorCode(error);
    }
}

package io.strandline.broker.requests;

import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.OffsetForLeaderEpochRequest;
import io.strandline.protocol.message.OffsetForLeaderEpochRequest.OffsetForLeaderPartition;
import io.strandline.protocol.message.OffsetForLeaderEpochResponse;
import io.strandline.protocol.message.OffsetForLeaderEpochResponse.EpochEndOffset;
import io.strandline.protocol.message.OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult;
import java.io.IOException;
import java.util.Optional;

/**
 * OffsetForLeaderEpoch, v2 to v4: where an epoch ended. Clients find out with it whether what they have read is still in the
 * log (KIP-320): the epoch grows with every start after a power cut.
 */
final class OffsetForLeaderEpochHandler implements Handler<OffsetForLeaderEpochRequest> {
    private final Node node;

    OffsetForLeaderEpochHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(OffsetForLeaderEpochRequest request, Call call) {
        var response = new OffsetForLeaderEpochResponse();
        for (var asked : request.topics) {
            var topic = node.topics().find(asked.topic);
            var answered = new OffsetForLeaderTopicResult().topic(asked.topic);
            response.topics.add(answered);
            for (var partition : asked.partitions) {
                answered.partitions.add(answer(topic, partition, call));
            }
        }
        return Answer.now(response);
    }

    private EpochEndOffset answer(Optional<Topic> topic, OffsetForLeaderPartition asked, Call call) {
        var answer = new EpochEndOffset().partition(asked.partition);
        if (topic.isEmpty()
                || !topic.get().hasPartition(asked.partition)
                || !node.allows(
                        call, Operation.DESCRIBE, Resource.TOPIC, topic.get().name())) {
            return answer.errorCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        }
        var log = node.log(topic.get(), asked.partition);
        var fault = LeaderEpochs.fault(asked.currentLeaderEpoch, log.leaderEpoch());
        if (fault != ErrorCode.NONE) {
            return answer.errorCode(fault);
        }
        try {
            log.endOffsetForEpoch(asked.leaderEpoch)
                    .ifPresent(end -> answer.leaderEpoch(end.epoch()).endOffset(end.endOffset()));
            return answer;
        } catch (IOException e) {
            node.complaints().warn("epochs " + log.id(), "The log " + log.id() + " cannot be searched: " + e);
            return answer.errorCode(ErrorCode.KAFKA_STORAGE_ERROR);
        }
    }
}

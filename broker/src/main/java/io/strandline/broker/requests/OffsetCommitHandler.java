package io.strandline.broker.requests;

import io.strandline.broker.groups.CommitAnswer;
import io.strandline.broker.groups.CommitRequest;
import io.strandline.broker.groups.CommitRequest.OffsetToCommit;
import io.strandline.broker.groups.TopicPartition;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.OffsetCommitRequest;
import io.strandline.protocol.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import io.strandline.protocol.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import io.strandline.protocol.message.OffsetCommitResponse;
import io.strandline.protocol.message.OffsetCommitResponse.OffsetCommitResponsePartition;
import io.strandline.protocol.message.OffsetCommitResponse.OffsetCommitResponseTopic;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * OffsetCommit, v2 to v10: acknowledged when it is on the disk. Offsets are kept as they come, also -1 and -2. The topic's id is
 * kept with the offset in every version, so an offset never counts for a later topic of the same name. v10 names topics by id.
 * Up to v8 a group that does not exist is called ILLEGAL_GENERATION, as clients of that time expect.
 */
final class OffsetCommitHandler implements Handler<OffsetCommitRequest> {
    private static final int GROUP_NOT_FOUND_FROM = 9;
    private static final int TOPIC_IDS_FROM = 10;

    private final Node node;

    OffsetCommitHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(OffsetCommitRequest request, Call call) {
        var response = new OffsetCommitResponse();
        if (!node.allows(call, Operation.READ, Resource.GROUP, request.groupId)) {
            request.topics.forEach(topic -> refuse(response, topic, ErrorCode.GROUP_AUTHORIZATION_FAILED));
            return Answer.now(response);
        }
        var offsets = new ArrayList<OffsetToCommit>();
        var committed = new ArrayList<Accepted>();
        for (var topic : request.topics) {
            var found = find(topic, call);
            var error = found.isEmpty() ? unknown(call) : mayRead(found.get(), call);
            if (error != ErrorCode.NONE) {
                refuse(response, topic, error);
                continue;
            }
            for (var partition : topic.partitions) {
                var offset = offset(found.get(), partition);
                offsets.add(offset);
                committed.add(new Accepted(answerOf(response, topic, partition), offset.partition()));
            }
        }
        var commit = new CommitRequest(
                request.groupId,
                request.memberId,
                Optional.ofNullable(request.groupInstanceId),
                request.generationIdOrMemberEpoch,
                request.retentionTimeMs < 0 ? OptionalLong.empty() : OptionalLong.of(request.retentionTimeMs),
                offsets);
        return offsets.isEmpty() && !request.topics.isEmpty()
                ? Answer.now(response)
                : reply(commit, response, committed, call);
    }

    /** A partition whose fate the group decides. */
    private record Accepted(OffsetCommitResponsePartition response, TopicPartition partition) {}

    private Answer reply(CommitRequest commit, OffsetCommitResponse response, List<Accepted> committed, Call call) {
        return GroupReply.of(
                node,
                node.groups().commit(commit),
                answer -> {
                    switch (answer) {
                        case CommitAnswer.Committed done -> {
                            for (var one : committed) {
                                one.response()
                                        .errorCode(
                                                done.metadataTooLarge().contains(one.partition())
                                                        ? ErrorCode.OFFSET_METADATA_TOO_LARGE
                                                        : ErrorCode.NONE);
                            }
                        }
                        case CommitAnswer.Refused refused ->
                            committed.forEach(one -> one.response().errorCode(spoken(refused.error(), call)));
                    }
                    return response;
                },
                error -> {
                    committed.forEach(one -> one.response().errorCode(error));
                    return (Message) response;
                });
    }

    private static ErrorCode spoken(ErrorCode error, Call call) {
        return error == ErrorCode.GROUP_ID_NOT_FOUND && call.version() < GROUP_NOT_FOUND_FROM
                ? ErrorCode.ILLEGAL_GENERATION
                : error;
    }

    private Optional<Topic> find(OffsetCommitRequestTopic topic, Call call) {
        return call.version() >= TOPIC_IDS_FROM
                ? node.topics().find(topic.topicId)
                : node.topics().find(topic.name);
    }

    private ErrorCode mayRead(Topic topic, Call call) {
        return node.allows(call, Operation.READ, Resource.TOPIC, topic.name())
                ? ErrorCode.NONE
                : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    }

    private static ErrorCode unknown(Call call) {
        return call.version() >= TOPIC_IDS_FROM ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }

    private static OffsetToCommit offset(Topic topic, OffsetCommitRequestPartition partition) {
        return new OffsetToCommit(
                new TopicPartition(topic.name(), partition.partitionIndex),
                topic.id(),
                partition.committedOffset,
                partition.committedLeaderEpoch < 0
                        ? OptionalInt.empty()
                        : OptionalInt.of(partition.committedLeaderEpoch),
                partition.committedMetadata == null ? "" : partition.committedMetadata);
    }

    private static void refuse(OffsetCommitResponse response, OffsetCommitRequestTopic topic, ErrorCode error) {
        topic.partitions.forEach(
                partition -> answerOf(response, topic, partition).errorCode(error));
    }

    private static OffsetCommitResponsePartition answerOf(
            OffsetCommitResponse response, OffsetCommitRequestTopic topic, OffsetCommitRequestPartition partition) {
        var last = response.topics.isEmpty() ? null : response.topics.getLast();
        if (last == null || !last.name.equals(topic.name) || !last.topicId.equals(topic.topicId)) {
            last = new OffsetCommitResponseTopic().name(topic.name).topicId(topic.topicId);
            response.topics.add(last);
        }
        var answer = new OffsetCommitResponsePartition().partitionIndex(partition.partitionIndex);
        last.partitions.add(answer);
        return answer;
    }
}

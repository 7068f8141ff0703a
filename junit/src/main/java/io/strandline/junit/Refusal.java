package io.strandline.junit;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.CreateTopicsRequest;
import io.strandline.protocol.message.CreateTopicsResponse;
import io.strandline.protocol.message.DeleteTopicsRequest;
import io.strandline.protocol.message.DeleteTopicsResponse;
import io.strandline.protocol.message.FetchRequest;
import io.strandline.protocol.message.FetchResponse;
import io.strandline.protocol.message.FindCoordinatorRequest;
import io.strandline.protocol.message.FindCoordinatorResponse;
import io.strandline.protocol.message.HeartbeatRequest;
import io.strandline.protocol.message.HeartbeatResponse;
import io.strandline.protocol.message.InitProducerIdRequest;
import io.strandline.protocol.message.InitProducerIdResponse;
import io.strandline.protocol.message.JoinGroupRequest;
import io.strandline.protocol.message.JoinGroupResponse;
import io.strandline.protocol.message.LeaveGroupRequest;
import io.strandline.protocol.message.LeaveGroupResponse;
import io.strandline.protocol.message.ListOffsetsRequest;
import io.strandline.protocol.message.ListOffsetsResponse;
import io.strandline.protocol.message.OffsetCommitRequest;
import io.strandline.protocol.message.OffsetCommitResponse;
import io.strandline.protocol.message.OffsetFetchRequest;
import io.strandline.protocol.message.OffsetFetchResponse;
import io.strandline.protocol.message.ProduceRequest;
import io.strandline.protocol.message.ProduceResponse;
import io.strandline.protocol.message.SyncGroupRequest;
import io.strandline.protocol.message.SyncGroupResponse;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The answer to a request that was not carried out: one error, wherever the request asked for something. */
final class Refusal {
    static final Set<ApiKey> POSSIBLE = Set.of(
            ApiKey.PRODUCE,
            ApiKey.FETCH,
            ApiKey.LIST_OFFSETS,
            ApiKey.CREATE_TOPICS,
            ApiKey.DELETE_TOPICS,
            ApiKey.INIT_PRODUCER_ID,
            ApiKey.FIND_COORDINATOR,
            ApiKey.JOIN_GROUP,
            ApiKey.SYNC_GROUP,
            ApiKey.HEARTBEAT,
            ApiKey.LEAVE_GROUP,
            ApiKey.OFFSET_COMMIT,
            ApiKey.OFFSET_FETCH);

    private Refusal() {}

    /** Empty where the client wants no answer. */
    static Optional<Message> of(Message request, ErrorCode error) {
        return request instanceof ProduceRequest produce && produce.acks == 0
                ? Optional.empty()
                : Optional.of(answer(request, error));
    }

    private static Message answer(Message request, ErrorCode error) {
        return switch (request) {
            case ProduceRequest r -> produce(r, error);
            case FetchRequest r -> fetch(r, error);
            case ListOffsetsRequest r -> listOffsets(r, error);
            case CreateTopicsRequest r -> createTopics(r, error);
            case DeleteTopicsRequest r -> deleteTopics(r, error);
            case InitProducerIdRequest r ->
                new InitProducerIdResponse().errorCode(error).producerEpoch((short) -1);
            case FindCoordinatorRequest r -> findCoordinator(r, error);
            case JoinGroupRequest r -> new JoinGroupResponse().errorCode(error).memberId(r.memberId);
            case SyncGroupRequest r -> new SyncGroupResponse().errorCode(error);
            case HeartbeatRequest r -> new HeartbeatResponse().errorCode(error);
            case LeaveGroupRequest r -> new LeaveGroupResponse().errorCode(error);
            case OffsetCommitRequest r -> offsetCommit(r, error);
            case OffsetFetchRequest r -> offsetFetch(r, error);
            default -> throw new IllegalStateException("Not among " + POSSIBLE + ": " + request);
        };
    }

    private static Message produce(ProduceRequest request, ErrorCode error) {
        return new ProduceResponse()
                .responses(request.topicData.stream()
                        .map(topic -> new ProduceResponse.TopicProduceResponse()
                                .name(topic.name)
                                .topicId(topic.topicId)
                                .partitionResponses(topic.partitionData.stream()
                                        .map(partition -> new ProduceResponse.PartitionProduceResponse()
                                                .index(partition.index)
                                                .errorCode(error)
                                                .baseOffset(-1))
                                        .toList()))
                        .toList());
    }

    private static Message fetch(FetchRequest request, ErrorCode error) {
        return new FetchResponse()
                .responses(request.topics.stream()
                        .map(topic -> new FetchResponse.FetchableTopicResponse()
                                .topic(topic.topic)
                                .topicId(topic.topicId)
                                .partitions(topic.partitions.stream()
                                        .map(partition -> new FetchResponse.PartitionData()
                                                .partitionIndex(partition.partition)
                                                .errorCode(error)
                                                .highWatermark(-1))
                                        .toList()))
                        .toList());
    }

    private static Message listOffsets(ListOffsetsRequest request, ErrorCode error) {
        return new ListOffsetsResponse()
                .topics(request.topics.stream()
                        .map(topic -> new ListOffsetsResponse.ListOffsetsTopicResponse()
                                .name(topic.name)
                                .partitions(topic.partitions.stream()
                                        .map(partition -> new ListOffsetsResponse.ListOffsetsPartitionResponse()
                                                .partitionIndex(partition.partitionIndex)
                                                .errorCode(error))
                                        .toList()))
                        .toList());
    }

    private static Message createTopics(CreateTopicsRequest request, ErrorCode error) {
        return new CreateTopicsResponse()
                .topics(request.topics.stream()
                        .map(topic -> new CreateTopicsResponse.CreatableTopicResult()
                                .name(topic.name)
                                .errorCode(error)
                                .errorMessage("the test wanted it so"))
                        .toList());
    }

    private static Message deleteTopics(DeleteTopicsRequest request, ErrorCode error) {
        var byName =
                request.topicNames.stream().map(name -> new DeleteTopicsResponse.DeletableTopicResult().name(name));
        var byEither = request.topics.stream()
                .map(topic -> new DeleteTopicsResponse.DeletableTopicResult()
                        .name(topic.name)
                        .topicId(topic.topicId));
        return new DeleteTopicsResponse()
                .responses(java.util.stream.Stream.concat(byName, byEither)
                        .map(result -> result.errorCode(error))
                        .toList());
    }

    private static Message findCoordinator(FindCoordinatorRequest request, ErrorCode error) {
        if (request.coordinatorKeys.isEmpty()) { // before version 4
            return new FindCoordinatorResponse().errorCode(error).nodeId(-1).port(-1);
        }
        return new FindCoordinatorResponse()
                .coordinators(request.coordinatorKeys.stream()
                        .map(key -> new FindCoordinatorResponse.Coordinator()
                                .key(key)
                                .nodeId(-1)
                                .port(-1)
                                .errorCode(error))
                        .toList());
    }

    private static Message offsetCommit(OffsetCommitRequest request, ErrorCode error) {
        return new OffsetCommitResponse()
                .topics(request.topics.stream()
                        .map(topic -> new OffsetCommitResponse.OffsetCommitResponseTopic()
                                .name(topic.name)
                                .topicId(topic.topicId)
                                .partitions(topic.partitions.stream()
                                        .map(partition -> new OffsetCommitResponse.OffsetCommitResponsePartition()
                                                .partitionIndex(partition.partitionIndex)
                                                .errorCode(error))
                                        .toList()))
                        .toList());
    }

    private static Message offsetFetch(OffsetFetchRequest request, ErrorCode error) {
        var response = new OffsetFetchResponse().errorCode(error);
        if (!request.groups.isEmpty()) {
            return response.groups(request.groups.stream()
                    .map(group -> new OffsetFetchResponse.OffsetFetchResponseGroup()
                            .groupId(group.groupId)
                            .errorCode(error))
                    .toList());
        }
        // Version 1 knows errors of partitions only.
        var topics = request.topics == null ? List.<OffsetFetchRequest.OffsetFetchRequestTopic>of() : request.topics;
        return response.topics(topics.stream()
                .map(topic -> new OffsetFetchResponse.OffsetFetchResponseTopic()
                        .name(topic.name)
                        .partitions(topic.partitionIndexes.stream()
                                .map(partition -> new OffsetFetchResponse.OffsetFetchResponsePartition()
                                        .partitionIndex(partition)
                                        .committedOffset(-1)
                                        .errorCode(error))
                                .toList()))
                .toList());
    }
}

package io.strandline.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.Payload;
import io.strandline.protocol.ResponseFrame;
import io.strandline.protocol.message.CreateTopicsRequest;
import io.strandline.protocol.message.DeleteTopicsRequest;
import io.strandline.protocol.message.FetchRequest;
import io.strandline.protocol.message.FindCoordinatorRequest;
import io.strandline.protocol.message.HeartbeatRequest;
import io.strandline.protocol.message.InitProducerIdRequest;
import io.strandline.protocol.message.JoinGroupRequest;
import io.strandline.protocol.message.LeaveGroupRequest;
import io.strandline.protocol.message.ListOffsetsRequest;
import io.strandline.protocol.message.OffsetCommitRequest;
import io.strandline.protocol.message.OffsetFetchRequest;
import io.strandline.protocol.message.ProduceRequest;
import io.strandline.protocol.message.SyncGroupRequest;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RefusalTest {
    static Stream<Arguments> requests() {
        return Stream.of(
                over(
                        ApiKey.PRODUCE,
                        new ProduceRequest()
                                .acks((short) -1)
                                .topicData(List.of(new ProduceRequest.TopicProduceData()
                                        .name("t")
                                        .partitionData(List.of(new ProduceRequest.PartitionProduceData().index(4)))))),
                over(
                        ApiKey.FETCH,
                        new FetchRequest()
                                .topics(List.of(new FetchRequest.FetchTopic()
                                        .topic("t")
                                        .partitions(List.of(new FetchRequest.FetchPartition().partition(4)))))),
                over(
                        ApiKey.LIST_OFFSETS,
                        new ListOffsetsRequest()
                                .topics(List.of(new ListOffsetsRequest.ListOffsetsTopic()
                                        .name("t")
                                        .partitions(List.of(
                                                new ListOffsetsRequest.ListOffsetsPartition().partitionIndex(4)))))),
                over(
                        ApiKey.CREATE_TOPICS,
                        new CreateTopicsRequest().topics(List.of(new CreateTopicsRequest.CreatableTopic().name("t")))),
                over(
                        ApiKey.DELETE_TOPICS,
                        new DeleteTopicsRequest()
                                .topicNames(List.of("t"))
                                .topics(List.of(new DeleteTopicsRequest.DeleteTopicState().name("u")))),
                over(ApiKey.INIT_PRODUCER_ID, new InitProducerIdRequest()),
                Arguments.of(ApiKey.FIND_COORDINATOR, new FindCoordinatorRequest().key("g"), 0, 3),
                Arguments.of(ApiKey.FIND_COORDINATOR, new FindCoordinatorRequest().coordinatorKeys(List.of("g")), 4, 6),
                over(ApiKey.JOIN_GROUP, new JoinGroupRequest().memberId("m")),
                over(ApiKey.SYNC_GROUP, new SyncGroupRequest()),
                over(ApiKey.HEARTBEAT, new HeartbeatRequest()),
                over(ApiKey.LEAVE_GROUP, new LeaveGroupRequest()),
                over(
                        ApiKey.OFFSET_COMMIT,
                        new OffsetCommitRequest()
                                .topics(List.of(new OffsetCommitRequest.OffsetCommitRequestTopic()
                                        .name("t")
                                        .partitions(List.of(new OffsetCommitRequest.OffsetCommitRequestPartition()
                                                .partitionIndex(4)))))),
                Arguments.of(
                        ApiKey.OFFSET_FETCH,
                        new OffsetFetchRequest()
                                .topics(List.of(new OffsetFetchRequest.OffsetFetchRequestTopic()
                                        .name("t")
                                        .partitionIndexes(List.of(4)))),
                        1,
                        7),
                Arguments.of(
                        ApiKey.OFFSET_FETCH,
                        new OffsetFetchRequest()
                                .groups(List.of(new OffsetFetchRequest.OffsetFetchRequestGroup().groupId("g"))),
                        8,
                        10));
    }

    private static Arguments over(ApiKey api, Message request) {
        return Arguments.of(api, request, api.lowestVersion(), api.highestVersion());
    }

    @Test
    void everyApiOfTheListIsTried() {
        assertThat(requests().map(arguments -> arguments.get()[0])).containsAll(Refusal.POSSIBLE);
    }

    @ParameterizedTest
    @MethodSource("requests")
    void theErrorIsInTheAnswerOfEveryVersion(ApiKey api, Message request, int from, int to) {
        var response = Refusal.of(request, ErrorCode.POLICY_VIOLATION).orElseThrow();
        for (short version = (short) from; version <= to; version++) {
            var bytes = Payload.join(ResponseFrame.toParts(api, version, 7, response));
            int unused = bytes.getInt(); // the length
            var read = ResponseFrame.parse(bytes, api, version, 7);
            assertThat(read.toString())
                    .as("%s v%d", api, version)
                    .contains("rrorCode=" + ErrorCode.POLICY_VIOLATION.code());
        }
    }

    @Test
    void whoWantsNoAnswerGetsNone() {
        assertThat(Refusal.of(new ProduceRequest().acks((short) 0), ErrorCode.POLICY_VIOLATION))
                .isEmpty();
    }
}

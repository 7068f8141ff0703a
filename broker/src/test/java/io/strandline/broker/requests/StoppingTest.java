package io.strandline.broker.requests;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.HeartbeatRequest;
import io.strandline.protocol.message.HeartbeatResponse;
import io.strandline.protocol.message.JoinGroupRequest;
import io.strandline.protocol.message.JoinGroupRequest.JoinGroupRequestProtocol;
import io.strandline.protocol.message.JoinGroupResponse;
import io.strandline.protocol.message.OffsetCommitRequest;
import io.strandline.protocol.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import io.strandline.protocol.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import io.strandline.protocol.message.OffsetCommitResponse;
import io.strandline.protocol.message.OffsetFetchRequest;
import io.strandline.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.strandline.protocol.message.OffsetFetchRequest.OffsetFetchRequestTopics;
import io.strandline.protocol.message.OffsetFetchResponse;
import io.strandline.protocol.message.SyncGroupRequest;
import io.strandline.protocol.message.SyncGroupResponse;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What members hear from a broker that stops and still answers. "I do not know you" would cost a member its id, and the group a
 * session timeout after the restart; "nothing is committed" would send it to the end of the log, past everything in between.
 */
class StoppingTest {
    private Stage stage;

    @BeforeEach
    void commitAndStop() throws IOException {
        stage = new Stage();
        stage.create(Stage.TOPIC, 1);
        assertThat(commit()).isEqualTo(ErrorCode.NONE);
        assertThat(committed().committedOffset).isEqualTo(42);
        stage.broker.stopGroups();
    }

    @Test
    void whatWasCommittedIsNotDenied() throws IOException {
        assertThat(fetchOffsets().errorCode).isEqualTo(ErrorCode.NOT_COORDINATOR.code());
        assertThat(Stage.error(committed().errorCode)).isEqualTo(ErrorCode.NOT_COORDINATOR);
    }

    @Test
    void aCommitIsSentElsewhere() throws IOException {
        assertThat(commit()).isEqualTo(ErrorCode.NOT_COORDINATOR);
    }

    @Test
    void membersAreToldToLookForTheCoordinatorAndKeepTheirIds() throws IOException {
        var heartbeat = new HeartbeatRequest().groupId("g").memberId("m").generationId(1);
        var join = new JoinGroupRequest()
                .groupId("g")
                .memberId("m")
                .sessionTimeoutMs(10_000)
                .rebalanceTimeoutMs(10_000)
                .protocolType("consumer")
                .protocols(List.of(new JoinGroupRequestProtocol().name("range").metadata(Stage.bytes(""))));
        var sync = new SyncGroupRequest()
                .groupId("g")
                .memberId("m")
                .generationId(1)
                .protocolType("consumer")
                .protocolName("range");

        assertThat(stage.ask(ApiKey.HEARTBEAT, 4, heartbeat, HeartbeatResponse.class).errorCode)
                .isEqualTo(ErrorCode.NOT_COORDINATOR.code());
        assertThat(stage.ask(ApiKey.JOIN_GROUP, 9, join, JoinGroupResponse.class).errorCode)
                .isEqualTo(ErrorCode.NOT_COORDINATOR.code());
        assertThat(stage.ask(ApiKey.SYNC_GROUP, 5, sync, SyncGroupResponse.class).errorCode)
                .isEqualTo(ErrorCode.NOT_COORDINATOR.code());
    }

    private ErrorCode commit() throws IOException {
        var partition = new OffsetCommitRequestPartition().partitionIndex(0).committedOffset(42);
        var request = new OffsetCommitRequest()
                .groupId("g")
                .topics(List.of(new OffsetCommitRequestTopic().name(Stage.TOPIC).partitions(List.of(partition))));
        var response = stage.ask(ApiKey.OFFSET_COMMIT, 8, request, OffsetCommitResponse.class);
        return Stage.error(response.topics.getFirst().partitions.getFirst().errorCode);
    }

    private OffsetFetchResponse.OffsetFetchResponsePartitions committed() throws IOException {
        return fetchOffsets().topics.getFirst().partitions.getFirst();
    }

    private OffsetFetchResponse.OffsetFetchResponseGroup fetchOffsets() throws IOException {
        var topic = new OffsetFetchRequestTopics().name(Stage.TOPIC).partitionIndexes(List.of(0));
        var group = new OffsetFetchRequestGroup().groupId("g").topics(List.of(topic));
        var request = new OffsetFetchRequest().groups(List.of(group));
        return stage.ask(ApiKey.OFFSET_FETCH, 9, request, OffsetFetchResponse.class)
                .groups
                .getFirst();
    }
}

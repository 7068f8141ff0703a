package io.strandline.broker.life;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.CreateTopicsRequest;
import io.strandline.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.strandline.protocol.message.CreateTopicsResponse;
import io.strandline.protocol.message.DeleteGroupsRequest;
import io.strandline.protocol.message.DeleteGroupsResponse;
import io.strandline.protocol.message.DeleteTopicsRequest;
import io.strandline.protocol.message.DeleteTopicsResponse;
import io.strandline.protocol.message.DescribeGroupsRequest;
import io.strandline.protocol.message.DescribeGroupsResponse;
import io.strandline.protocol.message.FindCoordinatorRequest;
import io.strandline.protocol.message.FindCoordinatorResponse;
import io.strandline.protocol.message.HeartbeatRequest;
import io.strandline.protocol.message.HeartbeatResponse;
import io.strandline.protocol.message.JoinGroupRequest;
import io.strandline.protocol.message.JoinGroupRequest.JoinGroupRequestProtocol;
import io.strandline.protocol.message.JoinGroupResponse;
import io.strandline.protocol.message.LeaveGroupRequest;
import io.strandline.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.strandline.protocol.message.LeaveGroupResponse;
import io.strandline.protocol.message.ListGroupsRequest;
import io.strandline.protocol.message.ListGroupsResponse;
import io.strandline.protocol.message.MetadataRequest;
import io.strandline.protocol.message.MetadataRequest.MetadataRequestTopic;
import io.strandline.protocol.message.MetadataResponse;
import io.strandline.protocol.message.OffsetCommitRequest;
import io.strandline.protocol.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import io.strandline.protocol.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import io.strandline.protocol.message.OffsetCommitResponse;
import io.strandline.protocol.message.OffsetDeleteRequest;
import io.strandline.protocol.message.OffsetDeleteResponse;
import io.strandline.protocol.message.OffsetFetchRequest;
import io.strandline.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.strandline.protocol.message.OffsetFetchRequest.OffsetFetchRequestTopic;
import io.strandline.protocol.message.OffsetFetchRequest.OffsetFetchRequestTopics;
import io.strandline.protocol.message.OffsetFetchResponse;
import io.strandline.protocol.message.SyncGroupRequest;
import io.strandline.protocol.message.SyncGroupRequest.SyncGroupRequestAssignment;
import io.strandline.protocol.message.SyncGroupResponse;
import io.strandline.storage.StoreConfig;
import io.strandline.storage.simulation.SimulatedDisk;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The group requests as they come over the wire, in every version. */
class GroupRequestsTest {
    private static final String TOPIC = "user-events";

    private final SplittableRandom ids = new SplittableRandom(1);
    private final SimulatedDisk disk = new SimulatedDisk(1);
    private SimulatedBroker broker;
    private UUID topicId;

    @BeforeEach
    void start() throws Exception {
        broker = broker(disk);
        topicId = createTopic();
    }

    private SimulatedBroker broker(SimulatedDisk on) throws Exception {
        return new SimulatedBroker(
                on,
                StoreConfig.defaults().withJournalBytes(64 * 1024),
                new ManualTime(),
                () -> new UUID(ids.nextLong(), ids.nextLong()));
    }

    private UUID createTopic() throws Exception {
        var topic = new CreatableTopic().name(TOPIC).numPartitions(2).replicationFactor((short) 1);
        return ask(
                        ApiKey.CREATE_TOPICS,
                        7,
                        new CreateTopicsRequest().topics(List.of(topic)),
                        CreateTopicsResponse.class)
                .topics
                .getFirst()
                .topicId;
    }

    private <M extends Message> M ask(ApiKey api, int version, Message request, Class<M> response) throws Exception {
        return broker.ask(api, version, request, response);
    }

    private static void assertNone(short error) {
        assertThat(ErrorCode.forCode(error)).contains(ErrorCode.NONE);
    }

    private static void assertError(short error, ErrorCode expected) {
        assertThat(ErrorCode.forCode(error)).contains(expected);
    }

    static IntStream joinVersions() {
        return IntStream.rangeClosed(0, 9);
    }

    private JoinGroupResponse join(String group, int version) throws Exception {
        var request = new JoinGroupRequest()
                .groupId(group)
                .protocolType("consumer")
                .sessionTimeoutMs(10_000)
                .protocols(List.of(
                        new JoinGroupRequestProtocol().name("range").metadata(GroupClients.bytes("subscription"))));
        var first = ask(ApiKey.JOIN_GROUP, version, request, JoinGroupResponse.class);
        if (version < 4) {
            return first;
        }
        assertError(first.errorCode, ErrorCode.MEMBER_ID_REQUIRED);
        return ask(ApiKey.JOIN_GROUP, version, request.memberId(first.memberId), JoinGroupResponse.class);
    }

    private SyncGroupResponse sync(String group, JoinGroupResponse joined, int version) throws Exception {
        var request = new SyncGroupRequest()
                .groupId(group)
                .memberId(joined.memberId)
                .generationId(joined.generationId)
                .assignments(List.of(new SyncGroupRequestAssignment()
                        .memberId(joined.memberId)
                        .assignment(GroupClients.bytes("assignment"))));
        if (version >= 5) {
            request.protocolType("consumer").protocolName("range");
        }
        return ask(ApiKey.SYNC_GROUP, version, request, SyncGroupResponse.class);
    }

    @ParameterizedTest(name = "JoinGroup v{0}")
    @MethodSource("joinVersions")
    void aMemberJoinsSyncsBeatsAndLeaves(int version) throws Exception {
        var joined = join("g", version);
        assertNone(joined.errorCode);
        assertThat(joined.leader).isEqualTo(joined.memberId);
        assertThat(joined.protocolName).isEqualTo("range");
        assertThat(joined.members).hasSize(1);

        var synced = sync("g", joined, Math.min(version, 5));
        assertNone(synced.errorCode);
        assertThat(synced.assignment.remaining()).isEqualTo("assignment".length());

        var beat = new HeartbeatRequest().groupId("g").memberId(joined.memberId).generationId(joined.generationId);
        assertNone(ask(ApiKey.HEARTBEAT, Math.min(version, 4), beat, HeartbeatResponse.class).errorCode);

        int leaveVersion = Math.min(version, 5);
        var leave = new LeaveGroupRequest().groupId("g");
        if (leaveVersion < 3) {
            leave.memberId(joined.memberId);
        } else {
            leave.members(List.of(new MemberIdentity().memberId(joined.memberId)));
        }
        var left = ask(ApiKey.LEAVE_GROUP, leaveVersion, leave, LeaveGroupResponse.class);
        assertNone(left.errorCode);
        left.members.forEach(member -> assertNone(member.errorCode));
        assertError(
                ask(ApiKey.HEARTBEAT, Math.min(version, 4), beat, HeartbeatResponse.class).errorCode,
                ErrorCode.UNKNOWN_MEMBER_ID);
    }

    @ParameterizedTest(name = "JoinGroup v{0}")
    @MethodSource("joinVersions")
    void aRefusalCanBeSaidInEveryVersion(int version) throws Exception {
        var nothing = new JoinGroupRequest().groupId("g").sessionTimeoutMs(10_000);
        assertError(
                ask(ApiKey.JOIN_GROUP, version, nothing, JoinGroupResponse.class).errorCode,
                ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
        var unknown = new JoinGroupResponse().memberId("nobody").generationId(1);
        assertError(sync("g", unknown, Math.min(version, 5)).errorCode, ErrorCode.UNKNOWN_MEMBER_ID);
    }

    @Test
    void aSyncThatDoesNotNameItsProtocolIsRefusedWhereItMust() throws Exception {
        var request = new SyncGroupRequest().groupId("g").memberId("m").generationId(1);

        assertError(
                ask(ApiKey.SYNC_GROUP, 5, request, SyncGroupResponse.class).errorCode,
                ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    }

    private OffsetCommitRequest commit(int version, long offset) {
        var topic = new OffsetCommitRequestTopic()
                .partitions(List.of(
                        new OffsetCommitRequestPartition().partitionIndex(1).committedOffset(offset)));
        if (version >= 10) {
            topic.topicId(topicId);
        } else {
            topic.name(TOPIC);
        }
        return new OffsetCommitRequest().groupId("g").topics(List.of(topic));
    }

    private long fetched(int version) throws Exception {
        var request = new OffsetFetchRequest();
        if (version < 8) {
            request.groupId("g")
                    .topics(List.of(new OffsetFetchRequestTopic().name(TOPIC).partitionIndexes(List.of(1))));
        } else {
            var topic = new OffsetFetchRequestTopics().partitionIndexes(List.of(1));
            if (version >= 10) {
                topic.topicId(topicId);
            } else {
                topic.name(TOPIC);
            }
            request.groups(List.of(new OffsetFetchRequestGroup().groupId("g").topics(List.of(topic))));
        }
        var response = ask(ApiKey.OFFSET_FETCH, version, request, OffsetFetchResponse.class);
        if (version < 8) {
            assertNone(response.errorCode);
            return response.topics.getFirst().partitions.getFirst().committedOffset;
        }
        assertNone(response.groups.getFirst().errorCode);
        return response.groups.getFirst().topics.getFirst().partitions.getFirst().committedOffset;
    }

    @Test
    void anOffsetCommittedInAnyVersionIsFetchedInAnyOther() throws Exception {
        for (int fetch = 1; fetch <= 10; fetch++) {
            assertThat(fetched(fetch)).as("v%d before the first commit", fetch).isEqualTo(-1);
        }
        long offset = 100;
        for (int version = 2; version <= 10; version++) {
            var committed = ask(ApiKey.OFFSET_COMMIT, version, commit(version, ++offset), OffsetCommitResponse.class);
            assertNone(committed.topics.getFirst().partitions.getFirst().errorCode);
            for (int fetch = 1; fetch <= 10; fetch++) {
                assertThat(fetched(fetch))
                        .as("commit v%d, fetch v%d", version, fetch)
                        .isEqualTo(offset);
            }
        }
    }

    @Test
    void theLiteralOffsetsOfKafkaJsSurviveCommitAndFetch() throws Exception {
        for (long literal : new long[] {-1, -2}) {
            ask(ApiKey.OFFSET_COMMIT, 5, commit(5, literal), OffsetCommitResponse.class);

            assertThat(fetched(4)).isEqualTo(literal);
        }
    }

    @Test
    void allOffsetsOfAGroupAreFetchedWhenNoTopicIsNamed() throws Exception {
        ask(ApiKey.OFFSET_COMMIT, 9, commit(9, 5), OffsetCommitResponse.class);

        for (int version = 2; version <= 10; version++) {
            var request = version < 8
                    ? new OffsetFetchRequest().groupId("g").topics(null)
                    : new OffsetFetchRequest()
                            .groups(List.of(
                                    new OffsetFetchRequestGroup().groupId("g").topics(null),
                                    new OffsetFetchRequestGroup()
                                            .groupId("other")
                                            .topics(null)));
            var response = ask(ApiKey.OFFSET_FETCH, version, request, OffsetFetchResponse.class);
            if (version < 8) {
                assertThat(response.topics)
                        .singleElement()
                        .satisfies(topic -> assertThat(topic.name).isEqualTo(TOPIC));
            } else {
                assertThat(response.groups).hasSize(2);
                var topic = response.groups.getFirst().topics.getFirst();
                assertThat(version < 10 ? topic.name : topic.topicId).isEqualTo(version < 10 ? TOPIC : topicId);
                assertThat(response.groups.getLast().topics).isEmpty();
            }
        }
    }

    @Test
    void theOffsetsOfADeletedTopicDoNotCountForItsSuccessor() throws Exception {
        ask(ApiKey.OFFSET_COMMIT, 9, commit(9, 5), OffsetCommitResponse.class);
        var byName = new DeleteTopicsRequest().topicNames(List.of(TOPIC)).timeoutMs(1000);
        assertNone(ask(ApiKey.DELETE_TOPICS, 5, byName, DeleteTopicsResponse.class)
                .responses
                .getFirst()
                .errorCode);
        topicId = createTopic();

        assertThat(fetched(9)).isEqualTo(-1);
        assertThat(fetched(10)).isEqualTo(-1);
    }

    @Test // W15
    void theOffsetsOfATopicStayUntilItsDeletionIsOnTheDisk() throws Exception {
        ask(ApiKey.OFFSET_COMMIT, 9, commit(9, 4), OffsetCommitResponse.class);
        broker.checkpoint();
        ask(ApiKey.OFFSET_COMMIT, 9, commit(9, 5), OffsetCommitResponse.class);
        broker.send(ApiKey.DELETE_TOPICS, 5, new DeleteTopicsRequest().topicNames(List.of(TOPIC)));
        broker.checkpoint(); // forces the log of the groups, and not yet that of the topics

        int back = 0;
        for (int seed = 0; seed < 20; seed++) {
            broker = broker(disk.afterPowerCut(seed));
            var topics = ask(ApiKey.METADATA, 13, new MetadataRequest().topics(null), MetadataResponse.class).topics;
            if (topics.stream().anyMatch(topic -> topic.topicId.equals(topicId))) { // else the deletion got through
                assertThat(fetched(10)).as("with cut %d", seed).isEqualTo(5);
                back++;
            }
        }
        assertThat(back).as("cuts that brought the topic back").isPositive();
    }

    @Test
    void aCommitForATopicThatIsNotThereIsRefused() throws Exception {
        var byName = commit(9, 1);
        byName.topics.getFirst().name("missing");
        var byId = commit(10, 1);
        byId.topics.getFirst().topicId(new UUID(1, 2));

        assertError(
                ask(ApiKey.OFFSET_COMMIT, 9, byName, OffsetCommitResponse.class)
                        .topics
                        .getFirst()
                        .partitions
                        .getFirst()
                        .errorCode,
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        assertError(
                ask(ApiKey.OFFSET_COMMIT, 10, byId, OffsetCommitResponse.class)
                        .topics
                        .getFirst()
                        .partitions
                        .getFirst()
                        .errorCode,
                ErrorCode.UNKNOWN_TOPIC_ID);
    }

    @Test
    void aCommitOfAMemberToAGroupThatIsNotThereIsCalledAsTheVersionExpects() throws Exception {
        for (int version = 2; version <= 10; version++) {
            var request = commit(version, 1).memberId("m").generationIdOrMemberEpoch(3);
            var response = ask(ApiKey.OFFSET_COMMIT, version, request, OffsetCommitResponse.class);

            assertError(
                    response.topics.getFirst().partitions.getFirst().errorCode,
                    version < 9 ? ErrorCode.ILLEGAL_GENERATION : ErrorCode.GROUP_ID_NOT_FOUND);
        }
    }

    @Test
    void groupsAreDescribedAndListedInEveryVersion() throws Exception {
        sync("g", join("g", 3), 3);

        for (int version = 0; version <= 6; version++) {
            var request = new DescribeGroupsRequest().groups(List.of("g", "missing"));
            if (version >= 3) {
                request.includeAuthorizedOperations(true);
            }
            var groups = ask(ApiKey.DESCRIBE_GROUPS, version, request, DescribeGroupsResponse.class).groups;
            assertThat(groups.getFirst().groupState).isEqualTo("Stable");
            assertThat(groups.getFirst().protocolData).isEqualTo("range");
            assertThat(groups.getFirst().members).hasSize(1);
            assertThat(groups.getLast().groupState).isEqualTo("Dead");
            assertError(groups.getLast().errorCode, version < 6 ? ErrorCode.NONE : ErrorCode.GROUP_ID_NOT_FOUND);
        }
        for (int version = 0; version <= 5; version++) {
            var listed = ask(ApiKey.LIST_GROUPS, version, new ListGroupsRequest(), ListGroupsResponse.class).groups;
            assertThat(listed)
                    .singleElement()
                    .satisfies(group -> assertThat(group.groupId).isEqualTo("g"));
        }
        var empty = new ListGroupsRequest().statesFilter(List.of("empty"));
        assertThat(ask(ApiKey.LIST_GROUPS, 5, empty, ListGroupsResponse.class).groups)
                .isEmpty();
        var modern = new ListGroupsRequest().typesFilter(List.of("consumer"));
        assertThat(ask(ApiKey.LIST_GROUPS, 5, modern, ListGroupsResponse.class).groups)
                .isEmpty();
    }

    @Test
    void thisNodeLooksAfterEveryGroupAndTransaction() throws Exception {
        for (int version = 0; version <= 6; version++) {
            var request = new FindCoordinatorRequest();
            if (version < 4) {
                request.key("g");
            } else {
                request.coordinatorKeys(List.of("g", "h")).keyType((byte) 1);
            }
            var found = ask(ApiKey.FIND_COORDINATOR, version, request, FindCoordinatorResponse.class);
            if (version < 4) {
                assertNone(found.errorCode);
                assertThat(found.port).isEqualTo(9092);
            } else {
                assertThat(found.coordinators)
                        .hasSize(2)
                        .allSatisfy(each -> assertThat(each.port).isEqualTo(9092));
            }
        }
        var share = new FindCoordinatorRequest().keyType((byte) 2).coordinatorKeys(List.of("g:" + topicId + ":0"));
        assertError(
                ask(ApiKey.FIND_COORDINATOR, 6, share, FindCoordinatorResponse.class)
                        .coordinators
                        .getFirst()
                        .errorCode,
                ErrorCode.INVALID_REQUEST);
    }

    @Test
    void groupsAndOffsetsAreDeleted() throws Exception {
        ask(ApiKey.OFFSET_COMMIT, 9, commit(9, 5), OffsetCommitResponse.class);
        var partition = new OffsetDeleteRequest.OffsetDeleteRequestPartition().partitionIndex(1);
        var topic =
                new OffsetDeleteRequest.OffsetDeleteRequestTopic().name(TOPIC).partitions(List.of(partition));
        var deleted = ask(
                ApiKey.OFFSET_DELETE,
                0,
                new OffsetDeleteRequest().groupId("g").topics(List.of(topic)),
                OffsetDeleteResponse.class);
        assertNone(deleted.errorCode);
        assertThat(fetched(9)).isEqualTo(-1);

        for (int version = 0; version <= 2; version++) {
            ask(ApiKey.OFFSET_COMMIT, 9, commit(9, 5), OffsetCommitResponse.class);
            var request = new DeleteGroupsRequest().groupsNames(List.of("g", "missing"));
            var results = ask(ApiKey.DELETE_GROUPS, version, request, DeleteGroupsResponse.class).results;
            assertNone(results.getFirst().errorCode);
            assertError(results.getLast().errorCode, ErrorCode.GROUP_ID_NOT_FOUND);
        }
    }

    @Test
    void nobodyElseMakesTheTopicOfTheGroups() throws Exception {
        var topic =
                new CreatableTopic().name("__consumer_offsets").numPartitions(1).replicationFactor((short) 1);
        assertError(
                ask(
                                ApiKey.CREATE_TOPICS,
                                7,
                                new CreateTopicsRequest().topics(List.of(topic)),
                                CreateTopicsResponse.class)
                        .topics
                        .getFirst()
                        .errorCode,
                ErrorCode.INVALID_TOPIC_EXCEPTION);
        var asked = new MetadataRequest()
                .topics(List.of(new MetadataRequestTopic().name("__consumer_offsets")))
                .allowAutoTopicCreation(true);
        assertError(
                ask(ApiKey.METADATA, 9, asked, MetadataResponse.class).topics.getFirst().errorCode,
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }
}

package io.strandline.broker.life;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.CreateTopicsRequest;
import io.strandline.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.strandline.protocol.message.CreateTopicsResponse;
import io.strandline.protocol.message.DeleteGroupsRequest;
import io.strandline.protocol.message.DeleteGroupsResponse;
import io.strandline.protocol.message.JoinGroupRequest;
import io.strandline.protocol.message.JoinGroupRequest.JoinGroupRequestProtocol;
import io.strandline.protocol.message.JoinGroupResponse;
import io.strandline.protocol.message.LeaveGroupRequest;
import io.strandline.protocol.message.LeaveGroupRequest.MemberIdentity;
import io.strandline.protocol.message.OffsetCommitRequest;
import io.strandline.protocol.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import io.strandline.protocol.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import io.strandline.protocol.message.OffsetCommitResponse;
import io.strandline.protocol.message.SyncGroupRequest;
import io.strandline.protocol.message.SyncGroupRequest.SyncGroupRequestAssignment;
import io.strandline.protocol.message.SyncGroupResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Clients of consumer groups, all by one seed: members join, get their assignment, commit, leave; groups are deleted. */
final class GroupClients implements BrokerLife.Clients {
    private static final String TOPIC = "user-events";
    private static final int GROUPS = 3;

    private final BrokerLife life;
    private final SplittableRandom random;
    private final List<KnownGroup> groups = new ArrayList<>();
    private long nextOffset;
    private int active;
    private long told;

    GroupClients(BrokerLife life) {
        this.life = life;
        this.random = life.random;
    }

    @Override
    public void begin() throws IOException {
        var topic = new CreatableTopic().name(TOPIC).numPartitions(2).replicationFactor((short) 1);
        life.ask(ApiKey.CREATE_TOPICS, 7, new CreateTopicsRequest().topics(List.of(topic)), CreateTopicsResponse.class);
    }

    @Override
    public void step() {
        switch (random.nextInt(12)) {
            case 0, 1, 2, 3, 4, 5 -> commit(anyGroup());
            case 6, 7, 8, 9 -> takePart(anyGroup());
            case 10 -> leave(anyGroup());
            default -> delete(anyGroup());
        }
    }

    @Override
    public void brokerWasAway(boolean powerWasCut) {
        groups.stream().filter(group -> group.busy).forEach(this::over); // its client does not know where it stands
    }

    @Override
    public void verify(SimulatedBroker broker, boolean killed) throws IOException {
        new GroupVerification(broker, groups).run();
    }

    @Override
    public long told() {
        return told;
    }

    private KnownGroup anyGroup() {
        while (active < GROUPS) {
            groups.add(new KnownGroup("group-" + groups.size()));
            active++;
        }
        var usable = groups.stream().filter(group -> !group.over).toList();
        return usable.get(random.nextInt(usable.size()));
    }

    private void over(KnownGroup group) {
        if (!group.over) {
            group.over = true;
            active--;
        }
    }

    private void commit(KnownGroup group) {
        var member = group.member;
        if (group.busy || member == null && group.everJoined) {
            return;
        }
        int partition = random.nextInt(2);
        var commit = new KnownGroup.Commit(random.nextInt(10) == 0 ? -1 - random.nextInt(2) : ++nextOffset);
        var topic = new OffsetCommitRequestTopic()
                .name(TOPIC)
                .partitions(List.of(new OffsetCommitRequestPartition()
                        .partitionIndex(partition)
                        .committedOffset(commit.offset)));
        var request = new OffsetCommitRequest()
                .groupId(group.id)
                .memberId(member == null ? "" : member.id())
                .generationIdOrMemberEpoch(member == null ? -1 : member.generation())
                .topics(List.of(topic));
        group.commits(partition).add(commit);
        life.send(ApiKey.OFFSET_COMMIT, 2 + random.nextInt(8), request, response -> {
            var error = ((OffsetCommitResponse) response)
                    .topics
                    .getFirst()
                    .partitions
                    .getFirst()
                    .errorCode;
            if (succeeded("commit in " + group.id, error)) {
                commit.told = true;
                told++;
            }
        });
    }

    /** Joins, or joins again, and gives itself an assignment: it is always alone in its group. */
    private void takePart(KnownGroup group) {
        if (group.busy || group.member == null && group.everJoined) {
            return;
        }
        group.busy = true;
        group.everJoined = true;
        var member = group.member;
        group.member = null; // from here on nobody can say what a cut leaves
        var protocol = new JoinGroupRequestProtocol().name("range").metadata(bytes("metadata-" + ++nextOffset));
        var request = new JoinGroupRequest()
                .groupId(group.id)
                .memberId(member == null ? "" : member.id())
                .protocolType("consumer")
                .sessionTimeoutMs(1_800_000)
                .rebalanceTimeoutMs(1_800_000)
                .protocols(List.of(protocol));
        life.send(ApiKey.JOIN_GROUP, random.nextInt(1, 4), request, response -> {
            var joined = (JoinGroupResponse) response;
            if (!succeeded("join of " + group.id, joined.errorCode)) {
                over(group);
                return;
            }
            if (joined.generationId <= group.lastGeneration) {
                throw new AssertionError(
                        group.id + " is told generation " + joined.generationId + " after " + group.lastGeneration);
            }
            sync(group, joined);
        });
    }

    private void sync(KnownGroup group, JoinGroupResponse joined) {
        var assignment = "assignment-" + ++nextOffset;
        var request = new SyncGroupRequest()
                .groupId(group.id)
                .memberId(joined.memberId)
                .generationId(joined.generationId)
                .assignments(List.of(new SyncGroupRequestAssignment()
                        .memberId(joined.memberId)
                        .assignment(bytes(assignment))));
        life.send(ApiKey.SYNC_GROUP, random.nextInt(4), request, response -> {
            var synced = (SyncGroupResponse) response;
            if (!succeeded("sync of " + group.id, synced.errorCode)) {
                over(group);
                return;
            }
            group.lastGeneration = joined.generationId;
            group.member = new KnownGroup.Member(joined.memberId, joined.generationId, assignment);
            group.busy = false;
            told++;
        });
    }

    private void leave(KnownGroup group) {
        var member = group.member;
        if (group.busy || member == null) {
            return;
        }
        group.member = null;
        over(group);
        life.send(
                ApiKey.LEAVE_GROUP,
                3,
                new LeaveGroupRequest().groupId(group.id).members(List.of(new MemberIdentity().memberId(member.id()))),
                response -> {});
    }

    private void delete(KnownGroup group) {
        if (group.busy || group.everJoined || group.commits.isEmpty()) {
            return;
        }
        over(group);
        group.deletionAsked = true;
        life.send(ApiKey.DELETE_GROUPS, 2, new DeleteGroupsRequest().groupsNames(List.of(group.id)), response -> {
            short error = ((DeleteGroupsResponse) response).results.getFirst().errorCode;
            boolean nothingToDelete = error == ErrorCode.GROUP_ID_NOT_FOUND.code() && !group.anyCommitTold();
            if (nothingToDelete || succeeded("deletion of " + group.id, error)) {
                group.deletionTold = true;
                told++;
            }
        });
    }

    /** The only trouble there can be is a disk that takes longer than clients wait, as it does when time is advanced. */
    private static boolean succeeded(String what, short error) {
        if (error != ErrorCode.NONE.code() && error != ErrorCode.COORDINATOR_NOT_AVAILABLE.code()) {
            throw new AssertionError(what + ": " + ErrorCode.forCode(error).orElseThrow());
        }
        return error == ErrorCode.NONE.code();
    }

    static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    /** What clients were told of a group. */
    static final class KnownGroup {
        final String id;
        final Map<Integer, List<Commit>> commits = new TreeMap<>();

        /** Who has its assignment, and has asked for nothing else since. */
        @Nullable
        Member member;

        boolean everJoined;
        boolean busy;
        boolean over;
        boolean deletionAsked;
        boolean deletionTold;
        int lastGeneration;

        KnownGroup(String id) {
            this.id = id;
        }

        record Member(String id, int generation, String assignment) {}

        static final class Commit {
            final long offset;
            boolean told;

            Commit(long offset) {
                this.offset = offset;
            }
        }

        /** If not, a power cut may have taken them all, and the group with them. */
        boolean anyCommitTold() {
            return commits.values().stream().flatMap(List::stream).anyMatch(commit -> commit.told);
        }

        List<Commit> commits(int partition) {
            return commits.computeIfAbsent(partition, each -> new ArrayList<>());
        }
    }
}

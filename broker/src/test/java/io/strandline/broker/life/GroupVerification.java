package io.strandline.broker.life;

import io.strandline.broker.life.GroupClients.KnownGroup;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.HeartbeatRequest;
import io.strandline.protocol.message.HeartbeatResponse;
import io.strandline.protocol.message.OffsetFetchRequest;
import io.strandline.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.strandline.protocol.message.OffsetFetchResponse;
import io.strandline.protocol.message.SyncGroupRequest;
import io.strandline.protocol.message.SyncGroupResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Asks a broker, as members of groups would, whether everything is there that they were told. */
final class GroupVerification {
    private final SimulatedBroker broker;
    private final List<KnownGroup> groups;

    GroupVerification(SimulatedBroker broker, List<KnownGroup> groups) {
        this.broker = broker;
        this.groups = groups;
    }

    void run() throws IOException {
        for (var group : groups) {
            var offsets = offsets(group);
            if (group.deletionTold) {
                require(offsets.isEmpty(), group.id + " was deleted and has offsets: " + offsets);
            } else if (!group.deletionAsked) {
                for (var entry : group.commits.entrySet()) {
                    verifyCommits(group, entry.getKey(), entry.getValue(), offsets);
                }
                if (group.member != null) {
                    verifyMember(group, group.member);
                }
            }
        }
    }

    /** The offset must be the last one that was acknowledged, or one that was sent after it. */
    private static void verifyCommits(
            KnownGroup group, int partition, List<KnownGroup.Commit> sent, Map<Integer, Long> offsets) {
        int lastTold = -1;
        for (int i = 0; i < sent.size(); i++) {
            lastTold = sent.get(i).told ? i : lastTold;
        }
        var possible = sent.subList(Math.max(lastTold, 0), sent.size()).stream()
                .map(commit -> commit.offset)
                .toList();
        var found = offsets.get(partition);
        require(
                found == null ? lastTold < 0 : possible.contains(found),
                group.id + "/" + partition + " has the offset " + found + ", possible are " + possible);
    }

    private void verifyMember(KnownGroup group, KnownGroup.Member member) throws IOException {
        var beat = broker.ask(
                ApiKey.HEARTBEAT,
                4,
                new HeartbeatRequest().groupId(group.id).memberId(member.id()).generationId(member.generation()),
                HeartbeatResponse.class);
        require(
                beat.errorCode == ErrorCode.NONE.code(),
                member + " of " + group.id + " is told " + ErrorCode.forCode(beat.errorCode));
        var synced = broker.ask(
                ApiKey.SYNC_GROUP,
                3,
                new SyncGroupRequest().groupId(group.id).memberId(member.id()).generationId(member.generation()),
                SyncGroupResponse.class);
        var assignment = StandardCharsets.UTF_8.decode(synced.assignment).toString();
        require(
                assignment.equals(member.assignment()),
                member + " of " + group.id + " is assigned " + assignment + " after a restart");
    }

    private Map<Integer, Long> offsets(KnownGroup group) throws IOException {
        var request = new OffsetFetchRequest()
                .groups(List.of(new OffsetFetchRequestGroup().groupId(group.id).topics(null)));
        var response = broker.ask(ApiKey.OFFSET_FETCH, 9, request, OffsetFetchResponse.class);
        var offsets = new HashMap<Integer, Long>();
        response.groups
                .getFirst()
                .topics
                .forEach(topic -> topic.partitions.forEach(
                        partition -> offsets.put(partition.partitionIndex, partition.committedOffset)));
        return offsets;
    }

    private static void require(boolean fact, String what) {
        if (!fact) {
            throw new AssertionError(what);
        }
    }
}

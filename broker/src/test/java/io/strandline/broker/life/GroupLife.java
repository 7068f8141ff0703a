package io.strandline.broker.life;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
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
import io.strandline.storage.StoreConfig;
import io.strandline.storage.simulation.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Consumer groups and a broker, all by one seed: members join, get their assignment, commit, leave; groups are deleted; the
 * broker is stopped, killed and cut off. During every operation of the disk the power can fail: then another broker starts on
 * what is left of the disk and is asked for everything that clients were told until then.
 */
final class GroupLife {
    private static final String TOPIC = "user-events";
    private static final int GROUPS = 3;

    private final long seed;
    private final double cutChance;
    private final SplittableRandom random;
    private final SplittableRandom cuts;
    private final ManualTime time = new ManualTime();
    private final List<KnownGroup> groups = new ArrayList<>();
    private final List<Waiting> waiting = new ArrayList<>();
    private final StoreConfig config = StoreConfig.defaults()
            .withJournalBytes(64 * 1024)
            .withCheckpoint(16 * 1024, Duration.ofSeconds(10))
            .withIndexIntervalBytes(256);
    private SimulatedDisk disk;
    private SimulatedBroker broker;
    private long nextOffset;
    private int active;

    long cutsTried;
    long killsTried;
    long told;

    GroupLife(long seed, double cutChance) throws IOException {
        this.seed = seed;
        this.cutChance = cutChance;
        this.random = new SplittableRandom(seed);
        this.cuts = new SplittableRandom(~seed);
        this.disk = new SimulatedDisk(random.nextLong());
        this.broker = start(disk);
        var topic = new CreatableTopic().name(TOPIC).numPartitions(2).replicationFactor((short) 1);
        broker.ask(
                ApiKey.CREATE_TOPICS, 7, new CreateTopicsRequest().topics(List.of(topic)), CreateTopicsResponse.class);
        watch();
    }

    private record Waiting(SimulatedBroker.Sent sent, Learn learn) {}

    @FunctionalInterface
    private interface Learn {
        void from(Message response);
    }

    void live(int steps) throws IOException {
        for (int step = 0; step < steps; step++) {
            step();
            listen();
        }
        broker.settle();
        listen();
        new GroupVerification(broker, groups).run();
    }

    private void step() throws IOException {
        switch (random.nextInt(20)) {
            case 0, 1, 2, 3, 4, 5 -> commit(anyGroup());
            case 6, 7, 8, 9 -> takePart(anyGroup());
            case 10 -> leave(anyGroup());
            case 11 -> delete(anyGroup());
            case 12, 13, 14, 15, 16 -> broker.cycle();
            case 17 -> broker.checkpoint();
            case 18 -> time.advanceMs(random.nextLong(6_000));
            default -> {
                if (random.nextInt(3) == 0) {
                    restart();
                }
            }
        }
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

    private void send(ApiKey api, int version, Message request, Learn learn) {
        waiting.add(new Waiting(broker.send(api, version, request), learn));
    }

    private void listen() throws IOException {
        for (var each : List.copyOf(waiting)) {
            if (each.sent().ready()) {
                waiting.remove(each);
                each.learn().from(each.sent().response().orElseThrow());
            }
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
        send(ApiKey.OFFSET_COMMIT, 2 + random.nextInt(8), request, response -> {
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
        send(ApiKey.JOIN_GROUP, random.nextInt(1, 4), request, response -> {
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
        send(ApiKey.SYNC_GROUP, random.nextInt(4), request, response -> {
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
        send(
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
        send(ApiKey.DELETE_GROUPS, 2, new DeleteGroupsRequest().groupsNames(List.of(group.id)), response -> {
            if (succeeded("deletion of " + group.id, ((DeleteGroupsResponse) response).results.getFirst().errorCode)) {
                group.deletionTold = true;
                told++;
            }
        });
    }

    private void restart() throws IOException {
        waiting.clear();
        groups.stream().filter(group -> group.busy).forEach(this::over); // its client does not know where it stands
        long next = random.nextLong();
        switch (random.nextInt(3)) {
            case 0 -> {
                broker.close();
                disk = disk.afterProcessKill(next);
            }
            case 1 -> disk = disk.afterProcessKill(next);
            default -> disk = disk.afterPowerCut(next);
        }
        broker = start(disk);
        watch();
    }

    private void watch() {
        var watched = disk;
        watched.onOperation(operation -> {
            if (cuts.nextDouble() < cutChance) {
                tryCut(watched, operation.toString());
            }
        });
    }

    private void tryCut(SimulatedDisk cut, String where) {
        boolean killed = cuts.nextInt(4) == 0;
        long next = cuts.nextLong();
        try {
            new GroupVerification(start(killed ? cut.afterProcessKill(next) : cut.afterPowerCut(next)), groups).run();
        } catch (AssertionError | IOException | RuntimeException e) {
            throw new AssertionError(
                    (killed ? "After the death of the process" : "After a power cut") + " during " + where + ", -Dseed="
                            + seed,
                    e);
        }
        if (killed) {
            killsTried++;
        } else {
            cutsTried++;
        }
    }

    private SimulatedBroker start(SimulatedDisk on) throws IOException {
        return new SimulatedBroker(on, config, time, () -> new UUID(cuts.nextLong(), cuts.nextLong()));
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

        List<Commit> commits(int partition) {
            return commits.computeIfAbsent(partition, each -> new ArrayList<>());
        }
    }
}

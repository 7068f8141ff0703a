package io.strandline.broker.groups;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** A client of the classic protocol, one step at a time. */
final class Consumer {
    static final int SESSION_MS = 10_000;
    static final int REBALANCE_MS = 60_000;

    private final Stage stage;
    private final String clientId;
    String memberId = "";
    Optional<String> instanceId = Optional.empty();
    String protocolType = "consumer";
    List<Protocol> protocols = List.of(subscribedTo("range", "user-events"));
    int sessionTimeoutMs = SESSION_MS;
    int rebalanceTimeoutMs = REBALANCE_MS;
    boolean modern = true;
    int generation = -1;
    private PendingAnswer<JoinAnswer> join;
    private PendingAnswer<SyncAnswer> sync;

    Consumer(Stage stage, String clientId) {
        this.stage = stage;
        this.clientId = clientId;
    }

    static Consumer of(Stage stage, String clientId) {
        return new Consumer(stage, clientId);
    }

    Consumer asInstance(String instance) {
        instanceId = Optional.of(instance);
        return this;
    }

    Consumer speaking(String... names) {
        protocols = List.of(names).stream()
                .map(name -> subscribedTo(name, "user-events"))
                .toList();
        return this;
    }

    /** A client from before MEMBER_ID_REQUIRED and skipAssignment. */
    Consumer old() {
        modern = false;
        return this;
    }

    static Protocol subscribedTo(String protocol, String... topics) {
        var out = ByteBuffer.allocate(1000).putShort((short) 1).putInt(topics.length);
        for (var topic : topics) {
            out.putShort((short) topic.length()).put(topic.getBytes(StandardCharsets.UTF_8));
        }
        return new Protocol(protocol, Bytes.copyOf(out.putInt(0).flip()));
    }

    static Bytes text(String text) {
        return Bytes.copyOf(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    // ---- Joining ----

    /** Sends a join, without a look at the answer. */
    PendingAnswer<JoinAnswer> sendJoin() {
        join = new PendingAnswer<>(() -> {});
        stage.groups()
                .join(
                        new JoinRequest(
                                Stage.GROUP,
                                memberId,
                                instanceId,
                                clientId,
                                "/127.0.0.1",
                                sessionTimeoutMs,
                                rebalanceTimeoutMs,
                                protocolType,
                                protocols,
                                "",
                                modern,
                                modern),
                        join);
        return join;
    }

    /** Joins, with the extra round for the member id. The answer may have to wait for others. */
    Consumer startJoin() {
        sendJoin();
        if (join.answer().map(Settled::value).orElse(null) instanceof JoinAnswer.Refused refused
                && refused.error() == ErrorCode.MEMBER_ID_REQUIRED) {
            memberId = refused.memberId();
            sendJoin();
        }
        return this;
    }

    boolean joinWaits() {
        return join.answer().isEmpty();
    }

    JoinAnswer joinAnswer() {
        return join.answer().orElseThrow().value();
    }

    /** Takes the answer to the join, which must be there and good. */
    JoinAnswer.Joined joined() {
        assertThat(joinAnswer()).isInstanceOf(JoinAnswer.Joined.class);
        var joined = (JoinAnswer.Joined) joinAnswer();
        memberId = joined.memberId();
        generation = joined.generation();
        return joined;
    }

    JoinAnswer.Joined join() {
        return startJoin().joined();
    }

    ErrorCode joinError() {
        return ((JoinAnswer.Refused) joinAnswer()).error();
    }

    boolean leads() {
        return joined().leader().orElseThrow().equals(memberId);
    }

    // ---- Assignment ----

    Consumer startSync() {
        return startSync(Map.of());
    }

    Consumer startSync(Map<String, Bytes> assignments) {
        sync = new PendingAnswer<>(() -> {});
        stage.groups()
                .sync(
                        new SyncRequest(
                                Stage.GROUP,
                                memberId,
                                instanceId,
                                generation,
                                Optional.empty(),
                                Optional.empty(),
                                assignments),
                        sync);
        return this;
    }

    /** The leader gives every member a text that names it and the generation. */
    Consumer startSyncAsLeader() {
        var assignments = new HashMap<String, Bytes>();
        for (var member : joined().members()) {
            assignments.put(member.memberId(), assignmentOf(member.memberId()));
        }
        return startSync(assignments);
    }

    Bytes assignmentOf(String member) {
        return text(member + " in " + generation);
    }

    boolean syncWaits() {
        return sync.answer().isEmpty();
    }

    Settled<SyncAnswer> syncAnswer() {
        return sync.answer().orElseThrow();
    }

    Bytes assignment() {
        assertThat(syncAnswer().value()).isInstanceOf(SyncAnswer.Assigned.class);
        return ((SyncAnswer.Assigned) syncAnswer().value()).assignment();
    }

    ErrorCode syncError() {
        return ((SyncAnswer.Refused) syncAnswer().value()).error();
    }

    // ---- The rest ----

    ErrorCode heartbeat() {
        return stage.groups()
                .heartbeat(new Heartbeat(Stage.GROUP, memberId, instanceId, generation))
                .value();
    }

    ErrorCode leave() {
        var leaver = new LeaveRequest.Leaver(memberId, instanceId, "test");
        return stage.groups()
                .leave(new LeaveRequest(Stage.GROUP, List.of(leaver)))
                .value()
                .getFirst()
                .error();
    }

    Settled<CommitAnswer> sendCommit(int partition, long offset) {
        return stage.groups()
                .commit(new CommitRequest(
                        Stage.GROUP,
                        memberId,
                        instanceId,
                        generation,
                        OptionalLong.empty(),
                        List.of(offset(partition, offset, ""))));
    }

    ErrorCode commit(int partition, long offset) {
        return switch (sendCommit(partition, offset).value()) {
            case CommitAnswer.Committed ignored -> ErrorCode.NONE;
            case CommitAnswer.Refused refused -> refused.error();
        };
    }

    static CommitRequest.OffsetToCommit offset(int partition, long offset, String metadata) {
        return new CommitRequest.OffsetToCommit(
                new TopicPartition("user-events", partition),
                CommittedOffset.NO_TOPIC_ID,
                offset,
                OptionalInt.of(3),
                metadata);
    }
}

package io.strandline.broker.groups;

import io.strandline.broker.groups.EventLog.Appended;
import io.strandline.protocol.ErrorCode;
import io.strandline.storage.Time;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.function.Function;

/**
 * Who is in a group and who reads what: the classic protocol, see {@link GroupState} for the picture.
 *
 * <p>Two kinds of state. What the log knows (a generation with its assignment, an empty group) changes in {@link #apply} and
 * nowhere else, now and at restart alike. What only lives in the conversation (who is called to join and has come, who waits for
 * the leader) is lost with the broker; then the clients begin again from what the log knows. So a generation number may be spoken
 * twice across a crash, but never if somebody has got an assignment under it: an assignment is told only when its event is on the
 * disk.
 *
 * <p>Every method is called under the group's lock.
 *
 * <p>Behaviour as in Kafka 4.3, KIP-62 (rebalance timeout), KIP-345 (static members), KIP-394 (member ids), KIP-559 (protocol
 * checked in SyncGroup), KIP-814 (skipped assignment). Where Kafka leaves a client without an answer (it leaves while it waits
 * for the leader, it asks twice), it gets one here.
 */
final class Membership {
    private static final System.Logger LOG = System.getLogger(Membership.class.getName());

    private final String group;
    private final GroupConfig config;
    private final Function<Event, Appended> log;
    private final Timer timer;
    private final Time time;
    private final Lock lock;
    private final Members members = new Members();
    private final Alarm joinAlarm;
    private final Alarm syncAlarm;

    private GroupState state = GroupState.EMPTY;
    private OptionalLong stateSinceMs;
    private int generation;
    private Optional<String> protocolType = Optional.empty();
    private Optional<String> protocol = Optional.empty();
    private Optional<Set<String>> subscribedTopics = Optional.empty();

    /** Whether this is the first rebalance of an empty group, which waits for more members than are there. */
    private boolean firstRebalance;

    private boolean joinedDuringDelay;
    private int delayLeftMs;

    /** What the log knows of the membership, whatever has been said since; absent when it knows nothing. */
    private Optional<Event.GroupStored> stored = Optional.empty();

    /** End of the last event about the membership: what every answer from here waits for. */
    private long storedEnd;

    /** @param log appends an event and has it applied, or refuses it */
    Membership(String group, GroupConfig config, Function<Event, Appended> log, Timer timer, Time time, Lock lock) {
        this.group = group;
        this.config = config;
        this.log = log;
        this.timer = timer;
        this.time = time;
        this.lock = lock;
        stateSinceMs = OptionalLong.of(time.wallMs());
        joinAlarm = alarm(this::joinTimeIsUp);
        syncAlarm = alarm(this::syncTimeIsUp);
    }

    // ---- Joining ----

    void join(JoinRequest request, String newMemberId, PendingAnswer<JoinAnswer> answer) {
        if (isFullFor(request.memberId())) {
            members.get(request.memberId()).ifPresent(this::expel);
            members.forget(request.memberId());
            refuse(answer, ErrorCode.GROUP_MAX_SIZE_REACHED, "");
            completeJoinIfAllJoined();
        } else if (!supports(request)) {
            refuse(answer, ErrorCode.INCONSISTENT_GROUP_PROTOCOL, request.memberId());
        } else if (request.memberId().isEmpty()) {
            joinAsNewcomer(request, newMemberId, answer);
        } else if (members.expects(request.memberId()) && request.instanceId().isEmpty()) {
            add(request, request.memberId(), answer);
        } else {
            joinAgain(request, answer);
        }
    }

    private void joinAsNewcomer(JoinRequest request, String newMemberId, PendingAnswer<JoinAnswer> answer) {
        var holder = request.instanceId().flatMap(members::ofInstance);
        if (holder.isPresent()) {
            replaceStatic(request, holder.get(), newMemberId, answer);
        } else if (request.instanceId().isEmpty() && request.knowsMemberIdRequired()) {
            var forget = alarm(() -> expectedDidNotCome(newMemberId));
            members.expect(newMemberId, forget);
            forget.set(request.sessionTimeoutMs());
            refuse(answer, ErrorCode.MEMBER_ID_REQUIRED, newMemberId);
        } else {
            add(request, newMemberId, answer);
        }
    }

    private void joinAgain(JoinRequest request, PendingAnswer<JoinAnswer> answer) {
        var error = checkMember(request.memberId(), request.instanceId());
        if (error != ErrorCode.NONE) {
            refuse(answer, error, request.memberId());
            return;
        }
        var member = members.get(request.memberId()).orElseThrow();
        boolean unchanged = member.protocols.equals(request.protocols());
        boolean callsEverybody = switch (state) {
            case PREPARING_REBALANCE -> true;
            // It did not get the answer to its join, and asks again.
            case COMPLETING_REBALANCE -> !unchanged;
            // A leader that joins has seen partitions come or go.
            case STABLE -> !unchanged || members.isLeader(member.id);
            case EMPTY, DEAD -> throw new IllegalStateException(this + " has a member " + member.id);
        };
        if (callsEverybody) {
            member.update(request);
            member.awaitJoin(answer, storedEnd);
            rebalanceOrCompleteJoin("member " + member.id + " joins again" + because(request.reason()));
        } else {
            answer.settle(joined(member, state == GroupState.COMPLETING_REBALANCE), storedEnd);
        }
    }

    private void add(JoinRequest request, String memberId, PendingAnswer<JoinAnswer> answer) {
        var member = new Member(memberId, request, alarm(() -> sessionIsOver(memberId)));
        member.fresh = true;
        if (members.isEmpty()) {
            protocolType = Optional.of(request.protocolType());
        }
        members.add(member);
        joinedDuringDelay = true;
        member.awaitJoin(answer, storedEnd);
        member.session.set(config.newMemberJoinTimeoutMs());
        rebalanceOrCompleteJoin("new member " + memberId + because(request.reason()));
    }

    /** A static member's process was restarted. It gets its partitions back without disturbing the others, if that can be. */
    private void replaceStatic(JoinRequest request, Member old, String newMemberId, PendingAnswer<JoinAnswer> answer) {
        var successor = new Member(newMemberId, request, alarm(() -> sessionIsOver(newMemberId)));
        successor.assignment = old.assignment;
        if (state == GroupState.STABLE
                && members.electProtocolWith(successor, old).equals(protocol)) {
            replaceAndKeepAssignment(request, old, successor, answer);
            return;
        }
        fence(old);
        members.replace(old, successor);
        successor.awaitJoin(answer, storedEnd);
        successor.session.set(successor.sessionTimeoutMs);
        // While the leader assigns, it assigns to the old id: its answer is of no use any more.
        rebalanceOrCompleteJoin(
                "static member " + request.instanceId().orElse("") + " is back" + because(request.reason()));
    }

    private void replaceAndKeepAssignment(
            JoinRequest request, Member old, Member successor, PendingAnswer<JoinAnswer> answer) {
        boolean leads = members.isLeader(old.id);
        var oldLeader = members.leader();
        var snapshot = members.all().stream()
                .map(member -> member == old ? successor : member)
                .map(member -> member.toStored(protocol, member.assignment))
                .toList();
        var leader = leads ? Optional.of(successor.id) : oldLeader;
        if (record(stored(generation, protocol, leader, snapshot)) instanceof Appended.Refused) {
            refuse(answer, ErrorCode.COORDINATOR_NOT_AVAILABLE, "");
            return;
        }
        fence(old);
        var member = members.get(successor.id).orElseThrow();
        member.update(request);
        member.session.set(member.sessionTimeoutMs);
        if (request.knowsSkipAssignment()) {
            answer.settle(
                    new JoinAnswer.Joined(
                            member.id,
                            generation,
                            protocolType,
                            protocol,
                            leader,
                            leads,
                            leads ? forLeader() : List.of()),
                    storedEnd);
        } else {
            // An old client that reads its own id as leader would assign again; it is told the leader of before.
            answer.settle(
                    new JoinAnswer.Joined(member.id, generation, protocolType, protocol, oldLeader, false, List.of()),
                    storedEnd);
        }
    }

    /** Two processes with one instance id: the later one is right. */
    private void fence(Member old) {
        old.settleJoin(new JoinAnswer.Refused(ErrorCode.FENCED_INSTANCE_ID, old.id), storedEnd);
        old.settleSync(new SyncAnswer.Refused(ErrorCode.FENCED_INSTANCE_ID), storedEnd);
    }

    private boolean isFullFor(String memberId) {
        return switch (state) {
            case EMPTY, DEAD -> false;
            // Counts who is here again: after the limit was lowered, the first to come stay.
            case PREPARING_REBALANCE ->
                members.get(memberId).filter(Member::awaitsJoin).isEmpty() && members.countJoined() >= config.maxSize();
            case COMPLETING_REBALANCE, STABLE -> !members.contains(memberId) && members.size() >= config.maxSize();
        };
    }

    private boolean supports(JoinRequest request) {
        if (state == GroupState.EMPTY) {
            return !request.protocolType().isEmpty() && !request.protocols().isEmpty();
        }
        return protocolType.filter(request.protocolType()::equals).isPresent()
                && members.shareAnyOf(request.protocols());
    }

    // ---- Rebalancing ----

    private void rebalanceOrCompleteJoin(String reason) {
        if (state == GroupState.PREPARING_REBALANCE) {
            completeJoinIfAllJoined();
        } else {
            startRebalance(reason);
        }
    }

    private void startRebalance(String reason) {
        LOG.log(Level.DEBUG, () -> this + " rebalances: " + reason);
        if (state == GroupState.COMPLETING_REBALANCE) {
            refuseSyncs(ErrorCode.REBALANCE_IN_PROGRESS);
        }
        members.forgetSyncs();
        syncAlarm.stop();
        firstRebalance = state == GroupState.EMPTY;
        moveTo(GroupState.PREPARING_REBALANCE);
        if (!firstRebalance) {
            joinAlarm.set(members.rebalanceTimeoutMs());
            completeJoinIfAllJoined();
        } else if (config.initialRebalanceDelayMs() > 0) {
            delayLeftMs = Math.max(members.rebalanceTimeoutMs() - config.initialRebalanceDelayMs(), 0);
            joinedDuringDelay = false;
            joinAlarm.set(config.initialRebalanceDelayMs());
        } else {
            completeJoin();
        }
    }

    private void completeJoinIfAllJoined() {
        if (state == GroupState.PREPARING_REBALANCE && !firstRebalance && members.allJoined()) {
            completeJoin();
        }
    }

    private void joinTimeIsUp() {
        if (firstRebalance && joinedDuringDelay && delayLeftMs > 0) {
            joinedDuringDelay = false;
            int delayMs = Math.min(config.initialRebalanceDelayMs(), delayLeftMs);
            delayLeftMs -= delayMs;
            joinAlarm.set(delayMs);
        } else {
            completeJoin();
        }
    }

    private void completeJoin() {
        joinAlarm.stop();
        for (var member : List.copyOf(members.all())) {
            if (!member.awaitsJoin() && !member.isStatic()) {
                LOG.log(Level.INFO, () -> this + ": member " + member.id + " did not join in time and is out");
                expel(member);
            }
        }
        if (members.isEmpty()) {
            becomeEmpty();
        } else if (members.electJoinedLeader()) {
            startGeneration();
        } else {
            // Only static members, and none has come back yet. Their sessions decide.
            joinAlarm.set(members.rebalanceTimeoutMs());
        }
    }

    private void becomeEmpty() {
        var event = stored(generation + 1, Optional.empty(), Optional.empty(), List.of());
        if (record(event) instanceof Appended.Refused) {
            // After a restart the members of the generation before would be back, and time out. Harmless, so go on.
            apply(event);
        }
        LOG.log(Level.INFO, () -> this + " is empty");
    }

    private void startGeneration() {
        generation++;
        protocol = members.electProtocol();
        subscribedTopics = findSubscribedTopics();
        moveTo(GroupState.COMPLETING_REBALANCE);
        LOG.log(Level.INFO, () -> this + " begins generation " + generation + " with " + members.size() + " members");
        for (var member : members.all()) {
            member.settleJoin(joined(member, true), storedEnd);
            member.fresh = false;
            member.session.set(member.sessionTimeoutMs);
            members.awaitSyncOf(member);
        }
        syncAlarm.set(members.rebalanceTimeoutMs());
    }

    private void syncTimeIsUp() {
        var silent = members.notSynced();
        if (silent.isEmpty()) {
            return;
        }
        LOG.log(Level.INFO, () -> this + ": " + silent.size() + " members did not fetch their assignment and are out");
        silent.forEach(this::expel);
        startRebalance(silent.size() + " members did not fetch their assignment");
    }

    private JoinAnswer.Joined joined(Member member, boolean tellsLeader) {
        return new JoinAnswer.Joined(
                member.id,
                generation,
                protocolType,
                protocol,
                members.leader(),
                false,
                tellsLeader && members.isLeader(member.id) ? forLeader() : List.of());
    }

    private List<JoinAnswer.JoinedMember> forLeader() {
        return members.all().stream()
                .map(member -> new JoinAnswer.JoinedMember(member.id, member.instanceId, member.metadata(protocol)))
                .toList();
    }

    // ---- Assigning ----

    void sync(SyncRequest request, PendingAnswer<SyncAnswer> answer) {
        var error = checkSync(request);
        if (error != ErrorCode.NONE) {
            answer.settle(new SyncAnswer.Refused(error), storedEnd);
            return;
        }
        var member = members.get(request.memberId()).orElseThrow();
        members.synced(member.id);
        if (members.allSynced()) {
            syncAlarm.stop();
        }
        if (state == GroupState.STABLE) {
            answer.settle(new SyncAnswer.Assigned(protocolType, protocol, member.assignment), storedEnd);
            return;
        }
        member.awaitSync(answer, storedEnd);
        if (members.isLeader(member.id)) {
            assign(request.assignments());
        }
    }

    private ErrorCode checkSync(SyncRequest request) {
        var error = checkMember(request.memberId(), request.instanceId());
        if (error != ErrorCode.NONE) {
            return error;
        }
        if (request.generation() != generation) {
            return ErrorCode.ILLEGAL_GENERATION;
        }
        if (differs(request.protocolType(), protocolType) || differs(request.protocol(), protocol)) {
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
        }
        return state == GroupState.PREPARING_REBALANCE ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
    }

    private static boolean differs(Optional<String> told, Optional<String> known) {
        return told.isPresent() && !told.equals(known);
    }

    /** Members that the leader has left out get nothing to read. */
    private void assign(Map<String, Bytes> assignments) {
        var snapshot = members.all().stream()
                .map(member -> member.toStored(protocol, assignments.getOrDefault(member.id, Bytes.EMPTY)))
                .toList();
        if (record(stored(generation, protocol, members.leader(), snapshot)) instanceof Appended.Refused refused) {
            refuseSyncs(ErrorCode.COORDINATOR_NOT_AVAILABLE);
            startRebalance("the assignment could not be stored: " + refused.reason());
            return;
        }
        for (var member : members.all()) {
            if (member.settleSync(new SyncAnswer.Assigned(protocolType, protocol, member.assignment), storedEnd)) {
                member.session.set(member.sessionTimeoutMs);
            }
        }
    }

    private void refuseSyncs(ErrorCode error) {
        for (var member : members.all()) {
            if (member.settleSync(new SyncAnswer.Refused(error), storedEnd)) {
                member.session.set(member.sessionTimeoutMs);
            }
        }
    }

    // ---- Staying and going ----

    Settled<ErrorCode> heartbeat(Heartbeat request) {
        var error = checkMember(request.memberId(), request.instanceId());
        if (error == ErrorCode.NONE && request.generation() != generation) {
            error = ErrorCode.ILLEGAL_GENERATION;
        }
        if (error == ErrorCode.NONE) {
            members.get(request.memberId()).ifPresent(this::keepSession);
            if (state == GroupState.PREPARING_REBALANCE) {
                error = ErrorCode.REBALANCE_IN_PROGRESS;
            }
        }
        return new Settled<>(error, storedEnd);
    }

    Settled<List<LeaveRequest.Left>> leave(List<LeaveRequest.Leaver> leavers) {
        var left = new ArrayList<LeaveRequest.Left>();
        boolean anyLeft = false;
        for (var leaver : leavers) {
            var error = leave(leaver);
            anyLeft |= error == ErrorCode.NONE;
            left.add(new LeaveRequest.Left(leaver, error));
        }
        if (anyLeft) {
            switch (state) {
                case STABLE, COMPLETING_REBALANCE -> startRebalance("members have left");
                case PREPARING_REBALANCE -> completeJoinIfAllJoined();
                case EMPTY, DEAD -> {
                    // Who left had an id and was not a member yet.
                }
            }
        }
        return new Settled<>(left, storedEnd);
    }

    private ErrorCode leave(LeaveRequest.Leaver leaver) {
        if (leaver.memberId().isEmpty()) {
            var member = leaver.instanceId().flatMap(members::ofInstance);
            member.ifPresent(gone -> expel(gone, leaver.reason()));
            return member.isPresent() ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
        }
        if (members.expects(leaver.memberId())) {
            members.forget(leaver.memberId());
            return ErrorCode.NONE;
        }
        var error = checkMember(leaver.memberId(), leaver.instanceId());
        if (error == ErrorCode.NONE) {
            members.get(leaver.memberId()).ifPresent(gone -> expel(gone, leaver.reason()));
        }
        return error;
    }

    private void expel(Member member, String reason) {
        LOG.log(Level.DEBUG, () -> this + ": member " + member.id + " leaves" + because(reason));
        expel(member);
    }

    /** Takes a member out and frees whatever of its requests still waits. */
    private void expel(Member member) {
        members.remove(member);
        member.settleJoin(new JoinAnswer.Refused(ErrorCode.UNKNOWN_MEMBER_ID, ""), storedEnd);
        member.settleSync(new SyncAnswer.Refused(ErrorCode.UNKNOWN_MEMBER_ID), storedEnd);
    }

    private void sessionIsOver(String memberId) {
        var member = members.get(memberId);
        if (member.isEmpty() || member.get().excusedFromHeartbeats()) {
            return;
        }
        LOG.log(
                Level.INFO,
                () -> this + ": member " + memberId + " was silent for " + member.get().sessionTimeoutMs
                        + " ms and is out");
        expel(member.get());
        if (state == GroupState.PREPARING_REBALANCE) {
            completeJoinIfAllJoined();
        } else {
            startRebalance("member " + memberId + " was silent");
        }
    }

    private void expectedDidNotCome(String memberId) {
        members.forget(memberId);
        completeJoinIfAllJoined();
    }

    private void keepSession(Member member) {
        // The long first timeout of a newcomer must not be shortened by what somebody sends under its id.
        if (!member.fresh) {
            member.session.set(member.sessionTimeoutMs);
        }
    }

    private ErrorCode checkMember(String memberId, Optional<String> instanceId) {
        if (instanceId.isPresent()) {
            var holder = members.ofInstance(instanceId.get());
            if (holder.isEmpty()) {
                return ErrorCode.UNKNOWN_MEMBER_ID;
            }
            if (!holder.get().id.equals(memberId)) {
                return ErrorCode.FENCED_INSTANCE_ID;
            }
        }
        return members.contains(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
    }

    /** Whether a commit of this client counts. */
    ErrorCode checkCommit(CommitRequest request) {
        if (request.generation() < 0 && state == GroupState.EMPTY) {
            return ErrorCode.NONE;
        }
        boolean fromMember = request.generation() >= 0
                || !request.memberId().isEmpty()
                || request.instanceId().isPresent();
        if (!fromMember) {
            // Whoever chooses its partitions itself must not move the offsets of a group that has members.
            return state == GroupState.EMPTY ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
        }
        var error = checkMember(request.memberId(), request.instanceId());
        if (error == ErrorCode.NONE && request.generation() != generation) {
            return ErrorCode.ILLEGAL_GENERATION;
        }
        if (error == ErrorCode.NONE && state == GroupState.COMPLETING_REBALANCE) {
            return ErrorCode.REBALANCE_IN_PROGRESS;
        }
        return error;
    }

    /** A commit shows that the member lives, as a heartbeat does. */
    void committed(String memberId) {
        if (state == GroupState.STABLE || state == GroupState.PREPARING_REBALANCE) {
            members.get(memberId).ifPresent(this::keepSession);
        }
    }

    // ---- Looking ----

    GroupState state() {
        return state;
    }

    Optional<String> protocolType() {
        return protocolType;
    }

    OptionalLong stateSinceMs() {
        return stateSinceMs;
    }

    /** What the members read; absent when that cannot be known. */
    Optional<Set<String>> subscribedTopics() {
        return subscribedTopics;
    }

    /** Whether newcomers were sent back with an id and have not come again yet. */
    boolean expectsAny() {
        return members.expectsAny();
    }

    /** What the log knows of the membership. Where it knows something, a deletion needs an event. */
    Optional<Event.GroupStored> stored() {
        return stored;
    }

    /** End of the last event about the membership. */
    long storedEnd() {
        return storedEnd;
    }

    Settled<GroupDescription> describe() {
        boolean stable = state == GroupState.STABLE;
        Function<Member, GroupDescription.Described> describe = member -> new GroupDescription.Described(
                member.id,
                member.instanceId,
                member.clientId,
                member.clientHost,
                stable ? member.metadata(protocol) : Bytes.EMPTY,
                member.assignment);
        return new Settled<>(
                new GroupDescription(
                        group,
                        state,
                        protocolType.orElse(""),
                        stable ? protocol.orElse("") : "",
                        members.all().stream().map(describe).toList()),
                storedEnd);
    }

    boolean isOfConsumers() {
        return protocolType.filter(Subscription.CONSUMER::equals).isPresent();
    }

    boolean isSubscribedTo(String topic) {
        return subscribedTopics.map(topics -> topics.contains(topic)).orElseGet(this::isOfConsumers);
    }

    /** What the members read; absent when that cannot be known (not consumers, or one that says it in an unknown way). */
    private Optional<Set<String>> findSubscribedTopics() {
        if (!isOfConsumers()) {
            return Optional.empty();
        }
        var all = new HashSet<String>();
        for (var member : members.all()) {
            var topics = Subscription.topics(member.metadata(protocol));
            if (topics.isEmpty()) {
                return Optional.empty();
            }
            all.addAll(topics.get());
        }
        return Optional.of(all);
    }

    // ---- Events ----

    private Appended record(Event.GroupStored event) {
        return log.apply(event);
    }

    /** The last event that was applied is on the disk when the log is durable up to here. */
    void storedUpTo(long endOffset) {
        storedEnd = endOffset;
    }

    /** Makes an event part of the state. Cannot fail. */
    void apply(Event.GroupStored event) {
        stored = Optional.of(event);
        generation = event.generation();
        protocolType = event.protocolType().filter(type -> !type.isEmpty());
        protocol = event.protocol();
        members.restore(event, this::restored);
        subscribedTopics = findSubscribedTopics();
        state = members.isEmpty() ? GroupState.EMPTY : GroupState.STABLE;
        stateSinceMs = event.stateTimestampMs();
    }

    /** The group was deleted. Cannot fail. */
    void applyDeletion() {
        stored = Optional.empty();
        generation = 0;
        protocolType = Optional.empty();
        protocol = Optional.empty();
        List.copyOf(members.all()).forEach(members::remove);
        subscribedTopics = Optional.empty();
        state = GroupState.EMPTY;
    }

    private Member restored(Event.StoredMember stored) {
        return new Member(stored, protocol, alarm(() -> sessionIsOver(stored.memberId())));
    }

    private Event.GroupStored stored(
            int newGeneration,
            Optional<String> newProtocol,
            Optional<String> leader,
            List<Event.StoredMember> snapshot) {
        return new Event.GroupStored(
                group, newGeneration, protocolType, newProtocol, leader, OptionalLong.of(time.wallMs()), snapshot);
    }

    // ---- Beginning and end ----

    /** After the log has been read: every member has its session timeout to show that it lives. */
    void resume() {
        members.all().forEach(member -> member.session.set(member.sessionTimeoutMs));
        if (members.size() > config.maxSize()) {
            startRebalance(members.size() + " members are more than group.max.size " + config.maxSize() + " allows");
        }
    }

    /** Nothing more happens here: whoever waits is told to look for a coordinator. */
    void stop() {
        joinAlarm.stop();
        syncAlarm.stop();
        for (var member : List.copyOf(members.all())) {
            member.session.stop();
            member.settleJoin(new JoinAnswer.Refused(ErrorCode.NOT_COORDINATOR, member.id), storedEnd);
            member.settleSync(new SyncAnswer.Refused(ErrorCode.NOT_COORDINATOR), storedEnd);
        }
        members.forgetExpected();
        state = GroupState.DEAD;
    }

    private void moveTo(GroupState next) {
        state = next;
        stateSinceMs = OptionalLong.of(time.wallMs());
    }

    private Alarm alarm(Runnable action) {
        return new Alarm(timer, time, lock, action);
    }

    private void refuse(PendingAnswer<JoinAnswer> answer, ErrorCode error, String memberId) {
        answer.settle(new JoinAnswer.Refused(error, memberId), storedEnd);
    }

    private static String because(String reason) {
        return reason.isEmpty() ? "" : " (" + reason + ")";
    }

    @Override
    public String toString() {
        return "Group " + group + " (" + state + ", generation " + generation + ")";
    }
}

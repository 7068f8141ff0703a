package io.strandline.broker.groups;

import io.strandline.broker.groups.EventLog.Appended;
import io.strandline.protocol.ErrorCode;
import io.strandline.storage.Time;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * One group of the classic protocol, and the offsets that it has committed.
 *
 * <p>Two kinds of state. What the log knows (a generation with its assignment, an empty group, offsets) changes in {@link #apply}
 * and nowhere else, now and at restart alike: a request is decided, its events are appended, then applied, in one step under
 * {@link #lock} (W15). What only lives in the conversation (who is called to join and has come, who waits for the leader) is
 * lost with the broker; then the clients begin again from what the log knows. So a generation number may be spoken twice across
 * a crash, but never if somebody has got an assignment under it: an assignment is told only when its event is on the disk.
 *
 * <p>Every method is called under the lock.
 *
 * <p>Behaviour as in Kafka 4.3, KIP-62 (rebalance timeout), KIP-345 (static members), KIP-394 (member ids), KIP-559 (protocol
 * checked in SyncGroup), KIP-814 (skipped assignment).
 */
final class Group {
    private static final System.Logger LOG = System.getLogger(Group.class.getName());

    final String id;

    /** Guards everything in here. Never held while waiting for the disk or for a client. */
    final ReentrantLock lock = new ReentrantLock();

    private final GroupConfig config;
    private final EventLog log;
    private final Timer timer;
    private final Time time;
    private final Members members = new Members();
    private final CommittedOffsets offsets = new CommittedOffsets();
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

    /** Whether the log knows the group by more than its offsets: then its deletion needs an event. */
    private boolean stored;

    /** End of the last event about membership, and of the last about offsets. */
    private long storedEnd;

    private long offsetsEnd;

    Group(String id, GroupConfig config, EventLog log, Timer timer, Time time) {
        this.id = id;
        this.config = config;
        this.log = log;
        this.timer = timer;
        this.time = time;
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

    // ---- Offsets ----

    Settled<CommitAnswer> commit(CommitRequest request) {
        var error = checkCommit(request);
        if (error != ErrorCode.NONE) {
            return new Settled<>(new CommitAnswer.Refused(error), storedEnd);
        }
        if (state == GroupState.STABLE || state == GroupState.PREPARING_REBALANCE) {
            members.get(request.memberId()).ifPresent(this::keepSession);
        }
        var tooLarge = new HashSet<TopicPartition>();
        var events = new ArrayList<Event>();
        long nowMs = time.wallMs();
        for (var offset : request.offsets()) {
            if (offset.metadata().length() > config.offsetMetadataMaxLength()) {
                tooLarge.add(offset.partition());
            } else {
                events.add(committed(offset, nowMs, request.retentionMs()));
            }
        }
        if (!events.isEmpty() && record(events) instanceof Appended.Refused) {
            return new Settled<>(new CommitAnswer.Refused(ErrorCode.COORDINATOR_NOT_AVAILABLE), storedEnd);
        }
        return new Settled<>(new CommitAnswer.Committed(tooLarge), end());
    }

    private Event committed(CommitRequest.OffsetToCommit offset, long nowMs, OptionalLong retentionMs) {
        var expireMs = retentionMs.isPresent() ? OptionalLong.of(nowMs + retentionMs.getAsLong()) : retentionMs;
        return new Event.OffsetCommitted(
                id,
                offset.partition(),
                new CommittedOffset(
                        offset.offset(), offset.leaderEpoch(), offset.metadata(), nowMs, expireMs, offset.topicId()));
    }

    private ErrorCode checkCommit(CommitRequest request) {
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

    Settled<Map<TopicPartition, CommittedOffset>> offsets() {
        return new Settled<>(offsets.all(), end());
    }

    Settled<Map<TopicPartition, CommittedOffset>> offsets(Collection<TopicPartition> partitions) {
        return new Settled<>(offsets.of(partitions), end());
    }

    Settled<OffsetDeleteAnswer> deleteOffsets(Collection<TopicPartition> partitions) {
        if (state != GroupState.EMPTY && !isOfConsumers()) {
            return new Settled<>(new OffsetDeleteAnswer.Refused(ErrorCode.NON_EMPTY_GROUP), storedEnd);
        }
        var inUse = new HashSet<TopicPartition>();
        for (var partition : partitions) {
            if (isSubscribedTo(partition.topic())) {
                inUse.add(partition);
            }
        }
        var forgotten = offsets.of(partitions).keySet().stream().filter(partition -> !inUse.contains(partition));
        if (forget(forgotten.toList()) instanceof Appended.Refused) {
            return new Settled<>(new OffsetDeleteAnswer.Refused(ErrorCode.COORDINATOR_NOT_AVAILABLE), end());
        }
        return new Settled<>(new OffsetDeleteAnswer.Deleted(inUse), end());
    }

    /** The topic is gone; what was read of it counts for nothing. */
    void forgetTopic(String topic, UUID topicId) {
        // Refused (no space): the offsets stay, and mean nothing under another topic id.
        forget(offsets.ofTopic(topic, topicId));
    }

    /** Forgets offsets that nobody has used for long, and the group when nothing is left of it. */
    void expire() {
        var events = new ArrayList<Event>();
        var expired = expiredOffsets();
        expired.forEach(partition -> events.add(new Event.OffsetDeleted(id, partition)));
        boolean allExpired = expired.size() == offsets.partitions().size();
        if (state == GroupState.EMPTY && stored && allExpired && !members.expectsAny()) {
            events.add(new Event.GroupDeleted(id));
        }
        if (!events.isEmpty()) {
            record(events);
            LOG.log(Level.INFO, () -> this + ": " + expired.size() + " offsets expired");
        }
    }

    private List<TopicPartition> expiredOffsets() {
        long nowMs = time.wallMs();
        if (protocolType.isEmpty()) {
            return offsets.expired(nowMs, config.offsetsRetentionMs(), OptionalLong.empty(), topic -> false);
        }
        if (state == GroupState.EMPTY) {
            return offsets.expired(nowMs, config.offsetsRetentionMs(), stateSinceMs, topic -> false);
        }
        if (state == GroupState.STABLE && isOfConsumers() && subscribedTopics.isPresent()) {
            return offsets.expired(
                    nowMs, config.offsetsRetentionMs(), OptionalLong.empty(), subscribedTopics.get()::contains);
        }
        return List.of();
    }

    Settled<ErrorCode> delete() {
        if (state != GroupState.EMPTY) {
            return new Settled<>(ErrorCode.NON_EMPTY_GROUP, storedEnd);
        }
        var events = new ArrayList<Event>();
        offsets.partitions().forEach(partition -> events.add(new Event.OffsetDeleted(id, partition)));
        if (stored) {
            events.add(new Event.GroupDeleted(id));
        }
        if (!events.isEmpty() && record(events) instanceof Appended.Refused) {
            return new Settled<>(ErrorCode.COORDINATOR_NOT_AVAILABLE, end());
        }
        return new Settled<>(ErrorCode.NONE, end());
    }

    private Appended forget(List<TopicPartition> partitions) {
        if (partitions.isEmpty()) {
            return new Appended.At(offsetsEnd);
        }
        return record(partitions.stream()
                .<Event>map(partition -> new Event.OffsetDeleted(id, partition))
                .toList());
    }

    private boolean isOfConsumers() {
        return protocolType.filter(Subscription.CONSUMER::equals).isPresent();
    }

    private boolean isSubscribedTo(String topic) {
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

    // ---- Looking ----

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
                        id,
                        state,
                        protocolType.orElse(""),
                        stable ? protocol.orElse("") : "",
                        members.all().stream().map(describe).toList()),
                storedEnd);
    }

    /** Whether nothing would be lost if the group were forgotten. */
    boolean isUnused() {
        return state == GroupState.EMPTY && !stored && offsets.isEmpty() && !members.expectsAny();
    }

    boolean isDead() {
        return state == GroupState.DEAD;
    }

    /** End of the last event of this group. */
    long end() {
        return Math.max(storedEnd, offsetsEnd);
    }

    // ---- Events ----

    private Appended record(Event event) {
        return record(List.of(event));
    }

    /** Append, then apply: what the log has not taken has not happened. */
    private Appended record(List<Event> events) {
        var appended = log.append(events);
        switch (appended) {
            case Appended.At stored -> {
                events.forEach(this::apply);
                if (events.stream().anyMatch(Event::isAboutOffsets)) {
                    offsetsEnd = stored.endOffset();
                }
                if (!events.stream().allMatch(Event::isAboutOffsets)) {
                    storedEnd = stored.endOffset();
                }
            }
            case Appended.Refused refused ->
                LOG.log(
                        Level.WARNING,
                        () -> this + ": the log refused " + events.size() + " events: " + refused.reason());
        }
        return appended;
    }

    /** Makes an event of the log part of the state. Runs when the event happens and again at every start; cannot fail. */
    void apply(Event event) {
        switch (event) {
            case Event.GroupStored is -> {
                stored = true;
                generation = is.generation();
                protocolType = is.protocolType().filter(type -> !type.isEmpty());
                protocol = is.protocol();
                members.restore(is, this::restored);
                subscribedTopics = findSubscribedTopics();
                state = members.isEmpty() ? GroupState.EMPTY : GroupState.STABLE;
                stateSinceMs = is.stateTimestampMs();
            }
            case Event.GroupDeleted ignored -> {
                stored = false;
                generation = 0;
                protocolType = Optional.empty();
                protocol = Optional.empty();
                List.copyOf(members.all()).forEach(members::remove);
                subscribedTopics = Optional.empty();
                state = GroupState.EMPTY;
            }
            case Event.OffsetCommitted is -> offsets.put(is.partition(), is.offset());
            case Event.OffsetDeleted is -> offsets.remove(is.partition());
        }
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
                id, newGeneration, protocolType, newProtocol, leader, OptionalLong.of(time.wallMs()), snapshot);
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
        return "Group " + id + " (" + state + ", generation " + generation + ")";
    }
}

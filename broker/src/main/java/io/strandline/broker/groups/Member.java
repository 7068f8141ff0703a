package io.strandline.broker.groups;

import io.strandline.protocol.ErrorCode;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One member of a group. Guarded by the group's lock. */
final class Member {
    final String id;
    final Optional<String> instanceId;
    final String clientId;
    final String clientHost;
    final Alarm session;
    int rebalanceTimeoutMs;
    int sessionTimeoutMs;
    List<Protocol> protocols;
    Bytes assignment = Bytes.EMPTY;

    /** Whether it has never been told that it is a member; then it may not know its id and cannot send heartbeats. */
    boolean fresh;

    private @Nullable PendingAnswer<JoinAnswer> join;
    private @Nullable PendingAnswer<SyncAnswer> sync;

    Member(String id, JoinRequest request, Alarm session) {
        this.id = id;
        instanceId = request.instanceId();
        clientId = request.clientId();
        clientHost = request.clientHost();
        rebalanceTimeoutMs = request.rebalanceTimeoutMs();
        sessionTimeoutMs = request.sessionTimeoutMs();
        protocols = request.protocols();
        this.session = session;
    }

    /** Of a stored member only the chosen protocol is known; it tells the others when it joins again. */
    Member(Event.StoredMember stored, Optional<String> protocol, Alarm session) {
        id = stored.memberId();
        instanceId = stored.instanceId();
        clientId = stored.clientId();
        clientHost = stored.clientHost();
        rebalanceTimeoutMs = stored.rebalanceTimeoutMs();
        sessionTimeoutMs = stored.sessionTimeoutMs();
        protocols = List.of(new Protocol(protocol.orElse(""), stored.subscription()));
        assignment = stored.assignment();
        this.session = session;
    }

    /** Becomes what the log says. Of one that is here it learns the assignment only; the rest it had told the log itself. */
    void adopt(Event.StoredMember stored, Optional<String> protocol) {
        rebalanceTimeoutMs = stored.rebalanceTimeoutMs();
        sessionTimeoutMs = stored.sessionTimeoutMs();
        assignment = stored.assignment();
        if (!metadata(protocol).equals(stored.subscription())) {
            protocols = List.of(new Protocol(protocol.orElse(""), stored.subscription()));
        }
    }

    Event.StoredMember toStored(Optional<String> protocol, Bytes newAssignment) {
        return new Event.StoredMember(
                id,
                instanceId,
                clientId,
                clientHost,
                rebalanceTimeoutMs,
                sessionTimeoutMs,
                metadata(protocol),
                newAssignment);
    }

    void update(JoinRequest request) {
        rebalanceTimeoutMs = request.rebalanceTimeoutMs();
        sessionTimeoutMs = request.sessionTimeoutMs();
        protocols = request.protocols();
    }

    void awaitJoin(PendingAnswer<JoinAnswer> answer, long durableFrom) {
        // The client hung up and asks again on a new connection: the old one must not hold its other replies back for
        // ever.
        settleJoin(new JoinAnswer.Refused(ErrorCode.REBALANCE_IN_PROGRESS, id), durableFrom);
        join = answer;
    }

    void awaitSync(PendingAnswer<SyncAnswer> answer, long durableFrom) {
        settleSync(new SyncAnswer.Refused(ErrorCode.REBALANCE_IN_PROGRESS), durableFrom);
        sync = answer;
    }

    boolean awaitsJoin() {
        return join != null;
    }

    boolean awaitsSync() {
        return sync != null;
    }

    /** Answers the join that waits, if one does. */
    void settleJoin(JoinAnswer answer, long durableFrom) {
        if (join != null) {
            var waiting = join;
            join = null;
            waiting.settle(answer, durableFrom);
        }
    }

    /** Answers the sync that waits, if one does; says whether. */
    boolean settleSync(SyncAnswer answer, long durableFrom) {
        if (sync == null) {
            return false;
        }
        var waiting = sync;
        sync = null;
        waiting.settle(answer, durableFrom);
        return true;
    }

    /** A member that waits for us shows that it lives by waiting; but a newcomer's client may be long gone. */
    boolean excusedFromHeartbeats() {
        return !fresh && (join != null || sync != null);
    }

    boolean isStatic() {
        return instanceId.isPresent();
    }

    boolean knows(String protocol) {
        return protocols.stream().anyMatch(known -> known.name().equals(protocol));
    }

    /** What it says in that protocol; nothing if it does not know it. */
    Bytes metadata(Optional<String> protocol) {
        return protocols.stream()
                .filter(known -> protocol.filter(known.name()::equals).isPresent())
                .map(Protocol::metadata)
                .findFirst()
                .orElse(Bytes.EMPTY);
    }

    /** The first of its protocols that is possible. */
    Optional<String> vote(Set<String> possible) {
        return protocols.stream().map(Protocol::name).filter(possible::contains).findFirst();
    }
}

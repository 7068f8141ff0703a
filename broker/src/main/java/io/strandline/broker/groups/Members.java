package io.strandline.broker.groups;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The members of a group in the order in which they came, and those who are about to become members. Guarded by the group's
 * lock.
 */
final class Members {
    private final Map<String, Member> byId = new LinkedHashMap<>();
    private final Map<String, String> byInstance = new HashMap<>();

    /** Ids that were handed out and have not come back; each with the alarm that forgets it. */
    private final Map<String, Alarm> expected = new LinkedHashMap<>();

    private final Set<String> pendingSync = new LinkedHashSet<>();
    private Optional<String> leader = Optional.empty();

    Collection<Member> all() {
        return byId.values();
    }

    boolean isEmpty() {
        return byId.isEmpty();
    }

    int size() {
        return byId.size();
    }

    Optional<Member> get(String memberId) {
        return Optional.ofNullable(byId.get(memberId));
    }

    boolean contains(String memberId) {
        return byId.containsKey(memberId);
    }

    Optional<Member> ofInstance(String instanceId) {
        return Optional.ofNullable(byInstance.get(instanceId)).map(byId::get);
    }

    Optional<String> leader() {
        return leader;
    }

    boolean isLeader(String memberId) {
        return leader.filter(memberId::equals).isPresent();
    }

    void add(Member member) {
        byId.put(member.id, member);
        member.instanceId.ifPresent(instance -> byInstance.put(instance, member.id));
        var alarm = expected.remove(member.id);
        if (alarm != null) {
            alarm.stop();
        }
        if (leader.isEmpty()) {
            leader = Optional.of(member.id);
        }
    }

    /** Takes it out; when it was the leader, the longest-serving member follows. */
    void remove(Member member) {
        byId.remove(member.id);
        member.instanceId.ifPresent(instance -> byInstance.remove(instance, member.id));
        member.session.stop();
        pendingSync.remove(member.id);
        if (isLeader(member.id)) {
            leader = byId.keySet().stream().findFirst();
        }
    }

    /** A static member's process has come back under a new id and takes its place, its leadership too. */
    void replace(Member old, Member successor) {
        boolean led = isLeader(old.id);
        remove(old);
        add(successor);
        if (led) {
            leader = Optional.of(successor.id);
        }
    }

    /**
     * Makes the membership what the log says. Who is a member already keeps its conversation with us.
     *
     * @param make makes a member that is not known yet
     */
    void restore(Event.GroupStored group, Function<Event.StoredMember, Member> make) {
        var ids = new HashSet<String>();
        group.members().forEach(stored -> ids.add(stored.memberId()));
        for (var member : List.copyOf(byId.values())) {
            if (!ids.contains(member.id)) {
                remove(member);
            }
        }
        for (var stored : group.members()) {
            if (byId.get(stored.memberId()) instanceof Member present) {
                present.adopt(stored, group.protocol());
            } else {
                add(make.apply(stored));
            }
        }
        leader = group.leader().filter(byId::containsKey);
    }

    // Newcomers that were sent back with an id.

    void expect(String memberId, Alarm forget) {
        expected.put(memberId, forget);
    }

    boolean expects(String memberId) {
        return expected.containsKey(memberId);
    }

    boolean expectsAny() {
        return !expected.isEmpty();
    }

    void forget(String memberId) {
        var alarm = expected.remove(memberId);
        if (alarm != null) {
            alarm.stop();
        }
    }

    void forgetExpected() {
        expected.values().forEach(Alarm::stop);
        expected.clear();
    }

    // The two phases of a rebalance.

    boolean allJoined() {
        return expected.isEmpty() && byId.values().stream().allMatch(Member::awaitsJoin);
    }

    int countJoined() {
        return (int) byId.values().stream().filter(Member::awaitsJoin).count();
    }

    /** The leader must be somebody who is there to lead. Says whether there is one. */
    boolean electJoinedLeader() {
        if (leader.map(byId::get).filter(Member::awaitsJoin).isPresent()) {
            return true;
        }
        var joined = byId.values().stream().filter(Member::awaitsJoin).findFirst();
        joined.ifPresent(member -> leader = Optional.of(member.id));
        return joined.isPresent();
    }

    void awaitSyncOf(Member member) {
        pendingSync.add(member.id);
    }

    void synced(String memberId) {
        pendingSync.remove(memberId);
    }

    boolean allSynced() {
        return pendingSync.isEmpty();
    }

    List<Member> notSynced() {
        var missing = new ArrayList<Member>();
        pendingSync.forEach(id -> get(id).ifPresent(missing::add));
        return missing;
    }

    void forgetSyncs() {
        pendingSync.clear();
    }

    /** The longest of their rebalance timeouts. */
    int rebalanceTimeoutMs() {
        return byId.values().stream()
                .mapToInt(member -> member.rebalanceTimeoutMs)
                .max()
                .orElse(0);
    }

    // What they have in common.

    /** Whether one of these protocols is known to every member. */
    boolean shareAnyOf(List<Protocol> protocols) {
        return protocols.stream().anyMatch(protocol -> byId.values().stream().allMatch(m -> m.knows(protocol.name())));
    }

    /** The protocol for the next generation: of those that all know, the one with most votes, the earliest vote in a tie. */
    Optional<String> electProtocol() {
        return electProtocol(byId.values());
    }

    /** What {@link #electProtocol()} would say after {@link #replace}. */
    Optional<String> electProtocolWith(Member successor, Member old) {
        var next = new ArrayList<>(byId.values());
        next.replaceAll(member -> member == old ? successor : member);
        return electProtocol(next);
    }

    private static Optional<String> electProtocol(Collection<Member> members) {
        var possible = new HashSet<String>();
        members.stream().limit(1).forEach(first -> first.protocols.forEach(protocol -> possible.add(protocol.name())));
        possible.removeIf(protocol -> !members.stream().allMatch(member -> member.knows(protocol)));
        var votes = new LinkedHashMap<String, Integer>();
        members.forEach(member -> member.vote(possible).ifPresent(vote -> votes.merge(vote, 1, Integer::sum)));
        Optional<String> elected = Optional.empty();
        int most = 0;
        for (var vote : votes.entrySet()) {
            if (vote.getValue() > most) {
                elected = Optional.of(vote.getKey());
                most = vote.getValue();
            }
        }
        return elected;
    }
}

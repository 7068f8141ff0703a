package io.strandline.broker.groups;

import io.strandline.protocol.ErrorCode;
import io.strandline.storage.Time;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All consumer groups of the broker, which is the coordinator of every one of them.
 *
 * <p>Life: create, {@link #replay} each event of the log in order, {@link #start}, serve, {@link #stop}. Requests may come from
 * any thread; each holds the lock of its group while it is decided, appended and applied, and never while it waits. The time
 * limits of members run on the timer that is handed in.
 */
public final class Groups {
    private final GroupConfig config;
    private final EventLog log;
    private final Timer timer;
    private final Time time;
    private final Supplier<UUID> memberIds;
    private final Map<String, Group> groups = new ConcurrentHashMap<>();

    /** End of the last event of a group that is gone: whoever hears that there is no such group knows of that event. */
    private final AtomicLong goneEnd = new AtomicLong();

    private final Rewriting rewriting;
    private volatile Timer.@Nullable Scheduled expiry;
    private volatile Timer.@Nullable Scheduled rewrite;
    private volatile boolean stopped;

    /** @param memberIds makes member ids unique, which must hold over restarts as well */
    public Groups(GroupConfig config, EventLog log, Timer timer, Time time, Supplier<UUID> memberIds) {
        this.config = config;
        this.log = log;
        this.timer = timer;
        this.time = time;
        this.memberIds = memberIds;
        this.rewriting = new Rewriting(log, this::entries, this::rewriteAll);
    }

    // ---- Beginning and end ----

    /** Takes in an event from the log. Before {@link #start}, from one thread. */
    public void replay(Event event) {
        var group = groups.computeIfAbsent(event.group(), this::create);
        group.apply(event);
        if (group.isUnused()) {
            groups.remove(event.group());
        }
    }

    /** The log has been read: members must show from now on that they live. */
    public void start() {
        groups.values().forEach(each -> locked(each, group -> group.membership().resume()));
        scheduleExpiry();
        scheduleRewriting();
    }

    /** Answers everybody who waits; the broker is closing. What is asked from here on is answered as if there were no groups. */
    public void stop() {
        stopped = true;
        for (var next : new Timer.@Nullable Scheduled[] {expiry, rewrite}) {
            if (next != null) {
                next.cancel();
            }
        }
        groups.values().forEach(each -> locked(each, group -> group.membership().stop()));
        groups.clear();
    }

    /** Whether {@link #stop} has begun: what was answered since is not to be believed. */
    public boolean stopped() {
        return stopped;
    }

    // ---- Membership ----

    /** @param answer settled now, or when the others have joined, or when their time is up */
    public void join(JoinRequest request, PendingAnswer<JoinAnswer> answer) {
        if (request.group().isEmpty()) {
            answer.settle(new JoinAnswer.Refused(ErrorCode.INVALID_GROUP_ID, request.memberId()), 0);
            return;
        }
        int sessionMs = request.sessionTimeoutMs();
        if (sessionMs < config.minSessionTimeoutMs() || sessionMs > config.maxSessionTimeoutMs()) {
            answer.settle(new JoinAnswer.Refused(ErrorCode.INVALID_SESSION_TIMEOUT, request.memberId()), 0);
            return;
        }
        if (request.memberId().isEmpty()) {
            var newId = request.instanceId().orElse(request.clientId()) + "-" + memberIds.get();
            inNewOrPresent(request.group(), group -> {
                group.membership().join(request, newId, answer);
                return group;
            });
        } else if (!visit(request.group(), group -> group.membership().join(request, request.memberId(), answer))) {
            answer.settle(new JoinAnswer.Refused(ErrorCode.UNKNOWN_MEMBER_ID, request.memberId()), goneEnd.get());
        }
    }

    /** @param answer settled now, or when the leader's assignment is there */
    public void sync(SyncRequest request, PendingAnswer<SyncAnswer> answer) {
        if (request.group().isEmpty()) {
            answer.settle(new SyncAnswer.Refused(ErrorCode.INVALID_GROUP_ID), 0);
            return;
        }
        if (!visit(request.group(), group -> group.membership().sync(request, answer))) {
            answer.settle(new SyncAnswer.Refused(ErrorCode.UNKNOWN_MEMBER_ID), goneEnd.get());
        }
    }

    public Settled<ErrorCode> heartbeat(Heartbeat request) {
        if (request.group().isEmpty()) {
            return new Settled<>(ErrorCode.INVALID_GROUP_ID, 0);
        }
        return inPresent(request.group(), group -> group.membership().heartbeat(request))
                .orElseGet(() -> new Settled<>(ErrorCode.UNKNOWN_MEMBER_ID, goneEnd.get()));
    }

    /** What became of each leaver, in their order. */
    public Settled<List<LeaveRequest.Left>> leave(LeaveRequest request) {
        return inPresent(request.group(), group -> group.membership().leave(request.members()))
                .orElseGet(() -> new Settled<>(
                        request.members().stream()
                                .map(member -> new LeaveRequest.Left(member, ErrorCode.UNKNOWN_MEMBER_ID))
                                .toList(),
                        goneEnd.get()));
    }

    // ---- Offsets ----

    /** A commit from outside of any membership makes the group, if need be: a group that only keeps offsets. */
    public Settled<CommitAnswer> commit(CommitRequest request) {
        if (request.generation() < 0) {
            return inNewOrPresent(request.group(), group -> group.commit(request));
        }
        return inPresent(request.group(), group -> group.commit(request))
                .orElseGet(() -> new Settled<>(new CommitAnswer.Refused(ErrorCode.GROUP_ID_NOT_FOUND), goneEnd.get()));
    }

    /** All committed offsets of a group; none when there is no such group. */
    public Settled<Map<TopicPartition, CommittedOffset>> offsets(String group) {
        return inPresent(group, Group::offsets).orElseGet(() -> new Settled<>(Map.of(), goneEnd.get()));
    }

    /** The committed offsets of those partitions that have one. */
    public Settled<Map<TopicPartition, CommittedOffset>> offsets(String group, Collection<TopicPartition> partitions) {
        return inPresent(group, present -> present.offsets(partitions))
                .orElseGet(() -> new Settled<>(Map.of(), goneEnd.get()));
    }

    public Settled<OffsetDeleteAnswer> deleteOffsets(String group, Collection<TopicPartition> partitions) {
        return inPresent(group, present -> present.deleteOffsets(partitions))
                .orElseGet(() ->
                        new Settled<>(new OffsetDeleteAnswer.Refused(ErrorCode.GROUP_ID_NOT_FOUND), goneEnd.get()));
    }

    /** Removes the offsets of a deleted topic from all groups. */
    public void forgetTopic(String topic, UUID topicId) {
        for (var id : List.copyOf(groups.keySet())) {
            visit(id, group -> group.forgetTopic(topic, topicId));
        }
    }

    /** Removes offsets beyond their retention, and groups of which nothing is left. Runs by itself on the timer, too. */
    public void expireOffsets() {
        for (var id : List.copyOf(groups.keySet())) {
            visit(id, Group::expire);
        }
    }

    // ---- Keeping the log short ----

    /** See {@link Rewriting}. Runs by itself on the timer, too. */
    void rewriteIfLong() {
        rewriting.step();
    }

    /** For tests: however short the log is. */
    void rewriteNow() {
        rewriting.step(0);
    }

    private long entries() {
        var count = new AtomicLong();
        for (var id : List.copyOf(groups.keySet())) {
            visit(id, group -> count.addAndGet(group.entries()));
        }
        return count.get();
    }

    private EventLog.Appended rewriteAll() {
        EventLog.Appended last = new EventLog.Appended.At(0);
        for (var id : List.copyOf(groups.keySet())) {
            last = inPresent(id, Group::rewrite).orElse(last);
            if (last instanceof EventLog.Appended.Refused) {
                return last;
            }
        }
        return new EventLog.Appended.At(log.end());
    }

    private void scheduleRewriting() {
        rewrite = timer.schedule(Rewriting.INTERVAL_MS, () -> {
            if (!stopped) {
                rewriteIfLong();
                scheduleRewriting();
            }
        });
    }

    // ---- Looking, deleting ----

    /** All groups, without order. */
    public Settled<List<GroupDescription>> list() {
        var all = new ArrayList<GroupDescription>();
        long end = goneEnd.get();
        for (var id : List.copyOf(groups.keySet())) {
            var described = describe(id);
            described.value().ifPresent(all::add);
            end = Math.max(end, described.durableFrom());
        }
        return new Settled<>(all, end);
    }

    /** The group, if there is one. */
    public Settled<Optional<GroupDescription>> describe(String group) {
        return inPresent(group, present -> present.membership().describe())
                .map(described -> new Settled<>(Optional.of(described.value()), described.durableFrom()))
                .orElseGet(() -> new Settled<>(Optional.empty(), goneEnd.get()));
    }

    /** Deletes a group without members, its offsets as well. */
    public Settled<ErrorCode> delete(String group) {
        return inPresent(group, Group::delete)
                .orElseGet(() -> new Settled<>(ErrorCode.GROUP_ID_NOT_FOUND, goneEnd.get()));
    }

    // ---- Finding a group and locking it ----

    private <T> T inNewOrPresent(String id, Function<Group, T> work) {
        while (true) {
            var result = inLive(groups.computeIfAbsent(id, this::create), work);
            if (result.isPresent()) {
                return result.get();
            }
        }
    }

    private <T> Optional<T> inPresent(String id, Function<Group, T> work) {
        while (true) {
            var group = groups.get(id);
            if (group == null) {
                return Optional.empty();
            }
            var result = inLive(group, work);
            if (result.isPresent()) {
                return result;
            }
        }
    }

    /** Says whether there is such a group. */
    private boolean visit(String id, Consumer<Group> work) {
        return inPresent(id, group -> {
                    work.accept(group);
                    return group;
                })
                .isPresent();
    }

    /** Absent when the group died between being found and being locked. */
    private <T> Optional<T> inLive(Group group, Function<Group, T> work) {
        group.lock.lock();
        try {
            if (group.isDead()) {
                return Optional.empty();
            }
            var result = work.apply(group);
            if (group.isUnused()) {
                goneEnd.accumulateAndGet(group.end(), Math::max);
                group.membership().stop();
                groups.remove(group.id, group);
            }
            return Optional.of(result);
        } finally {
            group.lock.unlock();
        }
    }

    private static void locked(Group group, Consumer<Group> work) {
        group.lock.lock();
        try {
            work.accept(group);
        } finally {
            group.lock.unlock();
        }
    }

    private Group create(String id) {
        return new Group(id, config, log, timer, time);
    }

    private void scheduleExpiry() {
        expiry = timer.schedule(config.offsetsRetentionCheckIntervalMs(), () -> {
            if (!stopped) {
                expireOffsets();
                scheduleExpiry();
            }
        });
    }
}

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
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One group: its {@link Membership}, and the offsets that it has committed.
 *
 * <p>Decide, then append, then {@link #apply}: one step under {@link #lock} (W15). What the log has not taken has not happened;
 * what waits for the disk is the answer. Every method is called under the lock.
 */
final class Group {
    private static final System.Logger LOG = System.getLogger(Group.class.getName());

    final String id;

    /** Guards everything in here. Never held while waiting for the disk or for a client. */
    final ReentrantLock lock = new ReentrantLock();

    private final GroupConfig config;
    private final EventLog log;
    private final Time time;
    private final Membership membership;
    private final CommittedOffsets offsets = new CommittedOffsets();

    /** End of the last event about offsets. */
    private long offsetsEnd;

    Group(String id, GroupConfig config, EventLog log, Timer timer, Time time) {
        this.id = id;
        this.config = config;
        this.log = log;
        this.time = time;
        membership = new Membership(id, config, event -> record(List.of(event)), timer, time, lock);
    }

    Membership membership() {
        return membership;
    }

    // ---- Offsets ----

    Settled<CommitAnswer> commit(CommitRequest request) {
        var error = membership.checkCommit(request);
        if (error != ErrorCode.NONE) {
            return new Settled<>(new CommitAnswer.Refused(error), membership.storedEnd());
        }
        membership.committed(request.memberId());
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
            return new Settled<>(new CommitAnswer.Refused(ErrorCode.COORDINATOR_NOT_AVAILABLE), membership.storedEnd());
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

    Settled<Map<TopicPartition, CommittedOffset>> offsets() {
        return new Settled<>(offsets.all(), end());
    }

    Settled<Map<TopicPartition, CommittedOffset>> offsets(Collection<TopicPartition> partitions) {
        return new Settled<>(offsets.of(partitions), end());
    }

    Settled<OffsetDeleteAnswer> deleteOffsets(Collection<TopicPartition> partitions) {
        if (membership.state() != GroupState.EMPTY && !membership.isOfConsumers()) {
            return new Settled<>(new OffsetDeleteAnswer.Refused(ErrorCode.NON_EMPTY_GROUP), membership.storedEnd());
        }
        var inUse = new HashSet<TopicPartition>();
        for (var partition : partitions) {
            if (membership.isSubscribedTo(partition.topic())) {
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
        if (membership.state() == GroupState.EMPTY
                && membership.stored().isPresent()
                && allExpired
                && !membership.expectsAny()) {
            events.add(new Event.GroupDeleted(id));
        }
        if (!events.isEmpty()) {
            record(events);
            LOG.log(Level.INFO, () -> this + ": " + expired.size() + " offsets expired");
        }
    }

    private List<TopicPartition> expiredOffsets() {
        long nowMs = time.wallMs();
        if (membership.protocolType().isEmpty()) {
            return offsets.expired(nowMs, config.offsetsRetentionMs(), OptionalLong.empty(), topic -> false);
        }
        if (membership.state() == GroupState.EMPTY) {
            return offsets.expired(nowMs, config.offsetsRetentionMs(), membership.stateSinceMs(), topic -> false);
        }
        if (membership.state() == GroupState.STABLE
                && membership.isOfConsumers()
                && membership.subscribedTopics().isPresent()) {
            return offsets.expired(
                    nowMs,
                    config.offsetsRetentionMs(),
                    OptionalLong.empty(),
                    membership.subscribedTopics().get()::contains);
        }
        return List.of();
    }

    /** Deletes the group with its offsets, if nobody is in it. */
    Settled<ErrorCode> delete() {
        if (membership.state() != GroupState.EMPTY) {
            return new Settled<>(ErrorCode.NON_EMPTY_GROUP, membership.storedEnd());
        }
        var events = new ArrayList<Event>();
        offsets.partitions().forEach(partition -> events.add(new Event.OffsetDeleted(id, partition)));
        if (membership.stored().isPresent()) {
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

    // ---- Events ----

    /** Append, then apply. */
    private Appended record(List<Event> events) {
        var appended = log.append(events);
        switch (appended) {
            case Appended.At stored -> {
                events.forEach(this::apply);
                if (events.stream().anyMatch(Event::isAboutOffsets)) {
                    offsetsEnd = stored.endOffset();
                }
                if (!events.stream().allMatch(Event::isAboutOffsets)) {
                    membership.storedUpTo(stored.endOffset());
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
            case Event.GroupStored is -> membership.apply(is);
            case Event.GroupDeleted ignored -> membership.applyDeletion();
            case Event.OffsetCommitted is -> offsets.put(is.partition(), is.offset());
            case Event.OffsetDeleted is -> offsets.remove(is.partition());
        }
    }

    /** Says again all that the log has to know of this group. */
    Appended rewrite() {
        var events = new ArrayList<Event>(membership.stored().stream().toList());
        offsets.all().forEach((partition, offset) -> events.add(new Event.OffsetCommitted(id, partition, offset)));
        return events.isEmpty() ? new Appended.At(end()) : log.append(events);
    }

    /** Events that say all of this group. */
    int entries() {
        return offsets.partitions().size() + (membership.stored().isPresent() ? 1 : 0);
    }

    /** End of the last event of this group. */
    long end() {
        return Math.max(membership.storedEnd(), offsetsEnd);
    }

    /** Whether nothing would be lost if the group were forgotten. */
    boolean isUnused() {
        return membership.state() == GroupState.EMPTY
                && !membership.stored().isPresent()
                && !membership.expectsAny()
                && offsets.isEmpty();
    }

    boolean isDead() {
        return membership.state() == GroupState.DEAD;
    }

    @Override
    public String toString() {
        return membership.toString();
    }
}

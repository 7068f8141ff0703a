package io.strandline;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * One partition while it is this member's, from assignment to revocation: what was taken, what is finished, who holds it
 * back. When the partition comes back later that is another tenure, so a late result can only reach the old one, which
 * nobody looks at any more.
 */
final class Tenure {
    private final Partition partition;
    private final MemberContext member;

    /** Guards all below, the lane's fields included. Held for a few instructions, never over I/O or foreign code. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Lane lane;
    private final Map<Object, Hold> holds = new HashMap<>();
    private OffsetTracker tracker = new OffsetTracker();
    private long bytes;
    private boolean takesNew = true;
    private boolean stale;

    /** The end of the log as of the last fetch, or -1. Written by the poll thread. */
    private volatile long end = -1;

    /** What the broker has stored, or -1. Of the poll thread alone. */
    private long committed = -1;

    /** Goes with every commit. Of the poll thread alone. */
    private String commitMetadata = "";

    /** Why it is held back. */
    private record Hold(boolean byHandler, long since, Optional<Long> until) {}

    Tenure(Partition partition, ConsumerSettings.Subscription<?, ?> subscription, MemberContext member) {
        this.partition = partition;
        this.member = member;
        lane = new Lane(this, subscription, member);
    }

    Partition partition() {
        return partition;
    }

    ReentrantLock lock() {
        return lock;
    }

    /** Poll thread: messages as they came. */
    void add(List<ConsumerRecord<byte[], byte[]>> records) {
        lock.lock();
        try {
            for (var record : records) {
                tracker.taken(record.offset());
                bytes += sizeOf(record);
            }
            lane.add(new Lane.Chunk(records, tracker));
        } finally {
            lock.unlock();
        }
    }

    /** Poll thread: there is nothing below this offset that was not handed over. */
    void readTo(long next) {
        lock.lock();
        try {
            tracker.readTo(next);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Poll thread: the log begins anew, below what was read. What is in memory is handled, but its offsets are of the old
     * log and count no more.
     */
    void restart(long next) {
        lock.lock();
        try {
            tracker = new OffsetTracker();
            tracker.readTo(next);
            committed = -1;
        } finally {
            lock.unlock();
        }
    }

    /** Lane, under the lock. */
    void finished(ConsumerRecord<byte[], byte[]> record, OffsetTracker itsTracker) {
        itsTracker.finished(record.offset());
        bytes -= sizeOf(record);
    }

    /** What may be committed; empty before anything is known. */
    OptionalLong frontier() {
        lock.lock();
        try {
            return tracker.frontier();
        } finally {
            lock.unlock();
        }
    }

    int messagesInMemory() {
        lock.lock();
        try {
            return tracker.unfinished();
        } finally {
            lock.unlock();
        }
    }

    long bytesInMemory() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }

    /** From now on lanes take nothing new; what runs may finish. */
    void takeNothingNew() {
        lock.lock();
        try {
            takesNew = false;
        } finally {
            lock.unlock();
        }
    }

    /** The partition is going or gone: handlers that ask are told that their result will not count. */
    void markStale() {
        lock.lock();
        try {
            takesNew = false;
            stale = true;
        } finally {
            lock.unlock();
        }
    }

    boolean stale() {
        lock.lock();
        try {
            return stale;
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock. */
    boolean staleNow() {
        return stale;
    }

    /** Offset of the message whose handler, or whose dead letter, is on its way right now. */
    OptionalLong running() {
        lock.lock();
        try {
            return lane.running();
        } finally {
            lock.unlock();
        }
    }

    boolean runsOn(Thread thread) {
        lock.lock();
        try {
            return lane.runsOn(thread);
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock. A stop counts from the moment it is asked for, not from when the poll thread hears of it. */
    boolean takesNew() {
        return takesNew && !member.stopping().getAsBoolean();
    }

    /** Under the lock. */
    boolean held() {
        return !holds.isEmpty();
    }

    /** Under the lock. */
    boolean heldByHandler() {
        return holds.values().stream().anyMatch(Hold::byHandler);
    }

    boolean paused() {
        lock.lock();
        try {
            return held();
        } finally {
            lock.unlock();
        }
    }

    /** Holds it back; returns true if it moved before. */
    boolean hold(Object by, boolean byHandler, Optional<Duration> atMost) {
        lock.lock();
        try {
            boolean moved = holds.isEmpty();
            long now = member.time().nanoTime();
            holds.put(by, new Hold(byHandler, now, atMost.map(d -> now + d.toNanos())));
            return moved;
        } finally {
            lock.unlock();
        }
    }

    /** Ends one hold; returns true if it moves now and did not before. */
    boolean release(Object by) {
        lock.lock();
        try {
            boolean freed = holds.remove(by) != null && holds.isEmpty();
            if (freed) {
                lane.wake();
            }
            return freed;
        } finally {
            lock.unlock();
        }
    }

    /** Ends every hold; returns true if it moves now and did not before. */
    boolean releaseAll() {
        lock.lock();
        try {
            boolean freed = !holds.isEmpty();
            holds.clear();
            lane.wake();
            return freed;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Poll thread: lets go what has waited long enough.
     *
     * @return nanoseconds until there is something to let go again; empty if nothing waits for time
     */
    OptionalLong tick(long now) {
        lock.lock();
        try {
            boolean expired = holds.values()
                    .removeIf(
                            hold -> hold.until().map(until -> until - now <= 0).orElse(false));
            if (expired && holds.isEmpty()) {
                member.events()
                        .raise(new Event.Resumed(member.time().now(), member.group(), java.util.Set.of(partition)));
                lane.wake();
            }
            long nearest = Long.MAX_VALUE;
            for (var hold : holds.values()) {
                nearest =
                        Math.min(nearest, hold.until().map(until -> until - now).orElse(Long.MAX_VALUE));
            }
            nearest = Math.min(nearest, lane.tick(now));
            return nearest == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(nearest);
        } finally {
            lock.unlock();
        }
    }

    /** How long the running handler has been busy with which offset; empty if none runs. */
    Optional<Lane.Busy> busy(long now) {
        lock.lock();
        try {
            return lane.busy(now);
        } finally {
            lock.unlock();
        }
    }

    Explanation.Progress explain(long now) {
        lock.lock();
        try {
            return new Explanation.Progress(partition, tracker.frontier(), knownEnd(), reason(now));
        } finally {
            lock.unlock();
        }
    }

    private Reason reason(long now) {
        int waiting = tracker.unfinished();
        if (stale || (!takesNew && lane.running().isEmpty())) {
            return new Reason.BeingRevoked();
        }
        Hold hold = firstHold();
        if (hold == null || lane.running().isPresent()) {
            return lane.reason(now, waiting);
        }
        var since = Duration.ofNanos(now - hold.since());
        return hold.byHandler()
                ? new Reason.PausedByHandler(since, waiting)
                : new Reason.PausedFromOutside(since, waiting);
    }

    private @Nullable Hold firstHold() {
        return holds.values().stream()
                .min((a, b) -> Long.compare(a.since() - b.since(), 0))
                .orElse(null);
    }

    OptionalLong knownEnd() {
        return end < 0 ? OptionalLong.empty() : OptionalLong.of(end);
    }

    /** Poll thread. */
    void seenEnd(long offset) {
        end = offset;
    }

    /** Poll thread. */
    long committed() {
        return committed;
    }

    /** Poll thread. */
    void committed(long offset) {
        committed = offset;
    }

    /** Poll thread. */
    String commitMetadata() {
        return commitMetadata;
    }

    /** Poll thread. */
    void commitMetadata(String text) {
        commitMetadata = text;
    }

    static long sizeOf(ConsumerRecord<byte[], byte[]> record) {
        long size = 0L + Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
        for (var header : record.headers()) {
            size += header.key().length() + (header.value() == null ? 0 : header.value().length);
        }
        return size;
    }
}

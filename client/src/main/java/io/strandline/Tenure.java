package io.strandline;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * One partition while it is this member's, from assignment to revocation: what was taken, what is finished, who holds it
 * back. When the partition comes back later that is another tenure, so a late result can only reach the old one, which
 * nobody looks at any more.
 */
final class Tenure {
    private static final int STACK_LINES_MAX = 40;

    private final Partition partition;
    private final MemberContext member;
    private final Crew crew;
    private final PollThread pollThread;
    private final boolean ofRetries;
    private final @Nullable KeyOrder keyOrder;
    private final Lanes lanes;

    /** Guards what follows up to the next remark. Held for a few instructions, never over I/O or foreign code. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Map<Object, Hold> holds = new HashMap<>();

    /** They have something to do, and wait for the partition to be opened. */
    private final ArrayDeque<Lane> parked = new ArrayDeque<>();

    private final PriorityQueue<Waiting> waiting = new PriorityQueue<>();

    /** Not finished, and failed: the last failure of each. What waits in a retry topic holds nobody up and is not here. */
    private final Map<Task, Throwable> retried = new ConcurrentHashMap<>();

    private OffsetTracker tracker = new OffsetTracker();
    private long messagesTaken;
    private long bytesTaken;
    private boolean takesNew = true;
    private final List<Tenure> predecessors = new ArrayList<>();

    /** Whether handlers may begin here: {@link #takesNew} and no hold. Written under the lock, read by all. */
    private volatile boolean open = true;

    private volatile boolean stale;

    /** What is not committed now is somebody else's. */
    private volatile boolean gone;

    /** After a seek. Changed under the lock, so that a hold is inherited or goes to the heir, and is never left behind. */
    private @Nullable Tenure successor;

    private final LongAdder messagesFinished = new LongAdder();
    private final LongAdder bytesFinished = new LongAdder();

    /** The end of the log as of the last fetch, or -1. Written by the poll thread. */
    private volatile long end = -1;

    /** What the broker has stored, or -1. Of the poll thread alone. */
    private long committed = -1;

    /** Goes with every commit. Written by the poll thread. */
    private volatile String commitMetadata = "";

    /** What the poll thread alone may do or say. */
    interface PollThread {
        /** Stores the progress of one partition, and returns when the broker has done so. */
        void commit(Tenure tenure);

        /** The group's generation, as of the last time the poll thread looked; it looks before it lets a partition go. */
        ConsumerGroupMetadata membership();

        /** What the broker has stored for it; asks, and waits while a transaction may still change that. */
        OptionalLong committed(Tenure tenure);
    }

    /** Why it is held back. */
    private record Hold(By by, long since, Optional<Long> until) {}

    /** Who holds it back. */
    enum By {
        HANDLER,
        OUTSIDE,
        /** A handler of the tenure before, which was ended by a seek. */
        PREDECESSOR,
        /** Which keys have open dead letters is not known yet. */
        LETTERS;

        /** Someone asked for it. */
        boolean isPause() {
            return this == HANDLER || this == OUTSIDE;
        }
    }

    /** A message whose time has not come. */
    private record Waiting(Lane lane, Task task, long due, Throwable why) implements Comparable<Waiting> {
        @Override
        public int compareTo(Waiting other) {
            return Long.signum(due - other.due);
        }
    }

    Tenure(
            Partition partition,
            ConsumerSettings.Subscription<?, ?> subscription,
            Concurrency concurrency,
            MemberContext member,
            Crew crew,
            PollThread pollThread) {
        this.partition = partition;
        this.member = member;
        this.crew = crew;
        this.pollThread = pollThread;
        ofRetries = subscription.ofRetries();
        keyOrder = member.keyOrder()
                .map(log -> new KeyOrder(
                        partition, member, log, log.openMax(), this::lettersKnown, () -> !busyFromBefore()))
                .orElse(null);
        if (keyOrder != null) {
            hold(keyOrder, By.LETTERS, Optional.empty());
        }
        lanes = lanes(subscription, concurrency);
    }

    private <K, V> Lanes lanes(ConsumerSettings.Subscription<K, V> to, Concurrency concurrency) {
        return switch (to.work()) {
            case ConsumerSettings.Work.EachMessage<K, V>(Handler<K, V> handler) -> {
                var attempts = new Attempts(this, member, to.topic(), call(to.topic(), handler));
                Supplier<MessageLane> make = () -> new MessageLane(attempts, crew, member.time());
                yield switch (concurrency) {
                    case Concurrency.PerPartition() -> new Lanes.Single(make.get());
                    case Concurrency.PerKey(int inFlight) -> new Lanes.PerKey(make);
                    case Concurrency.Unordered(int inFlight) -> new Lanes.Unordered(make);
                };
            }
            case ConsumerSettings.Work.EachBatch<K, V>(Handler.OfBatch<K, V> handler) -> {
                var lane = new BatchLane<>(this, member, crew, to.topic(), handler);
                yield to.ofRetries()
                        ? new Lanes.Single(new MessageLane(lane.attempts(), crew, member.time()))
                        : new Lanes.Batches(lane);
            }
            case ConsumerSettings.Work.EachTransaction<K, V>(Handler.InTransaction<K, V> handler, String id) ->
                new Lanes.Transactional(new TransactionLane<>(this, member, crew, to.topic(), id, handler));
        };
    }

    private <K, V> Attempts.Call call(Topic<K, V> topic, Handler<K, V> handler) {
        var context = new HandlerContext(this, member);
        return task -> handler.handle(Decoder.decode(topic, task.source(), task.record(), task.attempt()), context);
    }

    Partition partition() {
        return partition;
    }

    /** Null if dead letters do not keep the order of keys. */
    @Nullable
    KeyOrder keyOrder() {
        return keyOrder;
    }

    private void lettersKnown() {
        release(java.util.Objects.requireNonNull(keyOrder));
    }

    /** Poll thread: messages as they came. */
    void add(List<ConsumerRecord<byte[], byte[]>> records) {
        var tasks = new ArrayList<Task>(records.size());
        lock.lock();
        try {
            for (var record : records) {
                if (DeadLetterHeaders.isForAnother(record, member.group())) {
                    continue; // progress passes it with what was read
                }
                var task = task(record);
                tracker.taken(task);
                messagesTaken++;
                bytesTaken += task.bytes();
                if (isOurs(record)) {
                    tasks.add(task);
                } else {
                    task.finish();
                }
            }
        } finally {
            lock.unlock();
        }
        if (keyOrder != null) {
            keyOrder.arrived(records.getFirst().offset());
        }
        lanes.add(tasks);
        crew.hire();
    }

    private Task task(ConsumerRecord<byte[], byte[]> record) {
        return ofRetries
                ? RetryHeaders.origin(record)
                        .map(origin -> new Task(this, record.offset(), origin, member.time()))
                        .orElseGet(() -> new Task(this, record))
                : new Task(this, record);
    }

    /** Groups that read the same topic share its retry topics. */
    private boolean isOurs(ConsumerRecord<byte[], byte[]> record) {
        return !ofRetries
                || RetryHeaders.origin(record)
                        .map(origin -> origin.group().equals(member.group()))
                        .orElse(true);
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

    /** Worker. */
    void finished(Task task) {
        if (!retried.isEmpty()) { // to be looked up a task must be given a hash, which costs more than all else here
            retried.remove(task);
        }
        messagesFinished.increment();
        bytesFinished.add(task.bytes());
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

    /** One past the last offset that was taken or passed over; empty before anything is known. */
    OptionalLong next() {
        lock.lock();
        try {
            return tracker.next();
        } finally {
            lock.unlock();
        }
    }

    int messagesInMemory() {
        lock.lock();
        try {
            return messagesInMemoryNow();
        } finally {
            lock.unlock();
        }
    }

    private int messagesInMemoryNow() {
        return (int) (messagesTaken - messagesFinished.sum());
    }

    long bytesInMemory() {
        lock.lock();
        try {
            return bytesTaken - bytesFinished.sum();
        } finally {
            lock.unlock();
        }
    }

    /** Messages from the lowest unfinished one to the last one read: what a crash would have delivered again, at most. */
    int span() {
        lock.lock();
        try {
            return tracker.span();
        } finally {
            lock.unlock();
        }
    }

    /** From now on no handler begins here; what runs may finish. */
    void takeNothingNew() {
        lock.lock();
        try {
            takesNew = false;
            open = false;
        } finally {
            lock.unlock();
        }
    }

    /** The partition is going or gone: handlers that ask are told that their result will not count. */
    void markStale() {
        lock.lock();
        try {
            stale = true;
            takesNew = false;
            open = false;
        } finally {
            lock.unlock();
        }
    }

    boolean stale() {
        return stale;
    }

    /** Poll thread: it has been let go, or sought elsewhere. A transaction that is open must not commit any more. */
    void letGo() {
        gone = true;
        Optional.ofNullable(keyOrder).ifPresent(KeyOrder::left);
    }

    boolean gone() {
        return gone;
    }

    /** Its progress is stored by transactions alone. */
    boolean transactional() {
        return lanes instanceof Lanes.Transactional;
    }

    /** Poll thread: once it can be seen. */
    void begin() {
        lanes.begin();
    }

    /** See {@link PollThread#membership}. */
    ConsumerGroupMetadata membership() {
        return pollThread.membership();
    }

    /** See {@link PollThread#committed}. Never on the poll thread. */
    OptionalLong committedAtBroker() {
        return pollThread.committed(this);
    }

    /**
     * Poll thread: reading goes on elsewhere. What is in hand is stale; pauses go on, and nothing begins before the last
     * handler of this tenure is through, so that a key never has two.
     */
    void succeededBy(Tenure next, long position) {
        markStale();
        letGo();
        Optional.ofNullable(next.keyOrder).ifPresent(KeyOrder::afterAnother);
        lock.lock();
        try {
            next.inherit(holds, predecessors, this);
            next.readTo(position);
            next.commitMetadata(commitMetadata);
            successor = next;
            holds.clear();
        } finally {
            lock.unlock();
        }
    }

    private void inherit(Map<Object, Hold> others, List<Tenure> beforeThat, Tenure before) {
        lock.lock();
        try {
            others.forEach((who, hold) -> {
                if (hold.by() != By.LETTERS) { // this one reads for itself
                    holds.put(who, hold);
                }
            });
            holds.put(before, new Hold(By.PREDECESSOR, member.time().nanoTime(), Optional.empty()));
            open = false;
            predecessors.addAll(beforeThat);
            predecessors.add(before);
        } finally {
            lock.unlock();
        }
    }

    /** A stop counts from the moment it is asked for, not from when the poll thread hears of it. */
    boolean open() {
        return open && !member.stopping().getAsBoolean();
    }

    /** Handler. */
    void commitNow() {
        pollThread.commit(this);
    }

    /** Worker: leaves the lane here until the partition is opened; false if it is open. */
    boolean parks(Lane lane) {
        lock.lock();
        try {
            if (open()) {
                return false;
            }
            parked.add(lane);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Worker: the message goes on after this time. */
    void waits(Lane lane, Task task, Duration delay, Throwable why) {
        if (!ofRetries) {
            retried.put(task, why);
        }
        lock.lock();
        try {
            waiting.add(new Waiting(lane, task, member.time().nanoTime() + Nanos.of(delay), why));
        } finally {
            lock.unlock();
        }
    }

    /** A handler, or the writing of a dead letter, is under way, also from before a seek. */
    boolean busy() {
        return withPredecessors().stream().anyMatch(crew::busyWith);
    }

    /** Something from before a seek is under way: it may be the writing of a dead letter. */
    private boolean busyFromBefore() {
        return withPredecessors().stream().anyMatch(tenure -> tenure != this && crew.busyWith(tenure));
    }

    /** What is under way, also from before a seek. */
    List<Task> underWay() {
        return withPredecessors().stream()
                .flatMap(tenure -> crew.running(tenure).stream())
                .toList();
    }

    /** Empty if nothing is. */
    OptionalLong lowestUnderWay() {
        return underWay().stream().mapToLong(Task::offset).min();
    }

    private List<Tenure> withPredecessors() {
        lock.lock();
        try {
            var all = new ArrayList<>(predecessors);
            all.add(this);
            return all;
        } finally {
            lock.unlock();
        }
    }

    /** What is under way, in the order of the log. */
    List<Task> running() {
        return crew.running(this).stream()
                .sorted(java.util.Comparator.comparingLong(Task::offset))
                .toList();
    }

    boolean heldByHandler() {
        lock.lock();
        try {
            return holds.values().stream().anyMatch(hold -> hold.by() == By.HANDLER);
        } finally {
            lock.unlock();
        }
    }

    boolean paused() {
        lock.lock();
        try {
            return holds.values().stream().anyMatch(hold -> hold.by().isPause());
        } finally {
            lock.unlock();
        }
    }

    /** What it has in memory stays there, whoever has time: it is held back, or read from a retry topic too early. */
    boolean rests() {
        lock.lock();
        try {
            return !holds.isEmpty() || (ofRetries && !waiting.isEmpty());
        } finally {
            lock.unlock();
        }
    }

    /** Holds it back; returns true if it moved before. */
    boolean hold(Object who, By by, Optional<Duration> atMost) {
        lock.lock();
        try {
            if (successor != null) {
                return successor.hold(who, by, atMost);
            }
            boolean moved = holds.isEmpty();
            long now = member.time().nanoTime();
            holds.put(who, new Hold(by, now, atMost.map(d -> now + Nanos.of(d))));
            open = false;
            return moved;
        } finally {
            lock.unlock();
        }
    }

    /** Ends one hold; returns true if it moves now and did not before. */
    boolean release(Object who) {
        lock.lock();
        try {
            if (successor != null) {
                return successor.release(who);
            }
            return holds.remove(who) != null && reopen();
        } finally {
            lock.unlock();
        }
    }

    /** Ends every hold; returns true if it moves now and did not before. */
    boolean releaseAll() {
        lock.lock();
        try {
            if (successor != null) {
                return successor.releaseAll();
            }
            boolean held = holds.values().removeIf(hold -> hold.by().isPause());
            return held && reopen();
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock, after a hold has ended; true if none is left. */
    private boolean reopen() {
        if (!holds.isEmpty()) {
            return false;
        }
        open = takesNew;
        if (open) {
            for (var lane = parked.poll(); lane != null; lane = parked.poll()) {
                crew.ready(lane);
            }
        }
        return true;
    }

    /**
     * Poll thread: lets go what has waited long enough.
     *
     * @return nanoseconds until there is something to let go again; empty if nothing waits for time
     */
    OptionalLong tick(long now) {
        if (keyOrder != null) {
            keyOrder.tick(now);
        }
        lock.lock();
        try {
            endHolds(now);
            endPredecessors();
            while (!waiting.isEmpty() && waiting.peek().due() - now <= 0) {
                var next = waiting.remove();
                next.lane().due(next.task());
            }
            if (messagesInMemoryNow() == 0) {
                lanes.empty();
            }
            return nearest(now);
        } finally {
            lock.unlock();
        }
    }

    private void endPredecessors() {
        boolean through = false;
        for (var before : List.copyOf(predecessors)) {
            if (!crew.busyWith(before)) {
                predecessors.remove(before);
                holds.remove(before);
                through = true;
            }
        }
        if (through) {
            reopen();
        }
    }

    private void endHolds(long now) {
        boolean expired = holds.values()
                .removeIf(hold -> hold.until().map(until -> until - now <= 0).orElse(false));
        if (expired && reopen()) {
            member.events().raise(new Event.Resumed(member.time().now(), member.group(), java.util.Set.of(partition)));
        }
    }

    private OptionalLong nearest(long now) {
        long nearest = waiting.isEmpty() ? Long.MAX_VALUE : waiting.peek().due() - now;
        for (var hold : holds.values()) {
            nearest = Math.min(nearest, hold.until().map(until -> until - now).orElse(Long.MAX_VALUE));
        }
        return nearest == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(nearest);
    }

    /** A message that is tried again, and its last failure. */
    record Retried(Task task, Throwable lastFailure) {}

    /** The one whose first attempt is the longest ago, whether it waits or runs; empty while the partition is paused. */
    Optional<Retried> retriedLongest() {
        return paused()
                ? Optional.empty()
                : retried.entrySet().stream()
                        .filter(entry -> entry.getKey().letter() == null)
                        .min((a, b) ->
                                Long.compare(a.getKey().begun() - b.getKey().begun(), 0))
                        .map(entry -> new Retried(entry.getKey(), entry.getValue()));
    }

    Explanation.Progress explain(long now) {
        var running = running();
        lock.lock();
        try {
            var why = reason(running, now);
            return new Explanation.Progress(partition, tracker.frontier(), knownEnd(), why);
        } finally {
            lock.unlock();
        }
    }

    /** Why the lowest unfinished message is not finished: it is what holds the progress back. */
    private Reason reason(List<Task> running, long now) {
        var first = tracker.first();
        int inMemory = messagesInMemoryNow();
        if (stale || (!takesNew && running.isEmpty())) {
            return new Reason.BeingRevoked();
        }
        var busy = transactional() && !running.isEmpty() ? running.getFirst() : first;
        if (busy != null && running.contains(busy)) {
            return running(busy, now, Math.max(0, inMemory - 1));
        }
        var hold = firstHold(first != null);
        if (hold != null && running.isEmpty()) {
            var since = Duration.ofNanos(now - hold.since());
            return switch (hold.by()) {
                case HANDLER -> new Reason.PausedByHandler(since, inMemory);
                case OUTSIDE -> new Reason.PausedFromOutside(since, inMemory);
                case PREDECESSOR -> new Reason.BusyFromBefore(since, inMemory);
                case LETTERS -> java.util.Objects.requireNonNull(keyOrder).unknown(since);
            };
        }
        return first == null ? new Reason.Idle() : waiting(first, now, inMemory);
    }

    private Reason running(Task task, long now, int behind) {
        var since = Duration.ofNanos(now - task.since());
        var letter = task.letter();
        return letter == null
                ? new Reason.HandlerBusy(task.offset(), task.attempt(), since, behind, stack(task))
                : new Reason.DeadLetterWaiting(task.offset(), letter.topic(), since, letter.lastFailure());
    }

    private Reason waiting(Task first, long now, int inMemory) {
        for (var entry : waiting) {
            if (entry.task() == first) {
                var letter = first.letter();
                if (letter != null && entry.why() instanceof KeyOrder.Full full) {
                    var since = Duration.ofNanos(now - first.begun());
                    return new Reason.LettersFull(first.offset(), letter.topic(), full.open, since);
                }
                return letter == null
                        ? new Reason.RetryWaiting(
                                first.offset(),
                                first.attempt() - 1,
                                Duration.ofNanos(Math.max(0, entry.due() - now)),
                                inMemory - 1,
                                entry.why())
                        : new Reason.DeadLetterWaiting(
                                first.offset(),
                                letter.topic(),
                                Duration.ofNanos(now - first.begun()),
                                Optional.of(entry.why()));
            }
        }
        return crew.full() ? new Reason.AllHandlersBusy(crew.limit(), inMemory) : new Reason.Scheduled(inMemory);
    }

    private String stack(Task task) {
        var thread = crew.threadAt(task);
        return thread == null
                ? ""
                : Arrays.stream(thread.getStackTrace())
                        .limit(STACK_LINES_MAX)
                        .map(StackTraceElement::toString)
                        .collect(Collectors.joining("\n"));
    }

    /** Letters are read when there is a message and no handler from before, so otherwise they hold back nothing. */
    private @Nullable Hold firstHold(boolean messages) {
        boolean letters = messages && holds.values().stream().noneMatch(hold -> hold.by() == By.PREDECESSOR);
        return holds.values().stream()
                .filter(hold -> letters || hold.by() != By.LETTERS)
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

    String commitMetadata() {
        return commitMetadata;
    }

    /** Poll thread. */
    void commitMetadata(String text) {
        commitMetadata = text;
    }
}

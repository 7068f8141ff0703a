package io.strandline;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands one partition's messages to the handler one at a time and in order, and makes one transaction of as many as there
 * are at hand: what they send, their dead letters and the progress past them become visible together.
 *
 * <pre>
 *   0 1 2 3 4 5      3 fails: abort
 *   0 1 2            again, and committed
 *         3          alone, when its retry is due; its dead letter and its offset are one transaction
 *           4 5      and so on
 * </pre>
 *
 * A message that has failed, or has a dead letter to be written, is alone in its transaction. Where the broker refused
 * something and it is not certain whose it was, the messages are halved until it is.
 */
final class TransactionLane<K, V> implements Lane {
    private static final Logger LOG = LoggerFactory.getLogger(Consumer.class);

    /** For trouble that is no message's fault. */
    private static final Retry TROUBLE_RETRY =
            Retry.exponential(Duration.ofMillis(200), Duration.ofSeconds(30)).forever();

    private final Tenure tenure;
    private final MemberContext member;
    private final Crew crew;
    private final Topic<K, V> topic;
    private final Handler.InTransaction<K, V> handler;
    private final Attempts attempts;
    private final Transactor transactor;

    /** Guards what follows. */
    private final ReentrantLock lock = new ReentrantLock();

    /** Neither in a transaction that is open nor committed. */
    private final ArrayDeque<Task> pending = new ArrayDeque<>();

    /** Not before their time, or for ever if the partition is gone. */
    private final Set<Task> waiting = new HashSet<>();

    /** It is with the crew, or left with the tenure until the partition is opened. */
    private boolean scheduled;

    // What follows is of the worker that has the lane.

    /** To be thrown away, and why; its offset is committed like any other. */
    private final Map<Task, Throwable> skipped = new HashMap<>();

    /** So many at most in a transaction, up to and including this offset: one of these was refused. */
    private int suspects;

    private long lastSuspect = -1;

    /** Whether the broker has committed these is not known. */
    private @Nullable Group inDoubt;

    /** In a row, by trouble. */
    private int troubles;

    /** The messages of a transaction, in the order of the log, and the dead letters among what was sent. */
    private record Group(List<Task> tasks, Map<Task, OpenTransaction.Delivery> letters) {
        Group() {
            this(new ArrayList<>(), new HashMap<>());
        }

        Task first() {
            return tasks.getFirst();
        }

        /** The next offset to read behind it. */
        long next() {
            return tasks.getLast().offset() + 1;
        }
    }

    TransactionLane(
            Tenure tenure,
            MemberContext member,
            Crew crew,
            Topic<K, V> topic,
            String transactionalId,
            Handler.InTransaction<K, V> handler) {
        this.tenure = tenure;
        this.member = member;
        this.crew = crew;
        this.topic = topic;
        this.handler = handler;
        transactor = member.transactions().of(transactionalId, member.group(), tenure.partition());
        attempts = new Attempts(tenure, member, topic, task -> {
            throw new IllegalStateException("offset " + task.offset() + " is handled in transactions alone");
        });
    }

    /**
     * Poll thread: the partition has come. What an earlier owner left open is ended now, because the group's offset is not
     * told while that may still change it.
     */
    void begin() {
        lock.lock();
        try {
            schedule();
        } finally {
            lock.unlock();
        }
    }

    /** Poll thread. */
    void add(List<Task> tasks) {
        lock.lock();
        try {
            pending.addAll(tasks);
            schedule();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void due(Task task) {
        lock.lock();
        try {
            waiting.remove(task);
            schedule();
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock. */
    private void schedule() {
        if (!scheduled) {
            scheduled = true;
            crew.ready(this);
        }
    }

    /** The first in line if it may run now; else the lane has nothing to do until it is scheduled again. */
    private @Nullable Task next() {
        lock.lock();
        try {
            var first = pending.peek();
            if (first == null || waiting.contains(first)) {
                scheduled = false;
                return null;
            }
            return first;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void run(Crew.Worker worker) {
        if (tenure.open() && !open()) {
            return;
        }
        for (var first = next(); first != null; first = next()) {
            if (worker.begins(first)) {
                together(first, worker);
                worker.rests();
                if (crew.othersWait()) {
                    crew.ready(this);
                    return;
                }
            } else if (tenure.parks(this)) {
                return;
            }
        }
    }

    /** False if that ends the consumer. A broker that does not answer is asked again with the first message. */
    private boolean open() {
        try {
            transactor.open();
            return true;
        } catch (TransactionFailed e) {
            LOG.warn("Group {}: {}: {}", member.group(), tenure.partition(), e.getMessage());
            return true;
        } catch (IllegalStateException e) {
            return tenure.stale() || crash(e);
        }
    }

    private boolean crash(Throwable why) {
        member.crash().accept(why);
        return false;
    }

    private void together(Task first, Crew.Worker worker) {
        OpenTransaction tx;
        try {
            if (inDoubt != null && !resolved(inDoubt)) {
                return;
            }
            tx = transactor.begin(Instruments.NONE, () -> {});
        } catch (TransactionFailed e) {
            troubled(first, e);
            return;
        } catch (IllegalStateException e) {
            waitFor(first);
            if (!tenure.stale()) {
                crash(e);
            }
            return;
        }
        var group = new Group();
        long begun = member.time().nanoTime();
        for (var task = first; task != null; task = following(group, begun)) {
            if (task != first) {
                worker.goesOn(task);
            }
            take(group, task);
            var failure = handle(task, group, tx);
            if (failure != null) {
                var inTransaction = tx.failure(); // looked at before it is aborted, which fails what is on its way
                giveUp(tx, group);
                failed(group, task, failure, inTransaction.orElse(null));
                return;
            }
        }
        commit(group, tx);
    }

    /** The next message of the same transaction, if that is not full or at its end. */
    private @Nullable Task following(Group group, long begun) {
        var limits = member.transactions().limits();
        var first = group.first();
        int most = first.offset() <= lastSuspect ? suspects : limits.messages();
        if (!fresh(first)
                || group.tasks().size() >= most
                || member.time().nanoTime() - begun >= limits.time().toNanos()
                || !tenure.open()) {
            return null;
        }
        lock.lock();
        try {
            var next = pending.peek();
            return next != null && fresh(next) && !waiting.contains(next) ? next : null;
        } finally {
            lock.unlock();
        }
    }

    /** Nothing is known against it. */
    private boolean fresh(Task task) {
        return task.attempt() == 1 && task.letter() == null && !skipped.containsKey(task);
    }

    private void take(Group group, Task task) {
        lock.lock();
        try {
            pending.remove(); // it is the first
        } finally {
            lock.unlock();
        }
        group.tasks().add(task);
    }

    /** Why it failed; null if it did not. */
    private @Nullable Throwable handle(Task task, Group group, OpenTransaction tx) {
        var letter = task.letter();
        try {
            if (letter != null) {
                var message = member.transactions().letters().letter(task, letter, member.time());
                group.letters().put(task, tx.put(message, Instruments.NONE, task));
            } else if (!skipped.containsKey(task)) {
                call(task, tx);
            }
        } catch (Throwable e) {
            // Also Errors: one that kills this thread would leave the partition waiting for ever without a reason.
            return e;
        }
        return tx.failure().map(OpenTransaction.Failure::why).orElse(null);
    }

    private void call(Task task, OpenTransaction tx) throws Exception {
        var hand = new TransactionInHand(tx, member.transactions().instruments(), task);
        try {
            handler.handle(Decoder.decode(topic, task.source(), task.record(), task.attempt()), hand);
        } finally {
            hand.over();
        }
    }

    /** All that are in it come again, in their order. */
    private void giveUp(OpenTransaction tx, Group group) {
        try {
            tx.close();
        } catch (TransactionFailed e) {
            LOG.debug("Group {}: {}", member.group(), e.getMessage()); // aborted, if by the broker
        }
        putBack(group);
    }

    private void putBack(Group group) {
        lock.lock();
        try {
            group.tasks().reversed().forEach(pending::addFirst);
        } finally {
            lock.unlock();
        }
    }

    /** The transaction is aborted, and the messages are in line again. */
    private void failed(Group group, Task task, Throwable why, OpenTransaction.@Nullable Failure inTransaction) {
        if (inTransaction == null || (task.equals(inTransaction.of()) && inTransaction.certain())) {
            failed(task, why); // by its handler's own word
        } else if (!inTransaction.ofMessage()) {
            troubled(group.first(), inTransaction.why());
        } else if (group.tasks().size() == 1) {
            failed(task, inTransaction.why());
        } else {
            suspects = Math.max(1, group.tasks().size() / 2);
            lastSuspect = group.tasks().getLast().offset();
        }
    }

    /** This message. */
    private void failed(Task task, Throwable why) {
        waitFor(task); // before it waits, so that its time cannot come unseen
        var letter = task.letter();
        if (letter != null) {
            attempts.notWritten(task, letter, why, this);
        } else if (attempts.costsNoAttempt(why).isEmpty()) {
            switch (attempts.decision(task, why)) {
                case Failure.Decision.RetryAfter(Duration delay) -> attempts.retry(task, delay, why, this);
                case Failure.Decision.Park(String place) -> {
                    task.letter(Task.Letter.dead(place, why));
                    waitNoMore(task);
                }
                case Failure.Decision.Skip() -> {
                    skipped.put(task, why);
                    waitNoMore(task);
                }
                case Failure.Decision.Stop() -> attempts.stop(task, why);
            }
        }
    }

    private void waitFor(Task task) {
        lock.lock();
        try {
            waiting.add(task);
        } finally {
            lock.unlock();
        }
    }

    private void waitNoMore(Task task) {
        lock.lock();
        try {
            waiting.remove(task);
        } finally {
            lock.unlock();
        }
    }

    /** Not by a message, so it costs no attempt: the broker does not answer, or the group has changed. */
    private void troubled(Task first, Throwable why) {
        if (tenure.gone()) {
            return;
        }
        troubles++;
        var delay = TROUBLE_RETRY.delayAfter(troubles, member.policy().random());
        LOG.warn(
                "Group {}: a transaction of {} from offset {} on did not commit, and is done again in {}: {}",
                member.group(),
                tenure.partition(),
                first.offset(),
                delay,
                why.getMessage());
        var offsets = Map.of(tenure.partition(), first.offset());
        member.events().raise(new Event.CommitFailed(member.time().now(), member.group(), offsets, why));
        waitFor(first);
        tenure.waits(this, first, delay, why);
    }

    private void commit(Group group, OpenTransaction tx) {
        tx.flush();
        var last = group.tasks().getLast();
        var failure = tx.failure();
        if (failure.isPresent()) {
            giveUp(tx, group);
            failed(group, last, failure.get().why(), failure.get());
            return;
        }
        // In this order: what the poll thread says before it lets the partition go is of a generation that had it here.
        var membership = tenure.membership();
        if (tenure.gone()) {
            giveUp(tx, group);
            return;
        }
        var next = new OffsetAndMetadata(group.next(), tenure.commitMetadata());
        try {
            tx.offsets(Map.of(tenure.partition().toKafka(), next), membership);
            tx.commit();
        } catch (TransactionFailed e) {
            giveUp(tx, group);
            if (e.outcome() != TransactionFailed.Outcome.ABORTED) {
                inDoubt = group;
            }
            troubled(group.first(), e);
            return;
        }
        done(group);
    }

    /**
     * The broker is made to end it, and then says how far the group is. True if it is known what became of it, and the lane
     * may go on with the next transaction.
     *
     * @throws TransactionFailed if it cannot be ended yet
     */
    private boolean resolved(Group group) {
        transactor.open();
        long committed;
        try {
            committed = tenure.committedAtBroker().orElse(-1);
        } catch (RuntimeException e) {
            troubled(group.first(), e);
            return false;
        }
        inDoubt = null;
        if (committed < group.next()) {
            return true; // it was aborted, and its messages are first in line
        }
        lock.lock();
        try {
            group.tasks().forEach(task -> pending.remove());
        } finally {
            lock.unlock();
        }
        done(group);
        return false;
    }

    private void done(Group group) {
        troubles = 0;
        var now = member.time().now();
        for (var task : group.tasks()) {
            var letter = task.letter();
            var why = skipped.remove(task);
            if (letter != null) {
                var delivery = group.letters().get(task);
                if (delivery != null) {
                    attempts.raiseDeadLettered(task, letter, delivery.ack());
                }
            } else if (why != null) {
                member.events()
                        .raise(new Event.Skipped(
                                now, member.group(), tenure.partition(), task.offset(), task.attempt(), why));
            }
            task.finish();
        }
        member.events().raise(new Event.Committed(now, member.group(), Map.of(tenure.partition(), group.next())));
    }
}

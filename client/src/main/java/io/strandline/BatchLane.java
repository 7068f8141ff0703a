package io.strandline;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands one partition's messages to the handler a fetch at a time and in order. What it rejects comes again alone, between
 * two batches; what it fails with is first in line until it is done.
 */
final class BatchLane<K, V> implements Lane {
    private static final Logger LOG = LoggerFactory.getLogger(Consumer.class);

    private final Tenure tenure;
    private final MemberContext member;
    private final Crew crew;
    private final Topic<K, V> topic;
    private final Handler.OfBatch<K, V> handler;
    private final Attempts attempts;
    private final HandlerContext context;

    /** Guards what follows. */
    private final ReentrantLock lock = new ReentrantLock();

    private final ArrayDeque<List<Task>> fetched = new ArrayDeque<>();

    /** Rejected ones whose time has come. */
    private final ArrayDeque<Task> alone = new ArrayDeque<>();

    /** What is not done of the batch that is first in line. */
    private List<Task> rest = List.of();

    /** It failed for the last time together. */
    private boolean oneByOne;

    /** The rest waits until this message may be tried again. */
    private @Nullable Task waitsFor;

    /** It is with the crew, or left with the tenure until the partition is opened. */
    private boolean scheduled;

    BatchLane(Tenure tenure, MemberContext member, Crew crew, Topic<K, V> topic, Handler.OfBatch<K, V> handler) {
        this.tenure = tenure;
        this.member = member;
        this.crew = crew;
        this.topic = topic;
        this.handler = handler;
        context = new HandlerContext(tenure, member);
        attempts = new Attempts(tenure, member, topic, this::handleAlone);
    }

    /** For messages of retry topics, which come one by one. */
    Attempts attempts() {
        return attempts;
    }

    /** What comes next. */
    private sealed interface Work {
        record Alone(Task task) implements Work {}

        record Together(List<Task> tasks) implements Work {}

        record Nothing() implements Work {}
    }

    /** Poll thread. */
    void add(List<Task> tasks) {
        lock.lock();
        try {
            fetched.add(tasks);
            schedule();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void due(Task task) {
        lock.lock();
        try {
            if (task == waitsFor) {
                waitsFor = null;
            } else {
                alone.add(task);
            }
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

    private Work next() {
        lock.lock();
        try {
            if (!alone.isEmpty()) {
                return new Work.Alone(alone.remove());
            }
            if (rest.isEmpty() && !fetched.isEmpty()) {
                rest = fetched.remove();
                oneByOne = false;
            }
            if (!rest.isEmpty() && waitsFor == null) {
                return oneByOne ? new Work.Together(List.of(rest.getFirst())) : new Work.Together(rest);
            }
            scheduled = false;
            return new Work.Nothing();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void run(Crew.Worker worker) {
        while (true) {
            switch (next()) {
                case Work.Nothing() -> {
                    return;
                }
                case Work.Alone(Task task) -> {
                    if (worker.begins(task)) {
                        again(task, attempts.attempt(task, this));
                    } else {
                        again(task, Attempts.Outcome.AGAIN);
                        if (tenure.parks(this)) {
                            return;
                        }
                    }
                }
                case Work.Together(List<Task> tasks) -> {
                    if (worker.begins(tasks)) {
                        together(tasks);
                    } else if (tenure.parks(this)) {
                        return;
                    }
                }
            }
            worker.rests();
        }
    }

    private void again(Task task, Attempts.Outcome outcome) {
        if (outcome == Attempts.Outcome.AGAIN) {
            lock.lock();
            try {
                alone.addFirst(task);
            } finally {
                lock.unlock();
            }
        }
    }

    private void together(List<Task> tasks) {
        var first = tasks.getFirst();
        if (oneByOne()) {
            waitFor(first); // before it waits, so that its time cannot come unseen
            settle(attempts.attempt(first, this), first);
            return;
        }
        var batch = new BatchInHand<>(tenure, context, topic, tasks);
        var failure = handle(batch);
        var open = batch.returned(failure != null);
        batch.rejected().forEach((task, why) -> again(task, attempts.failed(task, why, this)));
        goOnWith(open);
        if (failure != null && open.isEmpty()) {
            LOG.warn("The handler of {} failed after it had resolved all of its batch", tenure.partition(), failure);
        } else if (failure != null) {
            waitFor(open.getFirst());
            settle(attempts.failedTogether(open, failure, this), open.getFirst());
        }
    }

    /** The handler's failure; null if it returned. */
    private @Nullable Throwable handle(BatchInHand<K, V> batch) {
        if (batch.messages().isEmpty()) {
            return null; // none can be read
        }
        long first = batch.messages().getFirst().offset();
        long last = batch.messages().getLast().offset();
        long begun = member.time().nanoTime();
        var partition = tenure.partition();
        member.events()
                .raise(new Event.BatchStarted(
                        member.time().now(), member.group(), partition, first, last, batch.lag()));
        try {
            handler.handle(batch);
            return null;
        } catch (Throwable e) {
            // Also Errors, as with single messages.
            return e;
        } finally {
            var took = Duration.ofNanos(member.time().nanoTime() - begun);
            member.events()
                    .raise(new Event.BatchFinished(
                            member.time().now(), member.group(), partition, first, last, batch.lag(), took));
        }
    }

    /** A batch of one; for {@link Attempts}. */
    private void handleAlone(Task task) throws Throwable {
        var batch = new BatchInHand<>(tenure, context, topic, List.of(task));
        var failure = handle(batch);
        batch.returned(failure != null);
        var why = failure != null ? failure : batch.rejected().get(task);
        if (why != null && !task.finished()) {
            throw why;
        }
    }

    private boolean oneByOne() {
        lock.lock();
        try {
            return oneByOne;
        } finally {
            lock.unlock();
        }
    }

    private void goOnWith(List<Task> open) {
        lock.lock();
        try {
            rest = open;
        } finally {
            lock.unlock();
        }
    }

    private void waitFor(Task first) {
        lock.lock();
        try {
            waitsFor = first;
        } finally {
            lock.unlock();
        }
    }

    private void settle(Attempts.Outcome outcome, Task first) {
        lock.lock();
        try {
            switch (outcome) {
                case WAITS -> {} // until it is due, or for ever if the partition is gone
                case AGAIN -> {
                    waitsFor = null;
                    oneByOne |= first.letter() != null; // the handler is through with it
                }
                case DONE -> {
                    waitsFor = null;
                    rest = rest.subList(1, rest.size());
                }
                case ONE_BY_ONE -> {
                    waitsFor = null;
                    oneByOne = true;
                }
            }
        } finally {
            lock.unlock();
        }
    }
}

package io.strandline;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * Hands messages to the handler one at a time and in order. A message that fails stays first in line until it is done,
 * thrown away, or stored as a dead letter; what comes behind it waits.
 *
 * <p>The poll thread appends, one worker takes: they share nothing but the links between tasks and the number of those
 * that are not done. Whoever raises it from 0 has the lane to itself and gives it to the {@link Crew}; who brings it down
 * to 0 touches nothing afterwards.
 */
final class MessageLane implements Lane {
    /** After so many messages another lane has its turn. */
    private static final int TURN = 100;

    private static final AtomicIntegerFieldUpdater<MessageLane> PENDING =
            AtomicIntegerFieldUpdater.newUpdater(MessageLane.class, "pending");

    private final Attempts attempts;
    private final Crew crew;
    private final Time time;

    private volatile int pending;

    /** Of the worker while there is something pending. */
    private @Nullable Task head;

    /** Of the poll thread. */
    private @Nullable Task last;

    MessageLane(Attempts attempts, Crew crew, Time time) {
        this.attempts = attempts;
        this.time = time;
        this.crew = crew;
    }

    /** Poll thread, which tells the crew to begin after the last one. */
    void add(Task task) {
        if (last != null) {
            last.next(task);
        }
        last = task;
        if (PENDING.getAndIncrement(this) == 0) {
            head = task;
            crew.readyWithOthers(this);
        }
    }

    boolean idle() {
        return pending == 0;
    }

    @Override
    public void due(Task task) {
        crew.ready(this);
    }

    @Override
    public void run(Crew.Worker worker) {
        for (int done = 0; head != null; ) {
            var task = head;
            if (done >= TURN && crew.othersWait()) {
                worker.rests();
                crew.ready(this);
                return;
            }
            long early = task.earlyNanos(time);
            if (early > 0) {
                worker.rests();
                task.tenure().waits(this, task, Duration.ofNanos(early), task.failedBefore());
                return;
            }
            if (!worker.begins(task)) {
                if (task.tenure().parks(this)) {
                    return;
                }
                continue; // it was opened meanwhile
            }
            switch (attempts.attempt(task, this)) {
                case AGAIN -> {}
                case WAITS, ONE_BY_ONE -> {
                    return;
                }
                case DONE -> {
                    if (PENDING.decrementAndGet(this) == 0) {
                        return;
                    }
                    head = task.next();
                    done++;
                }
            }
        }
    }
}

package io.strandline;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * Hands messages to the handler one at a time and in order. A message that fails stays first in line until it is done,
 * thrown away, or stored as a dead letter; what comes behind it waits.
 *
 * <p>The poll thread appends, one worker takes: they share nothing but the links between tasks and the number of those
 * that are not done, and touch that once for many. Whoever raises it from 0 has the lane to itself and gives it to the {@link Crew}; who brings it down
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

    /** This one and the two below are of the worker while there is something pending. */
    private @Nullable Task head;

    /** Of those that are pending, how many the worker has taken at once: these and no others are linked for sure. */
    private int hand;

    /** How many of these are not done. The number that both share is lowered when none is left, and not for each. */
    private int left;

    /** Of the poll thread. */
    private @Nullable Task last;

    MessageLane(Attempts attempts, Crew crew, Time time) {
        this.attempts = attempts;
        this.time = time;
        this.crew = crew;
    }

    /** Poll thread, which tells the crew to begin after the last one. */
    void add(Task task) {
        link(task);
        raise(task, 1);
    }

    /** The same for several. */
    void add(List<Task> tasks) {
        if (!tasks.isEmpty()) {
            tasks.forEach(this::link);
            raise(tasks.getFirst(), tasks.size());
        }
    }

    private void link(Task task) {
        if (last != null) {
            last.next(task);
        }
        last = task;
    }

    private void raise(Task first, int more) {
        if (PENDING.getAndAdd(this, more) == 0) {
            head = first;
            hand = more;
            left = more;
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
                    if (--left == 0 && !takesMore()) {
                        return;
                    }
                    head = task.next();
                    done++;
                }
            }
        }
    }

    /** All in hand are done: takes what has come since. False if that is nothing; then the lane is somebody else's. */
    private boolean takesMore() {
        int more = PENDING.addAndGet(this, -hand);
        if (more == 0) {
            return false;
        }
        hand = more;
        left = more;
        return true;
    }
}

package io.strandline.cli.demo;

import io.strandline.cli.demo.Observations.Acknowledged;
import io.strandline.cli.demo.Observations.Assigned;
import io.strandline.cli.demo.Observations.Committed;
import io.strandline.cli.demo.Observations.Delivered;
import io.strandline.cli.demo.Observations.Interrupted;
import io.strandline.cli.demo.Observations.Letter;
import io.strandline.cli.demo.Observations.Published;
import io.strandline.cli.demo.Observations.Stored;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/** Writes down what happens during a run, from any thread, and lets others wait until enough has happened. */
final class Ledger {

    /** How far the run is; distinct events in each figure. */
    record Progress(
            int published, int acknowledged, int handled, int deadLettered, int refused, int members, boolean failed) {
        /** Events that reached the end of their way. */
        int settled() {
            return handled + deadLettered;
        }
    }

    private final int planned;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Published> published = new ArrayList<>();
    private final List<Acknowledged> acknowledged = new ArrayList<>();
    private final List<Delivered> delivered = new ArrayList<>();
    private final List<Assigned> assigned = new ArrayList<>();
    private final List<Committed> committed = new ArrayList<>();
    private final List<Interrupted> interrupted = new ArrayList<>();
    private final List<Stored> stored = new ArrayList<>();
    private final List<Letter> letters = new ArrayList<>();
    private final BitSet handledLines = new BitSet();
    private final Set<Place> deadLettered = new HashSet<>();
    private final Set<String> members = new HashSet<>();
    private final List<Throwable> failures = new ArrayList<>();
    private int refused;

    Ledger(int planned) {
        this.planned = planned;
    }

    void add(Published event) {
        note(() -> published.add(event));
    }

    void add(Acknowledged event) {
        note(() -> acknowledged.add(event));
    }

    void add(Delivered event) {
        note(() -> {
            delivered.add(event);
            handledLines.set(event.line());
        });
    }

    void add(Assigned event) {
        note(() -> {
            assigned.add(event);
            members.add(event.member());
        });
    }

    void add(Committed event) {
        note(() -> committed.add(event));
    }

    void add(Interrupted event) {
        note(() -> interrupted.add(event));
    }

    void add(Stored event) {
        note(() -> stored.add(event));
    }

    void add(Letter event) {
        note(() -> letters.add(event));
    }

    /** What is at this place became a dead letter. Counts for progress only: in the end the letters are read. */
    void deadLettered(int partition, long offset) {
        note(() -> deadLettered.add(new Place(partition, offset)));
    }

    /** The demo itself cannot go on: nobody needs to wait any more. */
    void failed(Throwable why) {
        note(() -> failures.add(why));
    }

    List<Throwable> failures() {
        lock.lock();
        try {
            return List.copyOf(failures);
        } finally {
            lock.unlock();
        }
    }

    /** The producer gave an event up. */
    void refused() {
        note(() -> refused++);
    }

    Progress progress() {
        lock.lock();
        try {
            return read();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until enough has happened or the demo has failed.
     *
     * @param stall how long nothing may happen before the wait is given up
     * @return whether enough happened
     */
    boolean await(Predicate<Progress> enough, Duration stall) throws InterruptedException {
        lock.lock();
        try {
            var before = read();
            var left = stall.toNanos();
            while (!enough.test(before)) {
                if (left <= 0 || before.failed()) {
                    return false;
                }
                left = changed.awaitNanos(left);
                var now = read();
                if (!now.equals(before)) {
                    left = stall.toNanos();
                }
                before = now;
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    Observations observations() {
        lock.lock();
        try {
            return new Observations(
                    planned,
                    List.copyOf(published),
                    List.copyOf(acknowledged),
                    List.copyOf(delivered),
                    List.copyOf(assigned),
                    List.copyOf(committed),
                    List.copyOf(interrupted),
                    List.copyOf(stored),
                    List.copyOf(letters));
        } finally {
            lock.unlock();
        }
    }

    private Progress read() {
        return new Progress(
                published.size(),
                acknowledged.size(),
                handledLines.cardinality(),
                deadLettered.size(),
                refused,
                members.size(),
                !failures.isEmpty());
    }

    private void note(Runnable entry) {
        lock.lock();
        try {
            entry.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private record Place(int partition, long offset) {}
}

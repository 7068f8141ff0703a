package io.strandline;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The handlers of one consumer at work: lanes that have something to do, and a limited number of workers that go from
 * lane to lane. The limit belongs to the consumer, however many partitions it has.
 *
 * <p>A worker is a virtual thread that lives while there is work. One that begins has the next one started if lanes are
 * left, so there are as many as handlers block: with handlers that take no time two or three do everything and no thread
 * is started per message; with 5,000 that wait there are 5,000 a few milliseconds later.
 */
final class Crew {
    private final MemberContext member;
    private final int limit;
    private final ConcurrentLinkedQueue<Lane> ready = new ConcurrentLinkedQueue<>();
    private final Set<Worker> workers = ConcurrentHashMap.newKeySet();
    private final AtomicInteger hired = new AtomicInteger();
    private final AtomicInteger named = new AtomicInteger();

    /** One was started and has not begun: it will start the next itself. */
    private final AtomicBoolean starting = new AtomicBoolean();

    /** @param limit handlers at once */
    Crew(MemberContext member, int limit) {
        this.member = member;
        this.limit = limit;
    }

    /** This lane has something to do, and no worker. */
    void ready(Lane lane) {
        ready.add(lane);
        hire();
    }

    /** The same, where more lanes follow: {@link #hire()} comes after the last. */
    void readyWithOthers(Lane lane) {
        ready.add(lane);
    }

    boolean othersWait() {
        return !ready.isEmpty();
    }

    boolean full() {
        return hired.get() >= limit;
    }

    int limit() {
        return limit;
    }

    /** Rule: whoever makes one of the three conditions true looks at the others afterwards, so no lane is forgotten. */
    void hire() {
        while (!ready.isEmpty() && hired.get() < limit && starting.compareAndSet(false, true)) {
            if (hired.get() < limit) {
                hired.incrementAndGet();
                member.threads()
                        .start("strandline-" + member.group() + "-" + named.getAndIncrement(), new Worker()::work);
                return;
            }
            starting.set(false);
        }
    }

    /** What handlers, and writers of dead letters, are at right now: of a batch its first message that is not done. */
    List<Task> running(Tenure tenure) {
        return workers.stream()
                .flatMap(worker -> Optional.ofNullable(worker.at()).stream())
                .filter(task -> task.tenure() == tenure)
                .toList();
    }

    /** With any partition, also those that have left. */
    boolean busy() {
        for (var worker : workers) {
            if (worker.first() != null) {
                return true;
            }
        }
        return false;
    }

    boolean busyWith(Tenure tenure) {
        for (var worker : workers) {
            var first = worker.first();
            if (first != null && first.tenure() == tenure) {
                return true;
            }
        }
        return false;
    }

    /** The thread that is at this task; null if none is. */
    @Nullable
    Thread threadAt(Task task) {
        for (var worker : workers) {
            if (worker.at() == task) {
                return worker.thread;
            }
        }
        return null;
    }

    /** True if the calling thread runs a handler of this consumer. */
    boolean calledByHandler() {
        return workers.stream().anyMatch(worker -> worker.thread == Thread.currentThread());
    }

    /** One thread that runs handlers. */
    final class Worker {
        private volatile @Nullable Thread thread;

        /** What is on its way; one of these is null. */
        private volatile @Nullable Task task;

        private volatile @Nullable List<Task> batch;

        private void work() {
            thread = Thread.currentThread();
            workers.add(this);
            starting.set(false);
            try {
                for (var lane = ready.poll(); lane != null; lane = ready.poll()) {
                    hire();
                    lane.run(this);
                    rests();
                }
            } catch (Throwable e) {
                // Ours, not the handler's: no way to go on is known to be safe.
                member.crash().accept(e);
            } finally {
                workers.remove(this);
                hired.decrementAndGet();
                hire();
            }
        }

        /**
         * Says that this is under way, unless its partition takes nothing new. The order is what makes it safe: whoever
         * closes the partition and then finds nobody at work knows that nobody will begin.
         */
        boolean begins(Task next) {
            next.begins(member.time().nanoTime());
            task = next;
            if (next.tenure().open()) {
                return true;
            }
            rests();
            return false;
        }

        /** The same for a batch, of one partition and not empty. */
        boolean begins(List<Task> next) {
            long now = member.time().nanoTime();
            next.forEach(each -> each.begins(now));
            batch = next;
            if (next.getFirst().tenure().open()) {
                return true;
            }
            rests();
            return false;
        }

        /** This one belongs to the same work, which is under way all the time, and is brought to an end as a whole. */
        void goesOn(Task next) {
            next.begins(member.time().nanoTime());
            task = next;
        }

        /** After its result is known to all. */
        void rests() {
            task = null;
            batch = null;
        }

        private @Nullable Task first() {
            var several = batch;
            return several != null ? several.getFirst() : task;
        }

        private @Nullable Task at() {
            var several = batch;
            if (several == null) {
                return task;
            }
            for (var each : several) {
                if (!each.finished()) {
                    return each;
                }
            }
            return null;
        }
    }
}

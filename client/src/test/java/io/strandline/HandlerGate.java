package io.strandline;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Real virtual threads of which one runs at a time, and whose every step the test decides: a handler waits at the gate
 * until it is let through, and the test goes on only when every thread waits or has ended. So the same seed is the same
 * life.
 */
final class HandlerGate implements MemberContext.HandlerThreads {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Waiting> waiting = new ArrayList<>();
    private final ArrayDeque<Thread> notBegun = new ArrayDeque<>();
    private int started;
    private int active;
    private boolean open = true;

    /** Someone at the gate. */
    record Waiting(Object who, CompletableFuture<Runnable> result) {
        /** Goes on. */
        void pass() {
            result.complete(() -> {});
        }

        void fail(RuntimeException why) {
            result.complete(() -> {
                throw why;
            });
        }

        void fail(Error why) {
            result.complete(() -> {
                throw why;
            });
        }
    }

    /** From now on everyone waits at the gate. */
    void shut() {
        open = false;
    }

    /** From now on nobody waits. */
    void open() {
        lock.lock();
        try {
            open = true;
        } finally {
            lock.unlock();
        }
        waiting().forEach(this::pass);
    }

    /** It begins when the test settles and none before it runs. */
    @Override
    public void start(String name, Runnable task) {
        lock.lock();
        try {
            started++;
            notBegun.add(Thread.ofVirtual().name(name).unstarted(() -> {
                try {
                    task.run();
                } finally {
                    ended();
                }
            }));
        } finally {
            lock.unlock();
        }
    }

    /** Threads that were asked for so far. */
    int started() {
        lock.lock();
        try {
            return started;
        } finally {
            lock.unlock();
        }
    }

    /** Handler: waits until the test lets it through or makes it fail. */
    void enter(Object who) {
        var here = new Waiting(who, new CompletableFuture<>());
        lock.lock();
        try {
            if (open) {
                return;
            }
            waiting.add(here);
            active--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        here.result().join().run();
    }

    /** Handler: asks the poll thread, which is the test, so that this counts as waiting meanwhile. */
    void asking(Runnable question) {
        ended();
        try {
            question.run();
        } finally {
            lock.lock();
            try {
                active++;
            } finally {
                lock.unlock();
            }
        }
    }

    private void ended() {
        lock.lock();
        try {
            active--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void pass(Waiting one) {
        release(one);
        one.pass();
        settle();
    }

    void fail(Waiting one, RuntimeException why) {
        release(one);
        one.fail(why);
        settle();
    }

    void fail(Waiting one, Error why) {
        release(one);
        one.fail(why);
        settle();
    }

    private void release(Waiting one) {
        lock.lock();
        try {
            if (!waiting.remove(one)) {
                throw new IllegalStateException(one + " does not wait");
            }
            active++;
        } finally {
            lock.unlock();
        }
    }

    List<Waiting> waiting() {
        lock.lock();
        try {
            return List.copyOf(waiting);
        } finally {
            lock.unlock();
        }
    }

    /** Returns when every thread waits at the gate or has ended. */
    void settle() {
        lock.lock();
        try {
            awaitQuiet();
            for (var next = notBegun.poll(); next != null; next = notBegun.poll()) {
                active++;
                next.start();
                awaitQuiet();
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #settle}, without waiting: for threads that wait for the test. */
    void begin() {
        lock.lock();
        try {
            for (var next = notBegun.poll(); next != null; next = notBegun.poll()) {
                active++;
                next.start();
            }
        } finally {
            lock.unlock();
        }
    }

    private void awaitQuiet() throws InterruptedException {
        long left = 30_000_000_000L;
        while (active > 0) {
            left = changed.awaitNanos(left);
            if (left <= 0) {
                throw new AssertionError(active + " handler threads neither end nor come to the gate");
            }
        }
    }
}

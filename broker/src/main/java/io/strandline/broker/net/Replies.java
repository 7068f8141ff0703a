package io.strandline.broker.net;

import io.strandline.storage.Time;
import io.strandline.storage.Waiter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The replies that a connection owes, in the order of its requests (W18). The reader puts, the writer takes; a full queue
 * stops the reader, which is how a client that sends without reading is slowed down.
 */
final class Replies {
    /** However far a time limit is away, the writer looks at its reply this often. */
    private static final long LOOK_AGAIN_NANOS = TimeUnit.HOURS.toNanos(1);

    private final int owedMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Pending> owed = new ArrayDeque<>();
    private volatile @Nullable Waiter awaited;
    private boolean ended;
    private boolean discarded;

    Replies(int owedMax) {
        this.owedMax = owedMax;
    }

    /** Nothing is owed: everything so far has been written. Only the reader adds, so for the reader this stays true. */
    boolean isEmpty() {
        lock.lock();
        try {
            return owed.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a place in the queue. False: nobody will write it any more. */
    boolean put(Pending reply) {
        lock.lock();
        try {
            while (owed.size() >= owedMax && !discarded) {
                changed.awaitUninterruptibly();
            }
            if (discarded) {
                return false;
            }
            owed.add(reply);
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until everything owed has been written. False: nobody will write it any more. */
    boolean awaitEmpty() {
        lock.lock();
        try {
            while (!owed.isEmpty() && !discarded) {
                changed.awaitUninterruptibly();
            }
            return !discarded;
        } finally {
            lock.unlock();
        }
    }

    /** The oldest reply as soon as there is one; it stays in the queue. Null: there will be no more. */
    @Nullable
    Pending first() {
        lock.lock();
        try {
            while (owed.isEmpty() && !ended && !discarded) {
                changed.awaitUninterruptibly();
            }
            return discarded ? null : owed.peek();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits on the calling thread until the given reply, which is the oldest, is ready.
     *
     * @param givenUp asked at each look; true ends the wait
     * @return false when the wait was given up or the replies were discarded meanwhile
     */
    boolean awaitReady(Pending first, Time time, BooleanSupplier givenUp) {
        if (first.ready()) {
            return !isDiscarded();
        }
        var waiter = first.waiter();
        awaited = waiter; // before the first look: who changes something afterwards wakes it
        try {
            while (true) {
                waiter.rearm();
                if (isDiscarded()) {
                    return false;
                }
                if (first.ready()) {
                    return true;
                }
                if (givenUp.getAsBoolean()) {
                    return false;
                }
                waiter.await(time, time.nanos() + Math.min(first.remaining().toNanos(), LOOK_AGAIN_NANOS));
            }
        } finally {
            awaited = null;
            waiter.done();
        }
    }

    /** Makes the writer look again at what it waits for. */
    void wakeWriter() {
        var waiter = awaited;
        if (waiter != null) {
            waiter.wake();
        }
    }

    /** The replies at the head that can be written without waiting, oldest first, up to a bound. They stay in the queue. */
    List<Pending> ready(int max) {
        var ready = new ArrayList<Pending>();
        for (var each : snapshot()) {
            if (ready.size() == max || !each.ready()) {
                break;
            }
            ready.add(each);
        }
        return ready;
    }

    /** These, the oldest, have been written. */
    void written(int count) {
        lock.lock();
        try {
            for (int i = 0; i < count && !owed.isEmpty(); i++) {
                owed.remove();
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** No more will be put; what is owed is still written. */
    void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Nothing more can be written: whoever waits here goes on. */
    void discard() {
        lock.lock();
        try {
            discarded = true;
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        wakeWriter();
    }

    boolean isDiscarded() {
        lock.lock();
        try {
            return discarded;
        } finally {
            lock.unlock();
        }
    }

    private List<Pending> snapshot() {
        lock.lock();
        try {
            return List.copyOf(owed);
        } finally {
            lock.unlock();
        }
    }
}

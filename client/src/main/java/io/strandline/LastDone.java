package io.strandline;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Remembers what was done last, on the heap. */
final class LastDone implements Deduplication {
    private final int limit;
    private final MessageId by;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition outcome = lock.newCondition();

    /** Oldest first. */
    private final LinkedHashSet<Mark> done = new LinkedHashSet<>();

    private final Set<Mark> inHand = new HashSet<>();

    private record Mark(String group, String id) {}

    LastDone(int limit, MessageId by) {
        if (limit < 1) {
            throw new IllegalArgumentException("A memory of what was done has 1 entry or more, not " + limit);
        }
        this.limit = limit;
        this.by = by;
    }

    @Override
    public boolean once(String group, Message<?, ?> message, Work work) throws Exception {
        var mark = new Mark(group, by.within(message));
        if (!take(mark)) {
            return false;
        }
        boolean did = false;
        try {
            work.run();
            did = true;
        } finally {
            end(mark, did);
        }
        return true;
    }

    /** Waits while somebody else has it: a handler that runs, so no longer than that takes. */
    private boolean take(Mark mark) throws InterruptedException {
        lock.lock();
        try {
            while (inHand.contains(mark)) {
                outcome.await();
            }
            return !done.contains(mark) && inHand.add(mark);
        } finally {
            lock.unlock();
        }
    }

    private void end(Mark mark, boolean did) {
        lock.lock();
        try {
            inHand.remove(mark);
            if (did) {
                if (done.size() == limit) {
                    done.removeFirst();
                }
                done.add(mark);
            }
            outcome.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

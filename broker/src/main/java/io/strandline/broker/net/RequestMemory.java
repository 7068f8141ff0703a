package io.strandline.broker.net;

import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One limit in bytes for all requests that are being received or worked on, over all connections (W17).
 *
 * <p>A request counts from the moment its length is known, before its body is read, until it has had its effect: an append
 * gives its bytes back at once, so what waits for the disk afterwards is small. Who finds no room waits in line, in the
 * connection's reader and before any lock, so the client feels it as a socket that is not read. The committer never allocates
 * here.
 *
 * <p>There are two lines, each first come, first served: large requests share half of the room (one of them may exceed it),
 * so strangers who announce huge requests and then fall silent cannot keep out everyone else's small ones.
 */
public final class RequestMemory {
    /** A request is large when it takes more than this part of the limit. */
    private static final int LARGE_PARTS = 32;

    private final long limitBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Claim> smallLine = new ArrayDeque<>();
    private final ArrayDeque<Claim> largeLine = new ArrayDeque<>();
    private long usedBytes;
    private long usedByLargeBytes;

    public RequestMemory(long limitBytes) {
        if (limitBytes <= 0) {
            throw new IllegalArgumentException("The limit for request bytes must be positive, not " + limitBytes);
        }
        this.limitBytes = limitBytes;
    }

    public long limitBytes() {
        return limitBytes;
    }

    /** Bytes of requests that are being received or worked on now. */
    public long usedBytes() {
        lock.lock();
        try {
            return usedBytes;
        } finally {
            lock.unlock();
        }
    }

    /** Whether anybody waits for room now. */
    boolean contended() {
        lock.lock();
        try {
            return !smallLine.isEmpty() || !largeLine.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Asks for room; {@link Claim#await} waits until it is there. {@code bytes} must not exceed the limit. */
    Claim claim(long bytes) {
        if (bytes > limitBytes) {
            throw new IllegalArgumentException(bytes + " bytes can never fit into a limit of " + limitBytes);
        }
        lock.lock();
        try {
            var claim = new Claim(bytes);
            line(claim).add(claim);
            admit();
            return claim;
        } finally {
            lock.unlock();
        }
    }

    private ArrayDeque<Claim> line(Claim claim) {
        return claim.large() ? largeLine : smallLine;
    }

    private void admit() {
        while (!largeLine.isEmpty() && fits(largeLine.element()) && fitsAmongLarge(largeLine.element())) {
            usedByLargeBytes += largeLine.element().bytes;
            admit(largeLine.remove());
        }
        while (!smallLine.isEmpty() && fits(smallLine.element())) {
            admit(smallLine.remove());
        }
    }

    private boolean fits(Claim claim) {
        return usedBytes + claim.bytes <= limitBytes;
    }

    private boolean fitsAmongLarge(Claim claim) {
        return usedByLargeBytes == 0 || usedByLargeBytes + claim.bytes <= limitBytes / 2;
    }

    private void admit(Claim claim) {
        usedBytes += claim.bytes;
        claim.state = State.HELD;
        claim.changed.signalAll();
    }

    private enum State {
        WAITING,
        HELD,
        RELEASED
    }

    /** The room of one request. */
    public final class Claim {
        private final long bytes;
        private final Condition changed = lock.newCondition();
        private State state = State.WAITING;

        private Claim(long bytes) {
            this.bytes = bytes;
        }

        private boolean large() {
            return bytes > limitBytes / LARGE_PARTS;
        }

        /** Waits for room. False: released meanwhile, the connection is closing. */
        boolean await() {
            lock.lock();
            try {
                while (state == State.WAITING) {
                    changed.awaitUninterruptibly();
                }
                return state == State.HELD;
            } finally {
                lock.unlock();
            }
        }

        /** Gives the room back, or leaves the line. Doing it twice changes nothing. */
        public void release() {
            lock.lock();
            try {
                switch (state) {
                    case HELD -> {
                        usedBytes -= bytes;
                        usedByLargeBytes -= large() ? bytes : 0;
                    }
                    case WAITING -> line(this).remove(this);
                    case RELEASED -> {
                        return;
                    }
                }
                state = State.RELEASED;
                changed.signalAll();
                admit();
            } finally {
                lock.unlock();
            }
        }
    }
}

package io.strandline;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.producer.KafkaProducer;

/**
 * How many messages may be with kafka-clients and not answered yet. Its own limit is in bytes (buffer.memory), and small
 * messages have more than ten times as much beside their bytes: with some hundred thousand of them waiting, the garbage
 * collector copies them more often than the network sends them. So who sends without waiting waits here first.
 *
 * <p>It delays and never refuses: after the limit the message goes on, and kafka-clients decides. Who answers is never
 * delayed, though a callback may send.
 */
final class OnTheirWay {
    /** As many of 1 KiB fill the 32 MiB that kafka-clients takes. */
    static final int MAX = 32_768;

    /** Senders who wait go on here, and not one message below the limit, where they would wait again at once. */
    private static final int GO_ON = MAX / 2;

    /** How many messages look once at how things stand, for each look takes a cache line from who answers. */
    private static final int LOOK_EVERY = 128;

    /** In {@link #counts}: apart from each other and from all else, by cache lines. */
    private static final int BEGUN = 16;

    private static final int ENDED = 32;

    private final AtomicLongArray counts = new AtomicLongArray(48);
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition fewer = lock.newCondition();

    private final AtomicInteger waiting = new AtomicInteger();

    /** A sender has one more; waits if there are too many, up to the limit. Returns at once if interrupted, which it stays. */
    void begins(Duration atMost) {
        if (counts.incrementAndGet(BEGUN) % LOOK_EVERY == 0 && now() > MAX && !isWhoAnswers()) {
            awaitFewer(atMost);
        }
    }

    /** What was begun is over, with whatever result. */
    void ends() {
        counts.incrementAndGet(ENDED);
        if (waiting.get() > 0 && now() <= GO_ON) {
            letGoOn();
        }
    }

    long now() {
        return counts.get(BEGUN) - counts.get(ENDED);
    }

    int waiting() {
        return waiting.get();
    }

    /** @throws IllegalStateException on the thread that completes the futures: it would wait for itself */
    static void refuseWhoAnswers(String call) {
        if (isWhoAnswers()) {
            throw new IllegalStateException(
                    call + " waits for answers, and here, in what follows the future of a sendAsync,"
                            + " is the thread that brings them. Use sendAsync, or go on elsewhere: thenAcceptAsync, whenCompleteAsync");
        }
    }

    private static boolean isWhoAnswers() {
        return Thread.currentThread().getName().startsWith(KafkaProducer.NETWORK_THREAD_PREFIX);
    }

    /** Rule: a sender is counted as waiting before it looks, and who answers counts before it looks for one. */
    private void awaitFewer(Duration atMost) {
        lock.lock();
        try {
            waiting.incrementAndGet();
            long left = atMost.toNanos();
            while (now() > GO_ON && left > 0) {
                left = fewer.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            waiting.decrementAndGet();
            lock.unlock();
        }
    }

    private void letGoOn() {
        lock.lock();
        try {
            fewer.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

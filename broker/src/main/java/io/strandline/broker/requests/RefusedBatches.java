package io.strandline.broker.requests;

import io.strandline.storage.Batch;
import io.strandline.storage.Time;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Batches of idempotent producers that were refused and may come again, so that what was sent behind them does not
 * overtake them. A log takes any first sequence of a producer that it does not know (KIP-360). So without this, of two
 * requests in flight the first could be refused and the second taken; the first then never fits again, or, after its
 * producer has begun a new epoch, comes behind the second (KAFKA-15591, KAFKA-14359).
 *
 * <p>For each producer and partition the first of what was refused is remembered, until it comes, its producer begins a
 * new epoch, or it was not seen for longer than producers send again. Nothing is remembered over a restart: it breaks
 * all connections, and then a producer sends again from its first unanswered batch on, one by one.
 *
 * <p>Safe for use by all threads; while nothing is refused it costs one read.
 */
final class RefusedBatches {
    /**
     * Where a producer writes.
     *
     * @param topic its name, or its id where the request gave that
     */
    private record Way(long producerId, Object topic, int partition) {}

    private record Refused(short epoch, int sequence, long atNanos) {}

    static final int REMEMBERED_MAX = 10_000;

    /** Clients give up after two minutes unless told otherwise. */
    static final Duration REMEMBERED_FOR = Duration.ofMinutes(10);

    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock; the one that was refused longest ago first. */
    private final Map<Way, Refused> first = new LinkedHashMap<>();

    private volatile boolean any;

    RefusedBatches(Time time) {
        this.time = time;
    }

    /** The sequence that was refused and must come before this batch; empty if it may be taken. */
    Optional<Integer> before(Batch batch, Object topic, int partition) {
        if (!any || !counts(batch)) {
            return Optional.empty();
        }
        lock.lock();
        try {
            var refused = first.get(way(batch, topic, partition));
            return refused != null && refused.epoch == batch.producerEpoch() && comesBefore(refused, batch)
                    ? Optional.of(refused.sequence)
                    : Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    void refused(Batch batch, Object topic, int partition) {
        if (!counts(batch)) {
            return;
        }
        lock.lock();
        try {
            var way = way(batch, topic, partition);
            var known = first.remove(way); // so that it becomes the last one again
            first.put(way, known != null && comesBefore(known, batch) ? known : refused(batch));
            if (first.size() > REMEMBERED_MAX) {
                first.remove(first.keySet().iterator().next());
            }
            any = true;
        } finally {
            lock.unlock();
        }
    }

    /** From here on the log itself knows what comes next. */
    void taken(Batch batch, Object topic, int partition) {
        if (!any || !counts(batch)) {
            return;
        }
        lock.lock();
        try {
            first.remove(way(batch, topic, partition));
            any = !first.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private Refused refused(Batch batch) {
        return new Refused(batch.producerEpoch(), batch.baseSequence(), time.nanos());
    }

    /** A new epoch begins anew; what comes late of an old one changes nothing. */
    private boolean comesBefore(Refused refused, Batch batch) {
        boolean over = time.nanos() - refused.atNanos > REMEMBERED_FOR.toNanos();
        return !over
                && (refused.epoch > batch.producerEpoch()
                        || (refused.epoch == batch.producerEpoch() && refused.sequence < batch.baseSequence()));
    }

    private static boolean counts(Batch batch) {
        return batch.hasProducer() && batch.baseSequence() >= 0;
    }

    private static Way way(Batch batch, Object topic, int partition) {
        return new Way(batch.producerId(), topic, partition);
    }
}

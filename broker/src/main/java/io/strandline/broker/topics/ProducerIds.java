package io.strandline.broker.topics;

import io.strandline.storage.Durability;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Gives every idempotent producer a number that no other ever had. Numbers are taken from blocks; a block is reserved in the
 * metadata log, and no number of it is told to anyone before that is durable (W20).
 */
public final class ProducerIds {
    static final long BLOCK = 1000;

    private final MetadataLog log;
    private final ReentrantLock lock = new ReentrantLock();
    private long next;
    private long reservedEnd;
    private long reservedAt; // where the reservation of the current block ends in the log

    public ProducerIds(MetadataLog log) {
        this.log = log;
    }

    /** What became of a wish for a number. */
    public sealed interface Given {
        /** @param durable until then the number must not be told */
        record Id(long producerId, Durability durable) implements Given {}

        record Refused(String reason) implements Given {}
    }

    /** The next number. */
    public Given next() {
        lock.lock();
        try {
            if (next == reservedEnd) {
                var event = new Event.ProducerIdsReserved(reservedEnd + BLOCK);
                switch (log.append(event)) {
                    case MetadataLog.Appended.At(long endOffset) -> {
                        reservedEnd = event.end();
                        reservedAt = endOffset;
                    }
                    case MetadataLog.Appended.Refused(String reason) -> {
                        return new Given.Refused(reason);
                    }
                }
            }
            return new Given.Id(next++, log.durable(reservedAt));
        } finally {
            lock.unlock();
        }
    }

    /** At the start: what was reserved is taken, though perhaps nobody got it. */
    void apply(Event.ProducerIdsReserved event) {
        lock.lock();
        try {
            next = event.end();
            reservedEnd = event.end();
        } finally {
            lock.unlock();
        }
    }
}

package io.strandline.storage;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a log remembers of its idempotent producers (KIP-98), so that a batch sent twice is stored once: for each, its
 * epoch and its last five batches, the most a client has in flight. Guarded by the log's lock.
 *
 * <p>A producer the log does not know may begin with any sequence: it may have been forgotten.
 */
final class ProducerStates {
    /** Kafka's clients never have more batches of one partition unanswered. */
    static final int WINDOW = 5;

    private final Map<Long, Producer> producers = new HashMap<>();

    /** One producer: a ring of its last batches, the newest at {@code newest}. */
    private static final class Producer {
        short epoch;
        int known;
        int newest = -1;
        long seenMs;
        final int[] baseSequence = new int[WINDOW];
        final int[] lastSequence = new int[WINDOW];
        final long[] baseOffset = new long[WINDOW];
        final long[] endOffset = new long[WINDOW];
        final long[] logAppendTimeMs = new long[WINDOW];

        int find(Batch batch) {
            int last = batch.lastSequence();
            for (int back = 0; back < known; back++) {
                int at = (newest - back + WINDOW) % WINDOW;
                if (baseSequence[at] == batch.baseSequence() && lastSequence[at] == last) {
                    return at;
                }
            }
            return -1;
        }

        void add(int base, int last, long offset, long end, long appendTimeMs) {
            newest = (newest + 1) % WINDOW;
            known = Math.min(known + 1, WINDOW);
            baseSequence[newest] = base;
            lastSequence[newest] = last;
            baseOffset[newest] = offset;
            endOffset[newest] = end;
            logAppendTimeMs[newest] = appendTimeMs;
        }

        void forgetBatches() {
            known = 0;
            newest = -1;
        }
    }

    /** Whether the batch may be appended now; if not, what to answer instead. Changes nothing. */
    Optional<Verdict> check(Batch batch, long logStartOffset) {
        if (!batch.hasProducer() || batch.baseSequence() < 0) {
            return Optional.empty();
        }
        var producer = producers.get(batch.producerId());
        if (producer == null) {
            return Optional.empty();
        }
        if (batch.producerEpoch() < producer.epoch) {
            return Optional.of(new Verdict.Rejected(
                    StorageError.INVALID_PRODUCER_EPOCH,
                    "Producer " + batch.producerId() + " writes with epoch " + batch.producerEpoch() + ", but epoch "
                            + producer.epoch + " has written already."));
        }
        if (batch.producerEpoch() > producer.epoch) {
            return batch.baseSequence() == 0 ? Optional.empty() : Optional.of(outOfOrder(batch, 0));
        }
        int copy = producer.find(batch);
        if (copy >= 0) {
            return Optional.of(new Verdict.Duplicate(
                    producer.baseOffset[copy],
                    producer.endOffset[copy],
                    producer.logAppendTimeMs[copy],
                    logStartOffset));
        }
        if (producer.known == 0) {
            return Optional.empty();
        }
        int expected = Batch.sequencePlus(producer.lastSequence[producer.newest], 1);
        return batch.baseSequence() == expected ? Optional.empty() : Optional.of(outOfOrder(batch, expected));
    }

    private static Verdict outOfOrder(Batch batch, int expected) {
        return new Verdict.Rejected(
                StorageError.OUT_OF_ORDER_SEQUENCE_NUMBER,
                "Producer " + batch.producerId() + " epoch " + batch.producerEpoch() + " sends sequence "
                        + batch.baseSequence() + "; the next one is " + expected + ".");
    }

    /** The batch is in the log. The same call is made at the append and when the log is read again. */
    void remember(Batch batch, long nowMs) {
        if (!batch.hasProducer()) {
            return;
        }
        var producer = producers.computeIfAbsent(batch.producerId(), id -> new Producer());
        if (batch.producerEpoch() > producer.epoch) {
            producer.forgetBatches();
        }
        producer.epoch = batch.producerEpoch();
        producer.seenMs = nowMs;
        if (batch.baseSequence() >= 0) {
            long appendTimeMs = batch.timestampType() == TimestampType.LOG_APPEND_TIME ? batch.maxTimestamp() : -1;
            producer.add(
                    batch.baseSequence(), batch.lastSequence(), batch.baseOffset(), batch.endOffset(), appendTimeMs);
        }
    }

    /** Forgets who has not written for long. Never by retention: a retry may come after its first copy is dropped. */
    void forgetSeenBefore(long wallMs) {
        producers.values().removeIf(producer -> producer.seenMs < wallMs);
    }

    List<PartitionLog.ProducerView> views() {
        var views = new ArrayList<PartitionLog.ProducerView>(producers.size());
        producers.forEach((id, producer) -> views.add(new PartitionLog.ProducerView(
                id,
                producer.epoch,
                producer.known == 0 ? -1 : producer.lastSequence[producer.newest],
                producer.seenMs)));
        return views;
    }

    int encodedBytes() {
        int bytes = 4;
        for (var producer : producers.values()) {
            bytes += 22 + producer.known * 32;
        }
        return bytes;
    }

    /** Number of producers, then for each: id, epoch, last seen, number of batches, batches with the oldest first. */
    void write(ByteBuffer to) {
        to.putInt(producers.size());
        producers.forEach((id, producer) -> {
            to.putLong(id).putShort(producer.epoch).putLong(producer.seenMs).putInt(producer.known);
            for (int back = producer.known - 1; back >= 0; back--) {
                int at = (producer.newest - back + WINDOW) % WINDOW;
                to.putInt(producer.baseSequence[at])
                        .putInt(producer.lastSequence[at])
                        .putLong(producer.baseOffset[at])
                        .putLong(producer.endOffset[at])
                        .putLong(producer.logAppendTimeMs[at]);
            }
        });
    }

    void read(ByteBuffer from) {
        producers.clear();
        for (int left = from.getInt(); left > 0; left--) {
            var producer = new Producer();
            producers.put(from.getLong(), producer);
            producer.epoch = from.getShort();
            producer.seenMs = from.getLong();
            for (int batches = from.getInt(); batches > 0; batches--) {
                producer.add(from.getInt(), from.getInt(), from.getLong(), from.getLong(), from.getLong());
            }
        }
    }

    @Override
    public String toString() {
        var ids = producers.keySet().toArray(Long[]::new);
        Arrays.sort(ids);
        return "ProducerStates" + Arrays.toString(ids);
    }
}

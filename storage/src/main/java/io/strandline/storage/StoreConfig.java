package io.strandline.storage;

import java.time.Duration;

/**
 * How a store works, whatever is in it.
 *
 * @param durability what an acknowledgement means
 * @param journalBytes size of the journal; a cycle of the committer takes at most an eighth of it. The reserve for a
 *     full disk has the same size
 * @param checkpointBytes bytes forced directly into segments after which a checkpoint is due
 * @param checkpointEvery time of writing after which a checkpoint is due
 * @param idleAfter time after which the files of a log that nobody uses are closed
 * @param indexIntervalBytes log bytes from one index entry to the next
 * @param producerExpiry time after which a producer that does not write is forgotten; Kafka's
 *     {@code producer.id.expiration.ms}
 * @param router chooses the way to the disk for each range; tests hand in their own
 * @param acceptLoss opens a store although parts are missing; what is missing is logged and kept. An operator's
 *     decision, never a default
 */
public record StoreConfig(
        DurabilityMode durability,
        long journalBytes,
        long checkpointBytes,
        Duration checkpointEvery,
        Duration idleAfter,
        int indexIntervalBytes,
        Duration producerExpiry,
        Router router,
        boolean acceptLoss) {

    /** Below this a group could not hold one index interval. */
    static final long JOURNAL_BYTES_MIN = 64 * 1024;

    public StoreConfig {
        if (journalBytes < JOURNAL_BYTES_MIN || journalBytes > 1L << 40) {
            throw new IllegalArgumentException("The journal cannot have " + journalBytes + " bytes; give it between "
                    + JOURNAL_BYTES_MIN + " and " + (1L << 40));
        }
    }

    /** Acknowledged means on the disk; a journal of 256 MiB. */
    public static StoreConfig defaults() {
        return new StoreConfig(
                DurabilityMode.FSYNC,
                256L << 20,
                64L << 20,
                Duration.ofSeconds(10),
                Duration.ofMinutes(10),
                4096,
                Duration.ofDays(1),
                Router.STANDARD,
                false);
    }

    public StoreConfig withDurability(DurabilityMode mode) {
        return new StoreConfig(
                mode,
                journalBytes,
                checkpointBytes,
                checkpointEvery,
                idleAfter,
                indexIntervalBytes,
                producerExpiry,
                router,
                acceptLoss);
    }

    public StoreConfig withJournalBytes(long bytes) {
        return new StoreConfig(
                durability,
                bytes,
                checkpointBytes,
                checkpointEvery,
                idleAfter,
                indexIntervalBytes,
                producerExpiry,
                router,
                acceptLoss);
    }

    public StoreConfig withCheckpoint(long bytes, Duration every) {
        return new StoreConfig(
                durability,
                journalBytes,
                bytes,
                every,
                idleAfter,
                indexIntervalBytes,
                producerExpiry,
                router,
                acceptLoss);
    }

    public StoreConfig withIdleAfter(Duration idle) {
        return new StoreConfig(
                durability,
                journalBytes,
                checkpointBytes,
                checkpointEvery,
                idle,
                indexIntervalBytes,
                producerExpiry,
                router,
                acceptLoss);
    }

    public StoreConfig withIndexIntervalBytes(int bytes) {
        return new StoreConfig(
                durability,
                journalBytes,
                checkpointBytes,
                checkpointEvery,
                idleAfter,
                bytes,
                producerExpiry,
                router,
                acceptLoss);
    }

    public StoreConfig withProducerExpiry(Duration expiry) {
        return new StoreConfig(
                durability,
                journalBytes,
                checkpointBytes,
                checkpointEvery,
                idleAfter,
                indexIntervalBytes,
                expiry,
                router,
                acceptLoss);
    }

    public StoreConfig withRouter(Router other) {
        return new StoreConfig(
                durability,
                journalBytes,
                checkpointBytes,
                checkpointEvery,
                idleAfter,
                indexIntervalBytes,
                producerExpiry,
                other,
                acceptLoss);
    }

    public StoreConfig withAcceptLoss(boolean accept) {
        return new StoreConfig(
                durability,
                journalBytes,
                checkpointBytes,
                checkpointEvery,
                idleAfter,
                indexIntervalBytes,
                producerExpiry,
                router,
                accept);
    }

    /** The most bytes that one cycle of the committer puts into the journal. */
    int cycleBytesMax() {
        return (int) Math.min(journalBytes / 8, 32 << 20);
    }
}

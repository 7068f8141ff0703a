package io.strandline.storage;

import java.time.Duration;

/**
 * How a store works, whatever is in it.
 *
 * @param durability what an acknowledgement means
 * @param journalBytes the most that the journal takes; a cycle of the committer puts at most an eighth of it there. The
 *     reserve for a full disk is as large as the journal is
 * @param journalBytesAtFirst what the journal of a new store takes, if {@code journalBytes} is not less. It doubles when
 *     half of it fills up in less than half of {@code checkpointEvery}
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
        long journalBytesAtFirst,
        long checkpointBytes,
        Duration checkpointEvery,
        Duration idleAfter,
        int indexIntervalBytes,
        Duration producerExpiry,
        Router router,
        boolean acceptLoss) {

    /** Below this a group could not hold one index interval. */
    static final long JOURNAL_BYTES_MIN = 64 * 1024;

    static final long JOURNAL_BYTES_AT_FIRST_MIN = 8 * 1024;

    public StoreConfig {
        if (journalBytes < JOURNAL_BYTES_MIN || journalBytes > 1L << 40) {
            throw new IllegalArgumentException("The journal cannot have " + journalBytes + " bytes; give it between "
                    + JOURNAL_BYTES_MIN + " and " + (1L << 40));
        }
        if (journalBytesAtFirst < JOURNAL_BYTES_AT_FIRST_MIN) {
            throw new IllegalArgumentException("The journal cannot begin with " + journalBytesAtFirst
                    + " bytes; give it at least " + JOURNAL_BYTES_AT_FIRST_MIN);
        }
    }

    /** Acknowledged means on the disk; a journal that begins with 4 MiB and becomes as large as 256 MiB. */
    public static StoreConfig defaults() {
        return new StoreConfig(
                DurabilityMode.FSYNC,
                256L << 20,
                4L << 20,
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
                journalBytesAtFirst,
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
                journalBytesAtFirst,
                checkpointBytes,
                checkpointEvery,
                idleAfter,
                indexIntervalBytes,
                producerExpiry,
                router,
                acceptLoss);
    }

    public StoreConfig withJournalBytesAtFirst(long bytes) {
        return new StoreConfig(
                durability,
                journalBytes,
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
                journalBytesAtFirst,
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
                journalBytesAtFirst,
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
                journalBytesAtFirst,
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
                journalBytesAtFirst,
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
                journalBytesAtFirst,
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
                journalBytesAtFirst,
                checkpointBytes,
                checkpointEvery,
                idleAfter,
                indexIntervalBytes,
                producerExpiry,
                router,
                accept);
    }

    /** The size of a new journal. */
    long newJournalBytes() {
        return Math.min(journalBytesAtFirst, journalBytes);
    }

    /** The most bytes that one cycle of the committer puts into the journal. */
    int cycleBytesMax() {
        return (int) Math.min(journalBytes / 8, 32 << 20);
    }
}

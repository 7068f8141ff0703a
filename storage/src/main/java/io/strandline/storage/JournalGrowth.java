package io.strandline.storage;

import java.io.IOException;
import java.util.function.BooleanSupplier;

/**
 * Lets the journal, and the reserve with it, become larger with the load. A new store begins small, so that it takes
 * little time and space; a journal that is half full soon after the last checkpoint makes checkpoints frequent, and each
 * costs a force for every busy log.
 *
 * <p>No crash finds more in use than is there: zeros are written and forced, then a checkpoint that says so is made
 * durable, then groups go there. The checkpointer calls this.
 */
final class JournalGrowth {
    /** Forced in pieces: a force that the committer wants meanwhile waits for no more than that. */
    private static final int PIECE_BYTES = 1 << 20;

    private final Journal journal;
    private final Reserve reserve;
    private final long bytesMax;
    private final long soonNanos;
    private boolean wanted;

    JournalGrowth(Context context) {
        this.journal = context.journal();
        this.reserve = context.reserve();
        this.bytesMax = context.config().journalBytes();
        this.soonNanos = context.config().checkpointEvery().toNanos() / 2;
    }

    /** A checkpoint begins, so long after the one before. */
    void note(long nanosSinceLast) {
        wanted = journal.isHalfFull() && nanosSinceLast < soonNanos;
    }

    /**
     * Makes what was seen to be too small twice as large, or as much larger as there is time and space for.
     *
     * @param noTime whether the next checkpoint is wanted
     */
    void grow(BooleanSupplier noTime) throws IOException {
        long aim = wanted ? Math.min(2 * journal.capacity(), bytesMax) : 0;
        while (journal.preparedBytes() < aim && !reserve.isSpent()) {
            long next = Math.min(journal.preparedBytes() + PIECE_BYTES, aim);
            if (!reserve.extend(next) || !journal.prepare(next) || noTime.getAsBoolean()) {
                return;
            }
        }
    }
}

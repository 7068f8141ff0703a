package io.strandline.storage;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * All logs of one broker on one disk: what was acknowledged is in it after any crash.
 *
 * <p>Open it, {@link #start} it (or drive {@link Committer#cycle} and {@link Checkpointer#step} yourself, as tests do),
 * close it. All methods may be called from any thread.
 */
public final class Store implements AutoCloseable {

    Store() {}

    /**
     * Takes the directory for this process, makes a store if it is empty, or brings the one that is there back to where
     * everything acknowledged is: after a clean stop at once, otherwise from the journal and the tails of the logs.
     *
     * @throws StoreRefused if the store is in use, is not ours, is of a newer version, or misses a part; nothing was
     *     touched
     * @throws IOException if the disk failed; opening can be tried again
     */
    public static Store open(Disk disk, StoreConfig config, Catalogue catalogue, Time time) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Starts the committer and the checkpointer, each on a thread of its own. They wait for the disk inside system
     * calls, so they are platform threads.
     */
    public void start(ThreadFactory threads) {
        throw new UnsupportedOperationException();
    }

    /** The part that makes appends durable; for tests that drive it by hand. */
    public Committer committer() {
        throw new UnsupportedOperationException();
    }

    /** The part that keeps the journal free and drops what is no longer needed; for tests that drive it by hand. */
    public Checkpointer checkpointer() {
        throw new UnsupportedOperationException();
    }

    /** The broker's own log, whose batches went to {@link Catalogue#apply} when the store was opened. */
    public PartitionLog metadata() {
        throw new UnsupportedOperationException();
    }

    /**
     * The log of this name, empty if nothing was ever appended to it. Makes no file. The caller knows that the topic
     * is live and has this partition.
     */
    public PartitionLog log(LogId id) {
        throw new UnsupportedOperationException();
    }

    /**
     * Adds batches to several logs so that after a crash either all of them are there or none (W10). Each log may
     * appear more than once; its batches are added in the order of the list.
     *
     * <p>Batches of idempotent producers are not checked for duplicates here: these are the broker's own.
     */
    public Together appendTogether(List<Part> parts) {
        throw new UnsupportedOperationException();
    }

    /**
     * Drops all logs of a topic. The caller has made its deletion durable in the metadata log. Appends are refused and
     * waiters woken at once; the files go later, in the background.
     */
    public void delete(UUID topicId) {
        throw new UnsupportedOperationException();
    }

    /** Why nothing is acknowledged any more; empty while all is well. Final for this store. */
    public Optional<Throwable> failure() {
        throw new UnsupportedOperationException();
    }

    /** Ranges found damaged since the store was opened. */
    public List<Damage> damages() {
        throw new UnsupportedOperationException();
    }

    /** What was found and done while the store was opened. */
    public Opening opening() {
        throw new UnsupportedOperationException();
    }

    /** Given to the store when it was made; never changes. */
    public UUID storeId() {
        throw new UnsupportedOperationException();
    }

    /**
     * Makes everything appended durable and marks the store as stopped cleanly, so that the next start is quick. After
     * a failure only lets go of the disk. Appends are refused from now on, waiters are woken.
     */
    @Override
    public void close() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** One batch for one log in {@link #appendTogether}. */
    public record Part(PartitionLog log, Batch batch) {}

    /** What became of a bundle. */
    public sealed interface Together {
        /**
         * @param parts the verdict for each part, in their order
         * @param durable durable when all parts are
         */
        record Accepted(List<Verdict.Appended> parts, Durability durable) implements Together {}

        /** Nothing of it was appended. */
        record Refused(StorageError error, String reason) implements Together {}
    }

    /** Offsets of a log that cannot be read, and why. */
    public record Damage(LogId log, long fromOffset, long toOffset, String reason) {}

    /**
     * How the store was found.
     *
     * @param made it did not exist before
     * @param clean it had been stopped cleanly
     * @param framesApplied frames of the journal that were written to segments again
     * @param bytesRewritten bytes of log tails that were written and forced again
     * @param bytesCut bytes behind the last whole batch, never acknowledged, that were cut off
     */
    public record Opening(
            boolean made,
            boolean clean,
            int framesApplied,
            long bytesRewritten,
            long bytesCut,
            @Nullable String lossAccepted) {}
}

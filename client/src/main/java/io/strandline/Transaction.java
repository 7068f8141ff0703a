package io.strandline;

import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything that is sent here becomes visible together, or not at all, to those who read committed messages only (as our
 * consumers do). Made by {@link Producer#transaction} and {@link Producer#begin}.
 *
 * <p>All threads may send; one ends it. Nothing is acknowledged before the commit, so sends return nothing: what fails later
 * surfaces at {@link #commit}. After any failure it can only be aborted.
 */
public interface Transaction extends AutoCloseable {
    /**
     * Returns when the message is on its way; may wait for memory and for the topic's metadata.
     *
     * @throws SendFailed if that is known at once: it cannot be written as its type, it is too large, or something in this
     *     transaction has failed before. Who catches it changes nothing: the commit fails as well
     * @throws IllegalStateException if the transaction has ended
     */
    <K, V> void send(Outgoing<K, V> message);

    default <K, V> void send(Topic<K, V> topic, @Nullable K key, @Nullable V value) {
        send(Outgoing.to(topic, key, value));
    }

    /** One after the other; see {@link #send(Outgoing)}. */
    default void sendBatch(Collection<? extends Outgoing<?, ?>> messages) {
        messages.forEach(this::send);
    }

    /**
     * Progress of a group that is stored if, and only if, this commits: so that what was read, and what was made of it,
     * count as one. It is bound to the group's generation as it is now: if a partition leaves its member before the
     * commit, the commit fails, and the new owner begins where the last commit was.
     *
     * <p>For handlers of {@link Consumer.Builder#eachMessage} that commit by hand. Where all that a handler does is to send,
     * {@code eachTransaction} does this by itself.
     *
     * @param consumer with {@link Commit#manual()}: its own commits could come later and take this progress back
     * @param nextOffsets the next offset to read of each partition: that of the last message and 1
     * @throws IllegalStateException if one of the partitions is not the consumer's now; if the consumer commits by
     *     itself; if it has stopped; if the transaction has ended
     * @throws TransactionFailed if the broker did not take it; nothing of the transaction will be visible
     */
    void offsets(Consumer consumer, Map<Partition, Long> nextOffsets);

    /**
     * Waits for everything that was sent, and makes it visible. Returns when that is certain; those who read committed
     * messages see it a moment later, in one partition sooner than in another.
     *
     * @throws TransactionFailed if it is not; it says whether something may be visible
     * @throws IllegalStateException if the transaction has ended
     */
    void commit();

    /**
     * Nothing that was sent will ever be visible. A broker that does not answer finds out by itself, when the transaction's
     * time is over or when this producer begins the next one. Nothing happens if it is aborted already.
     *
     * @throws TransactionFailed if a newer producer with this transactional id has taken over: that too means aborted
     * @throws IllegalStateException if it is committed
     */
    void abort();

    /** Aborts what is neither committed nor aborted. */
    @Override
    void close();
}

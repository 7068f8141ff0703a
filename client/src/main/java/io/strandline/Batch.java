package io.strandline;

import java.time.Duration;
import java.util.List;

/**
 * What one fetch gave for one partition, in the order of the log. Safe for use by other threads until its handler has
 * returned; what is called afterwards changes nothing and fails.
 *
 * <p>What is done when the handler returns:
 *
 * <ul>
 *   <li>It called neither {@link #resolve} nor {@link #reject}: everything.
 *   <li>It called {@code reject} only: everything but what it rejected.
 *   <li>It called {@code resolve}: what it resolved. The rest comes again at once, or goes to another member if the
 *       partition does.
 * </ul>
 *
 * If it throws, what it resolved stays done and the rest is handed to it again after the delay of the {@link Retry}. When
 * its attempts are used up, the rest is handed to it one message at a time, so that only those that fail on their own are
 * given up.
 *
 * <p>A message that cannot be read as the topic's type is not in the batch; it takes the way of a rejected one.
 */
public interface Batch<K, V> extends Iterable<Message<K, V>> {
    Partition partition();

    /** At least one. */
    List<Message<K, V>> messages();

    /** The end of the partition's log as of the fetch: the offset that its next message gets. */
    long highWatermark();

    /** Messages in the log behind this batch, as of the fetch. */
    long lag();

    /**
     * Everything up to and including this message is done, but what was rejected. It counts at once: the next commit
     * stores it.
     *
     * @throws IllegalArgumentException if the message is not of this batch
     * @throws IllegalStateException if the handler of this batch has returned
     */
    void resolve(Message<K, V> message);

    /**
     * This message failed, the rest may go on. It is handed to the handler again in a batch of its own after the delay of
     * the {@link Retry}, then goes to the {@link DeadLetter}. Progress is not committed past it before.
     *
     * @throws IllegalArgumentException if the message is not of this batch
     * @throws IllegalStateException if the message is resolved, or the handler of this batch has returned
     */
    void reject(Message<K, V> message, Throwable why);

    /** Stores with the broker what is resolved, and returns when that is done; whatever {@link Commit} says. */
    void commit();

    /** See {@link Handler.Context#pause()}. */
    Pause pause();

    /** See {@link Handler.Context#pause(Duration)}. */
    Pause pause(Duration atMost);

    /** The consumer is stopping: resolve what is done and return. */
    boolean stopping();

    /** The partition is being taken away or was sought elsewhere: what is not resolved by now comes again. */
    boolean stale();
}

package io.strandline;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Sends. Safe for use by all threads; share one. Idempotent and acknowledged by all in-sync replicas unless told
 * otherwise. Blocking calls return when the message is acknowledged; the futures of the others complete then. Every call
 * may wait a while for memory, for the topic's metadata, and while 32,768 messages are not answered yet: that is the
 * back-pressure.
 *
 * <p>What fails is a {@link SendFailed}, which tells "refused" from "unknown".
 */
public interface Producer extends AutoCloseable {
    /**
     * Messages of one thread with the same key keep their order. What is chained to the future without an executor may run on
     * the thread that takes the answers of all senders: it has to be short, and must not wait for a message.
     */
    <K, V> CompletableFuture<Ack> sendAsync(Outgoing<K, V> message);

    default <K, V> CompletableFuture<Ack> sendAsync(Topic<K, V> topic, @Nullable K key, @Nullable V value) {
        return sendAsync(Outgoing.to(topic, key, value));
    }

    /**
     * Returns when it is acknowledged.
     *
     * @throws SendFailed if it is not known to be stored
     * @throws IllegalStateException on the thread that completes the futures of {@link #sendAsync}, which would wait for
     *     itself; so do the other calls that wait
     */
    <K, V> Ack send(Outgoing<K, V> message);

    default <K, V> Ack send(Topic<K, V> topic, @Nullable K key, @Nullable V value) {
        return send(Outgoing.to(topic, key, value));
    }

    /** Without a key: any partition. */
    default <K, V> Ack send(Topic<K, V> topic, V value) {
        return send(Outgoing.to(topic, null, value));
    }

    /** A key without a value: in a compacted topic it deletes what the key had. */
    default <K, V> Ack tombstone(Topic<K, V> topic, K key) {
        return send(Outgoing.to(topic, key, null));
    }

    /**
     * All are on their way at once; returns when all are acknowledged, in the order of the argument.
     *
     * @throws SendFailed with what became of each, if not all are known to be stored
     */
    List<Ack> sendBatch(Collection<? extends Outgoing<?, ?>> messages);

    /** Returns when everything sent before is acknowledged or has failed. */
    void flush();

    /** The same with other acknowledgements; shares this one's life. */
    Producer with(Acks acks);

    /** The same with other compression; shares this one's life. */
    Producer with(Compression compression);

    /**
     * Commits when the work returns, aborts when it throws; passes on what it returns or throws. Ends nothing that the
     * work has ended itself. Waits for its turn: a producer has one transaction at a time, and threads that share it have
     * it one after the other. Needs a transactional id ({@link Kafka#producer(String)}).
     *
     * @throws TransactionFailed if it could not begin or did not commit; running the work again is the caller's decision
     * @throws IllegalStateException without a transactional id; if the broker does not do transactions; if this thread has
     *     begun one that is open; if another one stays open for longer than the transaction's time-out
     */
    <R, X extends Exception> R transaction(TransactionWork<R, X> work) throws X;

    /** What a transaction consists of. */
    @FunctionalInterface
    interface TransactionWork<R, X extends Exception> {
        R run(Transaction tx) throws X;
    }

    /**
     * The explicit form, for {@code try (var tx = producer.begin())}: closing without {@link Transaction#commit} aborts.
     * Waits and throws as {@link #transaction} does.
     */
    Transaction begin();

    Health health();

    /** Flushes. The sockets of a shared producer close with its {@link Kafka}. */
    @Override
    void close();
}

package io.strandline;

import java.time.Duration;

/** Returning means done, throwing means failed. May block: it runs on a virtual thread. */
@FunctionalInterface
public interface Handler<K, V> {
    void handle(Message<K, V> message, Context context) throws Exception;

    /** The short form. */
    @FunctionalInterface
    interface Simple<K, V> {
        void handle(Message<K, V> message) throws Exception;
    }

    /** For what is cheaper by the batch. */
    @FunctionalInterface
    interface OfBatch<K, V> {
        /** What returning and throwing mean depends on what was resolved and rejected: see {@link Batch}. */
        void handle(Batch<K, V> batch) throws Exception;
    }

    /** What it sends is visible if, and only if, the message is done: see {@link Consumer.Builder#eachTransaction}. */
    @FunctionalInterface
    interface InTransaction<K, V> {
        /**
         * @param tx the consumer's: to send only, and only until this returns. It is committed by the consumer; to throw is
         *     to abort it, and other messages that share it are then handled again
         */
        void handle(Message<K, V> message, Transaction tx) throws Exception;
    }

    /** What a handler may ask of the consumer about the message in hand. Safe for use by other threads. */
    interface Context {
        Partition partition();

        /** The group of this consumer. */
        String group();

        /**
         * Stops feeding this partition (others go on) until the pause is ended. A handler that fails while it holds a
         * pause has used up no attempt: the same message is first in line afterwards.
         */
        Pause pause();

        /** As {@link #pause()}, and it ends by itself. */
        Pause pause(Duration atMost);

        /** The consumer is stopping: finish early if you can. What is finished in time is committed. */
        boolean stopping();

        /**
         * The partition is being taken away, or is gone: finish early. What is not finished within the wait of the
         * builder's {@code revokeWait} is delivered again to whoever has the partition then.
         */
        boolean stale();

        /**
         * Says that this message was found to be done before and is passed over: an {@link Event.Duplicate}. For handlers
         * that have a memory of their own; the handler then returns as ever. {@link Consumer.Builder#deduplicate} says it by
         * itself.
         */
        void duplicate(Message<?, ?> message);
    }
}

package io.strandline;

import java.util.List;

/**
 * Watches a client at the places where its work is done, to measure and to trace it: {@link Kafka.Builder#instrument}. What
 * happens beside sending and handling, and may be seen a moment later, is among the {@link Event events} of the
 * {@link Kafka} that {@link #opened} gives.
 *
 * <p>All methods are called on the thread that does the work, so they must be quick. What they throw is logged and
 * otherwise ignored: whoever watches breaks nothing.
 */
public interface Instrumentation {
    /** Once, before anything else. For events, {@link Kafka#consumers} and health; must not close it. */
    default void opened(Kafka kafka) {}

    /** The {@link Kafka} is closed: nothing follows. */
    default void closed() {}

    /**
     * A message is about to be sent. Not called for dead letters, there and back: they pass on what came, byte for
     * byte.
     *
     * @return told what became of it
     */
    default Sending sending(Outgoing<?, ?> message) {
        return Sending.UNOBSERVED;
    }

    /**
     * A handler is about to be called; on its thread.
     *
     * @param messages one, or those of a batch, in order; never empty
     * @return told how it ended, on the same thread
     */
    default Handling handling(String group, List<? extends Message<?, ?>> messages) {
        return Handling.UNOBSERVED;
    }

    /** One message on its way. One of the last two methods is called at the end, on any thread. */
    interface Sending {
        Sending UNOBSERVED = new Sending() {};

        /**
         * What the message carries.
         *
         * @param given what it carries without this
         */
        default Headers headers(Headers given) {
            return given;
        }

        /** In a transaction: when that has committed. */
        default void acknowledged(Ack ack) {}

        /** In a transaction: also when that was aborted. */
        default void failed(Throwable why) {}
    }

    /** One call of a handler. One of the methods is called at the end, on the handler's thread. */
    interface Handling {
        Handling UNOBSERVED = new Handling() {};

        default void done() {}

        /** The handler threw; what follows (a retry, a dead letter) is told as an {@link Event}. */
        default void failed(Throwable why) {}
    }
}

package io.strandline;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * What the partitions of one consumer have in common.
 *
 * @param keyOrder if dead letters keep the order of keys
 * @param crash ends the consumer, with the reason
 */
record MemberContext(
        String group,
        FailurePolicy policy,
        DeadLetterWriter deadLetters,
        RetryWriter retries,
        Optional<LetterLog> keyOrder,
        Transactions transactions,
        EventSink events,
        Time time,
        HandlerThreads threads,
        BooleanSupplier stopping,
        Consumer<Throwable> crash) {
    /** Where handlers run. */
    @FunctionalInterface
    interface HandlerThreads {
        void start(String name, Runnable task);

        static HandlerThreads virtual() {
            return (name, task) -> Thread.ofVirtual().name(name).start(task);
        }
    }
}

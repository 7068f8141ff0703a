package io.strandline;

import java.time.Duration;

/**
 * Decides what becomes of a message after each failed attempt: the general form behind {@link Retry} and
 * {@link DeadLetter}, for what these cannot say. Called by the thread that handled the message, so it may block.
 */
@FunctionalInterface
public interface Failure {
    /**
     * If this itself fails, that is logged and the message is tried again a second later: nothing is lost by it.
     *
     * @param message as the handler had it; where it could not be read ({@code error} is a {@link PoisonMessage}), key
     *     and value are its bytes
     * @param error also an {@link Error}, but for those that end the consumer
     * @param attempt the one that failed, from 1
     * @param sinceFirst since the first attempt began
     */
    Decision decide(Message<?, ?> message, Throwable error, int attempt, Duration sinceFirst);

    /** What becomes of it. */
    sealed interface Decision {
        /**
         * It waits in memory, first in line, and is tried again.
         *
         * @param delay 0 or more; with more than a hundred years it waits for a hundred
         */
        record RetryAfter(Duration delay) implements Decision {
            public RetryAfter {
                if (delay.isNegative()) {
                    throw new IllegalArgumentException("A delay is 0 or more, not " + delay);
                }
            }
        }

        /** It is stored in this topic as a dead letter, and then passed over. The topic is made if it is not there. */
        record Park(String topic) implements Decision {}

        /** It is thrown away, with an {@link Event.Skipped}. */
        record Skip() implements Decision {}

        /** The consumer ends as crashed, and commits nothing beyond this message. */
        record Stop() implements Decision {}
    }
}

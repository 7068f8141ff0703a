package io.strandline;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Why something does not move, or what it is doing: the answer to "why is there lag?". */
public sealed interface Reason {
    /** The reason in words, with its figures. */
    String text();

    /** Of a partition: everything that was fetched is done. */
    record Idle() implements Reason {
        @Override
        public String text() {
            return "idle: all that was fetched is done";
        }
    }

    /** Of a partition: messages are there and the handler is about to get them. */
    record Scheduled(int waiting) implements Reason {
        @Override
        public String text() {
            return waiting + " messages are about to be handled";
        }
    }

    /** Of a partition: as many handlers of the consumer run as may, and its next message waits for one of them. */
    record AllHandlersBusy(int inFlight, int waiting) implements Reason {
        @Override
        public String text() {
            return "all " + inFlight + " handlers are busy, " + waiting + " messages wait";
        }
    }

    /**
     * Of a partition: a handler is running.
     *
     * @param waiting messages behind it that are in memory
     * @param stack where the handler's thread is right now; empty if it cannot be seen
     */
    record HandlerBusy(long offset, int attempt, Duration busy, int waiting, String stack) implements Reason {
        @Override
        public String text() {
            return "handler busy with offset " + offset + " (attempt " + attempt + ") for " + busy + ", " + waiting
                    + " messages wait behind it"
                    + (stack.isEmpty()
                            ? ""
                            : "; at " + stack.lines().findFirst().orElse(""));
        }
    }

    /** Of a partition: an attempt failed and the next one is not due yet. */
    record RetryWaiting(long offset, int failed, Duration in, int waiting, Throwable why) implements Reason {
        @Override
        public String text() {
            return "offset " + offset + " failed " + failed + " times, next attempt in " + in + ", " + waiting
                    + " messages wait behind it; last failure: " + why;
        }
    }

    /** Of a partition: the dead letter must be acknowledged before the partition moves on. */
    record DeadLetterWaiting(long offset, String topic, Duration since, Optional<Throwable> lastFailure)
            implements Reason {
        @Override
        public String text() {
            return "offset " + offset + " waits for its dead letter in " + topic + " to be stored since " + since
                    + lastFailure.map(why -> "; last failure: " + why).orElse("");
        }
    }

    /**
     * Of a partition: nothing is handed out before it is known which keys have open dead letters
     * ({@link DeadLetter#inKeyOrder()}).
     *
     * @param read letters and messages that were looked at
     * @param lastFailure why it is tried again
     */
    record LettersUnread(Duration since, long read, java.util.Optional<Throwable> lastFailure) implements Reason {
        @Override
        public String text() {
            return "reads which keys have open dead letters since " + since + ", " + read + " read"
                    + lastFailure.map(why -> "; last failure: " + why).orElse("");
        }
    }

    /**
     * Of a partition: it has more open dead letters than a member keeps in memory ({@link DeadLetter#inKeyOrder()}).
     * Nothing is handed out until some are sent home or dropped.
     */
    record TooManyLetters(Duration since, long open, int limit) implements Reason {
        @Override
        public String text() {
            return open + " dead letters of this partition are open, and at most " + limit
                    + " can be kept in mind to keep their keys in order; waits since " + since
                    + " until some are sent home or dropped: kafka.deadLetters(topic)";
        }
    }

    /**
     * Of a partition: a message would become a dead letter, and as many are open as a member keeps in memory
     * ({@link DeadLetter#inKeyOrder()}). It waits until some are sent home or dropped.
     */
    record LettersFull(long offset, String topic, int open, Duration since) implements Reason {
        @Override
        public String text() {
            return "offset " + offset + " waits for room in " + topic + " since " + since + ": " + open
                    + " dead letters of this partition are open, which is the limit; send some home or drop them:"
                    + " kafka.deadLetters(topic)";
        }
    }

    /** Of a partition: paused through {@link Handler.Context#pause()}. */
    record PausedByHandler(Duration since, int waiting) implements Reason {
        @Override
        public String text() {
            return "paused by its handler since " + since + ", " + waiting + " messages in memory wait";
        }
    }

    /** Of a partition: paused through {@link Consumer#pause}. */
    record PausedFromOutside(Duration since, int waiting) implements Reason {
        @Override
        public String text() {
            return "paused from outside since " + since + ", " + waiting + " messages in memory wait";
        }
    }

    /** Of a partition: it was sought elsewhere, and waits for a handler that still has a message from before. */
    record BusyFromBefore(Duration since, int waiting) implements Reason {
        @Override
        public String text() {
            return "sought elsewhere " + since
                    + " ago, and waits for a handler that is busy with a message from before; " + waiting
                    + " messages wait";
        }
    }

    /** Of a partition: it is about to leave this member, which waits for the running handler. */
    record BeingRevoked() implements Reason {
        @Override
        public String text() {
            return "being revoked: takes nothing new";
        }
    }

    /** Of the consumer: it is joining, or the group is changing hands. */
    record Rebalancing(Duration since) implements Reason {
        @Override
        public String text() {
            return "joining the group or rebalancing since " + since;
        }
    }

    /** Of the consumer: it is a member and there is nothing for it to do. */
    record NoAssignment(Duration since) implements Reason {
        @Override
        public String text() {
            return "no partition is assigned since " + since
                    + ": the group has at least as many other members as the topics have partitions";
        }
    }

    /** Of the consumer: a topic it reads is not there (or may not be seen by this user). */
    record TopicMissing(String topic) implements Reason {
        @Override
        public String text() {
            return "topic " + topic + " does not exist, or this user may not see it: create it, for example with"
                    + " admin().ensure(topic)";
        }
    }

    /** Of the consumer: no topic that is there, and that this user may see, matches a pattern that it reads. */
    record NothingMatches(String pattern) implements Reason {
        @Override
        public String text() {
            return "no topic matches " + pattern
                    + ", or this user may not see it; dead-letter topics of this consumer do"
                    + " not count. A topic that is made later is read within seconds";
        }
    }

    /**
     * Of the consumer: no connection to any broker.
     *
     * @param why what a look at the address has found, with what to do; empty until there was one
     */
    record BrokerUnreachable(Duration since, String bootstrap, Optional<String> why) implements Reason {
        @Override
        public String text() {
            return "no broker of " + bootstrap + " can be reached since " + since
                    + why.map(found -> ": " + found).orElse("");
        }
    }

    /**
     * Of the consumer: brokers do not let it in. One that was in the group before goes on trying, as certificates, tokens and
     * passwords are renewed while programs run; one that never was ends.
     */
    record CredentialsRefused(Duration since, Throwable why) implements Reason {
        @Override
        public String text() {
            return "not let in since " + since + ": " + Advice.of(why);
        }
    }

    /** Of the consumer: a right is missing. It goes on trying, every second, until somebody gives it the right. */
    record NotAuthorized(Duration since, Throwable why) implements Reason {
        @Override
        public String text() {
            return "not authorized since " + since + ": " + Advice.of(why);
        }
    }

    /** Of the consumer: what it holds in memory has reached its limit, so it fetches no more until handlers finish. */
    record MemoryFull(int messages, long bytes) implements Reason {
        @Override
        public String text() {
            return "fetches no more: " + messages + " messages (" + bytes + " bytes) are in memory, which is the limit";
        }
    }

    /** Of the consumer: a committed place was gone; this is where reading went on. */
    record OffsetLost(Partition partition, long wanted, long resumedAt, Instant at) implements Reason {
        @Override
        public String text() {
            return partition + ": offset " + wanted + " was gone at " + at + ", reading went on at " + resumedAt;
        }
    }

    /** Of the consumer: it is stopping or has stopped by request. */
    record Stopping() implements Reason {
        @Override
        public String text() {
            return "stopping by request";
        }
    }

    /** Of the consumer: it ended by itself. */
    record Crashed(Throwable why) implements Reason {
        @Override
        public String text() {
            return "crashed: " + why.getClass().getSimpleName() + ": " + Advice.of(why);
        }
    }
}

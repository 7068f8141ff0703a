package io.strandline;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Everything worth knowing about a running client, as data. */
public sealed interface Event {
    Instant at();

    /** Of one consumer of a group. */
    sealed interface OfConsumer extends Event {
        String group();
    }

    /** Of a producer. */
    sealed interface OfProducer extends Event {}

    /** Talks to a broker again, or for the first time. */
    record ConsumerConnected(Instant at, String group) implements OfConsumer {}

    /** No connection to any broker is open; the client goes on trying. */
    record ConsumerDisconnected(Instant at, String group) implements OfConsumer {}

    /** The first acknowledgement, or the first one after a failure to reach a broker. */
    record ProducerConnected(Instant at) implements OfProducer {}

    /** A broker did not answer in time; the client goes on trying with the next message. */
    record ProducerDisconnected(Instant at, Throwable why) implements OfProducer {}

    /**
     * A broker refused a consumer a right, or refused the credentials of one that was in its group before. It goes on
     * trying, every second. This is told of the first refusal, and again only when it was let in meanwhile, or nothing was
     * refused for 10 s. One whose credentials are refused before it was ever in its group ends instead: see
     * {@link Crashed}.
     *
     * @param why what kafka-clients says: an AuthorizationException or an AuthenticationException
     */
    record AccessRefused(Instant at, String group, Throwable why) implements OfConsumer {}

    /** Partitions came to this member: only those that are new. */
    record Assigned(Instant at, String group, Set<Partition> partitions) implements OfConsumer {}

    /**
     * Partitions left this member.
     *
     * @param lost they went without notice (session time-out): nothing could be committed for them
     * @param unfinished of each partition the lowest offset of a message whose handler was still running when the wait was
     *     over, also one that began before a seek; what they do does not count, and they are delivered again, to whoever
     *     has the partition now, unless a seek has passed over them
     */
    record Revoked(Instant at, String group, Set<Partition> partitions, boolean lost, Map<Partition, Long> unfinished)
            implements OfConsumer {}

    /**
     * A batch is given to its handler.
     *
     * @param last the offset of its last message
     * @param lag messages in the log behind it, as of the fetch
     */
    record BatchStarted(Instant at, String group, Partition partition, long first, long last, long lag)
            implements OfConsumer {}

    /** The handler of a batch has returned or failed; see {@link BatchStarted}. */
    record BatchFinished(Instant at, String group, Partition partition, long first, long last, long lag, Duration took)
            implements OfConsumer {}

    /**
     * Messages came from the brokers.
     *
     * @param took from the question to the answer; a poll waits for messages
     */
    record Polled(Instant at, String group, int messages, Duration took) implements OfConsumer {}

    /** The broker has stored these as the next offsets to read. */
    record Committed(Instant at, String group, Map<Partition, Long> offsets) implements OfConsumer {}

    /** The broker did not store the progress; it is sent again after 100 ms, then later and later, up to 5 s; in a stop each 100 ms. */
    record CommitFailed(Instant at, String group, Map<Partition, Long> offsets, Throwable why) implements OfConsumer {}

    /**
     * An attempt failed and another one follows.
     *
     * @param attempt the one that failed, from 1
     * @param in the wait before the next one
     */
    record Retrying(Instant at, String group, Partition partition, long offset, int attempt, Duration in, Throwable why)
            implements OfConsumer {}

    /**
     * A message was given up here and stored in a dead-letter topic.
     *
     * @param to where it is now
     */
    record DeadLettered(Instant at, String group, Partition partition, long offset, Ack to, int attempts, Throwable why)
            implements OfConsumer {}

    /**
     * A message was stored in a dead-letter topic without being tried, because an earlier message of its key is there or
     * on its way back ({@link DeadLetter#inKeyOrder()}).
     *
     * @param to where it is now
     * @param behind where the letter is that it follows
     * @param behindOffset in that
     */
    record Parked(
            Instant at, String group, Partition partition, long offset, Ack to, Partition behind, long behindOffset)
            implements OfConsumer {}

    /** A dead letter could not be written. Its partition waits and the write is tried again: nothing is passed over. */
    record DeadLetterFailed(
            Instant at, String group, Partition partition, long offset, String topic, Duration in, Throwable why)
            implements OfConsumer {}

    /** A message was thrown away, because the configuration says so. */
    record Skipped(Instant at, String group, Partition partition, long offset, int attempts, Throwable why)
            implements OfConsumer {}

    /** A message was passed over, because {@link Deduplication} knows that it was done before. */
    record Duplicate(Instant at, String group, Partition partition, long offset) implements OfConsumer {}

    record Paused(Instant at, String group, Set<Partition> partitions, String reason) implements OfConsumer {}

    record Resumed(Instant at, String group, Set<Partition> partitions) implements OfConsumer {}

    /**
     * Reading goes on elsewhere, by {@link Consumer#seek} or {@link Consumer.Builder#alwaysStartAt}.
     *
     * @param to the next offset that is read
     */
    record Sought(Instant at, String group, Partition partition, long to) implements OfConsumer {}

    /** A handler has been busy with one message for longer than {@link Consumer.Builder#stuckAfter}. */
    record HandlerStuck(Instant at, String group, Partition partition, long offset, Duration busy)
            implements OfConsumer {}

    /**
     * The committed place is gone (retention, deletion, or the log was made anew).
     *
     * @param wanted the offset that is not there
     * @param resumedAt the offset where reading goes on: the oldest message that is there
     */
    record OffsetLost(Instant at, String group, Partition partition, long wanted, long resumedAt)
            implements OfConsumer {}

    /** The consumer ended by itself; {@link Consumer#await} throws this reason. */
    record Crashed(Instant at, String group, Throwable why) implements OfConsumer {}

    /**
     * The consumer ended by request.
     *
     * @param drained all handlers had finished in time
     */
    record Stopped(Instant at, String group, boolean drained) implements OfConsumer {}

    /** A message was acknowledged; in a transaction: the transaction has committed. Made only while someone listens to it. */
    record Sent(Instant at, Ack ack, Duration took) implements OfProducer {}

    /**
     * A transaction has committed: what was sent in it is visible.
     *
     * @param messages without offsets
     * @param took from its begin
     */
    record TransactionCommitted(Instant at, String transactionalId, long messages, Duration took)
            implements OfProducer {}

    /**
     * A transaction was aborted, or is not known to have committed.
     *
     * @param messages that were sent in it
     * @param why empty if its owner aborted it; a {@link TransactionFailed} says what became of it
     */
    record TransactionAborted(Instant at, String transactionalId, long messages, Optional<Throwable> why)
            implements OfProducer {}

    /** A message failed for good. */
    record Unsent(Instant at, String topic, Throwable why) implements OfProducer {}

    /**
     * A dead letter was sent home.
     *
     * @param letter the dead-letter topic's partition
     * @param onlyFor the one group that is meant, or empty: all
     */
    record Redriven(Instant at, Partition letter, long offset, Ack to, Optional<String> onlyFor) implements Event {}

    /** A message was not stored yet; it is in the {@link Spool}, which sends it again. */
    record Spooled(Instant at, String topic, Throwable why) implements OfProducer {}

    /** This listener was too slow: so many events before this one were not given to it. */
    record Missed(Instant at, long events) implements Event {}
}

package io.strandline;

import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A running member of a group. Safe for use by all threads, handlers included. What it asks of the poll thread (commit,
 * the end of a log) is done within milliseconds unless the broker does not answer.
 */
public interface Consumer extends AutoCloseable {
    enum State {
        STARTING,
        RUNNING,
        DRAINING,
        STOPPED,
        CRASHED
    }

    String group();

    /**
     * Stops feeding the handlers of these topics, all assigned partitions of theirs and those still to come; none
     * named: all topics of this consumer. What was fetched waits as well. The member stays in its group.
     *
     * @throws IllegalArgumentException if this consumer does not read one of them, by name or by pattern
     */
    Pause pause(String... topics);

    /** {@link #pause(String...)} of all topics of this consumer. */
    default Pause pause() {
        return pause(new String[0]);
    }

    /**
     * Stops feeding the handlers of these partitions, now and whenever they are assigned here.
     *
     * @throws IllegalArgumentException if this consumer does not read the topic of one of them
     */
    Pause pause(Partition... partitions);

    /** Ends every pause on these topics, whoever began it; none named: on all topics. */
    void resume(String... topics);

    /** Assigned partitions that are paused. */
    Set<Partition> paused();

    /**
     * Goes on elsewhere in a partition that is assigned here; returns when that is so. Messages in hand become stale
     * ({@link Handler.Context#stale()}): their result counts no more, and those not begun are not handed out. The next
     * one begins when the last of their handlers is through. The new place is committed as all progress is, so that it
     * survives a restart. Pauses stay.
     *
     * @param to {@link Position#latest()} is the end as it is now; an offset beyond either end is moved to that end
     * @throws IllegalStateException if the partition is not assigned here
     */
    void seek(Partition partition, Position to);

    /** The same for all partitions of a topic that are assigned here; none may be. */
    void seek(String topic, Position to);

    /**
     * Stores these as the next offsets to read, and returns when the broker has done so. For {@link Commit#manual()};
     * otherwise the consumer does this by itself.
     */
    void commit(Map<Partition, Long> nextOffsets);

    /** Partitions that are this member's now. */
    Set<Partition> assignment();

    /** Messages that are not finished, per assigned partition, as of the last fetch. */
    Map<Partition, Long> lag();

    /** The lowest offset that is not finished: what would be committed now. Empty where it is not assigned here. */
    OptionalLong position(Partition partition);

    /** What each partition is doing right now and why it does not move. */
    Explanation explain();

    Health health();

    State state();

    /** Returns when it has stopped; throws {@link ConsumerCrashed} if it did not stop by request. */
    void await() throws InterruptedException;

    /**
     * Waits until everything that was in the assigned partitions when this was called is done. For tests, batch jobs
     * and warm-up.
     *
     * @return false if the time was over first
     */
    boolean awaitIdle(Duration atMost) throws InterruptedException;

    /**
     * Takes no more, lets running handlers finish, commits, leaves the group. Called by a handler of this consumer it
     * does not wait (for itself) and returns false.
     *
     * <p>The commit and the leaving come after that. They take milliseconds. Where a broker hangs, the commit is waited for
     * as long as is left of the time, but for 1 s at least and 5 s at most; then it is tried once more, and the leaving is
     * waited for, 0.5 s each. So a stop may take 2 s more than its time, and up to 5 s more than that if the broker was
     * asked something just before. Where there is nothing to commit, or the broker hangs only after it, the leaving is
     * waited for up to 10 s, but 0.5 s if no broker could be reached for some seconds. 20 s after its time this returns all
     * the same.
     *
     * @param drain how long running handlers are waited for, from now on, also by a rebalance that comes in between; the
     *     first call counts
     * @return true if all running handlers finished in time; those that did not go on, but their result is not
     *     committed and their message is delivered again
     */
    boolean stop(Duration drain);

    /** {@link #stop} with the drain time of the builder. */
    @Override
    void close();

    /** Collects the configuration; {@link #start()} joins the group. */
    interface Builder {
        /** May be called for several topics, each with its own types. */
        <K, V> Builder eachMessage(Topic<K, V> topic, Handler.Simple<K, V> handler);

        <K, V> Builder eachMessage(Topic<K, V> topic, Handler<K, V> handler);

        /**
         * All topics whose whole name matches, those that are made later as well (seen within the metadata age, 5 s),
         * but dead-letter topics of this consumer (where {@link #onFailure} sends messages is not known: the pattern must
         * not match it). A topic that is named in another call is read as said there; of two
         * patterns the first counts. Not with {@link Retry#inTopics()}.
         */
        <K, V> Builder eachMessageMatching(Pattern topics, Serde<K> key, Serde<V> value, Handler<K, V> handler);

        /**
         * A fetch at a time, one batch at once for each partition. See {@link Batch} for what is done afterwards. Goes
         * with {@link Concurrency#perPartition()} only.
         */
        <K, V> Builder eachBatch(Topic<K, V> topic, Handler.OfBatch<K, V> handler);

        /**
         * Read, write and commit as one: what the handler sends becomes visible together with the progress past the message,
         * or not at all, so that for readers of committed messages each message has its effect exactly once. What the
         * handler does elsewhere may be done again. Many messages share a transaction, see {@link #maxTransaction}; when
         * one fails, those before it are handled again and committed without it, and it goes its way alone: retries in its
         * place, then a dead letter in the same transaction as its offset.
         *
         * <p>Goes with {@link Concurrency#perPartition()} only, and not with retry topics, {@link Commit#manual()} (other
         * settings of {@link #commit} do not concern it), {@link #alwaysStartAt}, {@link #readUncommitted()} or
         * {@link #deduplicate}.
         *
         * @param transactionalId the same in all instances: each partition makes one of its own of it,
         *     {@code transactionalId-group-topic-partition}, and has a producer while it is here
         */
        <K, V> Builder eachTransaction(Topic<K, V> topic, String transactionalId, Handler.InTransaction<K, V> handler);

        /**
         * A transaction commits when it has so many messages, when it has been open for so long, or when no more messages are
         * at hand: none waits for others to come. Default 500 messages, 100 ms.
         */
        Builder maxTransaction(int messages, Duration time);

        /**
         * A transaction that is open for longer is aborted by the broker: what one handler may take at most, and how long
         * readers may wait for a transaction that a dead process left. Default 30 s, as the session.
         */
        Builder transactionTimeout(Duration d);

        /**
         * Default: where {@link #deadLetter} is set, {@link Retry#standard()}; where it is not, the same delays without
         * end, because there is no place for a message that is given up.
         */
        Builder retry(Retry retry);

        Builder deadLetter(DeadLetter deadLetter);

        /** Decides about each failed attempt, in place of {@link #retry} and {@link #deadLetter}. */
        Builder onFailure(Failure policy);

        /**
         * Passes over messages that were done before. Goes with {@code eachMessage}: what is done of a batch its handler
         * decides. What it remembers it also passes over when it is read again on purpose, by a seek or a reset: use another
         * group for that, or a store that can forget.
         */
        Builder deduplicate(Deduplication store);

        /** Default: one handler at a time for each partition. */
        Builder concurrency(Concurrency concurrency);

        /** Default: every second. */
        Builder commit(Commit commit);

        /** Where to begin where nothing is committed. Default: earliest, so that nothing is missed. */
        Builder startAt(Position position);

        /**
         * Where to begin whatever is committed, each time this consumer is started: a partition is placed there when it
         * first comes to this consumer. For views that are built anew at each start.
         */
        Builder alwaysStartAt(Position position);

        /** Also hands out messages of transactions that are open or were aborted. Default: only committed ones. */
        Builder readUncommitted();

        /**
         * Messages that may be in memory, over all partitions, beside one fetch. Default 50,000, or four for each handler
         * of {@link #concurrency} if that is more; messages of 330 bytes and more come to {@link #maxInFlightBytes} first.
         */
        Builder maxInFlight(int messages);

        /**
         * Bytes of messages that may be in memory, over all partitions, beside one fetch. Default 16 MiB. What is held by
         * paused partitions and waits in retry topics takes half of it from the others at most, and may come on top.
         */
        Builder maxInFlightBytes(long bytes);

        /** Default: {@link GroupProtocol#CLASSIC}. */
        Builder groupProtocol(GroupProtocol protocol);

        /**
         * The group gives this member up after so long without a heartbeat. Default 30 s. With
         * {@link GroupProtocol#CONSUMER} the broker decides, and this is refused.
         */
        Builder sessionTimeout(Duration d);

        /** Default 3 s. As {@link #sessionTimeout} a matter of the classic protocol. */
        Builder heartbeat(Duration d);

        /**
         * What one fetch asks for. Default 1 byte, 1 MiB per partition, 500 ms.
         *
         * @param maxBytesPerPartition of one fetch; a single message may be larger
         * @param maxWait how long the broker waits for {@code minBytes}
         */
        Builder fetch(int minBytes, int maxBytesPerPartition, Duration maxWait);

        /** How long a revocation waits for running handlers. Below {@code max.poll.interval.ms}. Default 10 s. */
        Builder revokeWait(Duration atMost);

        /** How long {@link Consumer#close()} waits for running handlers. Default 20 s. */
        Builder drain(Duration atMost);

        /**
         * A handler busy for longer degrades the health and raises {@link Event.HandlerStuck}. A message that is tried
         * again in its place, longer than this after its first attempt, degrades the health. Default 1 minute.
         */
        Builder stuckAfter(Duration time);

        /** A name that outlives restarts (static membership): a quick restart then moves no partition. */
        Builder instanceId(String id);

        /** The nearest replica is read from where the cluster allows it. */
        Builder rackId(String rack);

        /**
         * Any setting of kafka-clients' consumer, by its name; wins over everything above. But {@code enable.auto.commit},
         * {@code auto.offset.reset} and {@code group.id}, which {@link #start} refuses.
         */
        Builder set(String kafkaConfig, Object value);

        /**
         * Joins the group and returns; assignment follows. Makes sure that the dead-letter topics exist (with as many
         * partitions and copies as the source, and kept for ever whatever the broker does with others). Where no broker answers or the source is not there
         * yet, for topics that are read by pattern, and with {@link #onFailure}, that is done before the first dead letter.
         *
         * @throws IllegalStateException if a retry limit has no place for what exceeds it (say {@code deadLetter(..)},
         *     {@code DeadLetter.discard()} or {@code Retry.forever()}), if there is no handler, if settings
         *     contradict each other, or if brokers answer that do not have the {@link #groupProtocol} asked for
         */
        Consumer start();
    }
}

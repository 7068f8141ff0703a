package io.strandline;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * The way in. Safe for use by all threads; one for each cluster. Closing it closes what it made: consumers are drained
 * first, then producers are flushed.
 */
public interface Kafka extends AutoCloseable {
    /**
     * Does no I/O yet: the first use connects, see {@link #awaitReady}.
     *
     * @param bootstrapServers {@code host:port}, several with commas between
     * @throws IllegalArgumentException if one of them is no address
     * @throws IllegalStateException if there is none
     */
    static Kafka connect(String bootstrapServers) {
        return builder().bootstrap(bootstrapServers).build();
    }

    /** Where STRANDLINE_BOOTSTRAP says, else KAFKA_BOOTSTRAP_SERVERS, else localhost:9092. */
    static Kafka fromEnvironment() {
        var environment = System.getenv();
        return connect(Optional.ofNullable(environment.get("STRANDLINE_BOOTSTRAP"))
                .or(() -> Optional.ofNullable(environment.get("KAFKA_BOOTSTRAP_SERVERS")))
                .orElse("localhost:9092"));
    }

    static Builder builder() {
        return new KafkaBuilder();
    }

    /** The one shared producer; its close() flushes, its sockets close with this. */
    Producer producer();

    /**
     * A producer that sends in transactions: {@link Producer#transaction}.
     *
     * @param transactionalId by which the broker knows whose a transaction is: the same after a restart, so that what the
     *     process left open is ended when it comes back, and another one in each instance that runs at the same time,
     *     because a newer producer with the same id takes over from the older one
     * @throws IllegalStateException if this Kafka has an open producer with that id
     */
    default Producer producer(String transactionalId) {
        return producerBuilder().transactionalId(transactionalId).build();
    }

    /** For a producer of its own. */
    ProducerBuilder producerBuilder();

    Consumer.Builder consumer(String group);

    /**
     * A consumer of its own kind: every instance sees every message. It begins at the end unless told otherwise
     * ({@code startAt}), and remembers no progress from one start to the next.
     */
    Consumer.Builder broadcast();

    /** Once through a piece of history, from and to where you say, outside every group. */
    <K, V> Replay<K, V> replay(Topic<K, V> topic);

    /** The dead letters of this topic: the way back. */
    DeadLetters deadLetters(String topic);

    /** The one shared admin; its sockets close with this. */
    Admin admin();

    /**
     * Waits for the cluster.
     *
     * @throws IllegalStateException with the reason in plain words when it does not come
     */
    Kafka awaitReady(Duration atMost);

    /**
     * Of all that was made from this. The shared producer is {@code producer}, those of {@link #producerBuilder} are
     * {@code producer.1} and so on, in the order of their making; consumers have the name of their group.
     */
    Health health();

    /** Those that were started from this and have not ended. */
    List<Consumer> consumers();

    Events events();

    @Override
    void close();

    /** Who wants to know. */
    interface Events {
        /**
         * Never blocks nor breaks the sender: each listener has a thread and a queue of its own, of 10,000 events. One that
         * is too slow loses what comes while its queue is full, and gets an {@link Event.Missed} before the next event. What
         * it throws is logged. Close the result to unsubscribe.
         */
        Subscription on(java.util.function.Consumer<? super Event> listener);

        /**
         * The same for events of one type. {@link Event.Missed} is not of a narrower type: that such a listener was too slow,
         * and how many events it lost, is in the log alone.
         */
        <E extends Event> Subscription on(Class<E> type, java.util.function.Consumer<? super E> listener);
    }

    /** A listener that is registered. */
    interface Subscription extends AutoCloseable {
        @Override
        void close();
    }

    /** For a producer with settings of its own; it closes with its {@link Kafka} or before. */
    interface ProducerBuilder {
        /** Default {@link Acks#ALL}. The others turn idempotence off. */
        ProducerBuilder acks(Acks acks);

        /** Default none. */
        ProducerBuilder compression(Compression c);

        /**
         * How long to wait for more messages before a batch is sent. Default none: a blocking send would wait that
         * long each time, and under load batches fill by themselves while others are on their way.
         */
        ProducerBuilder linger(Duration d);

        /** From send to acknowledgement or failure, retries included. Default 2 minutes. */
        ProducerBuilder deliveryTimeout(Duration d);

        /**
         * Requests on their way to one broker, 1 to 5. Default 1, with which order always holds. More carry more over a
         * long way; but where a broker refuses the first batch that this producer has for a partition (a topic that was
         * made or made anew a moment ago, too few replicas, batches larger than the topic allows), Apache Kafka before
         * 4.5 may store the next one: then the first is not stored, and its senders are told so only when its delivery
         * times out, or it is stored behind the next.
         */
        ProducerBuilder maxInFlight(int requests);

        /** See {@link Builder#retry}. */
        ProducerBuilder retry(Retry retry);

        /** What fails, and may be stored later, is kept on this machine's disk and sent again, see {@link Spool}. */
        ProducerBuilder onFailure(Spool spool);

        /**
         * Sees every message that failed for good, with the reason, after the sender was told: one after the other, on a
         * thread of its own. What it throws is logged. With a spool: what the spool did not keep.
         */
        ProducerBuilder onFailure(BiConsumer<? super Outgoing<?, ?>, ? super SendFailed> last);

        /**
         * For transactions; see {@link Kafka#producer(String)}. Such a producer sends in transactions alone. Not with
         * {@link #acks} other than ALL nor with {@link #onFailure}: a transaction is stored, or fails, as a whole.
         */
        ProducerBuilder transactionalId(String id);

        /**
         * A transaction that is open for longer is aborted by the broker: who reads committed messages waits no longer than
         * that for what a dead process left. Default 1 minute; the broker sets a limit (15 minutes unless configured).
         */
        ProducerBuilder transactionTimeout(Duration d);

        /**
         * Any setting of kafka-clients' producer, by its name; wins over everything above. But {@code transactional.id}, which
         * {@link #build} refuses.
         */
        ProducerBuilder set(String kafkaConfig, Object value);

        /** @throws IllegalStateException if settings contradict each other */
        Producer build();
    }

    interface Builder {
        /**
         * {@code host:port}, each its own argument or with commas between.
         *
         * @throws IllegalArgumentException if one of them is no address
         */
        Builder bootstrap(String... servers);

        /**
         * Service discovery: asked whenever a client is made, and again, every few seconds, while the producers and the
         * admin have no broker to talk to; they then move to what it says. A consumer asks when it starts; one that runs
         * does not follow, and has to be started anew when all its brokers have moved.
         *
         * @param servers {@code host:port} each; may block; where it fails, knows none, or says what is no address, its last
         *     answer stays in use
         */
        Builder bootstrap(Supplier<List<String>> servers);

        /** Default {@link Security#plaintext()}. */
        Builder security(Security how);

        /**
         * Connection and request retries of everything made from this. kafka-clients does the work: it doubles delays
         * and spreads them by 20 %, so {@link Retry#exponential} with these, or {@link Retry#fixed}, can be had. The
         * number of attempts and {@link Retry#within} bound a producer's sends. Default: 100 ms doubling to 1 s,
         * within the delivery time-out.
         *
         * @throws IllegalArgumentException for a schedule that kafka-clients does not have
         */
        Builder retry(Retry retry);

        /** SIGTERM and SIGINT drain consumers, flush producers and close. Off unless asked. */
        Builder closeOnShutdown();

        /** What brokers see in their logs and quotas. Default {@code strandline}. */
        Builder clientId(String id);

        /** The clock of retries, pauses and time-outs of consumers. For tests. */
        Builder time(Time time);

        /** Has all that is made from this watched, to measure or to trace it. May be called more than once. */
        Builder instrument(Instrumentation instrumentation);

        /**
         * Any setting of kafka-clients, by its name, for all clients made from this; but not {@code enable.auto.commit},
         * {@code auto.offset.reset}, {@code group.id} and {@code transactional.id}, which {@link #build} refuses.
         */
        Builder set(String kafkaConfig, Object value);

        Builder set(Map<String, ?> kafkaConfig);

        /**
         * @throws IllegalStateException if there is no address, or if a setting was set that each client decides
         * @throws IllegalArgumentException if {@code bootstrap.servers}, where it was set, has what is no address
         */
        Kafka build();
    }
}

package io.strandline;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnsupportedForMessageFormatException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.jspecify.annotations.Nullable;

/** Turns values into bytes, hands them to kafka-clients, and says what became of them. */
final class TypedProducer implements Producer {
    /** Answers after which it is certain that nothing was stored. */
    private static final Set<Class<? extends ApiException>> REFUSALS = Set.of(
            AuthenticationException.class,
            AuthorizationException.class,
            InvalidRecordException.class,
            InvalidTimestampException.class,
            InvalidTopicException.class,
            PolicyViolationException.class,
            RecordBatchTooLargeException.class,
            RecordTooLargeException.class,
            UnsupportedForMessageFormatException.class,
            UnsupportedVersionException.class);

    private final ProducerPool pool;
    private final ProducerPool.Kind kind;
    private final Connection connection;
    private final LastResort lastResort;
    private final EventBus events;
    private final Time time;
    private final Instruments instruments;
    private final Runnable onClose;

    TypedProducer(
            ProducerPool pool,
            ProducerPool.Kind kind,
            LastResort lastResort,
            EventBus events,
            Settings settings,
            String name,
            Runnable onClose) {
        this(
                pool,
                kind,
                new Connection(events, settings.time(), name),
                lastResort,
                events,
                settings.time(),
                settings.instruments(),
                onClose);
    }

    private TypedProducer(
            ProducerPool pool,
            ProducerPool.Kind kind,
            Connection connection,
            LastResort lastResort,
            EventBus events,
            Time time,
            Instruments instruments,
            Runnable onClose) {
        this.pool = pool;
        this.kind = kind;
        this.connection = connection;
        this.lastResort = lastResort;
        this.events = events;
        this.time = time;
        this.instruments = instruments;
        this.onClose = onClose;
    }

    @Override
    public <K, V> CompletableFuture<Ack> sendAsync(Outgoing<K, V> message) {
        var sending = instruments.sending(message);
        var delivery = new Delivery(message, sending);
        ProducerRecord<byte[], byte[]> bytes;
        try {
            bytes = serialize(message, sending.headers(message.headers()));
        } catch (Exception e) {
            return delivery.refused(e);
        }
        return delivery.send(bytes);
    }

    @Override
    public <K, V> Ack send(Outgoing<K, V> message) {
        OnTheirWay.refuseWhoAnswers("send(..)");
        var future = sendAsync(message);
        return switch (await(message, future)) {
            case SendFailed.Result.Stored(Ack ack) -> ack;
            case SendFailed.Result.Refused refused -> throw SendFailed.of(refused);
            case SendFailed.Result.Unknown unknown -> throw SendFailed.of(unknown);
            case SendFailed.Result.Spooled spooled -> throw SendFailed.of(spooled);
        };
    }

    @Override
    public List<Ack> sendBatch(Collection<? extends Outgoing<?, ?>> messages) {
        OnTheirWay.refuseWhoAnswers("sendBatch(..)");
        var sent = new ArrayList<Sent>(messages.size());
        for (var message : messages) {
            sent.add(new Sent(message, sendAsync(message)));
        }
        var results = new ArrayList<SendFailed.Result>(sent.size());
        var acks = new ArrayList<Ack>(sent.size());
        for (var one : sent) {
            var result = await(one.message, one.future);
            results.add(result);
            if (result instanceof SendFailed.Result.Stored(Ack ack)) {
                acks.add(ack);
            }
        }
        if (acks.size() < results.size()) {
            throw SendFailed.of(results);
        }
        return acks;
    }

    private record Sent(Outgoing<?, ?> message, CompletableFuture<Ack> future) {}

    @Override
    public void flush() {
        OnTheirWay.refuseWhoAnswers("flush()");
        pool.flush();
    }

    @Override
    public Producer with(Acks acks) {
        return view(new ProducerPool.Kind(acks, kind.compression()));
    }

    @Override
    public Producer with(Compression compression) {
        return view(new ProducerPool.Kind(kind.acks(), compression));
    }

    private Producer view(ProducerPool.Kind other) {
        return new TypedProducer(pool, other, connection, lastResort, events, time, instruments, pool::flush);
    }

    /** The same, and what it sends is not told to the instruments. */
    TypedProducer unwatched() {
        return new TypedProducer(pool, kind, connection, lastResort, events, time, Instruments.NONE, pool::flush);
    }

    @Override
    public <R, X extends Exception> R transaction(TransactionWork<R, X> work) {
        throw noTransactionalId();
    }

    @Override
    public Transaction begin() {
        throw noTransactionalId();
    }

    private static IllegalStateException noTransactionalId() {
        return new IllegalStateException("This producer has no transactional id, by which a broker knows whose a"
                + " transaction is. kafka.producer(\"my-service-1\") gives one that has; so does"
                + " producerBuilder().transactionalId(..)");
    }

    @Override
    public Health health() {
        var checks = new ArrayList<>(lastResort.checks());
        checks.addFirst(connection.check(pool));
        return Health.of(checks);
    }

    @Override
    public void close() {
        onClose.run();
    }

    static <K, V> ProducerRecord<byte[], byte[]> serialize(Outgoing<K, V> message, Headers headers) {
        var topic = message.topic();
        var name = topic.name();
        K key = message.key();
        V value = message.value();
        return new ProducerRecord<>(
                name,
                message.partition(),
                millis(message.timestamp()),
                key == null ? null : topic.key().serialize(name, key, headers),
                value == null ? null : topic.value().serialize(name, value, headers),
                headers.isEmpty() ? null : HeaderList.toKafka(headers));
    }

    private static @Nullable Long millis(@Nullable Instant time) {
        return time == null ? null : time.toEpochMilli();
    }

    private static SendFailed.Result await(Outgoing<?, ?> message, CompletableFuture<Ack> future) {
        try {
            return new SendFailed.Result.Stored(future.get());
        } catch (ExecutionException e) {
            return e.getCause() instanceof SendFailed why
                    ? why.results().getFirst()
                    : new SendFailed.Result.Unknown(message, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new SendFailed.Result.Unknown(message, e);
        }
    }

    /** One message from here to its acknowledgement. */
    private final class Delivery implements Callback {
        private final Outgoing<?, ?> message;
        private final Instrumentation.Sending sending;
        private final CompletableFuture<Ack> result = new CompletableFuture<>();
        private final long begun = time.nanoTime();
        private final Thread sender = Thread.currentThread();

        private @Nullable ProducerRecord<byte[], byte[]> bytes;

        /** Read only by the sender's own thread. */
        private boolean queued;

        Delivery(Outgoing<?, ?> message, Instrumentation.Sending sending) {
            this.message = message;
            this.sending = sending;
        }

        CompletableFuture<Ack> send(ProducerRecord<byte[], byte[]> bytes) {
            this.bytes = bytes;
            if (lastResort.holdsAny() && lastResort.keepBehind(message, stamped(bytes), this::end)) {
                return result;
            }
            pool.onTheirWay().begins(pool.blockMax());
            try {
                var unused = pool.get(kind).send(bytes, this); // the callback tells more
                queued = true;
            } catch (RuntimeException e) {
                // Thrown, not passed to the callback: it was never handed over (closed, interrupted, bad argument).
                pool.onTheirWay().ends();
                refuse(e);
            }
            return result;
        }

        CompletableFuture<Ack> refused(Throwable why) {
            refuse(why);
            return result;
        }

        private void refuse(Throwable why) {
            fail(new SendFailed.Result.Refused(message, why), why);
        }

        /** Runs on the producer's own thread, or on the sender's where kafka-clients did not take the message. */
        @Override
        public void onCompletion(@Nullable RecordMetadata metadata, @Nullable Exception reason) {
            pool.onTheirWay().ends();
            var failure = reason instanceof TimeoutException late ? withTrouble(late) : reason;
            if (failure == null && metadata != null) {
                acknowledged(metadata);
            } else if (failure != null && (neverQueued() || certainlyRefused(failure))) {
                refuse(failure);
            } else if (failure != null) {
                fail(new SendFailed.Result.Unknown(message, failure), failure);
            }
        }

        /** kafka-clients says only that it has waited. */
        private TimeoutException withTrouble(TimeoutException late) {
            return pool.trouble()
                    .or(this::sentAgain)
                    .map(why -> new TimeoutException(late.getMessage() + " " + why, late))
                    .orElse(late);
        }

        /** It tells what brokers answered to its log alone, and how often it tried again to its metrics. */
        private Optional<String> sentAgain() {
            var topic = message.topic().name();
            long times = pool.sentAgain(topic);
            return times == 0
                    ? Optional.empty()
                    : Optional.of("Messages of topic " + topic + " were sent again " + times
                            + " times since this producer was made; what was answered each time is in the log, as warnings"
                            + " of org.apache.kafka.clients.producer.internals.Sender");
        }

        private boolean neverQueued() {
            return Thread.currentThread() == sender && !queued;
        }

        private void acknowledged(RecordMetadata metadata) {
            var stamp = metadata.hasTimestamp() ? Instant.ofEpochMilli(metadata.timestamp()) : time.now();
            var ack = new Ack(metadata.topic(), metadata.partition(), metadata.offset(), stamp);
            connection.up();
            if (events.wanted(Event.Sent.class)) {
                events.raise(new Event.Sent(time.now(), ack, Duration.ofNanos(time.nanoTime() - begun)));
            }
            sending.acknowledged(ack);
            result.complete(ack);
        }

        private void fail(SendFailed.Result why, Throwable cause) {
            if (cause instanceof TimeoutException
                    || cause instanceof NetworkException
                    || cause instanceof DisconnectException
                    || cause instanceof AuthenticationException) {
                connection.down(cause);
            }
            lastResort.failed(message, bytes == null ? null : stamped(bytes), why, this::end);
        }

        /** With the time of the first try, as it would have had without a spool. */
        private ProducerRecord<byte[], byte[]> stamped(ProducerRecord<byte[], byte[]> bytes) {
            if (bytes.timestamp() != null) {
                return bytes;
            }
            var begunAt = time.now().minusNanos(time.nanoTime() - begun);
            return new ProducerRecord<>(
                    bytes.topic(),
                    bytes.partition(),
                    begunAt.toEpochMilli(),
                    bytes.key(),
                    bytes.value(),
                    bytes.headers());
        }

        /** With the spool its thread comes here, when the message is on the disk. */
        private void end(SendFailed why) {
            var cause = SendFailed.why(why.results().getFirst());
            var topic = message.topic().name();
            events.raise(
                    why.spooled()
                            ? new Event.Spooled(time.now(), topic, cause)
                            : new Event.Unsent(time.now(), topic, cause));
            sending.failed(cause);
            result.completeExceptionally(why);
        }
    }

    static boolean certainlyRefused(Throwable why) {
        return why instanceof SerializationException || REFUSALS.stream().anyMatch(type -> type.isInstance(why));
    }

    /** Whether brokers answered lately; shared by all views. */
    private static final class Connection {
        private enum State {
            NEW,
            UP,
            DOWN
        }

        private final EventBus events;
        private final Time time;
        private final String name;
        private final AtomicReference<State> state = new AtomicReference<>(State.NEW);
        private volatile @Nullable Throwable why;

        /** @param name in the health, apart from other producers of the same {@link Kafka} */
        Connection(EventBus events, Time time, String name) {
            this.name = name;
            this.events = events;
            this.time = time;
        }

        private String reason() {
            var cause = why;
            return cause == null ? "no reason is known" : Advice.of(cause);
        }

        void up() {
            if (state.get() != State.UP && state.getAndSet(State.UP) != State.UP) {
                events.raise(new Event.ProducerConnected(time.now()));
            }
        }

        void down(Throwable cause) {
            why = cause;
            if (state.getAndSet(State.DOWN) != State.DOWN) {
                events.raise(new Event.ProducerDisconnected(time.now(), cause));
            }
        }

        Health.Check check(ProducerPool pool) {
            if (pool.closed()) {
                return new Health.Check(name, Health.Status.DOWN, "closed");
            }
            if (pool.trouble().isPresent()) {
                return new Health.Check(name, Health.Status.DOWN, pool.trouble().get());
            }
            return switch (state.get()) {
                case NEW -> new Health.Check(name, Health.Status.UP, "nothing was sent yet");
                case UP ->
                    new Health.Check(
                            name, Health.Status.UP, up(pool.onTheirWay().now()));
                case DOWN -> new Health.Check(name, Health.Status.DOWN, "brokers do not answer: " + reason());
            };
        }

        /** While one partition acknowledges, messages of another one may be sent again and again. */
        private static String up(long notAnswered) {
            return notAnswered == 0
                    ? "brokers acknowledge messages"
                    : "brokers acknowledge messages; not answered yet: " + notAnswered;
        }
    }
}

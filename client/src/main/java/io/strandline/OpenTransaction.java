package io.strandline;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;

/** One transaction, from its begin to its end. */
final class OpenTransaction implements Transaction {
    /** Longer than one send waits for memory and metadata by kafka-clients' defaults. */
    private static final Duration SENDS_WAIT_MAX = Duration.ofMinutes(2);

    private final Transactor by;
    private final Producer<byte[], byte[]> kafka;
    private final Instruments instruments;
    private final Runnable onEnd;
    private final long begun;

    /** The first thing that failed. */
    private final AtomicReference<@Nullable Failure> failure = new AtomicReference<>();

    private final LongAdder messages = new LongAdder();

    /** Those that somebody wants to hear of at the end. */
    private final Queue<Delivery> watched = new ConcurrentLinkedQueue<>();

    /** Guards what follows. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition quiet = lock.newCondition();

    /**
     * Threads inside send. kafka-clients takes a message that comes during a commit into the next transaction, so none may
     * be on its way then.
     */
    private int sending;

    private State state = State.OPEN;

    private enum State {
        OPEN,
        ENDING,
        COMMITTED,
        ABORTED,
        UNKNOWN
    }

    /**
     * What failed.
     *
     * @param of whose message it was, as {@link #put} was told; null: of nobody's
     * @param certain that message itself cannot be sent. Otherwise it may be another one of its batch; or none, and the
     *     brokers do not answer
     */
    record Failure(Throwable why, @Nullable Object of, boolean certain) {
        /** Some message is to blame. */
        boolean ofMessage() {
            return certain || TypedProducer.certainlyRefused(why);
        }
    }

    /** @param onEnd runs once, when it has ended, however */
    OpenTransaction(Transactor by, Producer<byte[], byte[]> kafka, Instruments instruments, Runnable onEnd) {
        this.by = by;
        this.kafka = kafka;
        this.instruments = instruments;
        this.onEnd = onEnd;
        begun = by.time.nanoTime();
    }

    @Override
    public <K, V> void send(Outgoing<K, V> message) {
        put(message, instruments, null);
    }

    /**
     * @param watchedBy who is told of it
     * @param of goes with its failure
     */
    <K, V> Delivery put(Outgoing<K, V> message, Instruments watchedBy, @Nullable Object of) {
        enter();
        try {
            var sending = watchedBy.sending(message);
            var delivery = new Delivery(sending, of);
            delivery.send(message);
            return delivery;
        } finally {
            leave();
        }
    }

    private void enter() {
        lock.lock();
        try {
            refuseUnlessOpen();
            sending++;
        } finally {
            lock.unlock();
        }
    }

    private void leave() {
        lock.lock();
        try {
            sending--;
            if (sending == 0) {
                quiet.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void refuseUnlessOpen() {
        if (state != State.OPEN) {
            throw new IllegalStateException(
                    switch (state) {
                        case COMMITTED -> "This transaction of " + by.id + " is committed; begin another one";
                        case ABORTED -> "This transaction of " + by.id + " is aborted; begin another one";
                        default -> "This transaction of " + by.id + " has ended; begin another one";
                    });
        }
    }

    @Override
    public void offsets(Consumer consumer, Map<Partition, Long> nextOffsets) {
        if (!(consumer instanceof GroupMember member)) {
            throw new IllegalArgumentException(
                    "Offsets are those of a consumer that kafka.consumer(group) made, not of " + consumer);
        }
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        nextOffsets.forEach((partition, next) -> offsets.put(partition.toKafka(), new OffsetAndMetadata(next)));
        offsets(offsets, member.metadataFor(nextOffsets.keySet()));
    }

    void offsets(Map<TopicPartition, OffsetAndMetadata> next, ConsumerGroupMetadata group) {
        enter();
        try {
            kafka.sendOffsetsToTransaction(next, group);
        } catch (RuntimeException e) {
            failed(new Failure(e, null, false));
            throw new TransactionFailed(
                    "The progress of group " + group.groupId() + " could not be made part of the transaction of "
                            + by.id + ", which can only be aborted now: " + e.getMessage(),
                    TransactionFailed.Outcome.ABORTED,
                    e);
        } finally {
            leave();
        }
    }

    private void failed(Failure what) {
        failure.compareAndSet(null, what);
    }

    Optional<Failure> failure() {
        return Optional.ofNullable(failure.get());
    }

    boolean isOpen() {
        lock.lock();
        try {
            return state == State.OPEN;
        } finally {
            lock.unlock();
        }
    }

    /** Returns when all that was sent is acknowledged, or something has failed. */
    void flush() {
        try {
            kafka.flush();
        } catch (RuntimeException e) {
            failed(new Failure(e, null, false));
        }
    }

    @Override
    public void commit() {
        beginEnd();
        try {
            flush();
            var failed = failure.get();
            if (failed != null) {
                throw by.abortBecause(kafka, failed.why(), begun);
            }
            by.commit(kafka, begun);
            ended(State.COMMITTED);
        } catch (TransactionFailed e) {
            ended(e.outcome() == TransactionFailed.Outcome.UNKNOWN ? State.UNKNOWN : State.ABORTED, e);
            throw e;
        } finally {
            onEnd.run();
        }
    }

    @Override
    public void abort() {
        if (state() == State.ABORTED) {
            return;
        }
        beginEnd();
        var why = failure.get(); // before the abort, which fails what is on its way
        try {
            by.abort(kafka, begun);
        } finally {
            ended(State.ABORTED, why == null ? null : why.why());
            onEnd.run();
        }
    }

    @Override
    public void close() {
        if (state() == State.OPEN) {
            abort();
        }
    }

    private State state() {
        lock.lock();
        try {
            return state;
        } finally {
            lock.unlock();
        }
    }

    /** From here on nothing is sent; returns when nobody is about to. */
    private void beginEnd() {
        lock.lock();
        try {
            refuseUnlessOpen();
            state = State.ENDING;
            long left = SENDS_WAIT_MAX.toNanos();
            while (sending > 0 && left > 0) {
                left = quiet.awaitNanos(left);
            }
            if (sending > 0) {
                failed(new Failure(
                        new IllegalStateException(sending + " threads were still sending after " + SENDS_WAIT_MAX),
                        null,
                        false));
            }
        } catch (InterruptedException e) {
            failed(new Failure(new InterruptException(e), null, false));
        } finally {
            lock.unlock();
        }
    }

    private void ended(State how) {
        ended(how, null);
    }

    private void ended(State how, @Nullable Throwable why) {
        lock.lock();
        try {
            state = how;
        } finally {
            lock.unlock();
        }
        var now = by.time.now();
        if (how == State.COMMITTED) {
            watched.forEach(Delivery::committed);
            var took = Duration.ofNanos(by.time.nanoTime() - begun);
            by.events.raise(new Event.TransactionCommitted(now, by.id, messages.sum(), took));
        } else {
            var reason = why != null ? why : new IllegalStateException("the transaction was aborted");
            watched.forEach(delivery -> delivery.sending.failed(reason));
            by.events.raise(new Event.TransactionAborted(now, by.id, messages.sum(), Optional.ofNullable(why)));
        }
    }

    /** One message of it. */
    final class Delivery implements Callback {
        private final Instrumentation.Sending sending;
        private final @Nullable Object of;
        private final long sent = by.time.nanoTime();
        private final Thread sender = Thread.currentThread();
        private volatile @Nullable Ack ack;
        private volatile @Nullable Throwable why;

        /** Read only by the sender's own thread. */
        private boolean queued;

        private Delivery(Instrumentation.Sending sending, @Nullable Object of) {
            this.sending = sending;
            this.of = of;
        }

        private <K, V> void send(Outgoing<K, V> message) {
            var bytes = bytes(message);
            try {
                if (bytes != null) {
                    var unused = kafka.send(bytes, this);
                    messages.increment();
                    queued = true;
                }
            } catch (RuntimeException e) {
                noted(e, TypedProducer.certainlyRefused(e));
            }
            var failed = why;
            if (failed != null) {
                sending.failed(failed);
                throw SendFailed.of(new SendFailed.Result.Refused(message, failed));
            }
            if (!sending.equals(Instrumentation.Sending.UNOBSERVED) || by.events.wanted(Event.Sent.class)) {
                watched.add(this);
            }
        }

        /** Null if there are none: that is noted. */
        private <K, V> @Nullable ProducerRecord<byte[], byte[]> bytes(Outgoing<K, V> message) {
            var before = failure.get();
            if (before != null) {
                noted(
                        new IllegalStateException("the transaction has failed before: " + before.why(), before.why()),
                        false);
                return null;
            }
            try {
                return TypedProducer.serialize(message, sending.headers(message.headers()));
            } catch (Exception e) {
                // The user's serde may throw what it likes.
                noted(e, true);
                return null;
            }
        }

        /** On the producer's own thread, or on the sender's where kafka-clients did not take the message. */
        @Override
        public void onCompletion(@Nullable RecordMetadata metadata, @Nullable Exception failed) {
            if (failed != null) {
                boolean notTaken = Thread.currentThread() == sender && !queued;
                noted(failed, notTaken && TypedProducer.certainlyRefused(failed));
            } else if (metadata != null) {
                var stamp = metadata.hasTimestamp() ? Instant.ofEpochMilli(metadata.timestamp()) : by.time.now();
                ack = new Ack(metadata.topic(), metadata.partition(), metadata.offset(), stamp);
            }
        }

        private void noted(Throwable failed, boolean certain) {
            why = failed;
            OpenTransaction.this.failed(new Failure(failed, of, certain));
        }

        private void committed() {
            var place = ack();
            sending.acknowledged(place);
            if (by.events.wanted(Event.Sent.class)) {
                by.events.raise(new Event.Sent(by.time.now(), place, Duration.ofNanos(by.time.nanoTime() - sent)));
            }
        }

        /** Where it is, once the transaction has committed. */
        Ack ack() {
            var place = ack;
            if (place == null) {
                throw new IllegalStateException("A message of a transaction that has committed was not acknowledged");
            }
            return place;
        }
    }
}

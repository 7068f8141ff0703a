package io.strandline;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A spool at work. One thread writes what failed into the file, many messages to each force; another one sends it again:
 * round by round the oldest message of each key, and the next of the key only when that one is stored and the file says
 * so. That keeps the order of a key over every failure and every death of the process.
 */
final class Spooling implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);

    private static final int ROUND_MESSAGES_MAX = 500;
    private static final long ROUND_BYTES_MAX = 4L * 1024 * 1024;
    private static final long UNWRITTEN_BYTES_MAX = 8L * 1024 * 1024;
    private static final Duration REST_MIN = Duration.ofMillis(200);
    private static final Duration CLOSE_WAIT_MAX = Duration.ofSeconds(2);
    private static final Duration REST_MAX = Duration.ofSeconds(5);

    private final SpoolFile file;
    private final Sender sender;
    private final Predicate<Throwable> hopeless;
    private final Refusals refusals;
    private final Runnable endSending;
    private final Thread writer =
            Thread.ofPlatform().name("strandline-spool").daemon().unstarted(this::write);
    private final Thread resender =
            Thread.ofPlatform().name("strandline-spool-send").daemon().unstarted(this::resend);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** What is to be written. */
    private final ArrayDeque<Unwritten> unwritten = new ArrayDeque<>();

    /** What is in the file, by key, oldest first; and, before they are in it, keys of what is to be written. */
    private final Map<Object, Lane> lanes = new LinkedHashMap<>();

    private long unwrittenBytes;
    private boolean closed;

    /** Read without the lock by each send: almost always 0. */
    private final AtomicInteger held = new AtomicInteger();

    /** Sends to a broker. May block for a while; a failure within the call is one before the message was on its way. */
    interface Sender {
        CompletableFuture<?> send(ProducerRecord<byte[], byte[]> message);
    }

    /** Where messages go that no broker will ever take. */
    interface Refusals {
        /** When it returns they are safe there. */
        void keep(ProducerRecord<byte[], byte[]> message, Throwable why) throws IOException;
    }

    private record Unwritten(
            ProducerRecord<byte[], byte[]> message, Object key, Consumer<Optional<Throwable>> outcome) {}

    private static final class Lane {
        final ArrayDeque<Long> numbers = new ArrayDeque<>();
        int unwritten;
    }

    private record Ordered(String topic, Object keyOrPartition) {}

    /**
     * @param hopeless failures after which a message is not tried again
     * @param refusals is given those
     * @param endSending makes what is being sent end, one way or the other
     */
    Spooling(SpoolFile file, Sender sender, Predicate<Throwable> hopeless, Refusals refusals, Runnable endSending)
            throws IOException {
        this.file = file;
        this.sender = sender;
        this.hopeless = hopeless;
        this.refusals = refusals;
        this.endSending = endSending;
        for (long number : file.numbers()) {
            lane(keyOf(file.read(number))).numbers.add(number);
            held.incrementAndGet();
        }
    }

    /** Sends by the pool, which it closes. */
    static Spooling open(
            SpoolDisk disk, Spool spool, ProducerPool pool, ProducerPool.Kind kind, EventBus events, Time time)
            throws IOException {
        var file = SpoolFile.open(disk, spool.path(), spool.maxBytes());
        Sender sender = message -> {
            var stored = new CompletableFuture<RecordMetadata>();
            var unused = pool.get(kind).send(message, (metadata, failure) -> {
                if (failure == null) {
                    stored.complete(metadata);
                } else {
                    stored.completeExceptionally(failure);
                }
            });
            return stored;
        };
        var refusals = new SpoolRefusals(disk, spool, events, time);
        return new Spooling(file, sender, LastResort::hopeless, refusals, () -> pool.close(CLOSE_WAIT_MAX));
    }

    void begin() {
        writer.start();
        resender.start();
    }

    /** A message without a key and without a partition has no order to keep, so it is a lane of its own. */
    private static Object keyOf(ProducerRecord<byte[], byte[]> message) {
        if (message.key() != null) {
            return new Ordered(message.topic(), ByteBuffer.wrap(message.key()));
        }
        return message.partition() != null ? new Ordered(message.topic(), message.partition()) : new Object();
    }

    private static long bytes(ProducerRecord<byte[], byte[]> message) {
        return (message.key() == null ? 0L : message.key().length)
                + (message.value() == null ? 0 : message.value().length);
    }

    private Lane lane(Object key) {
        return lanes.computeIfAbsent(key, unused -> new Lane());
    }

    /**
     * Takes it. Never waits.
     *
     * @param outcome told when it is safe (empty), or why it is not kept
     */
    void keep(ProducerRecord<byte[], byte[]> message, Consumer<Optional<Throwable>> outcome) {
        lock.lock();
        try {
            if (!closed) {
                enqueue(new Unwritten(message, keyOf(message), outcome));
                return;
            }
        } finally {
            lock.unlock();
        }
        outcome.accept(Optional.of(new IllegalStateException("The spool is closed")));
    }

    /**
     * Takes it if an earlier one of its key is here. May wait for the disk.
     *
     * @return false if it may be sent
     */
    boolean keepBehind(ProducerRecord<byte[], byte[]> message, Consumer<Optional<Throwable>> outcome) {
        if (held.get() == 0) {
            return false;
        }
        var key = keyOf(message);
        lock.lock();
        try {
            while (lanes.containsKey(key) && unwrittenBytes > UNWRITTEN_BYTES_MAX && !closed) {
                changed.awaitUninterruptibly();
            }
            if (closed || !lanes.containsKey(key)) {
                return false;
            }
            enqueue(new Unwritten(message, key, outcome));
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void enqueue(Unwritten message) {
        unwritten.add(message);
        unwrittenBytes += bytes(message.message);
        lane(message.key).unwritten++;
        held.incrementAndGet();
        changed.signalAll();
    }

    // The writing thread.

    private void write() {
        for (var batch = nextUnwritten(); !batch.isEmpty(); batch = nextUnwritten()) {
            write(batch);
        }
    }

    /** Empty at the end. */
    private List<Unwritten> nextUnwritten() {
        lock.lock();
        try {
            while (unwritten.isEmpty() && !closed) {
                changed.awaitUninterruptibly();
            }
            var batch = List.copyOf(unwritten);
            unwritten.clear();
            unwrittenBytes = 0;
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private void write(List<Unwritten> batch) {
        var outcomes = new ArrayList<Optional<Throwable>>();
        List<Long> numbers;
        try {
            numbers = file.append(batch.stream().map(Unwritten::message).toList());
            for (long number : numbers) {
                outcomes.add(
                        number == SpoolFile.DID_NOT_FIT
                                ? Optional.of(new IllegalStateException("the spool " + file.path() + " is full"))
                                : Optional.empty());
            }
        } catch (IOException e) {
            LOG.error("The spool {} failed", file.path(), e);
            numbers = batch.stream().map(unused -> SpoolFile.DID_NOT_FIT).toList();
            batch.forEach(unused -> outcomes.add(Optional.of(e)));
        }
        written(batch, numbers);
        for (int i = 0; i < batch.size(); i++) {
            batch.get(i).outcome.accept(outcomes.get(i));
        }
    }

    private void written(List<Unwritten> batch, List<Long> numbers) {
        lock.lock();
        try {
            for (int i = 0; i < batch.size(); i++) {
                var lane = lane(batch.get(i).key);
                lane.unwritten--;
                if (numbers.get(i) == SpoolFile.DID_NOT_FIT) {
                    held.decrementAndGet();
                    forgetIfEmpty(batch.get(i).key, lane);
                } else {
                    lane.numbers.add(numbers.get(i));
                }
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void forgetIfEmpty(Object key, Lane lane) {
        if (lane.unwritten == 0 && lane.numbers.isEmpty()) {
            lanes.remove(key);
        }
    }

    // The sending thread.

    private record Tried(
            Object key, long number, ProducerRecord<byte[], byte[]> message, CompletableFuture<?> stored) {}

    private void resend() {
        int failures = 0;
        while (true) {
            var heads = awaitHeads();
            if (heads.isEmpty()) {
                return;
            }
            try {
                failures = round(heads) ? 0 : failures + 1;
            } catch (IOException | RuntimeException e) {
                LOG.error("The spool {} could not be read or written", file.path(), e);
                failures++;
            }
            if (failures > 0) {
                rest(failures);
            }
        }
    }

    /** The oldest of each key; empty at the end. */
    private Map<Object, Long> awaitHeads() {
        lock.lock();
        try {
            while (!closed) {
                var heads = new LinkedHashMap<Object, Long>();
                lanes.forEach((key, lane) -> {
                    if (!lane.numbers.isEmpty()) {
                        heads.put(key, lane.numbers.getFirst());
                    }
                });
                if (!heads.isEmpty()) {
                    return heads;
                }
                changed.awaitUninterruptibly();
            }
            return Map.of();
        } finally {
            lock.unlock();
        }
    }

    /** Returns false if nothing could be sent. */
    private boolean round(Map<Object, Long> heads) throws IOException {
        var finished = new ArrayList<Tried>();
        for (var tried : send(heads)) {
            var failure = failure(tried.stored);
            if (failure.isPresent() && hopeless.test(failure.get())) {
                refusals.keep(tried.message, failure.get());
                finished.add(tried);
            } else if (failure.isPresent()) {
                LOG.debug("A message to {} stays in the spool", tried.message.topic(), failure.get());
                toTheEnd(tried.key);
            } else {
                finished.add(tried);
            }
        }
        finish(finished);
        return !finished.isEmpty();
    }

    private List<Tried> send(Map<Object, Long> heads) throws IOException {
        var round = new ArrayList<Tried>();
        var unreachable = new HashSet<String>();
        long bytes = 0;
        for (var head : heads.entrySet()) {
            var message = file.read(head.getValue());
            if (unreachable.contains(message.topic())) {
                continue;
            }
            var stored = sendOne(message);
            round.add(new Tried(head.getKey(), head.getValue(), message, stored));
            if (stored.isCompletedExceptionally()) {
                unreachable.add(message.topic()); // and each call would wait as long as this one did
            }
            bytes += bytes(message);
            if (round.size() == ROUND_MESSAGES_MAX || bytes > ROUND_BYTES_MAX) {
                break;
            }
        }
        return round;
    }

    private CompletableFuture<?> sendOne(ProducerRecord<byte[], byte[]> message) {
        try {
            return sender.send(message);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static Optional<Throwable> failure(CompletableFuture<?> stored) {
        try {
            stored.join();
            return Optional.empty();
        } catch (CompletionException e) {
            return Optional.of(Optional.ofNullable(e.getCause()).orElse(e));
        }
    }

    /** Others have their turn before it is tried again. */
    private void toTheEnd(Object key) {
        lock.lock();
        try {
            var lane = lanes.remove(key);
            if (lane != null) {
                lanes.put(key, lane);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The next of these keys may go only when the file knows that these are done. */
    private void finish(List<Tried> finished) {
        if (finished.isEmpty()) {
            return;
        }
        try {
            file.done(finished.stream().map(Tried::number).toList());
        } catch (IOException e) {
            LOG.error("The spool {} does not know what was sent: it is sent again after a restart", file.path(), e);
        }
        lock.lock();
        try {
            for (var tried : finished) {
                var lane = lane(tried.key);
                lane.numbers.removeFirst();
                held.decrementAndGet();
                forgetIfEmpty(tried.key, lane);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void rest(int failures) {
        long nanos = Math.min(REST_MAX.toNanos(), REST_MIN.toNanos() << Math.min(failures - 1, 10));
        lock.lock();
        try {
            while (nanos > 0 && !closed) {
                nanos = changed.awaitNanos(nanos);
            }
        } catch (InterruptedException e) {
            // Nobody interrupts this thread; and if so, it rests less.
        } finally {
            lock.unlock();
        }
    }

    /** Named by its file: a client may have several. */
    Health.Check check() {
        int messages = held.get();
        var name = "spool." + file.path();
        return messages == 0
                ? new Health.Check(name, Health.Status.UP, "nothing waits")
                : new Health.Check(
                        name,
                        Health.Status.DEGRADED,
                        messages + " messages wait in " + file.path() + " to be sent again");
    }

    /** How many are in the file or on their way into it. */
    int held() {
        return held.get();
    }

    /** Writes what it was given and leaves it there. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        endSending.run();
        join(writer);
        join(resender);
        try {
            file.close();
        } catch (IOException e) {
            LOG.warn("The spool {} did not close in order; all in it is safe", file.path(), e);
        }
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

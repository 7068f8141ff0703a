package io.strandline;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Sends in transactions alone, one at a time: threads that share it have it in turn. */
final class TransactionalProducer implements Producer {
    private static final Duration CLOSE_WAIT_MAX = Duration.ofSeconds(30);

    private final Transactor transactor;
    private final Instruments instruments;
    private final Duration turnWaitMax;
    private final Semaphore turn = new Semaphore(1, true);
    private volatile @Nullable Holder holder;

    /** Who has begun the transaction that is open. */
    private record Holder(Thread thread, Instant since) {}

    /** @param turnWaitMax the transaction's time-out: the broker has ended what is open for longer */
    TransactionalProducer(Transactor transactor, Instruments instruments, Duration turnWaitMax) {
        this.transactor = transactor;
        this.instruments = instruments;
        this.turnWaitMax = turnWaitMax;
    }

    String id() {
        return transactor.id;
    }

    @Override
    public Transaction begin() {
        return open();
    }

    @Override
    public <R, X extends Exception> R transaction(TransactionWork<R, X> work) throws X {
        var open = open();
        R result;
        try {
            result = work.run(open);
        } catch (Throwable e) {
            abort(open, e);
            throw e;
        }
        if (open.isOpen()) {
            open.commit();
        }
        return result;
    }

    private static void abort(OpenTransaction open, Throwable because) {
        try {
            open.close();
        } catch (RuntimeException e) {
            because.addSuppressed(e);
        }
    }

    private OpenTransaction open() {
        takeTurn();
        try {
            return transactor.begin(instruments, this::giveTurn);
        } catch (RuntimeException e) {
            giveTurn();
            throw e;
        }
    }

    private void takeTurn() {
        var now = holder;
        if (now != null && now.thread() == Thread.currentThread()) {
            throw new IllegalStateException("This thread has begun a transaction of " + id() + " at " + now.since()
                    + ", which is open: commit or abort it first. A producer has one transaction at a time");
        }
        try {
            if (!turn.tryAcquire(turnWaitMax.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("Another transaction of " + id() + " is open for more than "
                        + turnWaitMax
                        + ": " + holder + ". A producer has one at a time; end it, or use a producer with another"
                        + " transactional id");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(
                    "Interrupted while waiting for another transaction of " + id() + " to end", e);
        }
        holder = new Holder(Thread.currentThread(), transactor.time.now());
    }

    private void giveTurn() {
        holder = null;
        turn.release();
    }

    @Override
    public <K, V> CompletableFuture<Ack> sendAsync(Outgoing<K, V> message) {
        throw insideOnly();
    }

    @Override
    public <K, V> Ack send(Outgoing<K, V> message) {
        throw insideOnly();
    }

    @Override
    public List<Ack> sendBatch(Collection<? extends Outgoing<?, ?>> messages) {
        throw insideOnly();
    }

    private IllegalStateException insideOnly() {
        return new IllegalStateException(
                "This producer has the transactional id " + id() + ", so it sends in transactions"
                        + " alone: transaction(tx -> ..) or begin(). For single messages there is kafka.producer()");
    }

    @Override
    public void flush() {
        // Nothing is on its way outside of a transaction, and commit() waits for what is in one.
    }

    @Override
    public Producer with(Acks acks) {
        throw oneKind();
    }

    @Override
    public Producer with(Compression compression) {
        throw oneKind();
    }

    private IllegalStateException oneKind() {
        return new IllegalStateException("A second producer with the transactional id " + id()
                + " would take over from this one: set compression(..) at the builder; acks are always ALL");
    }

    @Override
    public Health health() {
        return Health.of(List.of(transactor.check()));
    }

    /** Waits for an open transaction to end; one that does not is aborted. */
    @Override
    public void close() {
        var now = holder;
        boolean own = now != null && now.thread() == Thread.currentThread();
        boolean mine = !own && turnWithin(CLOSE_WAIT_MAX);
        try {
            transactor.close();
        } finally {
            if (mine) {
                turn.release();
            }
        }
    }

    private boolean turnWithin(Duration atMost) {
        try {
            return turn.tryAcquire(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}

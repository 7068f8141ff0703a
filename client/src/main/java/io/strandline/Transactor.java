package io.strandline;

import java.time.Duration;
import java.util.Objects;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Begins and ends the transactions of one transactional id. kafka-clients tells errors after which a transaction can be
 * aborted from those after which its producer is of no use; here that is one rule: a producer that has not ended its
 * transaction in order is thrown away, and the next one, made with the same id, has the broker end what was left open
 * before it begins.
 *
 * <p>One transaction at a time, ended before the next begins: the caller sees to it.
 */
final class Transactor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Transaction.class);

    /** Each as long as {@code max.block.ms}: together two minutes, as long as a send may take. */
    private static final int COMMIT_TRIES = 2;

    /** kafka-clients has no type for what the broker says to InitProducerId beyond the known errors. */
    private static final String REFUSED = "Unexpected error in InitProducerIdResponse";

    private static final String TIMEOUT_TOO_LONG = "transaction.max.timeout.ms";

    final String id;
    final EventBus events;
    final Time time;
    private final ProducerPool pool;
    private final ProducerPool.Kind kind;
    private final WhenFenced whenFenced;
    private final Runnable onClose;

    /** It may begin a transaction. */
    private @Nullable Producer<byte[], byte[]> ready;

    private @Nullable TransactionFailed fenced;
    private volatile Health.Check check;

    /** What a newer producer of the same id means. */
    enum WhenFenced {
        /** Somebody else goes on with the work: to come back would fence that one. */
        GIVE_UP,
        /** Nobody else has this id for long: the id is a partition's, and so is what says who may use it. */
        BEGIN_ANEW
    }

    /** What became of an abort. */
    private enum Aborted {
        DONE,
        FENCED,
        /** The broker was not told: it finds out when this id begins anew, or when the transaction's time is over. */
        LEFT_TO_THE_BROKER
    }

    /** @param onClose closes the pool */
    Transactor(
            String id,
            ProducerPool pool,
            ProducerPool.Kind kind,
            WhenFenced whenFenced,
            EventBus events,
            Time time,
            Runnable onClose) {
        this.id = id;
        this.pool = pool;
        this.kind = kind;
        this.whenFenced = whenFenced;
        this.events = events;
        this.time = time;
        this.onClose = onClose;
        check = check(Health.Status.UP, "no transaction was begun yet");
    }

    /**
     * Tells the broker that this is the producer with this id now; what an earlier one left open is ended. Does nothing
     * where that has happened.
     *
     * @throws IllegalStateException if the broker does no transactions, or not these
     * @throws TransactionFailed if it does not answer, or a newer one has taken over
     */
    void open() {
        if (fenced != null) {
            throw new TransactionFailed(String.valueOf(fenced.getMessage()), TransactionFailed.Outcome.FENCED, fenced);
        }
        var kafka = pool.get(kind);
        if (kafka.equals(ready)) {
            return;
        }
        try {
            kafka.initTransactions();
        } catch (RuntimeException e) {
            pool.drop(kafka);
            throw notOpened(e);
        }
        ready = kafka;
        standsWell("ready");
    }

    private RuntimeException notOpened(RuntimeException e) {
        if (isFenced(e)) {
            return fencedBy(e, Duration.ZERO);
        }
        if (String.valueOf(e.getMessage()).contains(TIMEOUT_TOO_LONG)) {
            return refused(
                    "The broker does not let a transaction take as long as transactionTimeout(..) says: ask for less, or raise"
                            + " the broker's " + TIMEOUT_TOO_LONG,
                    e);
        }
        if (e instanceof UnsupportedVersionException
                || String.valueOf(e.getMessage()).startsWith(REFUSED)) {
            return refused(
                    "The broker at " + pool.bootstrap() + " does not do transactions: it refused the transactional id "
                            + id
                            + ". Strandline's own broker has none yet. Run this on Apache Kafka; or leave the transactional id"
                            + " out, and let readers tell duplicates apart",
                    e);
        }
        if (authorization(e)) {
            return refused(
                    "This user may not use the transactional id " + id
                            + ": it needs the right to WRITE to that transactional id",
                    e);
        }
        return failed("A transaction of " + id + " could not be begun", TransactionFailed.Outcome.ABORTED, e);
    }

    private static boolean authorization(Throwable e) {
        return e instanceof AuthorizationException || e.getCause() instanceof AuthorizationException;
    }

    private IllegalStateException refused(String words, RuntimeException e) {
        check = check(Health.Status.DOWN, words);
        return new IllegalStateException(words + ". (" + e.getMessage() + ")", e);
    }

    /** @throws RuntimeException as {@link #open} */
    OpenTransaction begin(Instruments instruments, Runnable onEnd) {
        open();
        var kafka = Objects.requireNonNull(ready);
        try {
            kafka.beginTransaction();
        } catch (RuntimeException e) {
            giveAway(kafka);
            throw isFenced(e)
                    ? fencedBy(e, Duration.ZERO)
                    : failed("A transaction of " + id + " could not be begun", TransactionFailed.Outcome.ABORTED, e);
        }
        return new OpenTransaction(this, kafka, instruments, onEnd);
    }

    /**
     * Everything sent was acknowledged.
     *
     * @param begun see {@link Time#nanoTime}
     */
    void commit(Producer<byte[], byte[]> kafka, long begun) {
        for (int tries = 1; ; tries++) {
            try {
                kafka.commitTransaction();
                standsWell("the last transaction has committed");
                return;
            } catch (TimeoutException e) {
                if (tries == COMMIT_TRIES) {
                    throw unknown(kafka, e);
                }
                LOG.warn("The commit of a transaction of {} is not answered yet; asking again", id);
            } catch (InterruptException e) {
                throw unknown(kafka, e);
            } catch (RuntimeException e) {
                throw notCommitted(kafka, e, begun);
            }
        }
    }

    private TransactionFailed notCommitted(Producer<byte[], byte[]> kafka, RuntimeException e, long begun) {
        if (isFenced(e)) {
            giveAway(kafka);
            return fencedBy(e, since(begun));
        }
        // Where kafka-clients lets it be aborted, it was not committed; where it does not, nothing is known.
        return switch (end(kafka)) {
            case DONE -> aborted(e);
            case FENCED -> fencedBy(e, since(begun));
            case LEFT_TO_THE_BROKER -> unknown(kafka, e);
        };
    }

    private TransactionFailed unknown(Producer<byte[], byte[]> kafka, RuntimeException e) {
        giveAway(kafka);
        return failed(
                "Whether the transaction of " + id + " has committed is not known: there was no answer to the commit."
                        + (whenFenced == WhenFenced.BEGIN_ANEW
                                ? " Running its work again may do it twice"
                                : " Begin the next transaction of this producer, which first ends this one, and look inside it"
                                        + " whether the work is there. Running it again without a look may do it twice"),
                TransactionFailed.Outcome.UNKNOWN,
                e);
    }

    /** Of one whose commit was never asked for, so that whatever happens here nothing of it becomes visible. */
    void abort(Producer<byte[], byte[]> kafka, long begun) {
        if (end(kafka) == Aborted.FENCED) {
            throw fencedBy(new ProducerFencedException("found when aborting"), since(begun));
        }
    }

    /** The same because something failed: what to throw. */
    TransactionFailed abortBecause(Producer<byte[], byte[]> kafka, Throwable why, long begun) {
        return end(kafka) == Aborted.FENCED ? fencedBy(why, since(begun)) : aborted(why);
    }

    private TransactionFailed aborted(Throwable why) {
        return failed("The transaction of " + id + " was aborted", TransactionFailed.Outcome.ABORTED, why);
    }

    private Aborted end(Producer<byte[], byte[]> kafka) {
        try {
            kafka.abortTransaction();
            return Aborted.DONE;
        } catch (RuntimeException e) {
            giveAway(kafka);
            if (isFenced(e)) {
                return Aborted.FENCED;
            }
            LOG.info("The broker was not told that a transaction of {} is aborted; it will find out", id, e);
            return Aborted.LEFT_TO_THE_BROKER;
        }
    }

    private void giveAway(Producer<byte[], byte[]> kafka) {
        ready = null;
        pool.drop(kafka);
    }

    private Duration since(long begun) {
        return Duration.ofNanos(time.nanoTime() - begun);
    }

    private static boolean isFenced(Throwable e) {
        return e instanceof ProducerFencedException || e.getCause() instanceof ProducerFencedException;
    }

    private TransactionFailed fencedBy(Throwable why, Duration open) {
        var words = "A newer producer with the transactional id " + id + " has taken over"
                + (open.isZero()
                        ? ""
                        : ", or this transaction was open for longer than its time-out (it was begun " + open + " ago)")
                + ": the broker has aborted what was not committed.";
        if (whenFenced == WhenFenced.BEGIN_ANEW) {
            return failed(words, TransactionFailed.Outcome.FENCED, why);
        }
        words +=
                " This producer is of no use any more: close it. If no other instance should have this id, look for one that"
                        + " was started with it; each instance needs an id of its own";
        var failure = new TransactionFailed(words, TransactionFailed.Outcome.FENCED, why);
        fenced = failure;
        check = check(Health.Status.DOWN, words);
        return failure;
    }

    private TransactionFailed failed(String words, TransactionFailed.Outcome outcome, Throwable why) {
        if (why instanceof TimeoutException) {
            check = check(Health.Status.DOWN, "brokers do not answer: " + why);
        }
        return new TransactionFailed(words + ": " + why.getMessage(), outcome, why);
    }

    private void standsWell(String words) {
        check = check(Health.Status.UP, words);
    }

    private Health.Check check(Health.Status status, String words) {
        return new Health.Check("producer." + id, status, words);
    }

    Health.Check check() {
        return pool.closed() ? check(Health.Status.DOWN, "closed") : check;
    }

    /** What is open is aborted. */
    @Override
    public void close() {
        onClose.run();
    }
}

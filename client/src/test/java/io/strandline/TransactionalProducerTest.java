package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class TransactionalProducerTest {
    private static final Topic<String, String> ORDERS = Topic.strings("orders");

    private final List<MockProducer<byte[], byte[]>> mocks = new CopyOnWriteArrayList<>();
    private final VirtualTime time = new VirtualTime();
    private final EventBus events = new EventBus(time);
    private boolean answersAtOnce = true;
    private RuntimeException refusal;
    private final ProducerPool pool =
            new ProducerPool(java.util.Map.of("bootstrap.servers", "there:9092"), java.util.Map.of(), config -> {
                var mock =
                        new MockProducer<>(answersAtOnce, null, new ByteArraySerializer(), new ByteArraySerializer());
                mock.initTransactionException = refusal;
                mocks.add(mock);
                return mock;
            });
    private final Transactor transactor = new Transactor(
            "import-tx",
            pool,
            new ProducerPool.Kind(Acks.ALL, Compression.NONE),
            Transactor.WhenFenced.GIVE_UP,
            events,
            time,
            pool::close);
    private final TransactionalProducer producer =
            new TransactionalProducer(transactor, Instruments.NONE, Duration.ofMillis(200));

    private MockProducer<byte[], byte[]> mock() {
        return mocks.getLast();
    }

    private List<String> committed() {
        return mocks.stream()
                .flatMap(mock -> mock.history().stream())
                .map(record -> new String(record.value(), UTF_8))
                .toList();
    }

    @Test
    void aTransactionCommitsWhenItsWorkReturnsAndGivesWhatThatReturned() {
        int n = producer.transaction(tx -> {
            tx.send(ORDERS, "k", "a");
            tx.sendBatch(List.of(Outgoing.to(ORDERS, "k", "b"), Outgoing.to(ORDERS, "k", "c")));
            assertThat(committed()).isEmpty();
            return 3;
        });
        assertThat(n).isEqualTo(3);
        assertThat(committed()).containsExactly("a", "b", "c");
    }

    @Test
    void aTransactionAbortsWhenItsWorkThrowsAndPassesThatOn() {
        assertThatThrownBy(() -> producer.transaction(tx -> {
                    tx.send(ORDERS, "k", "a");
                    throw new IOException("no more");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("no more");
        assertThat(mock().transactionAborted()).isTrue();
        producer.transaction(tx -> {
            tx.send(ORDERS, "k", "b");
            return "";
        });
        assertThat(committed()).containsExactly("b");
        assertThat(mocks).hasSize(1);
    }

    @Test
    void workMayAbortByItself() {
        assertThat(producer.<String, RuntimeException>transaction(tx -> {
                    tx.send(ORDERS, "k", "a");
                    tx.abort();
                    return "never mind";
                }))
                .isEqualTo("never mind");
        assertThat(committed()).isEmpty();
        assertThat(mock().commitCount()).isZero();
    }

    @Test
    void closingWithoutACommitAborts() {
        try (var tx = producer.begin()) {
            tx.send(ORDERS, "k", "a");
        }
        assertThat(mock().transactionAborted()).isTrue();
        try (var tx = producer.begin()) {
            tx.send(ORDERS, "k", "b");
            tx.commit();
        }
        assertThat(committed()).containsExactly("b");
    }

    @Test
    void whatHasEndedTakesNothingMore() {
        var tx = producer.begin();
        tx.commit();
        assertThatIllegalStateException()
                .isThrownBy(() -> tx.send(ORDERS, "k", "late"))
                .withMessageContaining("committed");
        assertThatIllegalStateException().isThrownBy(tx::commit).withMessageContaining("committed");
        assertThatIllegalStateException().isThrownBy(tx::abort).withMessageContaining("committed");
        tx.close();
        var other = producer.begin();
        other.abort();
        other.abort();
        assertThatIllegalStateException().isThrownBy(other::commit).withMessageContaining("aborted");
    }

    @Test
    void aFailedSendSurfacesAtTheCommitWhichAborts() {
        answersAtOnce = false;
        var tx = producer.begin();
        tx.send(ORDERS, "k", "a");
        mock().errorNext(new RecordTooLargeException("broker says no"));
        var failed = catchThrowableOfType(TransactionFailed.class, tx::commit);
        assertThat(failed.outcome()).isEqualTo(TransactionFailed.Outcome.ABORTED);
        assertThat(failed).hasMessageContaining("import-tx").hasMessageContaining("broker says no");
        assertThat(mock().transactionAborted()).isTrue();
        assertThat(mock().commitCount()).isZero();
    }

    @Test
    void aSendThatCannotBeIsToldAtOnceAndWhoeverCatchesThatCannotCommit() {
        var broken = Topic.of(
                "orders",
                Serde.string(),
                Serde.<String>of(
                        v -> {
                            throw new IllegalArgumentException("not mine");
                        },
                        bytes -> ""));
        var tx = producer.begin();
        tx.send(ORDERS, "k", "a");
        assertThatExceptionOfType(SendFailed.class)
                .isThrownBy(() -> tx.send(broken, "k", "v"))
                .withMessageContaining("not mine");
        assertThatExceptionOfType(SendFailed.class)
                .isThrownBy(() -> tx.send(ORDERS, "k", "b"))
                .withMessageContaining("failed before");
        assertThatExceptionOfType(TransactionFailed.class).isThrownBy(tx::commit);
        assertThat(committed()).isEmpty();
    }

    @Test
    void aFencedProducerSaysWhoTookOverAndIsOfNoUseAnyMore() {
        var tx = producer.begin();
        tx.send(ORDERS, "k", "a");
        mock().fenceProducer();
        var failed = catchThrowableOfType(TransactionFailed.class, tx::commit);
        assertThat(failed.outcome()).isEqualTo(TransactionFailed.Outcome.FENCED);
        assertThat(failed).hasMessageContaining("A newer producer with the transactional id import-tx has taken over");
        assertThat(catchThrowableOfType(TransactionFailed.class, producer::begin)
                        .outcome())
                .isEqualTo(TransactionFailed.Outcome.FENCED);
        assertThat(mocks).as("coming back would fence the newer one").hasSize(1);
        assertThat(producer.health().ready()).isFalse();
        assertThat(producer.health().checks().getFirst().detail()).contains("taken over");
    }

    @Test
    void workThatFindsItselfFencedPassesOnBoth() {
        assertThatThrownBy(() -> producer.transaction(tx -> {
                    mock().fenceProducer();
                    throw new IOException("mine");
                }))
                .isInstanceOf(IOException.class)
                .satisfies(e -> assertThat(e.getSuppressed()[0])
                        .isInstanceOf(TransactionFailed.class)
                        .hasMessageContaining("taken over"));
    }

    @Test
    void aCommitThatIsNotAnsweredIsAskedForAgainAndThenUnknown() {
        var tx = producer.begin();
        tx.send(ORDERS, "k", "a");
        mock().commitTransactionException = new TimeoutException("nobody there");
        var failed = catchThrowableOfType(TransactionFailed.class, tx::commit);
        assertThat(failed.outcome()).isEqualTo(TransactionFailed.Outcome.UNKNOWN);
        assertThat(failed)
                .hasMessageContaining("look inside it whether the work is there")
                .hasMessageContaining("may do it twice");
        assertThat(mock().closed()).isTrue();
        assertThat(producer.health().ready()).isFalse();
        producer.transaction(next -> {
            next.send(ORDERS, "k", "b");
            return "";
        });
        assertThat(mocks).as("the next one first ends what is open").hasSize(2);
        assertThat(mock().transactionInitialized()).isTrue();
        assertThat(producer.health().ready()).isTrue();
    }

    @Test
    void aCommitThatFailsAndCanBeAbortedIsAborted() {
        var tx = producer.begin();
        mock().commitTransactionException = new KafkaException("not this time");
        var failed = catchThrowableOfType(TransactionFailed.class, tx::commit);
        assertThat(failed.outcome()).isEqualTo(TransactionFailed.Outcome.ABORTED);
        assertThat(mock().transactionAborted()).isTrue();
        assertThat(mock().closed()).isFalse();
    }

    @Test
    void aCommitThatFailsAndCannotBeAbortedIsUnknown() {
        var tx = producer.begin();
        mock().commitTransactionException = new KafkaException("fatal");
        mock().abortTransactionException = new KafkaException("fatal");
        var failed = catchThrowableOfType(TransactionFailed.class, tx::commit);
        assertThat(failed.outcome()).isEqualTo(TransactionFailed.Outcome.UNKNOWN);
        assertThat(mock().closed()).isTrue();
    }

    @Test
    void anAbortThatDoesNotReachTheBrokerIsOneAllTheSame() {
        var tx = producer.begin();
        mock().abortTransactionException = new TimeoutException("nobody there");
        tx.abort();
        assertThat(mock().closed()).as("the next one tells the broker").isTrue();
        producer.begin().commit();
        assertThat(mocks).hasSize(2);
    }

    @Test
    void aBrokerWithoutTransactionsIsNamedAndWhatToDo() {
        refusal = new KafkaException("Unexpected error in InitProducerIdResponse; malformed");
        assertThatIllegalStateException()
                .isThrownBy(producer::begin)
                .withMessageContaining("there:9092 does not do transactions")
                .withMessageContaining("import-tx")
                .withMessageContaining("Apache Kafka");
        assertThat(producer.health().ready()).isFalse();
        refusal = null;
        producer.begin().commit(); // somebody has put another broker there
        assertThat(producer.health().ready()).isTrue();
    }

    @Test
    void aTimeOutThatTheBrokerDoesNotAllowIsNamed() {
        refusal = new KafkaException(
                "Unexpected error in InitProducerIdResponse; larger than the maximum value allowed by"
                        + " the broker (as configured by transaction.max.timeout.ms).");
        assertThatIllegalStateException()
                .isThrownBy(producer::begin)
                .withMessageContaining("transactionTimeout(..)")
                .withMessageNotContaining("does not do transactions");
    }

    @Test
    void aBrokerThatDoesNotAnswerKeepsATransactionFromBeginning() {
        refusal = new TimeoutException("nobody there");
        var failed = catchThrowableOfType(TransactionFailed.class, producer::begin);
        assertThat(failed.outcome()).isEqualTo(TransactionFailed.Outcome.ABORTED);
        assertThat(producer.health().ready()).isFalse();
        refusal = null;
        producer.begin().commit();
    }

    @Test
    void aNewerOneFoundAtTheBeginIsFencingToo() {
        refusal = new ProducerFencedException("newer");
        assertThat(catchThrowableOfType(TransactionFailed.class, producer::begin)
                        .outcome())
                .isEqualTo(TransactionFailed.Outcome.FENCED);
    }

    @Test
    void outsideOfATransactionItSendsNothing() {
        assertThatIllegalStateException()
                .isThrownBy(() -> producer.send(ORDERS, "k", "v"))
                .withMessageContaining("transaction(tx -> ..)");
        assertThatIllegalStateException()
                .isThrownBy(() -> producer.sendAsync(ORDERS, "k", "v"))
                .withMessageContaining("begin()");
        assertThatIllegalStateException()
                .isThrownBy(() -> producer.with(Compression.GZIP))
                .withMessageContaining("take over");
        assertThat(mocks).isEmpty();
    }

    @Test
    void threadsThatShareItHaveItOneAfterTheOther() throws Exception {
        var patient = new TransactionalProducer(transactor, Instruments.NONE, Duration.ofSeconds(20));
        var order = new CopyOnWriteArrayList<String>();
        var tx = patient.begin();
        var second = Thread.ofPlatform().start(() -> patient.transaction(next -> order.add("second")));
        awaitWaiting(second);
        order.add("first");
        tx.commit();
        second.join(20_000);
        assertThat(order).containsExactly("first", "second");
        assertThat(mocks).hasSize(1);
    }

    @Test
    void aCommitWaitsForWhoIsStillSending() throws Exception {
        var sending = new CountDownLatch(1);
        var maySend = new CountDownLatch(1);
        var slow = Topic.of(
                "orders",
                Serde.string(),
                Serde.<String>of(
                        value -> {
                            sending.countDown();
                            awaitQuietly(maySend);
                            return value.getBytes(UTF_8);
                        },
                        bytes -> ""));
        var tx = producer.begin();
        var sender = Thread.ofPlatform().start(() -> tx.send(slow, "k", "a"));
        assertThat(sending.await(20, TimeUnit.SECONDS)).isTrue();
        var committing = Thread.ofPlatform().start(tx::commit);
        awaitWaiting(committing);
        assertThat(mock().commitCount()).isZero();
        maySend.countDown();
        sender.join(20_000);
        committing.join(20_000);
        assertThat(committed()).containsExactly("a");
    }

    /** Returns when this thread waits for something. */
    private static void awaitWaiting(Thread thread) {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            assertThat(thread.isAlive()).as("it should wait, and has ended").isTrue();
            assertThat(System.nanoTime()).as("20 s are over").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whoWaitsLongerThanTheTimeOutIsToldForWhom() throws Exception {
        var tx = producer.begin();
        var waiting = CompletableFuture.supplyAsync(() -> {
            try {
                producer.begin();
                return "began";
            } catch (IllegalStateException e) {
                return e.getMessage();
            }
        });
        assertThat(waiting.get(20, TimeUnit.SECONDS))
                .contains("Another transaction of import-tx is open for more than PT0.2S")
                .contains(Thread.currentThread().getName());
        tx.commit();
    }

    @Test
    void aThreadThatHasOneOpenIsNotLeftWaitingForItself() {
        var tx = producer.begin();
        assertThatIllegalStateException().isThrownBy(producer::begin).withMessageContaining("This thread has begun");
        tx.commit();
        producer.begin().commit();
    }

    @Test
    void nothingIsAnnouncedAsSentBeforeTheCommit() throws Exception {
        var seen = new CopyOnWriteArrayList<Event>();
        var ended = new CountDownLatch(2);
        events.on(event -> {
            seen.add(event);
            if (event instanceof Event.TransactionCommitted || event instanceof Event.TransactionAborted) {
                ended.countDown();
            }
        });
        producer.transaction(tx -> {
            tx.send(ORDERS, "k", "a");
            return "";
        });
        try (var tx = producer.begin()) {
            tx.send(ORDERS, "k", "b");
        }
        assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
        var kinds = new ArrayList<Class<?>>();
        seen.forEach(event -> kinds.add(event.getClass()));
        assertThat(kinds)
                .containsExactly(Event.Sent.class, Event.TransactionCommitted.class, Event.TransactionAborted.class);
        assertThat(((Event.TransactionAborted) seen.getLast()).why()).isEmpty();
        assertThat(((Event.TransactionAborted) seen.getLast()).messages()).isEqualTo(1);
    }

    @Test
    void closingWaitsForTheTransactionThatIsOpen() throws Exception {
        var tx = producer.begin();
        var closing = Thread.ofPlatform().start(producer::close);
        awaitWaiting(closing);
        tx.send(ORDERS, "k", "a");
        tx.commit();
        closing.join(20_000);
        assertThat(mock().closed()).isTrue();
        assertThat(committed()).containsExactly("a");
        assertThatIllegalStateException().isThrownBy(producer::begin).withMessageContaining("closed");
    }

    @Test
    void whatContradictsATransactionalIdIsRefusedWhenItIsBuilt() {
        try (var kafka = Kafka.connect("127.0.0.1:1")) {
            var builder = kafka.producerBuilder().transactionalId("import-tx");
            assertThatIllegalStateException()
                    .isThrownBy(() -> builder.acks(Acks.LEADER).build())
                    .withMessageContaining("acks(LEADER)")
                    .withMessageContaining("import-tx");
            assertThatIllegalStateException()
                    .isThrownBy(() -> kafka.producerBuilder()
                            .transactionalId("import-tx")
                            .onFailure(Spool.file(java.nio.file.Path.of("nowhere")))
                            .build())
                    .withMessageContaining("as a whole");
            assertThatIllegalStateException()
                    .isThrownBy(() -> kafka.producerBuilder()
                            .transactionalId("import-tx")
                            .set("acks", 1)
                            .build())
                    .withMessageContaining("acks=1");
            assertThatIllegalStateException()
                    .isThrownBy(() -> kafka.producerBuilder()
                            .set("transactional.id", "import-tx")
                            .build())
                    .withMessageContaining("transactionalId(..)");
            assertThatIllegalStateException()
                    .isThrownBy(() -> kafka.producerBuilder()
                            .transactionTimeout(Duration.ofSeconds(5))
                            .build())
                    .withMessageContaining("PT5S");
        }
    }

    @Test
    void aSecondProducerWithTheSameIdIsRefusedWhileTheFirstIsOpen() {
        try (var kafka = Kafka.connect("127.0.0.1:1")) {
            var first = kafka.producer("import-tx");
            assertThatIllegalStateException()
                    .isThrownBy(() -> kafka.producer("import-tx"))
                    .withMessageContaining("Share that one");
            first.close();
            kafka.producer("import-tx").close();
        }
    }

    @Test
    void aProducerWithoutATransactionalIdSaysHowToGetOne() {
        try (var kafka = Kafka.connect("127.0.0.1:1")) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> kafka.producer().begin())
                    .withMessageContaining("transactionalId(..)");
            assertThatIllegalStateException()
                    .isThrownBy(() -> kafka.producer().transaction(tx -> ""))
                    .withMessageContaining("kafka.producer(");
        }
    }
}

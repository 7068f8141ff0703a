package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A producer with a spool, on a broker that answers when the test says so. */
@Timeout(60)
class SpoolTest {
    private static final Topic<String, String> ORDERS = Topic.strings("orders");

    @TempDir
    private Path directory;

    /** What the broker stored, in order. */
    private final List<String> stored = new CopyOnWriteArrayList<>();

    private volatile boolean up;
    private volatile Optional<RuntimeException> refusal = Optional.empty();
    private final List<String> refusals = new CopyOnWriteArrayList<>();
    private final ConcurrentLinkedQueue<CompletableFuture<Boolean>> held = new ConcurrentLinkedQueue<>();
    private volatile boolean holding;
    private Application application;

    /** One life of an application: what is in it dies with it, but for the spool. */
    private final class Application {
        private final MockProducer<byte[], byte[]> mock =
                new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
        private final VirtualTime time = new VirtualTime();
        private final EventBus events = new EventBus(time);
        private final Spooling spooling;
        private final LastResort lastResort;
        private final Producer producer;

        Application() {
            try {
                var file = SpoolFile.open(SpoolDisk.real(), directory.resolve("spool"), 10_000);
                spooling = new Spooling(
                        file,
                        SpoolTest.this::store,
                        LastResort::hopeless,
                        (message, why) -> refusals.add(new String(message.value(), UTF_8)),
                        () -> {});
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            spooling.begin();
            lastResort = new LastResort(Optional.empty(), Optional.of(spooling));
            var pool = new ProducerPool(Map.of(), Map.of(), config -> mock);
            producer = new TypedProducer(
                    pool,
                    new ProducerPool.Kind(Acks.ALL, Compression.NONE),
                    lastResort,
                    events,
                    new Settings(
                            Addresses.fixed(List.of()),
                            "",
                            Security.plaintext(),
                            Optional.empty(),
                            time,
                            Instruments.NONE,
                            Map.of()),
                    "producer",
                    pool::flush);
        }

        /** No answer comes. */
        SendFailed lose(String key, String value) {
            var sent = producer.sendAsync(ORDERS, key, value);
            mock.errorNext(new TimeoutException("120000 ms"));
            return failure(sent);
        }

        void close() {
            lastResort.close();
        }
    }

    @BeforeEach
    void start() {
        application = new Application();
    }

    private static SendFailed failure(CompletableFuture<Ack> sent) {
        return (SendFailed) java.util.Objects.requireNonNull(catchThrowableOfType(
                        java.util.concurrent.ExecutionException.class, () -> sent.get(20, TimeUnit.SECONDS))
                .getCause());
    }

    private CompletableFuture<?> store(ProducerRecord<byte[], byte[]> message) {
        var value = new String(message.value(), UTF_8);
        if (!up) {
            return CompletableFuture.failedFuture(new TimeoutException("nobody there"));
        }
        if (refusal.isPresent() && value.startsWith("bad")) {
            return CompletableFuture.failedFuture(refusal.get());
        }
        stored.add(value);
        if (holding) {
            var answer = new CompletableFuture<Boolean>();
            held.add(answer);
            return answer;
        }
        return CompletableFuture.completedFuture(true);
    }

    private static void until(BooleanSupplier fact) {
        while (!fact.getAsBoolean()) {
            assertThat(Thread.currentThread().isInterrupted())
                    .as("the time is up")
                    .isFalse();
            LockSupport.parkNanos(1_000_000);
        }
    }

    @AfterEach
    void close() {
        application.close();
    }

    @Test
    void whatGotNoAnswerIsSafeAndIsSentAgainWhenTheBrokerIsBack() {
        var failed = application.lose("k", "1");
        assertThat(failed.spooled()).isTrue();
        assertThat(failed.unknown()).isFalse();
        assertThat(failed.results().getFirst()).isInstanceOf(SendFailed.Result.Spooled.class);
        assertThat(application.producer.health().status()).isEqualTo(Health.Status.DOWN);
        assertThat(application.producer.health().checks())
                .anyMatch(c -> c.detail().contains("1 messages wait"));
        up = true;
        until(() -> stored.contains("1"));
        until(() -> application.spooling.held() == 0);
    }

    @Test
    void laterMessagesOfAKeyGoBehindThoseInTheSpoolAndOthersPass() {
        application.lose("k", "1");
        assertThat(failure(application.producer.sendAsync(ORDERS, "k", "2")).spooled())
                .isTrue();
        var other = application.producer.sendAsync(ORDERS, "other", "x");
        application.mock.completeNext();
        assertThat(other).isCompleted();
        assertThat(failure(application.producer.sendAsync(ORDERS, "k", "3")).spooled())
                .isTrue();
        assertThat(application.mock.history()).hasSize(2);
        up = true;
        until(() -> application.spooling.held() == 0);
        assertThat(stored).containsExactly("1", "2", "3");

        var direct = application.producer.sendAsync(ORDERS, "k", "4");
        application.mock.completeNext();
        assertThat(direct).isCompleted();
    }

    @Test
    void theNextOfAKeyIsNotSentBeforeTheFirstIsAnswered() {
        holding = true;
        application.lose("k", "1");
        failure(application.producer.sendAsync(ORDERS, "k", "2"));
        up = true;
        until(() -> !held.isEmpty());
        held.poll().completeExceptionally(new TimeoutException("again"));
        until(() -> stored.stream().filter("1"::equals).count() == 2 || stored.contains("2"));
        assertThat(stored).doesNotContain("2");
        holding = false;
        until(() -> {
            held.forEach(answer -> answer.complete(true));
            return application.spooling.held() == 0;
        });
        assertThat(stored).containsExactly("1", "1", "2");
    }

    @Test
    void whatIsInTheSpoolIsSentByTheNextLifeOfTheApplicationInOrder() {
        application.lose("a", "1");
        failure(application.producer.sendAsync(ORDERS, "a", "2"));
        application.lose("b", "3");
        application.close();

        up = true;
        application = new Application();
        until(() -> application.spooling.held() == 0);
        assertThat(stored).containsExactlyInAnyOrder("1", "2", "3").containsSubsequence("1", "2");

        application.close();
        application = new Application();
        assertThat(application.spooling.held()).isZero();
    }

    @Test
    void whatDoesNotFitFailsAsWithoutASpool() {
        assertThat(application.lose("k", "x".repeat(8_000)).spooled()).isTrue();
        var failed = application.lose("other", "y".repeat(8_000));
        assertThat(failed.results().getFirst()).isInstanceOf(SendFailed.Result.Unknown.class);
        assertThat(failed.getCause().getSuppressed()[0]).hasMessageContaining("full");
        var behind = failure(application.producer.sendAsync(ORDERS, "k", "z".repeat(8_000)));
        assertThat(behind.results().getFirst())
                .as("never sent: it would overtake")
                .isInstanceOf(SendFailed.Result.Refused.class);
    }

    @Test
    void whatCanNeverBeStoredIsNotKept() {
        var sent = application.producer.sendAsync(ORDERS, "k", "large");
        application.mock.errorNext(new RecordTooLargeException("2 MB"));
        assertThat(failure(sent).results().getFirst()).isInstanceOf(SendFailed.Result.Refused.class);
        assertThat(application.spooling.held()).isZero();
    }

    @Test
    void whatIsRefusedForGoodLaterStepsAsideAndTheNextOfItsKeyIsSent() {
        refusal = Optional.of(new RecordTooLargeException("the limit was lowered"));
        application.lose("k", "bad");
        failure(application.producer.sendAsync(ORDERS, "k", "good"));
        up = true;
        until(() -> application.spooling.held() == 0);
        assertThat(refusals).containsExactly("bad");
        assertThat(stored).containsExactly("good");
    }

    @Test
    void manyKeysAndManyFailuresKeepTheOrderOfEachKey() {
        var counters = new HashMap<String, Integer>();
        var waiting = new ArrayList<CompletableFuture<Ack>>();
        for (int i = 0; i < 60; i++) {
            application.lose("key" + i, i + ":0");
            counters.put("key" + i, 1);
        }
        for (int round = 1; round < 4; round++) {
            if (round == 2) {
                up = true;
                until(() -> stored.size() > 5);
                up = false;
            }
            for (int i = 0; i < 60; i++) {
                int n = round;
                var sent = application.producer.sendAsync(ORDERS, "key" + i, i + ":" + n);
                waiting.add(sent);
            }
        }
        up = true;
        while (application.mock.completeNext()) {
            // those that went directly, because their key had nothing in the spool any more
        }
        until(() -> application.spooling.held() == 0);
        for (int i = 0; i < 60; i++) {
            var prefix = i + ":";
            assertThat(stored.stream().filter(v -> v.startsWith(prefix))).isSorted();
        }
        assertThat(waiting).hasSize(180);
    }

    @Test
    void aMessageKeepsTheTimeOfItsFirstTry() throws Exception {
        var before = application.time.now();
        var sent = application.producer.sendAsync(ORDERS, "k", "late");
        application.time.pass(Duration.ofMinutes(2));
        application.mock.errorNext(new TimeoutException("120000 ms"));
        failure(sent);
        application.close();
        try (var file = SpoolFile.open(SpoolDisk.real(), directory.resolve("spool"), 10_000)) {
            assertThat(file.read(file.numbers().getFirst()).timestamp()).isEqualTo(before.toEpochMilli());
        }
        application = new Application();
    }

    @Test
    void eachSpoolHasAHealthOfItsOwnName() {
        var one = Spool.file(directory.resolve("one"));
        var other = Spool.file(directory.resolve("other"));
        try (var kafka = Kafka.connect("localhost:1")) {
            kafka.producerBuilder().onFailure(one).build();
            kafka.producerBuilder().onFailure(other).build();
            assertThat(kafka.health().checks())
                    .extracting(Health.Check::name)
                    .contains("spool." + one.path(), "spool." + other.path());
        }
    }
}

package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.errors.NetworkException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TypedProducerTest {
    private static final Topic<String, String> ORDERS = Topic.strings("orders");

    private final List<Map<String, Object>> made = new ArrayList<>();
    private final List<MockProducer<byte[], byte[]>> mocks = new ArrayList<>();
    private final VirtualTime time = new VirtualTime();
    private boolean answersAtOnce = true;
    private final ProducerPool pool = new ProducerPool(ProducerPool.defaults(), Map.of("batch.size", 1), config -> {
        made.add(config);
        mocks.add(new MockProducer<>(answersAtOnce, null, new ByteArraySerializer(), new ByteArraySerializer()));
        return mocks.getLast();
    });
    private final BlockingQueue<Outgoing<?, ?>> failures = new LinkedBlockingQueue<>();
    private final LastResort lastResort =
            new LastResort(Optional.of((message, why) -> failures.add(message)), Optional.empty());
    private final Producer producer = new TypedProducer(
            pool,
            new ProducerPool.Kind(Acks.ALL, Compression.NONE),
            lastResort,
            new EventBus(time),
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

    @Test
    void whoDoesNotWaitForAnswersWaitsWhenTooManyAreOpen() throws Exception {
        answersAtOnce = false;
        producer.sendAsync(ORDERS, "a", "0");
        var sender = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < 2 * OnTheirWay.MAX; i++) {
                var unused = producer.sendAsync(ORDERS, "a", "1");
            }
        });
        while (pool.onTheirWay().waiting() == 0) {
            Thread.onSpinWait();
        }
        assertThat(mocks.getFirst().history().size()).isBetween(OnTheirWay.MAX, OnTheirWay.MAX + 128);
        while (sender.isAlive() || pool.onTheirWay().now() > 0) {
            mocks.getFirst().completeNext();
        }
        assertThat(mocks.getFirst().history()).hasSize(1 + 2 * OnTheirWay.MAX);
    }

    @Test
    void whoBringsTheAnswersIsNotMadeToWaitForOne() throws Exception {
        var refused = new LinkedBlockingQueue<Throwable>();
        var answering = Thread.ofPlatform()
                .name("kafka-producer-network-thread | it")
                .start(() -> {
                    refused.add(catchThrowable(() -> producer.send(ORDERS, "a", "1")));
                    refused.add(catchThrowable(() -> producer.sendBatch(List.of(Outgoing.to(ORDERS, "a", "1")))));
                    refused.add(catchThrowable(producer::flush));
                    var unused = producer.sendAsync(ORDERS, "a", "2");
                });
        answering.join();
        assertThat(refused)
                .hasSize(3)
                .allSatisfy(why -> assertThat(why)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("whenCompleteAsync"));
        assertThat(mocks.getFirst().history()).as("sendAsync may").hasSize(1);
    }

    @Test
    void aBlockingSendReturnsWhereTheMessageIs() {
        producer.send(ORDERS, "a", "1");
        var ack = producer.send(ORDERS, "a", "2");
        assertThat(ack.topic()).isEqualTo("orders");
        assertThat(ack.offset()).isEqualTo(1);
    }

    @Test
    void keyValueHeadersPartitionAndTimestampGoOutAsGiven() {
        producer.send(Outgoing.to(ORDERS, "k", "v")
                .header("trace-id", "7")
                .partition(0)
                .timestamp(java.time.Instant.ofEpochMilli(5)));
        var sent = mocks.getFirst().history().getFirst();
        assertThat(sent.key()).isEqualTo("k".getBytes(UTF_8));
        assertThat(sent.value()).isEqualTo("v".getBytes(UTF_8));
        assertThat(sent.partition()).isZero();
        assertThat(sent.timestamp()).isEqualTo(5);
        assertThat(sent.headers().lastHeader("trace-id").value()).isEqualTo("7".getBytes(UTF_8));
    }

    @Test
    void aTombstoneHasNoBytesAtAll() {
        producer.tombstone(ORDERS, "k");
        assertThat(mocks.getFirst().history().getFirst().value()).isNull();
    }

    @Test
    void byDefaultEveryReplicaAnswersAndNothingWaitsForMore() {
        producer.send(ORDERS, "k", "v");
        assertThat(made.getFirst())
                .containsEntry("acks", "all")
                .containsEntry("enable.idempotence", true)
                .containsEntry("compression.type", "none")
                .containsEntry("linger.ms", 0)
                .containsEntry("max.in.flight.requests.per.connection", 1)
                .containsEntry("batch.size", 1); // the user's own word wins
    }

    @Test
    void aViewHasItsOwnAcksAndTheSameLife() {
        producer.with(Acks.LEADER).with(Compression.GZIP).send(ORDERS, "k", "v");
        producer.with(Compression.GZIP).with(Acks.LEADER).send(ORDERS, "k", "v");
        assertThat(made).hasSize(1);
        assertThat(made.getFirst())
                .containsEntry("acks", "1")
                .containsEntry("compression.type", "gzip")
                .containsEntry("enable.idempotence", false)
                .containsEntry("max.in.flight.requests.per.connection", 1);
        pool.close();
        assertThat(mocks.getFirst().closed()).isTrue();
    }

    @Test
    void aMessageThatCannotBeWrittenAsItsTypeIsRefused() {
        var broken = Topic.of(
                "orders",
                Serde.string(),
                Serde.<String>of(
                        v -> {
                            throw new IllegalArgumentException("not mine");
                        },
                        bytes -> ""));
        var failed = catchThrowableOfType(SendFailed.class, () -> producer.send(broken, "k", "v"));
        assertThat(failed.results().getFirst()).isInstanceOf(SendFailed.Result.Refused.class);
        assertThat(failed).hasMessageContaining("orders").hasMessageContaining("not mine");
    }

    @Test
    void whatTheBrokerSaidNoToIsRefusedAndWhatItDidNotAnswerIsUnknown() {
        answersAtOnce = false;
        var tooLarge = producer.sendAsync(ORDERS, "k", "large");
        mocks.getFirst().errorNext(new RecordTooLargeException("2 MB"));
        var noAnswer = producer.sendAsync(ORDERS, "k", "late");
        mocks.getFirst().errorNext(new TimeoutException("120000 ms"));
        var cut = producer.sendAsync(ORDERS, "k", "cut");
        mocks.getFirst().errorNext(new NetworkException("disconnected"));

        assertThat(result(tooLarge)).isInstanceOf(SendFailed.Result.Refused.class);
        assertThat(result(noAnswer)).isInstanceOf(SendFailed.Result.Unknown.class);
        assertThat(result(cut)).isInstanceOf(SendFailed.Result.Unknown.class);
        assertThat(producer.health().status()).isEqualTo(Health.Status.DOWN);
    }

    @Test
    void healthTellsOfMessagesThatAreNotAnsweredWhileOthersAreAcknowledged() {
        answersAtOnce = false;
        producer.sendAsync(ORDERS, "k", "acknowledged");
        producer.sendAsync(ORDERS, "l", "tried again");
        mocks.getFirst().completeNext();
        assertThat(producer.health().checks().getFirst().detail())
                .isEqualTo("brokers acknowledge messages; not answered yet: 1");
        mocks.getFirst().completeNext();
        assertThat(producer.health().checks().getFirst().detail()).isEqualTo("brokers acknowledge messages");
    }

    @Test
    void whatWasSentAgainInVainSaysHowOftenAndWhereTheAnswersAre() {
        answersAtOnce = false;
        var late = producer.sendAsync(ORDERS, "k", "late");
        mocks.getFirst().setMockMetrics(retries("invoices"), measured(retries("invoices"), 1_000.0));
        mocks.getFirst().setMockMetrics(retries("orders"), measured(retries("orders"), 31.0));
        mocks.getFirst().errorNext(new TimeoutException("120000 ms has passed"));

        assertThat(result(late))
                .isInstanceOfSatisfying(
                        SendFailed.Result.Unknown.class,
                        unknown -> assertThat(unknown.why())
                                .isInstanceOf(TimeoutException.class)
                                .hasMessageContainingAll(
                                        "120000 ms has passed", "orders", "sent again 31 times", "Sender"));
    }

    private static MetricName retries(String topic) {
        return new MetricName("record-retry-total", "producer-topic-metrics", "", Map.of("topic", topic));
    }

    private static Metric measured(MetricName name, double value) {
        return new Metric() {
            @Override
            public MetricName metricName() {
                return name;
            }

            @Override
            public Object metricValue() {
                return value;
            }
        };
    }

    @Test
    void everyMessageThatFailedForGoodIsSeenByOnFailureOnceAndInOrder() throws Exception {
        answersAtOnce = false;
        var first = producer.sendAsync(ORDERS, "k", "refused");
        mocks.getFirst().errorNext(new RecordTooLargeException("2 MB"));
        var stored = producer.sendAsync(ORDERS, "k", "stored");
        mocks.getFirst().completeNext();
        var second = producer.with(Compression.GZIP).sendAsync(ORDERS, "k", "unknown");
        mocks.get(1).errorNext(new TimeoutException("120000 ms"));

        assertThat(result(first)).isInstanceOf(SendFailed.Result.Refused.class);
        assertThat(stored.get().offset()).isEqualTo(1); // the mock counts the failed one
        assertThat(result(second)).isInstanceOf(SendFailed.Result.Unknown.class);
        lastResort.close();
        assertThat(failures).extracting(m -> String.valueOf(m.value())).containsExactly("refused", "unknown");
    }

    @Test
    void whatOnFailureThrowsHarmsNoOther() {
        var seen = new ArrayList<String>();
        var throwing = new LastResort(
                Optional.of((message, why) -> {
                    seen.add(String.valueOf(message.value()));
                    throw new IllegalStateException("on purpose");
                }),
                Optional.empty());
        for (var message : List.of(Outgoing.to(ORDERS, "k", "1"), Outgoing.to(ORDERS, "k", "2"))) {
            throwing.failed(
                    message,
                    null,
                    new SendFailed.Result.Refused(message, new IllegalStateException("x")),
                    failed -> {});
        }
        throwing.close();
        assertThat(seen).containsExactly("1", "2");
    }

    private static SendFailed.Result result(java.util.concurrent.CompletableFuture<Ack> future) {
        var thrown = catchThrowableOfType(ExecutionException.class, future::get);
        return java.util.Objects.requireNonNull((SendFailed) thrown.getCause())
                .results()
                .getFirst();
    }

    @Test
    void whatWasNeverHandedOverIsRefusedWhateverTheReason() {
        producer.send(ORDERS, "k", "v");
        mocks.getFirst().sendException = new TimeoutException("Topic orders not present in metadata after 60000 ms.");
        var failed = catchThrowableOfType(SendFailed.class, () -> producer.send(ORDERS, "k", "v"));
        assertThat(failed.unknown()).isFalse();
    }

    @Test
    void aBatchSaysWhatBecameOfEachMessageInItsOrder() throws Exception {
        answersAtOnce = false;
        var batch =
                List.of(Outgoing.to(ORDERS, "a", "1"), Outgoing.to(ORDERS, "b", "2"), Outgoing.to(ORDERS, "c", "3"));
        var thrown = new java.util.concurrent.CompletableFuture<SendFailed>();
        var sender = Thread.ofVirtual()
                .start(() -> thrown.complete(catchThrowableOfType(SendFailed.class, () -> producer.sendBatch(batch))));
        while (mocks.isEmpty() || mocks.getFirst().history().size() < 3) {
            Thread.onSpinWait();
        }
        mocks.getFirst().completeNext();
        mocks.getFirst().errorNext(new RecordTooLargeException("2 MB"));
        mocks.getFirst().completeNext();
        sender.join();
        assertThat(thrown.join().results())
                .extracting(result -> (Object) result.getClass())
                .containsExactly(
                        SendFailed.Result.Stored.class,
                        SendFailed.Result.Refused.class,
                        SendFailed.Result.Stored.class);
    }

    @Test
    void aClosedProducerRefuses() {
        pool.close();
        var failed = catchThrowableOfType(SendFailed.class, () -> producer.send(ORDERS, "k", "v"));
        assertThat(failed.unknown()).isFalse();
        assertThat(failed).hasMessageContaining("closed");
    }
}

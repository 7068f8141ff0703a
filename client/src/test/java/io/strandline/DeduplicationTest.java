package io.strandline;

import static io.strandline.Rig.P0;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class DeduplicationTest {
    private static final MessageId BY_HEADER = MessageId.header("message-id");

    private final Rig.Choices choices = new Rig.Choices();
    private final List<String> handled = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger failures = new AtomicInteger();

    /** Fails as often as {@link #failures} says. */
    private Rig rig(Deduplication store) {
        choices.handler = new OnceHandler<>(store, (message, context) -> {
            handled.add(message.value() + "#" + message.attempt());
            if (failures.getAndDecrement() > 0) {
                throw new IllegalStateException("on purpose");
            }
        });
        return new Rig(new FakeGroup("orders", 2), choices);
    }

    private static void append(Rig rig, String value, String id) {
        var headers = new RecordHeaders().add("message-id", id.getBytes(UTF_8));
        rig.group.append(P0, "k".getBytes(UTF_8), value.getBytes(UTF_8), headers);
    }

    private static Message<String, String> message(String topic, long offset, Instant timestamp, Headers headers) {
        return new Message<>(
                Topic.strings(topic), new Partition(topic, 0), offset, timestamp, "k", "v" + offset, headers, 1);
    }

    private static Message<String, String> message(long offset) {
        return message("orders", offset, Instant.EPOCH, Headers.none());
    }

    @Test
    void whatIsSentTwiceIsDoneOnceAndTheSecondOneIsNamedInAnEvent() {
        var rig = rig(Deduplication.inMemory(10, BY_HEADER));
        append(rig, "a", "1");
        append(rig, "a", "1");
        append(rig, "b", "2");
        rig.own(P0);
        rig.steps(3);
        assertThat(handled).containsExactly("a#1", "b#1");
        assertThat(rig.committed(P0)).isEqualTo(3);
        assertThat(rig.events(Event.Duplicate.class))
                .extracting(Event.Duplicate::group, Event.Duplicate::partition, Event.Duplicate::offset)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("billing", Partition.of(P0), 1L));
    }

    @Test
    void whatFailedIsTriedAgainAndDoneOnce() {
        var rig = rig(Deduplication.inMemory(10, BY_HEADER));
        failures.set(2);
        append(rig, "a", "1");
        append(rig, "a", "1");
        rig.own(P0);
        for (int i = 0; i < 3; i++) {
            rig.steps(3);
            rig.time.pass(Duration.ofSeconds(31));
        }
        assertThat(handled).containsExactly("a#1", "a#2", "a#3");
        assertThat(rig.committed(P0)).isEqualTo(2);
    }

    @Test
    void aDeadLetterIsNotDoneSoItIsHandledWhenItIsSentHome() {
        choices.retry = Retry.none();
        var rig = rig(Deduplication.inMemory(10, BY_HEADER));
        failures.set(1);
        append(rig, "a", "1");
        rig.own(P0);
        rig.steps(3);
        assertThat(rig.events(Event.DeadLettered.class)).hasSize(1);
        append(rig, "a again", "1");
        rig.steps(3);
        assertThat(handled).containsExactly("a#1", "a again#1");
    }

    @Test
    void aStoreThatIsOutOfReachIsAFailureOfTheMessageAndLosesNothing() {
        var down = new AtomicInteger(2);
        var memory = Deduplication.inMemory(10);
        var rig = rig((group, message, work) -> {
            if (down.getAndDecrement() > 0) {
                throw new IllegalStateException("no connection to the store");
            }
            return memory.once(group, message, work);
        });
        append(rig, "a", "1");
        rig.own(P0);
        rig.steps(3);
        assertThat(handled).isEmpty();
        assertThat(rig.reason(P0).text()).contains("no connection to the store");
        for (int i = 0; i < 2; i++) {
            rig.time.pass(Duration.ofSeconds(31));
            rig.steps(3);
        }
        assertThat(handled).containsExactly("a#3");
        assertThat(rig.committed(P0)).isEqualTo(1);
    }

    @Test
    void aStoreThatFailsToRememberHasTheWorkRepeated() {
        var down = new AtomicInteger(1);
        var memory = Deduplication.inMemory(10);
        var rig = rig((group, message, work) -> memory.once(group, message, () -> {
            work.run();
            if (down.getAndDecrement() > 0) {
                throw new IllegalStateException("the mark was not stored");
            }
        }));
        append(rig, "a", "1");
        rig.own(P0);
        rig.steps(3);
        rig.time.pass(Duration.ofSeconds(31));
        rig.steps(3);
        assertThat(handled).containsExactly("a#1", "a#2");
        assertThat(rig.events(Event.Duplicate.class)).isEmpty();
    }

    /** Each of these would be a lost message, if it were believed. */
    @Test
    void anAnswerThatCannotBeTrueIsAFailureOfTheMessage() {
        failures.set(1);
        Deduplication swallowsTheFailure = (group, message, work) -> {
            try {
                work.run();
                return true;
            } catch (IllegalStateException e) {
                return false;
            }
        };
        choices.deadLetter = Optional.of(DeadLetter.suffix(".dlq"));
        choices.retry = Retry.none();
        for (var store : List.<Deduplication>of(
                swallowsTheFailure,
                (group, message, work) -> true,
                (group, message, work) -> {
                    work.run();
                    return false;
                },
                (group, message, work) -> {
                    work.run();
                    work.run();
                    return true;
                })) {
            var rig = rig(store);
            append(rig, "a", "1");
            rig.own(P0);
            rig.steps(3);
            assertThat(rig.events(Event.DeadLettered.class))
                    .singleElement()
                    .satisfies(e -> assertThat(e.why()).hasMessageContaining("orders-0@0"));
            assertThat(rig.events(Event.Duplicate.class)).isEmpty();
        }
    }

    @Test
    void theMemoryHoldsTheLastMessagesThatWereDone() throws Exception {
        var memory = Deduplication.inMemory(2);
        for (long offset = 0; offset < 3; offset++) {
            assertThat(memory.once("g", message(offset), () -> {})).isTrue();
        }
        assertThat(memory.once("g", message(2), () -> {})).isFalse();
        assertThat(memory.once("g", message(1), () -> {})).isFalse();
        assertThat(memory.once("g", message(0), () -> {})).isTrue();
        assertThatThrownBy(() -> Deduplication.inMemory(0)).hasMessageContaining("1 entry or more, not 0");
    }

    @Test
    void eachGroupHasItsOwn() throws Exception {
        var memory = Deduplication.inMemory(10);
        assertThat(memory.once("billing", message(0), () -> {})).isTrue();
        assertThat(memory.once("shipping", message(0), () -> {})).isTrue();
        assertThat(memory.once("billing", message(0), () -> {})).isFalse();
    }

    /** The second one waits for the first: if that fails, it does the work. */
    @ParameterizedTest
    @MethodSource("outcomes")
    void ofTwoThatHaveTheSameMessageOneDoesIt(boolean firstFails) throws Exception {
        var memory = Deduplication.inMemory(10);
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var first = Thread.ofPlatform().start(() -> {
            try {
                memory.once("g", message(0), () -> {
                    begun.countDown();
                    goOn.await();
                    if (firstFails) {
                        throw new IllegalStateException("on purpose");
                    }
                });
            } catch (Exception e) {
                // Its retry is not what this is about.
            }
        });
        begun.await();
        var didIt = new CompletableFuture<Boolean>();
        var runs = new AtomicInteger();
        var second = Thread.ofPlatform().start(() -> {
            try {
                didIt.complete(memory.once("g", message(0), runs::incrementAndGet));
            } catch (Throwable e) {
                didIt.completeExceptionally(e);
            }
        });
        while (second.getState() != Thread.State.WAITING) {
            assertThat(didIt).isNotDone();
            LockSupport.parkNanos(100_000);
        }
        goOn.countDown();
        assertThat(didIt.get(30, TimeUnit.SECONDS)).isEqualTo(firstFails);
        assertThat(runs).hasValue(firstFails ? 1 : 0);
        first.join();
    }

    static Stream<Boolean> outcomes() {
        return Stream.of(false, true);
    }

    @Test
    void aMessageIsKnownByItsPlaceWhereItHasNoIdAndIdsOfTwoTopicsAreTwo() {
        var headers = Headers.of("message-id", "17");
        var time = Instant.ofEpochMilli(5);
        assertThat(BY_HEADER.within(message("orders", 1, time, headers)))
                .isEqualTo(BY_HEADER.within(message("orders", 2, Instant.EPOCH, headers)))
                .isNotEqualTo(BY_HEADER.within(message("notes", 1, time, headers)));
        var place = message("orders", 1, time, Headers.none());
        assertThat(BY_HEADER.within(place)).isEqualTo(MessageId.place().within(place));
        assertThat(MessageId.place().within(place))
                .isNotEqualTo(MessageId.place().within(message("orders", 2, time, Headers.none())))
                .as("a topic that was made again")
                .isNotEqualTo(MessageId.place().within(message("orders", 1, Instant.EPOCH, Headers.none())));
        var looksLikeAPlace = Headers.of("message-id", "0/1/5");
        assertThat(BY_HEADER.within(message("orders", 9, time, looksLikeAPlace)))
                .isNotEqualTo(MessageId.place().within(place));
        var byValue = MessageId.value(Topic.strings("orders"), value -> value);
        assertThat(byValue.of(place)).isEqualTo("v1");
        assertThat(byValue.of(message("notes", 1, time, headers))).isNull();
    }

    @Test
    void aBatchIsRefusedInWords() {
        try (var kafka = Kafka.connect("127.0.0.1:1")) {
            assertThatThrownBy(() -> kafka.consumer("billing")
                            .deduplicate(Deduplication.inMemory(10))
                            .eachBatch(Topic.strings("orders"), batch -> {})
                            .start())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("deduplicate(..) does not go with eachBatch(orders)");
        }
    }

    static Stream<Concurrency> concurrencies() {
        return Stream.of(Concurrency.perPartition(), Concurrency.perKey(8), Concurrency.unordered(8));
    }

    @ParameterizedTest
    @MethodSource("concurrencies")
    void onABrokerEachMessageIsDoneOnceHoweverManyHandlersRun(Concurrency concurrency) throws Exception {
        var orders = Topic.strings("orders").partitions(2);
        var effects = new ConcurrentHashMap<String, Integer>();
        var duplicates = new CountDownLatch(200);
        try (var broker = Broker.start(BrokerConfig.defaults().port(0).durability(DurabilityMode.MEMORY));
                var kafka = Kafka.connect(broker.bootstrapServers())) {
            kafka.admin().ensure(orders);
            var copies = new ArrayList<Outgoing<String, String>>();
            for (int i = 0; i < 300; i++) {
                var number = Integer.toString(i / 3);
                copies.add(Outgoing.to(orders, "k" + i / 3 % 7, number).header("message-id", number));
            }
            kafka.producer().sendBatch(copies);
            kafka.events().on(Event.Duplicate.class, e -> duplicates.countDown());
            kafka.consumer("billing")
                    .concurrency(concurrency)
                    .deduplicate(Deduplication.inMemory(1_000, BY_HEADER))
                    .eachMessageMatching(Pattern.compile("orders"), Serde.string(), Serde.string(), (m, context) -> {
                        if (m.attempt() == 1 && m.offset() % 10 == 0) {
                            throw new IllegalStateException("on purpose");
                        }
                        effects.merge(String.valueOf(m.value()), 1, Integer::sum);
                    })
                    .retry(Retry.fixed(Duration.ofMillis(1)).forever())
                    .start();
            assertThat(duplicates.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(effects)
                    .hasSize(100)
                    .allSatisfy((number, times) -> assertThat(times).isEqualTo(1));
        }
    }
}

package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** One consumer on a {@link FakeGroup}, driven by hand: a test is the poll thread, and time passes when it says so. */
final class Rig {
    static final Topic<String, String> ORDERS = Topic.strings("orders");
    static final TopicPartition P0 = new TopicPartition("orders", 0);
    static final TopicPartition P1 = new TopicPartition("orders", 1);

    final FakeGroup group;
    private final Choices choices;
    final VirtualTime time;
    final HandlerGate gate;
    final FakeGroup.Member kafka;
    final PollLoop loop;
    final Commands commands = new Commands();
    final OutsidePauses pauses = new OutsidePauses();
    final List<Event> events = new CopyOnWriteArrayList<>();
    final AtomicReference<@Nullable Throwable> crash = new AtomicReference<>();
    final ConsumerSettings settings;
    final MemberContext member;

    /** What a test may choose. */
    static final class Choices {
        Retry retry = Retry.fixed(Duration.ofSeconds(30)).attempts(3);
        Optional<DeadLetter> deadLetter = Optional.of(DeadLetter.suffix(".dlq"));
        Optional<Failure> failure = Optional.empty();
        Commit commit = Commit.eachMessage();
        Concurrency concurrency = Concurrency.perPartition();
        Position startAt = Position.earliest();
        Optional<Position> alwaysStartAt = Optional.empty();
        List<ConsumerSettings.Matching<?, ?>> patterns = List.of();

        /** Reads the topic "orders", beside what patterns match. */
        boolean named = true;

        int maxInFlight = 1_000;
        long maxInFlightBytes = 1_000_000;
        Duration revokeWait = Duration.ofSeconds(10);
        Runnable beforeRetryIsWritten = () -> {};
        Consumer<Task> retryIsWritten = task -> {};
        Handler<String, String> handler = (m, ctx) -> {};

        /** Takes the place of the other one. */
        Optional<Handler.OfBatch<String, String>> batchHandler = Optional.empty();

        /** The handler comes to the gate before it does anything else. */
        boolean gated = true;

        /** Takes the place of both. */
        Optional<Handler.InTransaction<String, String>> transactionHandler = Optional.empty();

        Transactions transactions = Transactions.NONE;

        DeadLetterWriter writer = (source, topic, givenUp, noStack) -> new Ack(topic, 0, 0, Instant.EPOCH);
        Optional<LetterLog> keyOrder = Optional.empty();
        BooleanSupplier stopping = () -> false;
        long seed = 1;
    }

    Rig(FakeGroup group, Choices choices) {
        this(group, choices, new VirtualTime(), new HandlerGate());
    }

    Rig(FakeGroup group, Choices choices, VirtualTime time, HandlerGate gate) {
        this.group = group;
        this.choices = choices;
        this.time = time;
        this.gate = gate;
        kafka = group.join();
        settings = new ConsumerSettings(
                "billing",
                ConsumerSettings.withRetries(
                        choices.named
                                ? Map.of("orders", new ConsumerSettings.Subscription<>(ORDERS, work(choices)))
                                : Map.of(),
                        choices.retry),
                choices.patterns,
                choices.retry,
                choices.deadLetter,
                choices.failure,
                choices.concurrency,
                choices.commit,
                choices.startAt,
                choices.alwaysStartAt,
                choices.maxInFlight,
                choices.maxInFlightBytes,
                choices.revokeWait,
                Duration.ofSeconds(20),
                Duration.ofMinutes(1));
        member = new MemberContext(
                "billing",
                new FailurePolicy(
                        choices.retry, choices.deadLetter, choices.failure, new SplittableRandom(choices.seed)),
                choices.writer,
                this::writeRetry,
                choices.keyOrder,
                choices.transactions,
                events::add,
                time,
                gate,
                choices.stopping,
                why -> crash.compareAndSet(null, why));
        loop = new PollLoop(kafka.consumer(), settings, member, commands, pauses);
        loop.subscribe();
    }

    private ConsumerSettings.Work<String, String> work(Choices choices) {
        if (choices.batchHandler.isPresent()) {
            var handler = choices.batchHandler.get();
            return new ConsumerSettings.Work.EachBatch<>(batch -> {
                if (choices.gated) {
                    gate.enter(batch);
                }
                handler.handle(batch);
            });
        }
        if (choices.transactionHandler.isPresent()) {
            var handler = choices.transactionHandler.get();
            return new ConsumerSettings.Work.EachTransaction<>(
                    (m, tx) -> {
                        if (choices.gated) {
                            gate.enter(m);
                        }
                        handler.handle(m, tx);
                    },
                    "tx");
        }
        return new ConsumerSettings.Work.EachMessage<>((m, ctx) -> {
            if (choices.gated) {
                gate.enter(m);
            }
            choices.handler.handle(m, ctx);
        });
    }

    /** Into the log of the retry topic, as {@link RetryTopics} does. */
    private Ack writeRetry(Task task, Task.Letter letter, Time clock) {
        choices.beforeRetryIsWritten.run();
        var headers = HeaderList.toKafka(RetryHeaders.of(task, "billing", letter, clock));
        var source = task.record();
        var partition = new TopicPartition(letter.topic(), source.partition());
        long offset = group.append(partition, source.key(), source.value(), headers);
        choices.retryIsWritten.accept(task);
        return new Ack(letter.topic(), partition.partition(), offset, clock.now());
    }

    /** One round, and all that handlers can do by themselves. */
    void step() {
        loop.step();
        gate.settle();
    }

    void steps(int rounds) {
        for (int i = 0; i < rounds; i++) {
            step();
        }
    }

    void own(TopicPartition... partitions) {
        group.assign(kafka, List.of(partitions));
        steps(2);
    }

    void append(TopicPartition partition, String... values) {
        for (var value : values) {
            group.append(partition, "k".getBytes(UTF_8), value.getBytes(UTF_8));
        }
    }

    /** Each value with its key before a colon; none where there is no colon. */
    void appendKeyed(TopicPartition partition, String... values) {
        for (var value : values) {
            int colon = value.indexOf(':');
            group.append(
                    partition, colon < 0 ? null : value.substring(0, colon).getBytes(UTF_8), value.getBytes(UTF_8));
        }
    }

    long committed(TopicPartition partition) {
        var offset = group.committed.get(partition);
        return offset == null ? -1 : offset.offset();
    }

    <E extends Event> List<E> events(Class<E> type) {
        return events.stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** Owns it if it does not yet. */
    Tenure tenure(TopicPartition partition) {
        if (loop.tenure(Partition.of(partition)).isEmpty()) {
            own(partition);
        }
        return loop.tenure(Partition.of(partition)).orElseThrow();
    }

    Reason reason(TopicPartition partition) {
        return tenure(partition).explain(time.nanoTime()).why();
    }
}

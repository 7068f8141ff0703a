package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.strandline.Consumer;
import io.strandline.DeadLetter;
import io.strandline.Event;
import io.strandline.Kafka;
import io.strandline.Outgoing;
import io.strandline.Retry;
import io.strandline.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** Read, write and commit as one, against real brokers. */
@OnTargetsWithTransactions(client = "Strandline client")
@SuppressWarnings("try") // A consumer works while its block runs; nobody needs to mention it there.
class ExactlyOnceTest {
    private final Target target;

    @AutoClose
    private final Kafka kafka;

    ExactlyOnceTest(Subject subject) {
        target = subject.shared();
        kafka = Kafka.connect(target.bootstrap());
    }

    @Test
    void eachTransactionCommitsManyMessagesWithTheirOffsets() throws Exception {
        var in = ensured(2);
        var out = ensured(2);
        var group = JavaClient.name("group");
        publish(in, 1_000);
        var builder = kafka.consumer(group)
                .eachTransaction(in, JavaClient.name("tx"), (m, tx) -> tx.send(out, m.key(), m.value()));
        var commits = new AtomicInteger();
        kafka.events().on(Event.Committed.class, event -> commits.incrementAndGet());
        try (var consumer = builder.start()) {
            await(() -> consumer.assignment().size() == 2);
            idle(consumer);
            exactlyOnceAndInOrder(out, 1_000);
            assertThat(commits.get()).as("transactions of 1,000 messages").isBetween(1, 200);
            assertThat(consumer.explain().toString()).contains("idle");
            assertThatIllegalStateException()
                    .isThrownBy(() -> consumer.commit(Map.of(new io.strandline.Partition(in.name(), 0), 0L)))
                    .withMessageContaining("eachTransaction");
        }
        assertThat(storedProgress(group, in)).isEqualTo(1_000);
    }

    @Test
    void aMemberThatDiesInTheMiddleOfATransactionLeavesNoTrace() throws Exception {
        var in = ensured(1);
        var out = ensured(1);
        var group = JavaClient.name("group");
        var id = JavaClient.name("tx");
        publish(in, 50);
        var inTheMiddle = new CountDownLatch(1);
        var never = new CountDownLatch(1);
        var dying = Kafka.builder()
                .bootstrap(target.bootstrap())
                .set("session.timeout.ms", 6_000)
                .build();
        try {
            dying.consumer(group)
                    .eachTransaction(in, id, (m, tx) -> {
                        tx.send(out, m.key(), m.value());
                        if (m.offset() == 20) {
                            inTheMiddle.countDown();
                            never.await(); // as dead as a thread can be: it holds its transaction open
                        }
                    })
                    .maxTransaction(500, Duration.ofSeconds(30))
                    .revokeWait(Duration.ofMillis(10))
                    .drain(Duration.ofMillis(10))
                    .start();
            assertThat(inTheMiddle.await(40, TimeUnit.SECONDS)).isTrue();
            dying.consumers().getFirst().stop(Duration.ofMillis(10));
            try (var heir = kafka.consumer(group)
                    .eachTransaction(in, id, (m, tx) -> tx.send(out, m.key(), m.value()))
                    .start()) {
                await(() -> heir.assignment().size() == 1);
                idle(heir);
                exactlyOnceAndInOrder(out, 50);
                never.countDown(); // it comes back to life
                exactlyOnceAndInOrder(out, 50);
            }
        } finally {
            never.countDown();
            dying.close();
        }
        exactlyOnceAndInOrder(out, 50);
    }

    @Test
    void membersThatComeAndGoAndHandlersThatFailChangeNothing() throws Exception {
        var in = ensured(3);
        var out = ensured(3);
        var group = JavaClient.name("group");
        var id = JavaClient.name("tx");
        var failing = ConcurrentHashMap.<String>newKeySet();
        publish(in, 600);
        var first = member(group, id, in, out, failing);
        await(() -> first.assignment().size() == 3);
        try (var second = member(group, id, in, out, failing)) {
            await(() -> !second.assignment().isEmpty());
            publishFrom(in, 600, 900);
            first.close();
            await(() -> second.assignment().size() == 3);
            idle(second);
        }
        exactlyOnceAndInOrder(out, 900);
        assertThat(failing).isNotEmpty();
        assertThat(storedProgress(group, in)).isEqualTo(900);
    }

    /** Every 50th message fails once. */
    private Consumer member(
            String group,
            String id,
            Topic<String, String> in,
            Topic<String, String> out,
            java.util.Set<String> failing) {
        return kafka.consumer(group)
                .heartbeat(Duration.ofMillis(300))
                .retry(Retry.fixed(Duration.ofMillis(10)).forever())
                .eachTransaction(in, id, (m, tx) -> {
                    tx.send(out, m.key(), m.value());
                    if (Integer.parseInt(m.value()) % 50 == 0 && failing.add(m.value())) {
                        throw new IllegalStateException("once, on purpose");
                    }
                })
                .start();
    }

    @Test
    void aDeadLetterIsInOneTransactionWithItsOffset() throws Exception {
        var in = ensured(1);
        var out = ensured(1);
        var letters = new CopyOnWriteArrayList<Event.DeadLettered>();
        kafka.events().on(Event.DeadLettered.class, letters::add);
        publish(in, 10);
        var attempts = new AtomicInteger();
        try (var consumer = kafka.consumer(JavaClient.name("group"))
                .retry(Retry.fixed(Duration.ofMillis(20)).attempts(3))
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachTransaction(in, JavaClient.name("tx"), (m, tx) -> {
                    tx.send(out, m.key(), m.value());
                    if (m.value().equals("4")) {
                        attempts.incrementAndGet();
                        throw new IllegalStateException("cannot swallow this");
                    }
                })
                .start()) {
            await(() -> consumer.assignment().size() == 1);
            idle(consumer);
        }
        assertThat(attempts).hasValue(3);
        assertThat(values(out)).containsExactly("0", "1", "2", "3", "5", "6", "7", "8", "9");
        assertThat(values(in.named(in.name() + ".dlq"))).containsExactly("4");
        await(() -> letters.size() == 1);
        assertThat(letters.getFirst().to().offset()).isZero();
        assertThat(kafka.deadLetters(in.name() + ".dlq")).isNotNull();
    }

    @Test
    void deadLettersOfTransactionsGoHomeAndLeaveNothingBehind() throws Exception {
        var in = ensured(1);
        publish(in, 5);
        try (var consumer = kafka.consumer(JavaClient.name("group"))
                .retry(Retry.none())
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachTransaction(in, JavaClient.name("tx"), (m, tx) -> {
                    throw new IllegalStateException("cannot swallow this");
                })
                .start()) {
            await(() -> consumer.assignment().size() == 1);
            idle(consumer);
        }
        var dead = in.named(in.name() + ".dlq");
        assertThat(end(dead)).as("a mark lies behind each letter").isEqualTo(10);
        var letters = kafka.deadLetters(dead.name());
        assertThat(letters.redrive(letter -> true, Integer.MAX_VALUE).moved()).isEqualTo(5);
        assertThat(letters.count()).isZero();
        assertThat(letters.purge()).isEqualTo(10);
    }

    @Test
    void aHandlerThatTakesLongerThanTheTransactionMayIsHandledAgainAndCountsOnce() throws Exception {
        var in = ensured(1);
        var out = ensured(1);
        publish(in, 2);
        var slow = new AtomicBoolean(true);
        var fenced = new CountDownLatch(1);
        kafka.events().on(Event.CommitFailed.class, event -> fenced.countDown());
        try (var consumer = kafka.consumer(JavaClient.name("group"))
                .transactionTimeout(Duration.ofSeconds(1))
                .eachTransaction(in, JavaClient.name("tx"), (m, tx) -> {
                    tx.send(out, m.key(), m.value());
                    if (slow.compareAndSet(true, false)) {
                        await(() -> end(out) == 2); // its message and the mark that it is aborted
                    }
                })
                .start()) {
            assertThat(fenced.await(60, TimeUnit.SECONDS)).isTrue();
            idle(consumer);
        }
        assertThat(values(out)).containsExactly("0", "1");
    }

    private void publish(Topic<String, String> topic, int messages) {
        publishFrom(topic, 0, messages);
    }

    private void publishFrom(Topic<String, String> topic, int from, int to) {
        var all = new ArrayList<Outgoing<String, String>>();
        for (int i = from; i < to; i++) {
            all.add(Outgoing.to(topic, "key-" + i % 7, Integer.toString(i)));
        }
        kafka.producer().sendBatch(all);
    }

    private void exactlyOnceAndInOrder(Topic<String, String> out, int messages) {
        var values = values(out);
        assertThat(values).hasSize(messages).doesNotHaveDuplicates();
        var last = new HashMap<Integer, Integer>();
        for (var value : values) {
            int number = Integer.parseInt(value);
            assertThat(number).isGreaterThan(last.getOrDefault(number % 7, -1));
            last.put(number % 7, number);
        }
    }

    /** Of the log of its only partition, marks of transactions included. */
    private long end(Topic<?, ?> topic) {
        var partition = new TopicPartition(topic.name(), 0);
        try {
            return kafka.admin()
                    .raw()
                    .listOffsets(Map.of(partition, OffsetSpec.latest()))
                    .partitionResult(partition)
                    .get(20, TimeUnit.SECONDS)
                    .offset();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private long storedProgress(String group, Topic<?, ?> topic) throws Exception {
        var offsets = kafka.admin()
                .raw()
                .listConsumerGroupOffsets(group)
                .partitionsToOffsetAndMetadata()
                .get(20, TimeUnit.SECONDS);
        return offsets.entrySet().stream()
                .filter(entry -> entry.getKey().topic().equals(topic.name()))
                .mapToLong(entry -> entry.getValue().offset())
                .sum();
    }

    private Topic<String, String> ensured(int partitions) {
        var topic =
                Topic.strings(JavaClient.name("exactly")).partitions(partitions).replication(1);
        kafka.admin().ensure(topic);
        return topic;
    }

    /** All that a reader of committed messages sees now, partition by partition. */
    private List<String> values(Topic<?, ?> topic) {
        var values = new ArrayList<String>();
        try (var reader = new JavaClient(target).consumer("isolation.level=read_committed", "fetch.max.wait.ms=50")) {
            for (var info : reader.partitionsFor(topic.name())) {
                var partition = new TopicPartition(info.topic(), info.partition());
                reader.assign(List.of(partition));
                reader.seekToBeginning(List.of(partition));
                long end = reader.endOffsets(List.of(partition)).get(partition);
                while (reader.position(partition) < end) {
                    reader.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
                }
            }
        }
        return values;
    }

    private static void idle(Consumer consumer) throws InterruptedException {
        boolean idle = consumer.awaitIdle(Duration.ofSeconds(40));
        assertThat(idle).as(() -> consumer.explain().toString()).isTrue();
    }

    private static void await(BooleanSupplier fact) {
        long deadline = System.nanoTime() + Duration.ofSeconds(40).toNanos();
        while (!fact.getAsBoolean()) {
            assertThat(System.nanoTime()).as("40 s are over").isLessThan(deadline);
            LockSupport.parkNanos(5_000_000); // Nothing announces it, and others need the core.
        }
    }
}

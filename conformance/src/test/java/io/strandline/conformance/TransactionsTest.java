package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.strandline.Commit;
import io.strandline.Kafka;
import io.strandline.Outgoing;
import io.strandline.Partition;
import io.strandline.Position;
import io.strandline.Topic;
import io.strandline.TransactionFailed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** Exactly once, where the broker does transactions; where it does not, a sentence that says so. */
@OnTargetsWithTransactions(client = "Strandline client")
class TransactionsTest {
    private final Target target;

    @AutoClose
    private final Kafka kafka;

    TransactionsTest(Subject subject) {
        target = subject.shared();
        kafka = Kafka.connect(target.bootstrap());
    }

    @Test
    void aTransactionCommits() {
        var topic = ensured(1);
        var producer = kafka.producer(JavaClient.name("tx"));
        assertThat(producer.<String, RuntimeException>transaction(tx -> {
                    tx.send(topic, "k", "a");
                    tx.sendBatch(List.of(Outgoing.to(topic, "k", "b"), Outgoing.to(topic, "k", "c")));
                    return "done";
                }))
                .isEqualTo("done");
        assertThat(committed(topic)).containsExactly("a", "b", "c");
        assertThat(producer.health().ready()).isTrue();
    }

    @Test
    void anAbortedTransactionIsSeenByThoseAloneWhoReadUncommittedMessages() {
        var topic = ensured(1);
        var producer = kafka.producer(JavaClient.name("tx"));
        assertThatThrownBy(() -> producer.transaction(tx -> {
                    tx.send(topic, "k", "aborted");
                    producerFlushes(topic, 1);
                    throw new IllegalStateException("changed my mind");
                }))
                .hasMessage("changed my mind");
        producer.transaction(tx -> {
            tx.send(topic, "k", "committed");
            return "";
        });
        assertThat(committed(topic)).containsExactly("committed");
        assertThat(uncommitted(topic)).containsExactly("aborted", "committed");
    }

    /** The message has left for the broker, or an abort would drop it before. */
    private void producerFlushes(Topic<?, ?> topic, long end) {
        await(() -> uncommitted(topic).size() == end);
    }

    @Test
    void aNewerProducerWithTheSameIdTakesOver() {
        var topic = ensured(1);
        var id = JavaClient.name("tx");
        try (var other = Kafka.connect(target.bootstrap())) {
            var older = kafka.producer(id);
            var tx = older.begin();
            tx.send(topic, "k", "of the older one");
            other.producer(id).transaction(newer -> {
                newer.send(topic, "k", "of the newer one");
                return "";
            });
            var failed = catchThrowableOfType(TransactionFailed.class, tx::commit);
            assertThat(failed.outcome()).isEqualTo(TransactionFailed.Outcome.FENCED);
            assertThat(failed).hasMessageContaining("A newer producer with the transactional id " + id);
            assertThat(older.health().ready()).isFalse();
            assertThat(catchThrowableOfType(TransactionFailed.class, older::begin)
                            .outcome())
                    .isEqualTo(TransactionFailed.Outcome.FENCED);
        }
        assertThat(committed(topic)).containsExactly("of the newer one");
    }

    @Test
    void offsetsAreStoredWithTheTransactionOrNotAtAll() throws Exception {
        var in = ensured(1);
        var out = ensured(1);
        kafka.producer().send(in, "k", "a");
        kafka.producer().send(in, "k", "b");
        var group = JavaClient.name("group");
        var producer = kafka.producer(JavaClient.name("tx"));
        var failed = new CompletableFuture<String>();
        var consumer = kafka.consumer(group)
                .commit(Commit.manual())
                .startAt(Position.earliest())
                .eachMessage(in, message -> {
                    var self = kafka.consumers().getFirst();
                    if (message.value().equals("b") && !failed.isDone()) {
                        try (var tx = producer.begin()) {
                            tx.send(out, "k", "never");
                            tx.offsets(self, Map.of(message.partition(), message.offset() + 1));
                        }
                        failed.complete(committedOffset(group, in));
                    }
                    producer.transaction(tx -> {
                        tx.send(out, message.key(), message.value().toUpperCase(java.util.Locale.ROOT));
                        tx.offsets(self, Map.of(message.partition(), message.offset() + 1));
                        return "";
                    });
                })
                .start();
        assertThat(failed.get(40, TimeUnit.SECONDS)).isEqualTo("1");
        await(() -> committed(out).size() == 2);
        assertThat(committed(out)).containsExactly("A", "B");
        await(() -> committedOffset(group, in).equals("2"));
        consumer.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> producer.transaction(tx -> {
                    tx.offsets(consumer, Map.of(new Partition(in.name(), 0), 0L));
                    return "";
                }))
                .withMessageContaining("has stopped");
    }

    @Test
    void offsetsOfAPartitionThatIsNotOursOrOfAConsumerThatCommitsByItselfAreRefused() {
        var in = ensured(1);
        var producer = kafka.producer(JavaClient.name("tx"));
        var consumer = kafka.consumer(JavaClient.name("group"))
                .commit(Commit.manual())
                .eachMessage(in, message -> {})
                .start();
        var itself = kafka.consumer(JavaClient.name("group"))
                .eachMessage(in, message -> {})
                .start();
        await(() -> consumer.assignment().size() == 1);
        try (var tx = producer.begin()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> tx.offsets(consumer, Map.of(new Partition("elsewhere", 7), 1L)))
                    .withMessageContaining("elsewhere-7");
            assertThatIllegalStateException()
                    .isThrownBy(() -> tx.offsets(itself, Map.of(new Partition(in.name(), 0), 1L)))
                    .withMessageContaining("commits by itself");
        }
    }

    private String committedOffset(String group, Topic<?, ?> topic) {
        var partition = new TopicPartition(topic.name(), 0);
        try {
            var offsets = kafka.admin()
                    .raw()
                    .listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get(20, TimeUnit.SECONDS);
            return offsets.containsKey(partition)
                    ? Long.toString(offsets.get(partition).offset())
                    : "none";
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Topic<String, String> ensured(int partitions) {
        var topic = Topic.strings(JavaClient.name("transactions"))
                .partitions(partitions)
                .replication(1);
        kafka.admin().ensure(topic);
        return topic;
    }

    private List<String> committed(Topic<?, ?> topic) {
        return values(topic, "read_committed");
    }

    private List<String> uncommitted(Topic<?, ?> topic) {
        return values(topic, "read_uncommitted");
    }

    /** All that such a reader sees now, partition by partition. */
    private List<String> values(Topic<?, ?> topic, String isolation) {
        var values = new ArrayList<String>();
        try (var reader = new JavaClient(target).consumer("isolation.level=" + isolation, "fetch.max.wait.ms=50")) {
            var partitions = reader.partitionsFor(topic.name()).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            for (var partition : partitions) {
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

    private static void await(BooleanSupplier fact) {
        long deadline = System.nanoTime() + Duration.ofSeconds(40).toNanos();
        while (!fact.getAsBoolean()) {
            assertThat(System.nanoTime()).as("40 s are over").isLessThan(deadline);
            LockSupport.parkNanos(5_000_000); // Nothing announces it, and others need the core.
        }
    }
}

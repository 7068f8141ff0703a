package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.Acks;
import io.strandline.Compression;
import io.strandline.Consumer;
import io.strandline.DeadLetter;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.Outgoing;
import io.strandline.Position;
import io.strandline.Retry;
import io.strandline.Topic;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Our own client: the same application, unchanged, on one machine and on a cluster. */
@OnEveryTarget(client = "Strandline client")
@SuppressWarnings("try") // A consumer works while its block runs; nobody needs to mention it there.
class StrandlineClientTest {
    private final Target target;

    @AutoClose
    private final Kafka kafka;

    StrandlineClientTest(Subject subject) {
        target = subject.shared();
        kafka = Kafka.connect(target.bootstrap());
    }

    @Test
    void aPublishedMessageIsHandledAsItWasSent() throws InterruptedException {
        var topic = ensured(3);
        var handled = new LinkedBlockingQueue<Message<String, String>>();
        try (var ignored = consumer(topic, handled)) {
            var ack = kafka.producer()
                    .send(Outgoing.to(topic, "user-1", "signed up").header("event-type", "signup"));
            var message = take(handled);
            assertThat(message.key()).isEqualTo("user-1");
            assertThat(message.value()).isEqualTo("signed up");
            assertThat(message.headers().last("event-type")).contains("signup");
            assertThat(message.partition().number()).isEqualTo(ack.partition());
            assertThat(message.offset()).isEqualTo(ack.offset());
        }
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void everyCompressionArrives(Compression compression) throws InterruptedException {
        var topic = ensured(1);
        var handled = new LinkedBlockingQueue<Message<String, String>>();
        kafka.producer().with(compression).send(topic, "key", "value");
        try (var ignored = consumer(topic, handled)) {
            assertThat(take(handled).value()).isEqualTo("value");
        }
    }

    @ParameterizedTest
    @EnumSource(Acks.class)
    void everyKindOfAcknowledgementArrives(Acks acks) throws InterruptedException {
        var topic = ensured(1);
        var handled = new LinkedBlockingQueue<Message<String, String>>();
        kafka.producer().with(acks).send(topic, "key", "value");
        try (var ignored = consumer(topic, handled)) {
            assertThat(take(handled).value()).isEqualTo("value");
        }
    }

    @Test
    void theMessagesOfAKeyAreHandledInOrder() throws InterruptedException {
        var topic = ensured(4);
        var handled = new LinkedBlockingQueue<Message<String, String>>();
        for (int i = 0; i < 400; i++) {
            kafka.producer().sendAsync(topic, "key" + i % 10, Integer.toString(i));
        }
        kafka.producer().flush();
        try (var ignored = consumer(topic, handled)) {
            var last = new HashMap<String, Integer>();
            for (int i = 0; i < 400; i++) {
                var message = take(handled);
                int number = Integer.parseInt(message.value());
                assertThat(number).isGreaterThan(last.getOrDefault(message.key(), -1));
                last.put(message.key(), number);
            }
            assertThat(last).hasSize(10);
        }
    }

    @Test
    void aPoisonedMessageEndsAsADeadLetterAndTheNextIsHandled() throws InterruptedException {
        var topic = ensured(1);
        var handled = new LinkedBlockingQueue<String>();
        var dead = new LinkedBlockingQueue<Message<String, String>>();
        kafka.producer().sendBatch(List.of(Outgoing.to(topic, "k", "poison"), Outgoing.to(topic, "k", "fine")));
        try (var consumer = kafka.consumer(JavaClient.name("group"))
                        .eachMessage(topic, message -> {
                            if (message.value().equals("poison")) {
                                throw new IllegalStateException("cannot swallow this");
                            }
                            handled.add(message.value());
                        })
                        .retry(Retry.fixed(Duration.ofMillis(20)).attempts(3))
                        .deadLetter(DeadLetter.suffix(".dlq"))
                        .startAt(Position.earliest())
                        .start();
                var letters = consumer(topic.named(topic.name() + ".dlq"), dead)) {
            assertThat(handled.poll(40, TimeUnit.SECONDS)).isEqualTo("fine");
            assertThat(take(dead).value()).isEqualTo("poison");
        }
    }

    @Test
    void aMemberThatJoinsLateTakesItsShareAndALeaverGivesItBack() {
        var topic = ensured(4);
        var group = JavaClient.name("group");
        var early = member(group, topic, new LinkedBlockingQueue<>());
        await(() -> early.assignment().size() == 4);
        try (var late = member(group, topic, new LinkedBlockingQueue<>())) {
            await(() -> early.assignment().size() == 2 && late.assignment().size() == 2);
            early.close();
            await(() -> late.assignment().size() == 4);
        }
    }

    @Test
    void aGroupResumesAfterAStopAndAfterTheBrokerWasKilled() throws InterruptedException {
        var topic = ensured(1);
        var group = JavaClient.name("group");
        var handled = new LinkedBlockingQueue<Message<String, String>>();
        kafka.producer().send(topic, "k", "a");
        try (var first = member(group, topic, handled)) {
            assertThat(take(handled).value()).isEqualTo("a");
        }
        kafka.producer().send(topic, "k", "b");
        try (var second = member(group, topic, handled)) {
            assertThat(take(handled).value()).isEqualTo("b");
            second.awaitIdle(Duration.ofSeconds(20));
            target.kill();
            target.restart();
            kafka.producer().send(topic, "k", "c");
            // A message may come twice when the broker died before the commit; it never comes late or not at all.
            var next = take(handled);
            assertThat(next.value().equals("b") ? take(handled).value() : next.value())
                    .isEqualTo("c");
        }
    }

    @Test
    void aPausedTopicWaitsUntilItIsResumed() throws InterruptedException {
        var topic = ensured(1);
        var handled = new LinkedBlockingQueue<Message<String, String>>();
        try (var consumer = consumer(topic, handled)) {
            await(() -> consumer.assignment().size() == 1);
            try (var pause = consumer.pause(topic.name())) {
                kafka.producer().send(topic, "k", "patience");
                assertThat(handled.poll(500, TimeUnit.MILLISECONDS)).isNull();
            }
            assertThat(take(handled).value()).isEqualTo("patience");
        }
    }

    @Test
    void aNewGroupBeginsWhereItIsTold() throws InterruptedException {
        var topic = ensured(1);
        for (var value : List.of("a", "b", "c")) {
            kafka.producer().send(topic, "k", value);
        }
        var handled = new LinkedBlockingQueue<Message<String, String>>();
        try (var consumer = kafka.consumer(JavaClient.name("group"))
                .eachMessage(topic, handled::add)
                .startAt(Position.offset(2))
                .start()) {
            assertThat(take(handled).value()).isEqualTo("c");
        }
    }

    @Test
    void theAdministratorSeesAndChangesWhatThereIs() {
        var topic = ensured(3).config("retention.ms", "123456");
        assertThat(kafka.admin().topics()).contains(topic.name());
        assertThat(kafka.admin().topic(topic.name()).orElseThrow().partitions()).isEqualTo(3);
        kafka.producer().send(topic, "k", "v");
        assertThat(kafka.admin().offsets(topic.name(), Position.latest()).values())
                .containsExactlyInAnyOrder(0L, 0L, 1L);
        assertThat(kafka.admin().cluster().brokers()).hasSize(1);
        kafka.admin().delete(topic.name());
        assertThat(kafka.admin().topics()).doesNotContain(topic.name());
    }

    /**
     * Apache Kafka answers a creation before each partition takes messages: a first batch is refused then, and those
     * behind it must not be stored before it. With five requests in flight about every second topic fails.
     */
    @Test
    void whatIsSentIntoATopicThatWasMadeAMomentAgoArrivesInTheOrderInWhichItWasSent() {
        for (int round = 0; round < 10; round++) {
            var topic = ensured(6);
            try (var producer = kafka.producerBuilder()
                    .deliveryTimeout(Duration.ofSeconds(60))
                    .build()) {
                var sent = IntStream.range(0, 3_000)
                        .mapToObj(n -> producer.sendAsync(
                                Outgoing.to(topic, "key", "x".repeat(100)).partition(n % 6)))
                        .toList();
                for (int n = 0; n < sent.size(); n++) {
                    assertThat(sent.get(n).join().offset())
                            .as("message " + n + " of round " + round)
                            .isEqualTo(n / 6);
                }
            }
        }
    }

    private Topic<String, String> ensured(int partitions) {
        var topic =
                Topic.strings(JavaClient.name("client")).partitions(partitions).replication(1);
        kafka.admin().ensure(topic);
        return topic;
    }

    private Consumer consumer(Topic<String, String> topic, BlockingQueue<Message<String, String>> handled) {
        return member(JavaClient.name("group"), topic, handled);
    }

    private Consumer member(String group, Topic<String, String> topic, BlockingQueue<Message<String, String>> handled) {
        return kafka.consumer(group)
                .eachMessage(topic, handled::add)
                .startAt(Position.earliest())
                .heartbeat(Duration.ofMillis(300))
                .start();
    }

    private static Message<String, String> take(BlockingQueue<Message<String, String>> handled)
            throws InterruptedException {
        var message = handled.poll(40, TimeUnit.SECONDS);
        assertThat(message).as("a message within 40 s").isNotNull();
        return message;
    }

    private static void await(BooleanSupplier fact) {
        long deadline = System.nanoTime() + Duration.ofSeconds(40).toNanos();
        while (!fact.getAsBoolean()) {
            assertThat(System.nanoTime()).as("40 s are over").isLessThan(deadline);
            LockSupport.parkNanos(5_000_000); // Nothing announces it, and others need the core.
        }
    }
}

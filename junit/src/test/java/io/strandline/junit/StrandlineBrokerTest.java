package io.strandline.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.Acks;
import io.strandline.Kafka;
import io.strandline.Outgoing;
import io.strandline.Producer;
import io.strandline.SendFailed;
import io.strandline.Topic;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A broker that is killed, restarted, and made to fail. */
@Timeout(120)
class StrandlineBrokerTest {

    /** What holds wherever the data is. */
    abstract static class Anywhere {
        @Test
        void whatWasAcknowledgedIsThereAfterAKillAndClientsComeBack(
                StrandlineBroker broker, Kafka kafka, @TestTopic Topic<String, String> topic) throws Exception {
            var handled = new CopyOnWriteArrayList<String>();
            var all = new CountDownLatch(100);
            kafka.consumer("readers")
                    .eachMessage(topic, m -> {
                        handled.add(String.valueOf(m.value()));
                        all.countDown();
                    })
                    .start();
            kafka.producer().sendBatch(batch(topic, 0, 50));
            broker.kill();
            assertThat(broker.isRunning()).isFalse();
            broker.restart();
            assertThat(broker.broker().opening().clean()).isFalse();
            kafka.producer().sendBatch(batch(topic, 50, 100));
            assertThat(all.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(handled)
                    .containsAll(IntStream.range(0, 100).mapToObj(i -> "v" + i).toList());
        }

        @Test
        void aRestartIsAStopInOrder(
                StrandlineBroker broker, Producer producer, @TestTopic Topic<String, String> topic) {
            var address = broker.bootstrapServers();
            producer.send(topic, "k", "v");
            broker.restart();
            assertThat(broker.broker().opening().clean()).isTrue();
            assertThat(broker.bootstrapServers()).isEqualTo(address);
            assertThat(producer.send(topic, "k", "v").offset()).isEqualTo(1);
        }

        @Test
        void nothingIsAcknowledgedBeforeASlowDiskHasForcedIt(
                StrandlineBroker broker, Producer producer, @TestTopic Topic<String, String> topic) throws Exception {
            producer.send(topic, "k", "v");
            broker.slowDisk(Duration.ofHours(1));
            var slow = producer.sendAsync(topic, "k", "v");
            sendPast(producer, topic);
            assertThat(slow).isNotDone();
            broker.slowDisk(Duration.ZERO);
            assertThat(slow.get(30, TimeUnit.SECONDS).offset()).isPositive();
        }

        @Test
        void aKillDoesNotWaitForASlowDisk(
                StrandlineBroker broker, Producer producer, @TestTopic Topic<String, String> topic) throws Exception {
            producer.send(topic, "k", "v");
            broker.slowDisk(Duration.ofHours(1));
            var slow = producer.sendAsync(topic, "k", "v");
            int others = sendPast(producer, topic);
            broker.kill();
            assertThat(slow).isNotDone();
            broker.slowDisk(Duration.ZERO);
            broker.restart();
            assertThat(slow.get(60, TimeUnit.SECONDS).offset()).isPositive();
            // The first one, the slow one, the others: it was stored before the kill, and not again.
            assertThat(producer.send(topic, "k", "v").offset()).isEqualTo(2 + others);
        }
    }

    /**
     * Behind one message that is stored and one that is on its way, sends others, which do not wait for the disk, until one of
     * them comes after both.
     *
     * @return how many
     */
    private static int sendPast(Producer producer, Topic<String, String> topic) {
        var fast = producer.with(Acks.LEADER);
        int sent = 1;
        while (fast.send(topic, "k", "v").offset() == sent) {
            sent++;
        }
        return sent;
    }

    @Nested
    @StrandlineTest
    class InMemory extends Anywhere {}

    @Nested
    @StrandlineTest(storage = StrandlineTest.Storage.DISK)
    class OnDisk extends Anywhere {
        @Test
        void theDataIsInADirectory(StrandlineBroker broker) {
            assertThat(broker.broker().directory().orElseThrow().resolve("store"))
                    .exists();
        }
    }

    @Nested
    @StrandlineTest
    class Faulty {
        @Test
        void aRetriableErrorIsGotOver(
                StrandlineBroker broker, Producer producer, @TestTopic Topic<String, String> topic) {
            broker.faults().next(ApiKey.PRODUCE, ErrorCode.NOT_LEADER_OR_FOLLOWER, 2);
            assertThat(producer.send(topic, "k", "v").offset()).isZero();
            assertThat(broker.faults().outstanding(ApiKey.PRODUCE)).isZero();
        }

        @Test
        void aFinalErrorReachesTheCaller(
                StrandlineBroker broker, Producer producer, @TestTopic Topic<String, String> topic) {
            broker.faults().next(ApiKey.PRODUCE, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
            assertThatThrownBy(() -> producer.send(topic, "k", "v"))
                    .isInstanceOf(SendFailed.class)
                    .hasMessageContaining(topic.name());
            assertThat(producer.send(topic, "k", "v").offset()).isZero();
        }

        @Test
        void aLostReplyLeavesOneCopy(
                StrandlineBroker broker, Producer producer, @TestTopic Topic<String, String> topic) {
            producer.send(topic, "k", "v");
            broker.faults().loseReply(ApiKey.PRODUCE);
            assertThat(producer.send(topic, "k", "v").offset()).isEqualTo(1);
            assertThat(broker.faults().outstanding(ApiKey.PRODUCE)).isZero();
            assertThat(producer.send(topic, "k", "v").offset()).isEqualTo(2);
        }

        @Test
        void aConsumerSurvivesEveryRetriableErrorOnItsWay(
                StrandlineBroker broker, Kafka kafka, @TestTopic Topic<String, String> topic) throws Exception {
            broker.faults()
                    .next(ApiKey.FIND_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE)
                    .next(ApiKey.JOIN_GROUP, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
                    .next(ApiKey.SYNC_GROUP, ErrorCode.NOT_COORDINATOR)
                    .next(ApiKey.OFFSET_FETCH, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
                    .next(ApiKey.LIST_OFFSETS, ErrorCode.NOT_LEADER_OR_FOLLOWER)
                    .next(ApiKey.FETCH, ErrorCode.NOT_LEADER_OR_FOLLOWER)
                    .next(ApiKey.OFFSET_COMMIT, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
            var handled = new CountDownLatch(1);
            var consumer = kafka.consumer("readers")
                    .eachMessage(topic, m -> handled.countDown())
                    .start();
            kafka.producer().send(topic, "k", "v");
            assertThat(handled.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(consumer.stop(Duration.ofSeconds(20))).isTrue();
            assertThat(kafka.admin().committed("readers").values()).contains(1L);
            for (var api : Refusal.POSSIBLE) {
                assertThat(broker.faults().outstanding(api)).as("%s", api).isZero();
            }
        }

        @Test
        void droppedConnectionsAreMadeAgain(
                StrandlineBroker broker, Kafka kafka, @TestTopic Topic<String, String> topic) throws Exception {
            var second = new CompletableFuture<String>();
            kafka.consumer("droppers")
                    .eachMessage(topic, m -> {
                        if ("after".equals(m.value())) {
                            second.complete(m.value());
                        }
                    })
                    .start();
            kafka.producer().send(topic, "k", "before");
            broker.dropConnections();
            kafka.producer().send(topic, "k", "after");
            assertThat(second.get(30, TimeUnit.SECONDS)).isEqualTo("after");
        }

        @Test
        void anErrorThatCannotBeMadeUpIsRefusedWithThoseThatCan(StrandlineBroker broker) {
            assertThatThrownBy(() -> broker.faults().next(ApiKey.VOTE, ErrorCode.INVALID_REQUEST))
                    .hasMessageContaining("VOTE")
                    .hasMessageContaining("PRODUCE");
            assertThatThrownBy(() -> broker.faults().next(ApiKey.PRODUCE, ErrorCode.NONE))
                    .hasMessageContaining("NONE");
        }

        @Test
        void whatDoesNotRunSaysSo() {
            try (var broker = StrandlineBroker.inMemory()) {
                broker.kill();
                assertThatThrownBy(broker::kill).hasMessageContaining("restart()");
                assertThatThrownBy(broker::dropConnections).hasMessageContaining("restart()");
            }
        }
    }

    private static List<Outgoing<String, String>> batch(Topic<String, String> topic, int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(i -> Outgoing.to(topic, "k", "v" + i))
                .toList();
    }
}

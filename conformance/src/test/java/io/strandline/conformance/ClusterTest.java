package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.Acks;
import io.strandline.GroupProtocol;
import io.strandline.Kafka;
import io.strandline.Position;
import io.strandline.Topic;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When one machine is not enough: the same topic definition and the same code on a cluster of three. */
@Tag("long")
@Timeout(300)
class ClusterTest {
    private static final int NODES = 3;
    private static final Duration MEET_WITHIN = Duration.ofMinutes(2);
    private static final Duration END_WITHIN = Duration.ofMinutes(3);
    private static ApacheKafka cluster;

    @BeforeAll
    static void start() {
        cluster = ApacheKafka.startCluster(NODES);
    }

    @AfterAll
    static void close() {
        cluster.close();
    }

    @Test
    void theTutorialsTopicIsHonouredByThreeNodes() throws InterruptedException {
        assertThat(applyTo(cluster)).isEqualTo(NODES);
    }

    @Test
    void theTutorialsTopicRunsOnOneNodeToo() throws InterruptedException {
        try (var single = StrandlineProcess.start()) {
            assertThat(applyTo(single)).isEqualTo(1);
        }
    }

    @Test
    void theScenariosHoldWhileTheNodeThatControlsTheOthersIsKilled() throws InterruptedException {
        runAllWhileKilling(cluster.controller(), GroupProtocol.CLASSIC);
    }

    @Test
    void theScenariosHoldWithTheOtherProtocolWhileAnotherNodeIsKilled() throws InterruptedException {
        runAllWhileKilling(cluster.controller() % NODES + 1, GroupProtocol.CONSUMER);
    }

    /** The node dies when all have come to their middle, and comes back when they have ended. */
    private static void runAllWhileKilling(int node, GroupProtocol protocol) throws InterruptedException {
        var together = new Together(() -> cluster.kill(node), MEET_WITHIN, END_WITHIN);
        try (var kafka = Kafka.connect(cluster.bootstrap())) {
            together.run(new Scenarios(kafka, protocol, NODES, together::meet).all());
        } finally {
            together.noteFailureOf("the return of node " + node, () -> cluster.revive(node));
        }
        together.refuseFailures();
    }

    /** Publishes and handles a message; how many replicas the topic has. */
    private static int applyTo(Target target) throws InterruptedException {
        var topic = Topic.strings("user-events").partitions(3).replication(3).config("min.insync.replicas", "2");
        try (var kafka = Kafka.connect(target.bootstrap())) {
            kafka.admin().ensure(topic);
            kafka.producer().with(Acks.ALL).send(topic, "user-1", "signed up");
            var handled = new LinkedBlockingQueue<String>();
            try (var consumer = kafka.consumer("user-service-handlers")
                    .eachMessage(topic, message -> handled.add(message.value()))
                    .startAt(Position.earliest())
                    .start()) {
                assertThat(handled.poll(60, TimeUnit.SECONDS)).isEqualTo("signed up");
                assertThat(consumer.assignment()).hasSize(3);
            }
            return kafka.admin().topic(topic.name()).orElseThrow().replication();
        }
    }
}

package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.Acks;
import io.strandline.Kafka;
import io.strandline.Position;
import io.strandline.Topic;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When one machine is not enough: the same topic definition and the same code on a cluster of three. */
@Tag("long")
@Timeout(300)
class ClusterTest {

    @Test
    void theTutorialsTopicIsHonouredByThreeNodes() throws InterruptedException {
        try (var cluster = ApacheKafka.startCluster(3)) {
            assertThat(applyTo(cluster)).isEqualTo(3);
        }
    }

    @Test
    void theTutorialsTopicRunsOnOneNodeToo() throws InterruptedException {
        try (var single = StrandlineProcess.start()) {
            assertThat(applyTo(single)).isEqualTo(1);
        }
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

package io.strandline.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.Producer;
import io.strandline.Topic;
import io.strandline.junit.StrandlineBroker;
import io.strandline.junit.StrandlineTest;
import io.strandline.junit.TestTopic;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

@StrandlineTest
class FaultsTest {
    @Test
    void faults(StrandlineBroker broker, Producer producer, @TestTopic Topic<String, String> orders) throws Exception {
        producer.send(orders, "k", "v");
        // tag::faults
        broker.faults().next(ApiKey.PRODUCE, ErrorCode.NOT_LEADER_OR_FOLLOWER); // the next one gets this error
        broker.faults().loseReply(ApiKey.PRODUCE); // the one after it is carried out, and its answer lost
        broker.dropConnections();
        broker.slowDisk(Duration.ofSeconds(2)); // each force, and so each acknowledgement
        // end::faults
        var sent = producer.sendAsync(orders, "k", "v");
        broker.slowDisk(Duration.ZERO);
        assertThat(sent.get(30, TimeUnit.SECONDS).offset()).isEqualTo(1);
        assertThat(broker.faults().outstanding(ApiKey.PRODUCE)).isZero();
    }

    @Test
    void withoutJunit() {
        // tag::by-hand
        try (var broker = StrandlineBroker.inMemory()) { // or StrandlineBroker.in(directory)
            System.out.println(broker.bootstrapServers()); // for any Kafka client
        }
        // end::by-hand
    }
}

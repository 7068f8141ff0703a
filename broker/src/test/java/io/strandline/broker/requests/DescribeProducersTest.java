package io.strandline.broker.requests;

import static io.strandline.broker.requests.Stage.TOPIC;
import static io.strandline.broker.requests.Stage.batch;
import static io.strandline.broker.requests.Stage.error;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.DescribeProducersRequest;
import io.strandline.protocol.message.DescribeProducersRequest.TopicRequest;
import io.strandline.protocol.message.DescribeProducersResponse;
import io.strandline.protocol.message.DescribeProducersResponse.PartitionResponse;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DescribeProducersTest {
    private Stage stage;

    @BeforeEach
    void begin() throws Exception {
        stage = new Stage();
        stage.create(TOPIC, 1);
    }

    @Test
    void aPartitionTellsWhoWroteToItAndHowFar() throws Exception {
        stage.produced(
                TOPIC, 0, 12, batch("a", "b").producer(42, (short) 3, 0).build().bytes());

        var partition = describe(0);

        assertThat(error(partition.errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(partition.activeProducers).singleElement().satisfies(producer -> {
            assertThat(producer.producerId).isEqualTo(42);
            assertThat(producer.producerEpoch).isEqualTo(3);
            assertThat(producer.lastSequence).isEqualTo(1);
            assertThat(producer.lastTimestamp).isEqualTo(stage.time.wallMs());
            assertThat(producer.currentTxnStartOffset).isEqualTo(-1);
        });
    }

    @Test
    void aPartitionThatIsNotThereIsSaidToBeMissing() throws Exception {
        assertThat(error(describe(1).errorCode)).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }

    private PartitionResponse describe(int partition) throws Exception {
        var asked = new TopicRequest().name(TOPIC).partitionIndexes(List.of(partition));
        var request = new DescribeProducersRequest().topics(List.of(asked));
        return stage.ask(ApiKey.DESCRIBE_PRODUCERS, 0, request, DescribeProducersResponse.class)
                .topics
                .get(0)
                .partitions
                .get(0);
    }
}

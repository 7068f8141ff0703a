package io.strandline.broker.requests;

import static io.strandline.broker.requests.Stage.batch;
import static io.strandline.broker.requests.Stage.error;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.DescribeLogDirsRequest;
import io.strandline.protocol.message.DescribeLogDirsRequest.DescribableLogDirTopic;
import io.strandline.protocol.message.DescribeLogDirsResponse;
import io.strandline.protocol.message.DescribeLogDirsResponse.DescribeLogDirsResult;
import io.strandline.protocol.message.DescribeLogDirsResponse.DescribeLogDirsTopic;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DescribeLogDirsTest {
    private Stage stage;

    @BeforeEach
    void begin() throws Exception {
        stage = new Stage();
        stage.create("a", 2);
        stage.create("b", 1);
    }

    @Test
    void everyPartitionIsToldWithTheBytesThatItTakes() throws Exception {
        var records = batch("x").build().bytes();
        int bytes = records.remaining();
        stage.produced("a", 1, 12, records);

        var directory = directory(new DescribeLogDirsRequest().topics(null));

        assertThat(directory.topics)
                .extracting((DescribeLogDirsTopic topic) -> topic.name)
                .containsExactly("a", "b");
        assertThat(size(directory, 0, 0)).isZero();
        assertThat(size(directory, 0, 1)).isEqualTo(bytes);
        assertThat(directory.usableBytes).isPositive();
        stage.cutPower();
        assertThat(size(directory(new DescribeLogDirsRequest().topics(null)), 0, 1))
                .isEqualTo(bytes);
    }

    @Test
    void onlyWhatIsAskedForIsTold() throws Exception {
        var asked = List.of(
                new DescribableLogDirTopic().topic("a").partitions(List.of(1, 7)),
                new DescribableLogDirTopic().topic("missing").partitions(List.of(0)));

        var directory = directory(new DescribeLogDirsRequest().topics(asked));

        assertThat(directory.topics).singleElement().satisfies(topic -> {
            assertThat(topic.name).isEqualTo("a");
            assertThat(topic.partitions)
                    .singleElement()
                    .satisfies(partition -> assertThat(partition.partitionIndex).isEqualTo(1));
        });
    }

    private static long size(DescribeLogDirsResult directory, int topic, int partition) {
        return directory.topics.get(topic).partitions.get(partition).partitionSize;
    }

    private DescribeLogDirsResult directory(DescribeLogDirsRequest request) throws Exception {
        var response = stage.ask(ApiKey.DESCRIBE_LOG_DIRS, 5, request, DescribeLogDirsResponse.class);
        assertThat(error(response.errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(response.results).hasSize(1);
        return response.results.get(0);
    }
}

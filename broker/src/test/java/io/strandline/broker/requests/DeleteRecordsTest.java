package io.strandline.broker.requests;

import static io.strandline.broker.requests.Stage.TOPIC;
import static io.strandline.broker.requests.Stage.batch;
import static io.strandline.broker.requests.Stage.error;
import static io.strandline.broker.requests.Stage.fetched;
import static io.strandline.broker.requests.Stage.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.life.SimulatedBroker;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.DeleteRecordsRequest;
import io.strandline.protocol.message.DeleteRecordsRequest.DeleteRecordsPartition;
import io.strandline.protocol.message.DeleteRecordsRequest.DeleteRecordsTopic;
import io.strandline.protocol.message.DeleteRecordsResponse;
import io.strandline.protocol.message.DeleteRecordsResponse.DeleteRecordsPartitionResult;
import io.strandline.protocol.message.ListOffsetsRequest;
import io.strandline.protocol.message.ListOffsetsRequest.ListOffsetsPartition;
import io.strandline.protocol.message.ListOffsetsRequest.ListOffsetsTopic;
import io.strandline.protocol.message.ListOffsetsResponse;
import io.strandline.storage.BatchBuilder;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeleteRecordsTest {
    private static final long EARLIEST = -2;
    private static final long MAX_TIMESTAMP = -3;

    private Stage stage;

    @BeforeEach
    void begin() throws Exception {
        stage = new Stage();
    }

    @Test // W15
    void aPartitionBeginsLaterForAllReadersAndTheAnswerWaitsUntilNoPowerCutUndoesThat() throws Exception {
        stage.create(TOPIC, 1);
        produce("a", "b");
        produce("c");

        var request = send(2);
        stage.broker.settle();

        assertThat(request.ready()).isFalse();
        assertThat(offset(EARLIEST)).isEqualTo(2);
        assertThat(error(fetched(stage.fetch(1)).errorCode)).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
        assertThat(values(fetched(stage.fetch(2)))).containsExactly("c");

        stage.broker.checkpoint();

        assertThat(error(result(request).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(result(request).lowWatermark).isEqualTo(2);
        stage.cutPower();
        assertThat(offset(EARLIEST)).isEqualTo(2);
        assertThat(error(fetched(stage.fetch(1)).errorCode)).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
        assertThat(values(fetched(stage.fetch(2)))).containsExactly("c");
    }

    @Test
    void minusOneMeansEverythingAndTheOffsetsGoOn() throws Exception {
        stage.create(TOPIC, 1);
        produce("a", "b");

        assertThat(deleted(-1).lowWatermark).isEqualTo(2);

        stage.cutPower();
        assertThat(offset(EARLIEST)).isEqualTo(2);
        produce("c");
        assertThat(values(fetched(stage.fetch(2)))).containsExactly("c");
    }

    @Test
    void whatIsNotOnTheDiskYetCannotBeDeleted() throws Exception {
        stage.create(TOPIC, 1);
        produce("a");
        stage.produce(-1, batch("b")); // appended, not durable

        assertThat(error(result(send(2)).errorCode)).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
        assertThat(result(send(2)).lowWatermark).isEqualTo(-1);
        assertThat(deleted(-1).lowWatermark).isEqualTo(1);
    }

    @Test
    void whoDeletesWhatIsGoneAlreadyIsToldWhereThePartitionBegins() throws Exception {
        stage.create(TOPIC, 1);
        produce("a", "b", "c");
        deleted(2);

        assertThat(result(send(1)).lowWatermark).isEqualTo(2);
        assertThat(error(result(send(1)).errorCode)).isEqualTo(ErrorCode.NONE);
    }

    @Test // W6
    void filesOfWhichNothingIsLeftGoByThemselves() throws Exception {
        var id = stage.create(TOPIC, 1, Map.of("internal.segment.bytes", "300"));
        for (int i = 0; i < 6; i++) {
            produce("x".repeat(150));
        }
        long before = segments(id);
        assertThat(before).isGreaterThan(4);

        deleted(5);
        stage.broker.checkpoint();
        stage.broker.checkpoint();

        assertThat(segments(id)).isLessThanOrEqualTo(before - 4);
        stage.cutPower();
        assertThat(offset(EARLIEST)).isEqualTo(5);
    }

    @Test
    void theLatestTimeIsThatOfARecordThatIsStillThere() throws Exception {
        stage.create(TOPIC, 1);
        var records = new BatchBuilder();
        for (long timestamp : new long[] {9, 8, 7, 6}) {
            records.add(timestamp, null, Stage.bytes("a"));
        }
        stage.produced(TOPIC, 0, 12, records.build().bytes());
        assertThat(offset(MAX_TIMESTAMP)).isZero();

        deleted(2);

        assertThat(offset(MAX_TIMESTAMP)).isEqualTo(2);
        deleted(-1);
        assertThat(offset(MAX_TIMESTAMP)).isEqualTo(-1);
    }

    @Test
    void whatIsWrongIsSaidInKafkasCode() throws Exception {
        stage.create(TOPIC, 1);
        produce("a");
        assertThat(error(result(send(2)).errorCode)).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
        assertThat(error(result(send(-2)).errorCode)).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
        assertThat(error(result(send(TOPIC, 1, 0)).errorCode)).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(error(result(send("missing", 0, 0)).errorCode)).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        stage.create("compacted", 1, Map.of("cleanup.policy", "compact"));
        assertThat(error(result(send("compacted", 0, -1)).errorCode)).isEqualTo(ErrorCode.POLICY_VIOLATION);
    }

    @Test
    void anEmptyPartitionBeginsWhereItBegan() throws Exception {
        stage.create(TOPIC, 1);

        assertThat(result(send(-1)).lowWatermark).isZero();
        assertThat(error(result(send(0)).errorCode)).isEqualTo(ErrorCode.NONE);
    }

    private void produce(String... values) throws Exception {
        stage.produced(TOPIC, 0, 12, batch(values).build().bytes());
    }

    private SimulatedBroker.Sent send(long offset) {
        return send(TOPIC, 0, offset);
    }

    private SimulatedBroker.Sent send(String topic, int partition, long offset) {
        var wanted = new DeleteRecordsTopic()
                .name(topic)
                .partitions(List.of(
                        new DeleteRecordsPartition().partitionIndex(partition).offset(offset)));
        return stage.broker.send(
                ApiKey.DELETE_RECORDS,
                2,
                new DeleteRecordsRequest().topics(List.of(wanted)).timeoutMs(1000));
    }

    private DeleteRecordsPartitionResult deleted(long offset) throws Exception {
        var sent = send(offset);
        stage.broker.checkpoint();
        var result = result(sent);
        assertThat(error(result.errorCode)).isEqualTo(ErrorCode.NONE);
        return result;
    }

    private static DeleteRecordsPartitionResult result(SimulatedBroker.Sent sent) throws Exception {
        assertThat(sent.ready()).as("answered").isTrue();
        var response = (DeleteRecordsResponse) sent.response().orElseThrow();
        return response.topics.get(0).partitions.get(0);
    }

    private long offset(long timestamp) throws Exception {
        var asked = new ListOffsetsTopic()
                .name(TOPIC)
                .partitions(List.of(new ListOffsetsPartition().partitionIndex(0).timestamp(timestamp)));
        var request = new ListOffsetsRequest().replicaId(-1).topics(List.of(asked));
        var response = stage.ask(ApiKey.LIST_OFFSETS, 7, request, ListOffsetsResponse.class);
        return response.topics.get(0).partitions.get(0).offset;
    }

    private long segments(UUID topic) throws Exception {
        return stage.disk.list("topics/" + topic + "/0").stream()
                .filter(name -> name.endsWith(".log"))
                .count();
    }
}

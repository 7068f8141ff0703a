package io.strandline.broker.requests;

import static io.strandline.broker.requests.Stage.TOPIC;
import static io.strandline.broker.requests.Stage.batch;
import static io.strandline.broker.requests.Stage.error;
import static io.strandline.broker.requests.Stage.produceRequest;
import static io.strandline.broker.requests.Stage.produced;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.life.SimulatedBroker;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.CreatePartitionsRequest;
import io.strandline.protocol.message.CreatePartitionsRequest.CreatePartitionsAssignment;
import io.strandline.protocol.message.CreatePartitionsRequest.CreatePartitionsTopic;
import io.strandline.protocol.message.CreatePartitionsResponse;
import io.strandline.protocol.message.CreatePartitionsResponse.CreatePartitionsTopicResult;
import io.strandline.protocol.message.MetadataRequest;
import io.strandline.protocol.message.MetadataRequest.MetadataRequestTopic;
import io.strandline.protocol.message.MetadataResponse;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CreatePartitionsTest {
    private Stage stage;

    @BeforeEach
    void begin() throws Exception {
        stage = new Stage();
    }

    @Test // W15
    void aNewPartitionExistsForNobodyUntilItIsOnTheDisk() throws Exception {
        stage.create(TOPIC, 1);
        var request = send(wanted(3));
        assertThat(request.ready()).isFalse();
        assertThat(partitions()).isEqualTo(1);
        assertThat(error(produced(produce(2)).errorCode)).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);

        stage.broker.cycle();

        assertThat(error(result(request).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(partitions()).isEqualTo(3);
        var sent = produce(2);
        stage.broker.cycle();
        assertThat(error(produced(sent).errorCode)).isEqualTo(ErrorCode.NONE);
        stage.cutPower();
        assertThat(partitions()).isEqualTo(3);
    }

    @Test
    void wishesThatMeetOnTheirWayToTheDiskAreTakenOneAfterTheOther() throws Exception {
        stage.create(TOPIC, 1);
        var three = send(wanted(3));
        var two = send(wanted(2));
        var four = send(wanted(4));
        assertThat(partitions()).isEqualTo(1);

        stage.broker.cycle();

        assertThat(error(result(three).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(error(result(two).errorCode)).isEqualTo(ErrorCode.INVALID_PARTITIONS);
        assertThat(error(result(four).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(partitions()).isEqualTo(4);
    }

    @Test
    void partitionsNeverBecomeFewer() throws Exception {
        stage.create(TOPIC, 3);
        refused(wanted(2), ErrorCode.INVALID_PARTITIONS, "has 3 partitions and cannot have fewer, such as 2");
        refused(wanted(3), ErrorCode.INVALID_PARTITIONS, "has 3 partitions already");
        refused(wanted(0), ErrorCode.INVALID_PARTITIONS, "such as 0");
        refused(wanted(1_000_000), ErrorCode.INVALID_PARTITIONS, "10000");
        assertThat(partitions()).isEqualTo(3);
    }

    @Test
    void whatElseIsWrongIsSaidInKafkasCodeAndInWords() throws Exception {
        stage.create(TOPIC, 1);
        refused(wanted(3).name("missing"), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "'missing'");
        var twice = new CreatePartitionsRequest().topics(List.of(wanted(2), wanted(3)));
        assertThat(error(asked(twice).errorCode)).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(partitions()).isEqualTo(1);
    }

    @Test
    void partitionsCanBePlacedByHandOnTheOnlyNode() throws Exception {
        stage.create(TOPIC, 1);
        refused(placed(3, 1), ErrorCode.INVALID_REPLICA_ASSIGNMENT, "1 assignments for 2 new partitions");
        refused(placed(3, 1, 7), ErrorCode.INVALID_REPLICA_ASSIGNMENT, "[7]");

        assertThat(error(asked(request(placed(3, 1, 1))).errorCode)).isEqualTo(ErrorCode.NONE);

        assertThat(partitions()).isEqualTo(3);
    }

    @Test
    void validateOnlyRefusesWhatIsWrongAndAddsNothing() throws Exception {
        stage.create(TOPIC, 2);
        assertThat(error(asked(request(wanted(3)).validateOnly(true)).errorCode))
                .isEqualTo(ErrorCode.NONE);
        assertThat(error(asked(request(wanted(1)).validateOnly(true)).errorCode))
                .isEqualTo(ErrorCode.INVALID_PARTITIONS);
        assertThat(partitions()).isEqualTo(2);
    }

    private static CreatePartitionsTopic wanted(int count) {
        return new CreatePartitionsTopic().name(TOPIC).count(count).assignments(null);
    }

    private static CreatePartitionsTopic placed(int count, int... nodes) {
        return wanted(count)
                .assignments(Arrays.stream(nodes)
                        .mapToObj(node -> new CreatePartitionsAssignment().brokerIds(List.of(node)))
                        .toList());
    }

    private static CreatePartitionsRequest request(CreatePartitionsTopic wanted) {
        return new CreatePartitionsRequest().topics(List.of(wanted)).timeoutMs(1000);
    }

    private SimulatedBroker.Sent send(CreatePartitionsTopic wanted) {
        return stage.broker.send(ApiKey.CREATE_PARTITIONS, 3, request(wanted));
    }

    private CreatePartitionsTopicResult asked(CreatePartitionsRequest request) throws Exception {
        return stage.ask(ApiKey.CREATE_PARTITIONS, 3, request, CreatePartitionsResponse.class)
                .results
                .get(0);
    }

    private static CreatePartitionsTopicResult result(SimulatedBroker.Sent sent) throws Exception {
        assertThat(sent.ready()).as("answered").isTrue();
        return ((CreatePartitionsResponse) sent.response().orElseThrow()).results.get(0);
    }

    private void refused(CreatePartitionsTopic wanted, ErrorCode expected, String reason) throws Exception {
        var result = asked(request(wanted));
        assertThat(error(result.errorCode)).as(reason).isEqualTo(expected);
        assertThat(result.errorMessage).contains(reason);
    }

    private SimulatedBroker.Sent produce(int partition) {
        var records = batch("a").build().bytes();
        return stage.broker.send(ApiKey.PRODUCE, 12, produceRequest(TOPIC, partition, -1, records));
    }

    private int partitions() throws Exception {
        var asked = new MetadataRequest().topics(List.of(new MetadataRequestTopic().name(TOPIC)));
        var sent = stage.broker.send(ApiKey.METADATA, 12, asked); // without giving the disk time to work
        return ((MetadataResponse) sent.response().orElseThrow())
                .topics
                .get(0)
                .partitions
                .size();
    }
}

package io.strandline.broker.requests;

import static io.strandline.broker.requests.Stage.batch;
import static io.strandline.broker.requests.Stage.bytes;
import static io.strandline.broker.requests.Stage.error;
import static io.strandline.broker.requests.Stage.fetchRequest;
import static io.strandline.broker.requests.Stage.fetched;
import static io.strandline.broker.requests.Stage.produceRequest;
import static io.strandline.broker.requests.Stage.produced;
import static io.strandline.broker.requests.Stage.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.net.LogCapture;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.ProduceRequest.TopicProduceData;
import io.strandline.protocol.message.ProduceResponse;
import io.strandline.protocol.message.ProduceResponse.PartitionProduceResponse;
import io.strandline.storage.BatchBuilder;
import io.strandline.storage.simulation.Fault;
import io.strandline.storage.simulation.OperationKind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProduceTest {
    private Stage stage;

    @BeforeEach
    void begin() throws Exception {
        stage = new Stage();
        stage.create(Stage.TOPIC, 1);
    }

    @Test
    void acksAllIsAnsweredWhenTheBatchIsOnTheDiskAndNotBefore() throws Exception {
        var sent = stage.produce(-1, batch("a", "b"));
        assertThat(sent.ready()).isFalse();

        stage.broker.cycle();

        assertThat(produced(sent).baseOffset).isZero();
        stage.cutPower();
        assertThat(values(fetched(stage.fetch(0)))).containsExactly("a", "b");
    }

    @Test
    void acksOneIsAnsweredAtOnceAndAConsumerSeesTheBatchOnlyWhenItIsOnTheDisk() throws Exception {
        var fetch = stage.fetch(0);

        var sent = stage.produce(1, batch("a"));

        assertThat(error(produced(sent).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(fetch.ready()).isFalse();
        stage.broker.cycle();
        assertThat(values(fetched(fetch))).containsExactly("a");
    }

    @Test
    void acksNoneIsNotAnswered() throws Exception {
        var sent = stage.produce(0, batch("a"));

        assertThat(sent.ready()).isTrue();
        assertThat(sent.response()).isEmpty();
        stage.broker.cycle();
        assertThat(values(fetched(stage.fetch(0)))).containsExactly("a");
    }

    @Test
    void anErrorWithAcksNoneClosesTheConnection() {
        var request = produceRequest("no-such-topic", 0, 0, batch("a").build().bytes());

        var sent = stage.broker.send(ApiKey.PRODUCE, 12, request);

        assertThat(sent.hangUp())
                .hasValueSatisfying(reason -> assertThat(reason).contains("no-such-topic"));
    }

    @Test
    void whereAnErrorHasNoOtherWayTheLogNamesTheClientItsAddressAndTheTopic() throws Exception {
        var id = stage.create("by-id", 1);
        var spoiled = batch("a").build().bytes();
        spoiled.put(70, (byte) ~spoiled.get(70));
        var byId = produceRequest("", 0, 0, spoiled);
        byId.topicData.get(0).topicId(id);

        assertThat(stage.broker.send(ApiKey.PRODUCE, 13, byId).hangUp())
                .hasValueSatisfying(reason -> assertThat(reason).contains("'by-id'", "checksum"));
        try (var log = new LogCapture()) {
            stage.broker.send(ApiKey.PRODUCE, 7, produceRequest("no-such-topic", 0, -1, spoiled));
            assertThat(log.lines())
                    .singleElement()
                    .satisfies(line -> assertThat(line).contains("'life'", "127.0.0.1", "'no-such-topic'"));
        }
    }

    @Test
    void oneRequestForSeveralPartitionsIsAnsweredForEachWhenAllAreOnTheDisk() throws Exception {
        stage.create("several", 3);
        var request = produceRequest("several", 0, -1, batch("a").build().bytes());
        var data = new ArrayList<>(request.topicData.get(0).partitionData);
        data.add(produceRequest("several", 7, -1, batch("b").build().bytes())
                .topicData
                .get(0)
                .partitionData
                .get(0));
        data.add(produceRequest("several", 2, -1, batch("c").build().bytes())
                .topicData
                .get(0)
                .partitionData
                .get(0));
        request.topicData.get(0).partitionData(data);
        var sent = stage.broker.send(ApiKey.PRODUCE, 12, request);
        assertThat(sent.ready()).isFalse();

        stage.broker.cycle();

        var answers = ((ProduceResponse) sent.response().orElseThrow()).responses.get(0).partitionResponses;
        assertThat(answers)
                .extracting(answer -> error(answer.errorCode))
                .containsExactly(ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.NONE);
        stage.cutPower();
        assertThat(values(fetched(stage.broker.send(ApiKey.FETCH, 12, fetchRequest("several", 0, 0)))))
                .containsExactly("a");
        assertThat(values(fetched(stage.broker.send(ApiKey.FETCH, 12, fetchRequest("several", 2, 0)))))
                .containsExactly("c");
    }

    @Test
    void aBatchThatIsNotOnTheDiskInTimeIsAnsweredWithATimeOutAndStays() throws Exception {
        var sent = stage.produce(-1, batch("a"));
        stage.time.advanceMs(1000);

        assertThat(error(produced(sent).errorCode)).isEqualTo(ErrorCode.REQUEST_TIMED_OUT);
        stage.broker.cycle();
        assertThat(values(fetched(stage.fetch(0)))).containsExactly("a");
    }

    @Test // W14
    void aRepeatedBatchIsAcknowledgedWithTheFirstOffsetWhenTheFirstCopyIsOnTheDisk() throws Exception {
        var first = stage.produce(-1, batch("a").producer(7, (short) 0, 0));
        var second = stage.produce(-1, batch("a").producer(7, (short) 0, 0));
        assertThat(second.ready()).isFalse();

        stage.broker.cycle();

        assertThat(produced(second).baseOffset).isEqualTo(produced(first).baseOffset);
        assertThat(values(fetched(stage.fetch(0)))).containsExactly("a");
    }

    @Test
    void aGapInAProducersSequenceIsRefused() throws Exception {
        write(batch("a").producer(7, (short) 0, 0));

        var refused = write(batch("c").producer(7, (short) 0, 2));

        assertThat(error(refused.errorCode)).isEqualTo(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    }

    @Test
    void whatANewProducerSentBehindARefusedBatchDoesNotOvertakeIt() throws Exception {
        stage.create("small", 1, Map.of("max.message.bytes", "150"));
        var large = "a".repeat(200);
        assertThat(error(small(batch(large, "b"), 0).errorCode)).isEqualTo(ErrorCode.MESSAGE_TOO_LARGE);

        var overtaking = small(batch("c"), 2);

        assertThat(error(overtaking.errorCode)).isEqualTo(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
        assertThat(overtaking.errorMessage).contains("sequence 2", "sequence 0 was refused");
        assertThat(error(small(batch("a"), 0).errorCode)).isEqualTo(ErrorCode.NONE); // in pieces this time
        assertThat(error(small(batch("b"), 1).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(error(small(batch("c"), 2).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(values(fetched(stage.broker.send(ApiKey.FETCH, 12, fetchRequest("small", 0, 0)))))
                .containsExactly("a", "b", "c");
    }

    private PartitionProduceResponse small(BatchBuilder batch, int sequence) throws Exception {
        return stage.produced(
                "small", 0, 12, batch.producer(7, (short) 0, sequence).build().bytes());
    }

    @Test
    void whatWasRefusedBeforeItsTopicWasThereIsNotOvertakenEither() throws Exception {
        assertThat(error(small(batch("a"), 0).errorCode)).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        stage.create("small", 1);

        assertThat(error(small(batch("b"), 1).errorCode)).isEqualTo(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    }

    @Test // W12
    void whatDidNotFitOnTheDiskIsNotOvertakenByWhatDoes() throws Exception {
        write(batch("of another one"));
        stage.disk.inject(Fault.noSpace(OperationKind.WRITE));
        assertThat(error(write(batch("a").producer(7, (short) 0, 0)).errorCode))
                .isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);

        assertThat(error(write(batch("b").producer(7, (short) 0, 1)).errorCode))
                .isEqualTo(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
        assertThat(error(write(batch("a").producer(7, (short) 0, 0)).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(error(write(batch("b").producer(7, (short) 0, 1)).errorCode)).isEqualTo(ErrorCode.NONE);
    }

    @Test
    void whatIsNoSoundBatchIsRefusedWithKafkasCodeAndAReason() throws Exception {
        var spoiled = batch("a").build().bytes();
        spoiled.put(70, (byte) ~spoiled.get(70));
        refuse(spoiled, ErrorCode.CORRUPT_MESSAGE, "checksum");
        refuse(ByteBuffer.allocate(0), ErrorCode.CORRUPT_MESSAGE, "at least 61");
        refuse(batch("a").control().build().bytes(), ErrorCode.INVALID_RECORD, "control");
        refuse(
                batch("a").producer(7, (short) 0, 0).transactional().build().bytes(),
                ErrorCode.INVALID_TXN_STATE,
                "transactions");
    }

    @Test
    void aBatchLargerThanTheTopicAllowsIsRefusedWithBothNumbers() throws Exception {
        stage.create("small", 1, Map.of("max.message.bytes", "100"));

        var refused =
                stage.produced("small", 0, 12, batch("x".repeat(200)).build().bytes());

        assertThat(error(refused.errorCode)).isEqualTo(ErrorCode.MESSAGE_TOO_LARGE);
        assertThat(refused.errorMessage).contains("max.message.bytes is 100");
    }

    @Test
    void recordsThatAreFaultyByThemselvesAreNamedOneByOne() throws Exception {
        stage.create("compacted", 1, Map.of("cleanup.policy", "compact"));
        var batch = new BatchBuilder()
                .add(1_700_000_000_000L, bytes("key"), bytes("a"))
                .add(1_700_000_000_000L, null, bytes("b"));

        var refused = stage.produced("compacted", 0, 12, batch.build().bytes());

        assertThat(error(refused.errorCode)).isEqualTo(ErrorCode.INVALID_RECORD);
        assertThat(refused.recordErrors)
                .singleElement()
                .satisfies(record -> assertThat(record.batchIndex).isEqualTo(1));
    }

    @Test
    void aRecordFromTheFutureIsRefusedWithItsTime() throws Exception {
        var batch = new BatchBuilder().add(stage.time.wallMs() + 3_700_000, bytes("key"), bytes("a"));

        var refused = stage.produced(Stage.TOPIC, 0, 12, batch.build().bytes());

        assertThat(error(refused.errorCode)).isEqualTo(ErrorCode.INVALID_TIMESTAMP);
        assertThat(refused.errorMessage).contains(String.valueOf(stage.time.wallMs() + 3_700_000));
    }

    @Test
    void unknownTopicsPartitionsAndAcksAreRefusedEachInItsWay() throws Exception {
        var records = batch("a").build().bytes();
        assertThat(error(stage.produced("no-such-topic", 0, 12, records).errorCode))
                .isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(stage.produced(Stage.TOPIC, 5, 12, records).errorMessage).contains("has 1 partitions");
        var acks = stage.broker.send(ApiKey.PRODUCE, 12, produceRequest(Stage.TOPIC, 0, 2, records));
        assertThat(error(produced(acks).errorCode)).isEqualTo(ErrorCode.INVALID_REQUIRED_ACKS);
        var byId = produceRequest("", 0, -1, records)
                .topicData(List.of(new TopicProduceData()
                        .topicId(new UUID(1, 2))
                        .partitionData(
                                produceRequest("", 0, -1, records).topicData.get(0).partitionData)));
        assertThat(error(produced(stage.broker.send(ApiKey.PRODUCE, 13, byId)).errorCode))
                .isEqualTo(ErrorCode.UNKNOWN_TOPIC_ID);
    }

    @Test
    void aTopicCanBeProducedToByItsId() throws Exception {
        var id = stage.create("by-id", 2);
        var request = produceRequest("", 1, -1, batch("a").build().bytes());
        request.topicData.get(0).topicId(id);

        var response = stage.ask(ApiKey.PRODUCE, 13, request, ProduceResponse.class);

        assertThat(response.responses.get(0).topicId).isEqualTo(id);
        assertThat(error(response.responses.get(0).partitionResponses.get(0).errorCode))
                .isEqualTo(ErrorCode.NONE);
    }

    @Test // W11
    void afterAFailedForceNothingIsAcknowledgedAnyMore() throws Exception {
        stage.broker.mayFail();
        stage.disk.inject(Fault.inputOutputError(OperationKind.FORCE));
        var sent = stage.produce(-1, batch("a"));

        stage.broker.cycle();

        assertThat(error(produced(sent).errorCode)).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
        assertThat(stage.broker.store().failure()).isPresent();
        assertThat(error(produced(stage.produce(-1, batch("b"))).errorCode)).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
    }

    @Test // W12
    void aFullDiskRefusesWritesWithARetriableErrorAndTakesThemAgainWhenThereIsSpace() throws Exception {
        assertThat(error(write(batch("a")).errorCode)).isEqualTo(ErrorCode.NONE);
        stage.disk.inject(Fault.noSpace(OperationKind.WRITE));

        var refused = write(batch("b"));

        assertThat(error(refused.errorCode)).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
        assertThat(ErrorCode.KAFKA_STORAGE_ERROR.retriable()).isTrue();
        stage.disk.removeFaults();
        assertThat(write(batch("b")).baseOffset).isEqualTo(1);
        stage.cutPower();
        assertThat(values(fetched(stage.fetch(0)))).containsExactly("a", "b");
    }

    private PartitionProduceResponse write(BatchBuilder records) throws Exception {
        return stage.produced(Stage.TOPIC, 0, 12, records.build().bytes());
    }

    private void refuse(ByteBuffer records, ErrorCode expected, String reason) throws Exception {
        var refused = stage.produced(Stage.TOPIC, 0, 12, records);
        assertThat(error(refused.errorCode)).isEqualTo(expected);
        assertThat(refused.errorMessage).contains(reason);
        assertThat(refused.baseOffset).isEqualTo(-1);
    }
}

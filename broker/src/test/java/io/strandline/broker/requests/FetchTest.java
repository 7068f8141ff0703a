package io.strandline.broker.requests;

import static io.strandline.broker.requests.Stage.batch;
import static io.strandline.broker.requests.Stage.error;
import static io.strandline.broker.requests.Stage.fetchRequest;
import static io.strandline.broker.requests.Stage.fetched;
import static io.strandline.broker.requests.Stage.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.FetchRequest.FetchPartition;
import io.strandline.protocol.message.FetchRequest.FetchTopic;
import io.strandline.protocol.message.FetchResponse;
import io.strandline.protocol.message.ListOffsetsRequest;
import io.strandline.protocol.message.ListOffsetsRequest.ListOffsetsPartition;
import io.strandline.protocol.message.ListOffsetsRequest.ListOffsetsTopic;
import io.strandline.protocol.message.ListOffsetsResponse;
import io.strandline.protocol.message.ListOffsetsResponse.ListOffsetsPartitionResponse;
import io.strandline.protocol.message.OffsetForLeaderEpochRequest;
import io.strandline.protocol.message.OffsetForLeaderEpochRequest.OffsetForLeaderPartition;
import io.strandline.protocol.message.OffsetForLeaderEpochRequest.OffsetForLeaderTopic;
import io.strandline.protocol.message.OffsetForLeaderEpochResponse;
import io.strandline.storage.BatchBuilder;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FetchTest {
    private Stage stage;

    @BeforeEach
    void begin() throws Exception {
        stage = new Stage();
        stage.create(Stage.TOPIC, 2);
    }

    @Test
    void anEmptyFetchWaitsForItsTimeAndThenAnswersWithoutRecords() throws Exception {
        var fetch = stage.fetch(0);
        assertThat(fetch.ready()).isFalse();

        stage.time.advanceMs(500);

        assertThat(values(fetched(fetch))).isEmpty();
    }

    @Test
    void aWaitingFetchIsAnsweredByWhateverPartitionHasSomethingFirst() throws Exception {
        var request = fetchRequest(Stage.TOPIC, 0, 0);
        request.topics
                .get(0)
                .partitions(List.of(
                        new FetchPartition().partition(0).partitionMaxBytes(1000),
                        new FetchPartition().partition(1).partitionMaxBytes(1000)));
        var fetch = stage.broker.send(ApiKey.FETCH, 12, request);
        assertThat(fetch.ready()).isFalse();

        stage.produced(Stage.TOPIC, 1, 12, batch("a").build().bytes());

        assertThat(fetch.ready()).isTrue();
        var partitions = ((FetchResponse) fetch.response().orElseThrow()).responses.get(0).partitions;
        assertThat(values(partitions.get(0))).isEmpty();
        assertThat(values(partitions.get(1))).containsExactly("a");
    }

    @Test
    void aFetchWaitsUntilThereAreAsManyBytesAsItWants() throws Exception {
        var fetch = stage.broker.send(
                ApiKey.FETCH, 12, fetchRequest(Stage.TOPIC, 0, 0).minBytes(140));
        produce("a");
        assertThat(fetch.ready()).isFalse();

        produce("b");

        assertThat(values(fetched(fetch))).containsExactly("a", "b");
    }

    @Test
    void aFetchThatWantsMoreThanItMayGetIsAnsweredWhenItIsFull() throws Exception {
        produce("x".repeat(500));
        var request = fetchRequest(Stage.TOPIC, 0, 0).minBytes(1_000_000).maxBytes(100);

        assertThat(stage.broker.send(ApiKey.FETCH, 12, request).ready()).isTrue();
    }

    @Test
    void theFirstBatchComesWholeHoweverSmallTheLimitAndTheOthersOnlyWithinIt() throws Exception {
        produce("x".repeat(2000));
        produce("b");
        var request = fetchRequest(Stage.TOPIC, 0, 0).maxBytes(10);
        request.topics.get(0).partitions.get(0).partitionMaxBytes(10);

        var fetch = stage.broker.send(ApiKey.FETCH, 12, request);

        assertThat(values(fetched(fetch))).containsExactly("x".repeat(2000));
    }

    @Test
    void anOffsetInsideABatchBringsTheWholeBatch() throws Exception {
        stage.produced(Stage.TOPIC, 0, 12, batch("a", "b", "c").build().bytes());

        assertThat(values(fetched(stage.fetch(1)))).containsExactly("a", "b", "c");
    }

    @Test
    void anOffsetThatTheLogDoesNotHaveIsAnsweredAtOnceWithItsBounds() throws Exception {
        produce("a");

        var data = fetched(stage.fetch(5));

        assertThat(error(data.errorCode)).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
        assertThat(data.highWatermark).isEqualTo(1);
        assertThat(data.logStartOffset).isZero();
    }

    @Test
    void anOffsetThatIsAppendedButNotOnTheDiskYetIsWaitedFor() throws Exception {
        stage.produce(1, batch("a"));

        var fetch = stage.fetch(1);

        assertThat(fetch.ready()).isFalse();
    }

    @Test
    void unknownTopicsAndPartitionsAreAnsweredAtOnce() throws Exception {
        assertThat(error(fetched(stage.broker.send(ApiKey.FETCH, 12, fetchRequest("no-such", 0, 0))).errorCode))
                .isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(error(fetched(stage.broker.send(ApiKey.FETCH, 12, fetchRequest(Stage.TOPIC, 9, 0))).errorCode))
                .isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        var byId = fetchRequest("", 0, 0);
        byId.topics(List.of(new FetchTopic()
                .topicId(new UUID(1, 2))
                .partitions(List.of(new FetchPartition().partitionMaxBytes(10)))));
        assertThat(error(fetched(stage.broker.send(ApiKey.FETCH, 13, byId)).errorCode))
                .isEqualTo(ErrorCode.UNKNOWN_TOPIC_ID);
    }

    @Test
    void aSessionOfAnotherLifeIsNotKnown() throws Exception {
        var request = fetchRequest(Stage.TOPIC, 0, 0).sessionId(77).sessionEpoch(3);

        var response = stage.ask(ApiKey.FETCH, 12, request, FetchResponse.class);

        assertThat(error(response.errorCode)).isEqualTo(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    }

    @Test
    void theLeaderEpochOfAClientIsCheckedAndGrowsWithAPowerCut() throws Exception {
        produce("a");
        int before = epoch();
        stage.cutPower();
        int after = epoch();
        assertThat(after).isGreaterThan(before);

        assertThat(error(fetchWithEpoch(before).errorCode)).isEqualTo(ErrorCode.FENCED_LEADER_EPOCH);
        assertThat(error(fetchWithEpoch(after + 1).errorCode)).isEqualTo(ErrorCode.UNKNOWN_LEADER_EPOCH);
        assertThat(values(fetchWithEpoch(after))).containsExactly("a");
    }

    @Test
    void whereAnEpochEndedCanBeAskedAndAClientThatIsAheadIsToldWhereItDiverges() throws Exception {
        produce("a");
        int before = epoch();
        stage.cutPower();
        produce("b");

        var asked = new OffsetForLeaderPartition().partition(0).leaderEpoch(before);
        var response = stage.ask(
                ApiKey.OFFSET_FOR_LEADER_EPOCH,
                4,
                new OffsetForLeaderEpochRequest()
                        .topics(List.of(
                                new OffsetForLeaderTopic().topic(Stage.TOPIC).partitions(List.of(asked)))),
                OffsetForLeaderEpochResponse.class);
        assertThat(response.topics.get(0).partitions.get(0).endOffset).isEqualTo(1);

        var ahead = fetchRequest(Stage.TOPIC, 0, 2);
        ahead.topics.get(0).partitions.get(0).lastFetchedEpoch(before);
        var data = fetched(stage.broker.send(ApiKey.FETCH, 12, ahead));
        assertThat(data.divergingEpoch.epoch).isEqualTo(before);
        assertThat(data.divergingEpoch.endOffset).isEqualTo(1);
    }

    @Test
    void listOffsetsKnowsTheSpecialTimesAndFindsARecordByItsTime() throws Exception {
        var batch = new BatchBuilder()
                .add(1000, null, Stage.bytes("a"))
                .add(3000, null, Stage.bytes("b"))
                .add(2000, null, Stage.bytes("c"));
        stage.produced(Stage.TOPIC, 0, 12, batch.build().bytes());
        stage.produce(1, batch("not on the disk yet"));

        assertThat(offset(-1, 11).offset).isEqualTo(3);
        assertThat(offset(-2, 11).offset).isZero();
        assertThat(offset(-3, 11).offset).isEqualTo(1);
        assertThat(offset(-4, 11).offset).isZero();
        assertThat(offset(-5, 11).offset).isEqualTo(-1);
        assertThat(offset(1500, 11).offset).isEqualTo(1);
        assertThat(offset(1500, 11).timestamp).isEqualTo(3000);
        assertThat(offset(9000, 11).offset).isEqualTo(-1);
        assertThat(error(offset(-3, 6).errorCode)).isEqualTo(ErrorCode.UNSUPPORTED_VERSION);
    }

    private void produce(String value) throws Exception {
        assertThat(error(stage.produced(Stage.TOPIC, 0, 12, batch(value).build().bytes()).errorCode))
                .isEqualTo(ErrorCode.NONE);
    }

    private int epoch() throws Exception {
        return offset(-1, 11).leaderEpoch;
    }

    private FetchResponse.PartitionData fetchWithEpoch(int epoch) throws Exception {
        var request = fetchRequest(Stage.TOPIC, 0, 0);
        request.topics.get(0).partitions.get(0).currentLeaderEpoch(epoch);
        return fetched(stage.broker.send(ApiKey.FETCH, 12, request));
    }

    private ListOffsetsPartitionResponse offset(long timestamp, int version) throws Exception {
        var asked = new ListOffsetsPartition().partitionIndex(0).timestamp(timestamp);
        var request = new ListOffsetsRequest()
                .replicaId(-1)
                .topics(List.of(new ListOffsetsTopic().name(Stage.TOPIC).partitions(List.of(asked))));
        var sent = stage.broker.send(ApiKey.LIST_OFFSETS, version, request);
        assertThat(sent.ready()).isTrue();
        return ((ListOffsetsResponse) sent.response().orElseThrow())
                .topics
                .get(0)
                .partitions
                .get(0);
    }
}

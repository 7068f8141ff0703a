package io.strandline.broker.requests;

import static io.strandline.broker.requests.Stage.batch;
import static io.strandline.broker.requests.Stage.createRequest;
import static io.strandline.broker.requests.Stage.error;
import static io.strandline.broker.requests.Stage.produceRequest;
import static io.strandline.broker.requests.Stage.produced;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.life.SimulatedBroker;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.CreateTopicsRequest;
import io.strandline.protocol.message.CreateTopicsRequest.CreatableReplicaAssignment;
import io.strandline.protocol.message.CreateTopicsResponse;
import io.strandline.protocol.message.CreateTopicsResponse.CreatableTopicResult;
import io.strandline.protocol.message.DeleteTopicsRequest;
import io.strandline.protocol.message.DeleteTopicsResponse;
import io.strandline.protocol.message.InitProducerIdRequest;
import io.strandline.protocol.message.InitProducerIdResponse;
import io.strandline.protocol.message.MetadataRequest;
import io.strandline.protocol.message.MetadataRequest.MetadataRequestTopic;
import io.strandline.protocol.message.MetadataResponse;
import io.strandline.protocol.message.MetadataResponse.MetadataResponseTopic;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TopicsTest {
    private Stage stage;

    @BeforeEach
    void begin() throws Exception {
        stage = new Stage();
    }

    @Test // W15
    void aTopicExistsForNobodyUntilItsCreationIsOnTheDisk() throws Exception {
        var creation = stage.broker.send(ApiKey.CREATE_TOPICS, 7, createRequest("events", 1, Map.of()));
        assertThat(creation.ready()).isFalse();
        assertThat(error(metadata("events", false).errorCode)).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        var early = stage.broker.send(
                ApiKey.PRODUCE,
                12,
                produceRequest("events", 0, 1, batch("a").build().bytes()));
        assertThat(error(produced(early).errorCode)).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);

        stage.broker.cycle();

        assertThat(creation.ready()).isTrue();
        assertThat(error(metadata("events", false).errorCode)).isEqualTo(ErrorCode.NONE);
        stage.cutPower();
        assertThat(error(metadata("events", false).errorCode)).isEqualTo(ErrorCode.NONE);
    }

    @Test
    void anUnknownTopicIsMadeWhenTheClientAllowsItAndTheAnswerHasIt() throws Exception {
        assertThat(error(metadata("made", false).errorCode)).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        var sent = stage.broker.send(ApiKey.METADATA, 12, metadataRequest("made", true));
        assertThat(sent.ready()).isFalse();

        stage.broker.cycle();

        var topic = topic(sent);
        assertThat(error(topic.errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(topic.partitions).hasSize(1);
        assertThat(topic.topicId).isNotEqualTo(new UUID(0, 0));
    }

    @Test
    void aNameThatNoTopicCanHaveIsCalledInvalidAndNotMissingForAMissingOneMayCome() throws Exception {
        assertThat(error(metadata("a/b", true).errorCode)).isEqualTo(ErrorCode.INVALID_TOPIC_EXCEPTION);
        assertThat(error(metadata("a/b", false).errorCode)).isEqualTo(ErrorCode.INVALID_TOPIC_EXCEPTION);
    }

    @Test
    void aTopicKeepsItsIdOverRestartsAndGetsAnotherOneWhenItIsMadeAgain() throws Exception {
        var id = stage.create("events", 1);
        stage.cutPower();
        assertThat(metadata("events", false).topicId).isEqualTo(id);

        delete("events");

        assertThat(stage.create("events", 1)).isNotEqualTo(id);
    }

    @Test
    void aDeletedTopicDoesNotComeBackAndNeitherDoItsRecords() throws Exception {
        stage.create("events", 1);
        stage.produced("events", 0, 12, batch("a").build().bytes());

        delete("events");
        stage.broker.checkpoint();

        stage.cutPower();
        assertThat(error(metadata("events", false).errorCode)).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        stage.create("events", 1);
        assertThat(stage.produced("events", 0, 12, batch("b").build().bytes()).baseOffset)
                .isZero();
    }

    @Test
    void aFetchThatWaitsIsToldWhenItsTopicIsDeleted() throws Exception {
        stage.create(Stage.TOPIC, 1);
        var fetch = stage.fetch(0);
        assertThat(fetch.ready()).isFalse();

        delete(Stage.TOPIC);

        assertThat(error(Stage.fetched(fetch).errorCode)).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }

    @Test // W9
    void creatingATopicMakesNoFileAndItsFirstAppendDoes() throws Exception {
        int before = stage.disk.list("topics").size();
        stage.create("events", 100);
        assertThat(stage.disk.list("topics")).hasSize(before);

        stage.produced("events", 42, 12, batch("a").build().bytes());

        assertThat(stage.disk.list("topics")).hasSize(before + 1);
    }

    @Test
    void whatIsWrongWithANewTopicIsSaidInKafkasCodeAndInWords() throws Exception {
        stage.create("a.b", 1);
        refused("..", 1, Map.of(), ErrorCode.INVALID_TOPIC_EXCEPTION, "'..'");
        refused("a/b", 1, Map.of(), ErrorCode.INVALID_TOPIC_EXCEPTION, "position 2");
        refused("x".repeat(250), 1, Map.of(), ErrorCode.INVALID_TOPIC_EXCEPTION, "249");
        refused("", 1, Map.of(), ErrorCode.INVALID_TOPIC_EXCEPTION, "empty");
        refused("a.b", 1, Map.of(), ErrorCode.TOPIC_ALREADY_EXISTS, "exists");
        refused("a_b", 1, Map.of(), ErrorCode.INVALID_TOPIC_EXCEPTION, "a.b");
        refused("c", 0, Map.of(), ErrorCode.INVALID_PARTITIONS, "not 0");
        refused("c", 1, Map.of("retention.mss", "1"), ErrorCode.INVALID_CONFIG, "did you mean 'retention.ms'?");
        refused("c", 1, Map.of("retention.ms", "soon"), ErrorCode.INVALID_CONFIG, "'soon'");
        refused("c", 1, Map.of("cleanup.policy", "shred"), ErrorCode.INVALID_CONFIG, "delete, compact");
    }

    @Test
    void aReplicationFactorAboveOneIsTakenAndReportedAsOne() throws Exception {
        var request = createRequest("events", 3, Map.of("min.insync.replicas", "2"));
        request.topics.get(0).replicationFactor((short) 3);

        var result = create(request);

        assertThat(error(result.errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(result.replicationFactor).isEqualTo((short) 1);
        assertThat(result.numPartitions).isEqualTo(3);
        assertThat(result.configs).anySatisfy(config -> {
            assertThat(config.name).isEqualTo("min.insync.replicas");
            assertThat(config.value).isEqualTo("2");
        });
    }

    @Test
    void validateOnlySaysWhatWouldHappenAndMakesNothing() throws Exception {
        var result = create(createRequest("events", 3, Map.of()).validateOnly(true));

        assertThat(error(result.errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(error(metadata("events", false).errorCode)).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }

    @Test
    void partitionsCanBePlacedByHandOnTheOnlyNode() throws Exception {
        assertThat(error(create(placed(1)).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(metadata("placed", false).partitions).hasSize(2);

        assertThat(error(create(placed(7)).errorCode)).isEqualTo(ErrorCode.INVALID_REPLICA_ASSIGNMENT);
    }

    @Test // W20
    void aProducerIdIsToldWhenItIsDurableAndIsNeverGivenAgain() throws Exception {
        var sent = stage.broker.send(ApiKey.INIT_PRODUCER_ID, 4, new InitProducerIdRequest().transactionalId(null));
        assertThat(sent.ready()).isFalse();
        stage.broker.cycle();
        long first = ((InitProducerIdResponse) sent.response().orElseThrow()).producerId;
        long second = producerId();
        stage.cutPower();

        assertThat(second).isGreaterThan(first);
        assertThat(producerId()).isGreaterThan(second);
    }

    @Test
    void aTransactionalProducerIsRefused() throws Exception {
        var request = new InitProducerIdRequest().transactionalId("tx");

        var response = stage.ask(ApiKey.INIT_PRODUCER_ID, 4, request, InitProducerIdResponse.class);

        assertThat(error(response.errorCode)).isEqualTo(ErrorCode.INVALID_REQUEST);
    }

    private static CreateTopicsRequest placed(int node) {
        var request = createRequest("placed", -1, Map.of());
        request.topics.get(0).replicationFactor((short) -1);
        for (int i = 0; i < 2; i++) {
            request.topics
                    .get(0)
                    .assignments
                    .add(new CreatableReplicaAssignment().partitionIndex(i).brokerIds(List.of(node)));
        }
        return request;
    }

    private void refused(String name, int partitions, Map<String, String> config, ErrorCode expected, String reason)
            throws Exception {
        var result = create(createRequest(name, partitions, config));
        assertThat(error(result.errorCode)).as(name).isEqualTo(expected);
        assertThat(result.errorMessage).as(name).contains(reason);
    }

    private CreatableTopicResult create(CreateTopicsRequest request) throws Exception {
        return stage.ask(ApiKey.CREATE_TOPICS, 7, request, CreateTopicsResponse.class)
                .topics
                .get(0);
    }

    private void delete(String name) throws Exception {
        var request = new DeleteTopicsRequest().topicNames(List.of(name));
        var response = stage.ask(ApiKey.DELETE_TOPICS, 5, request, DeleteTopicsResponse.class);
        assertThat(error(response.responses.get(0).errorCode)).isEqualTo(ErrorCode.NONE);
    }

    private long producerId() throws Exception {
        var request = new InitProducerIdRequest().transactionalId(null);
        return stage.ask(ApiKey.INIT_PRODUCER_ID, 4, request, InitProducerIdResponse.class).producerId;
    }

    private MetadataResponseTopic metadata(String name, boolean create) throws Exception {
        return topic(stage.broker.send(ApiKey.METADATA, 12, metadataRequest(name, create)));
    }

    private static MetadataRequest metadataRequest(String name, boolean create) {
        return new MetadataRequest()
                .topics(List.of(new MetadataRequestTopic().name(name)))
                .allowAutoTopicCreation(create);
    }

    private static MetadataResponseTopic topic(SimulatedBroker.Sent sent) throws Exception {
        assertThat(sent.ready()).isTrue();
        return ((MetadataResponse) sent.response().orElseThrow()).topics.get(0);
    }
}

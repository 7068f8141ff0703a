package io.strandline.broker.requests;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.life.ManualTime;
import io.strandline.broker.life.SimulatedBroker;
import io.strandline.broker.life.Verification;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.Payload;
import io.strandline.protocol.message.CreateTopicsRequest;
import io.strandline.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.strandline.protocol.message.CreateTopicsRequest.CreatableTopicConfig;
import io.strandline.protocol.message.CreateTopicsResponse;
import io.strandline.protocol.message.FetchRequest;
import io.strandline.protocol.message.FetchRequest.FetchPartition;
import io.strandline.protocol.message.FetchRequest.FetchTopic;
import io.strandline.protocol.message.FetchResponse;
import io.strandline.protocol.message.ProduceRequest;
import io.strandline.protocol.message.ProduceRequest.PartitionProduceData;
import io.strandline.protocol.message.ProduceRequest.TopicProduceData;
import io.strandline.protocol.message.ProduceResponse;
import io.strandline.protocol.message.ProduceResponse.PartitionProduceResponse;
import io.strandline.storage.BatchBuilder;
import io.strandline.storage.StoreConfig;
import io.strandline.storage.simulation.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;

/** A broker without threads on a simulated disk, and the requests that tests make most. */
final class Stage {
    static final String TOPIC = "events";

    final ManualTime time = new ManualTime();
    SimulatedDisk disk = new SimulatedDisk(1);
    SimulatedBroker broker;
    private final SplittableRandom ids = new SplittableRandom(1);

    Stage() throws IOException {
        broker = start();
    }

    private SimulatedBroker start() throws IOException {
        var config = StoreConfig.defaults().withJournalBytes(256 * 1024);
        return new SimulatedBroker(disk, config, time, () -> new UUID(ids.nextLong(), ids.nextLong()));
    }

    /** The power fails and comes back. */
    void cutPower() throws IOException {
        disk = disk.afterPowerCut(2);
        broker = start();
    }

    UUID create(String name, int partitions) throws IOException {
        return create(name, partitions, Map.of());
    }

    UUID create(String name, int partitions, Map<String, String> configs) throws IOException {
        var response = broker.ask(
                ApiKey.CREATE_TOPICS, 7, createRequest(name, partitions, configs), CreateTopicsResponse.class);
        assertThat(ErrorCode.forCode(response.topics.get(0).errorCode)).contains(ErrorCode.NONE);
        return response.topics.get(0).topicId;
    }

    static CreateTopicsRequest createRequest(String name, int partitions, Map<String, String> configs) {
        var wanted = new CreatableTopic().name(name).numPartitions(partitions).replicationFactor((short) 1);
        configs.forEach((key, value) ->
                wanted.configs.add(new CreatableTopicConfig().name(key).value(value)));
        return new CreateTopicsRequest().topics(List.of(wanted));
    }

    static BatchBuilder batch(String... values) {
        var batch = new BatchBuilder();
        for (var value : values) {
            batch.add(1_700_000_000_000L, bytes("key"), bytes(value));
        }
        return batch;
    }

    static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    static ProduceRequest produceRequest(String topic, int partition, int acks, ByteBuffer records) {
        var data = new PartitionProduceData().index(partition).records(new Payload.Bytes(records));
        return new ProduceRequest()
                .acks((short) acks)
                .timeoutMs(1000)
                .topicData(List.of(new TopicProduceData().name(topic).partitionData(List.of(data))));
    }

    SimulatedBroker.Sent produce(int acks, BatchBuilder records) {
        return broker.send(
                ApiKey.PRODUCE,
                12,
                produceRequest(TOPIC, 0, acks, records.build().bytes()));
    }

    /** The only partition of an answer to Produce. */
    static PartitionProduceResponse produced(SimulatedBroker.Sent sent) throws IOException {
        assertThat(sent.ready()).as("answered").isTrue();
        var response = (ProduceResponse) sent.response().orElseThrow();
        return response.responses.get(0).partitionResponses.get(0);
    }

    PartitionProduceResponse produced(String topic, int partition, int version, ByteBuffer records) throws IOException {
        var sent = broker.send(ApiKey.PRODUCE, version, produceRequest(topic, partition, -1, records));
        broker.settle();
        return produced(sent);
    }

    static FetchRequest fetchRequest(String topic, int partition, long offset) {
        var wanted =
                new FetchPartition().partition(partition).fetchOffset(offset).partitionMaxBytes(1 << 20);
        return new FetchRequest()
                .maxWaitMs(500)
                .minBytes(1)
                .maxBytes(1 << 20)
                .topics(List.of(new FetchTopic().topic(topic).partitions(List.of(wanted))));
    }

    SimulatedBroker.Sent fetch(long offset) {
        return broker.send(ApiKey.FETCH, 12, fetchRequest(TOPIC, 0, offset));
    }

    static FetchResponse.PartitionData fetched(SimulatedBroker.Sent sent) throws IOException {
        assertThat(sent.ready()).as("answered").isTrue();
        var response = (FetchResponse) sent.response().orElseThrow();
        return response.responses.get(0).partitions.get(0);
    }

    static Collection<String> values(FetchResponse.PartitionData data) {
        return new ArrayList<>(Verification.records(data.records).values());
    }

    static ErrorCode error(short code) {
        return ErrorCode.forCode(code).orElseThrow();
    }

    <M extends Message> M ask(ApiKey api, int version, Message request, Class<M> response) throws IOException {
        return broker.ask(api, version, request, response);
    }
}

package io.strandline.broker.life;

import io.strandline.broker.life.Known.KnownPartition;
import io.strandline.broker.life.Known.KnownTopic;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Payload;
import io.strandline.protocol.message.CreatePartitionsRequest;
import io.strandline.protocol.message.CreatePartitionsRequest.CreatePartitionsTopic;
import io.strandline.protocol.message.CreatePartitionsResponse;
import io.strandline.protocol.message.CreateTopicsRequest;
import io.strandline.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.strandline.protocol.message.CreateTopicsRequest.CreatableTopicConfig;
import io.strandline.protocol.message.CreateTopicsResponse;
import io.strandline.protocol.message.DeleteRecordsRequest;
import io.strandline.protocol.message.DeleteRecordsRequest.DeleteRecordsPartition;
import io.strandline.protocol.message.DeleteRecordsRequest.DeleteRecordsTopic;
import io.strandline.protocol.message.DeleteRecordsResponse;
import io.strandline.protocol.message.DeleteTopicsRequest;
import io.strandline.protocol.message.DeleteTopicsRequest.DeleteTopicState;
import io.strandline.protocol.message.DeleteTopicsResponse;
import io.strandline.protocol.message.DescribeConfigsResponse;
import io.strandline.protocol.message.FetchResponse;
import io.strandline.protocol.message.IncrementalAlterConfigsRequest;
import io.strandline.protocol.message.IncrementalAlterConfigsRequest.AlterConfigsResource;
import io.strandline.protocol.message.IncrementalAlterConfigsRequest.AlterableConfig;
import io.strandline.protocol.message.IncrementalAlterConfigsResponse;
import io.strandline.protocol.message.InitProducerIdRequest;
import io.strandline.protocol.message.InitProducerIdResponse;
import io.strandline.protocol.message.MetadataRequest;
import io.strandline.protocol.message.MetadataRequest.MetadataRequestTopic;
import io.strandline.protocol.message.MetadataResponse;
import io.strandline.protocol.message.OffsetCommitRequest;
import io.strandline.protocol.message.OffsetCommitRequest.OffsetCommitRequestPartition;
import io.strandline.protocol.message.OffsetCommitRequest.OffsetCommitRequestTopic;
import io.strandline.protocol.message.OffsetCommitResponse;
import io.strandline.protocol.message.ProduceRequest;
import io.strandline.protocol.message.ProduceRequest.PartitionProduceData;
import io.strandline.protocol.message.ProduceRequest.TopicProduceData;
import io.strandline.protocol.message.ProduceResponse;
import io.strandline.storage.BatchBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Clients of topics, all by one seed: topics come and go, idempotent producers repeat what was not answered, consumers follow
 * and say how far they have read.
 */
final class TopicClients implements BrokerLife.Clients {
    static final String GROUP = "group";

    private static final short ALL = -1;
    private static final int TOPICS_MAX = 3;
    private static final int PARTITIONS_MAX = 5;

    /** Has no effect, and any number is possible. */
    static final String SETTING = "delete.retention.ms";

    private final BrokerLife life;
    private final SplittableRandom random;
    private final ManualTime time;
    private final Known known = new Known();
    private final List<IdempotentProducer> producers = new ArrayList<>();
    private int values;
    private long acknowledgements;

    TopicClients(BrokerLife life) {
        this.life = life;
        this.random = life.random;
        this.time = life.time;
    }

    private static final class IdempotentProducer {
        private final long id;
        private final Map<KnownPartition, Integer> nextSequence = new HashMap<>();
        private final Map<KnownPartition, Batch> unanswered = new HashMap<>();

        private IdempotentProducer(long id) {
            this.id = id;
        }
    }

    private record Batch(KnownTopic topic, int partition, List<String> values, int sequence) {}

    @Override
    public void begin() {
        // The first topic is made when the dice say so.
    }

    @Override
    public void step() {
        switch (random.nextInt(19)) {
            case 0 -> createTopic();
            case 1 -> deleteTopic();
            case 2 -> newProducer();
            case 3, 4, 5, 6 -> produceIdempotent();
            case 7, 8, 9 -> produce();
            case 10 -> produceToSeveral();
            case 11 -> commit();
            case 12 -> addPartitions();
            case 13 -> changeSetting();
            case 14 -> askForSetting();
            case 15 -> deleteRecords();
            default -> consume();
        }
    }

    @Override
    public void brokerWasAway(boolean powerWasCut) {
        if (powerWasCut) {
            known.powerWasCut();
        }
    }

    @Override
    public void verify(SimulatedBroker broker, boolean killed) throws IOException {
        new Verification(broker, known).run(killed);
    }

    @Override
    public long told() {
        return acknowledgements;
    }

    // ---- topics

    private void createTopic() {
        var name = "topic-" + random.nextInt(TOPICS_MAX);
        if (random.nextInt(4) == 0) {
            int version = random.nextInt(10, 14);
            var asked = new MetadataRequestTopic().name(name);
            life.send(ApiKey.METADATA, version, new MetadataRequest().topics(List.of(asked)), response -> {
                var topic = ((MetadataResponse) response).topics.get(0);
                if (topic.errorCode == 0) {
                    learnTopic(topic.topicId, name, topic.partitions.size());
                }
            });
            return;
        }
        int partitions = 1 + random.nextInt(3);
        var segments = new CreatableTopicConfig()
                .name("internal.segment.bytes")
                .value(String.valueOf(600 + random.nextInt(2000)));
        var wanted = new CreatableTopic()
                .name(name)
                .numPartitions(partitions)
                .replicationFactor((short) 1)
                .configs(List.of(segments));
        life.send(ApiKey.CREATE_TOPICS, 7, new CreateTopicsRequest().topics(List.of(wanted)), response -> {
            var topic = ((CreateTopicsResponse) response).topics.get(0);
            if (topic.errorCode == 0) {
                learnTopic(topic.topicId, name, partitions);
            }
        });
    }

    private void learnTopic(UUID id, String name, int partitions) {
        var topic = known.topics.get(id);
        if (topic == null) {
            known.topics.put(id, new KnownTopic(id, name, partitions));
            acknowledgements++;
        } else {
            topic.partitionsAre(partitions);
        }
    }

    private void addPartitions() {
        var topic = anyTopic();
        if (topic == null || topic.partitionsAsked >= PARTITIONS_MAX) {
            return;
        }
        int count = topic.partitionsAsked + 1;
        topic.partitionsMayBe(count);
        var wanted = new CreatePartitionsTopic().name(topic.name).count(count).assignments(null);
        var request = new CreatePartitionsRequest().topics(List.of(wanted)).timeoutMs(30_000);
        life.send(ApiKey.CREATE_PARTITIONS, 3, request, response -> {
            var result = ((CreatePartitionsResponse) response).results.get(0);
            if (result.errorCode == 0 && isTheOneOfItsName(topic)) {
                topic.partitionsAre(count);
                acknowledgements++;
            }
        });
    }

    /** Requests with a name may have met another topic, made after this one was deleted. */
    private static boolean isTheOneOfItsName(KnownTopic topic) {
        return !topic.deletionAsked;
    }

    /** A setting without effect, whose values are all different: so it is known which one counts. */
    private void changeSetting() {
        var topic = anyTopic();
        if (topic == null) {
            return;
        }
        int number = topic.settingsAsked.size();
        long value = 1 + number;
        topic.settingsAsked.add(value);
        var config =
                new AlterableConfig().name(SETTING).configOperation((byte) 0).value(String.valueOf(value));
        var resource = new AlterConfigsResource()
                .resourceType((byte) 2)
                .resourceName(topic.name)
                .configs(List.of(config));
        var request = new IncrementalAlterConfigsRequest().resources(List.of(resource));
        life.send(ApiKey.INCREMENTAL_ALTER_CONFIGS, 1, request, response -> {
            var result = ((IncrementalAlterConfigsResponse) response).responses.get(0);
            if (result.errorCode == 0 && isTheOneOfItsName(topic)) {
                topic.settingIs(number);
                acknowledgements++;
            }
        });
    }

    private void askForSetting() {
        var topic = anyTopic();
        if (topic == null) {
            return;
        }
        life.send(ApiKey.DESCRIBE_CONFIGS, 4, Verification.describeSetting(topic), response -> {
            int number = topic.settingsAsked.indexOf(Verification.setting((DescribeConfigsResponse) response));
            if (number >= 0 && isTheOneOfItsName(topic)) {
                topic.settingIs(number);
            }
        });
    }

    private void deleteRecords() {
        var topic = anyTopic();
        if (topic == null) {
            return;
        }
        int index = random.nextInt(topic.partitions);
        var partition = topic.partition.get(index);
        long end = life.durableEnd(topic.id, index);
        boolean all = random.nextInt(4) == 0;
        long offset = all ? end : random.nextLong(end + 1);
        partition.startAsked = Math.max(partition.startAsked, offset);
        var wanted = new DeleteRecordsTopic()
                .name(topic.name)
                .partitions(List.of(
                        new DeleteRecordsPartition().partitionIndex(index).offset(all ? -1 : offset)));
        var request = new DeleteRecordsRequest().topics(List.of(wanted)).timeoutMs(30_000);
        life.send(ApiKey.DELETE_RECORDS, 2, request, response -> {
            var result =
                    ((DeleteRecordsResponse) response).topics.get(0).partitions.get(0);
            if (result.errorCode == 0 && isTheOneOfItsName(topic)) {
                partition.start = Math.max(partition.start, result.lowWatermark);
                acknowledgements++;
            } else if (result.errorCode != ErrorCode.REQUEST_TIMED_OUT.code() && isTheOneOfItsName(topic)) {
                throw new AssertionError("Records were not deleted: " + ErrorCode.forCode(result.errorCode));
            }
        });
    }

    private void deleteTopic() {
        var topic = anyTopic();
        if (topic == null || random.nextInt(3) > 0) {
            return;
        }
        topic.deletionAsked = true;
        var state = new DeleteTopicState().topicId(topic.id).name(null);
        life.send(ApiKey.DELETE_TOPICS, 6, new DeleteTopicsRequest().topics(List.of(state)), response -> {
            var result = ((DeleteTopicsResponse) response).responses.get(0);
            if (result.errorCode == 0) {
                topic.deletionAnswered = true;
                acknowledgements++;
            }
        });
    }

    private @Nullable KnownTopic anyTopic() {
        var usable = known.topics.values().stream()
                .filter(topic -> !topic.deletionAsked)
                .toList();
        return usable.isEmpty() ? null : usable.get(random.nextInt(usable.size()));
    }

    // ---- producers

    private void newProducer() {
        life.send(
                ApiKey.INIT_PRODUCER_ID,
                random.nextInt(6),
                new InitProducerIdRequest().transactionalId(null),
                response -> {
                    var given = (InitProducerIdResponse) response;
                    if (given.errorCode == 0) {
                        if (!known.producerIds.add(given.producerId)) {
                            throw new AssertionError("Producer id " + given.producerId + " was given twice");
                        }
                        producers.add(new IdempotentProducer(given.producerId));
                    }
                });
    }

    private void produceIdempotent() {
        var topic = anyTopic();
        if (topic == null || producers.isEmpty()) {
            return;
        }
        var producer = producers.get(random.nextInt(producers.size()));
        int index = random.nextInt(topic.partitions);
        var partition = topic.partition.get(index);
        var batch = producer.unanswered.get(partition);
        if (batch == null) {
            batch = new Batch(topic, index, newValues("idempotent"), producer.nextSequence.getOrDefault(partition, 0));
            producer.unanswered.put(partition, batch);
        }
        var sent = batch; // new, or once more: the answer was lost or has not come yet
        var records = new BatchBuilder().producer(producer.id, (short) 0, sent.sequence);
        sent.values.forEach(value -> records.add(time.wallMs(), null, bytes(value)));
        produce(sent, records, ALL, (error, baseOffset) -> {
            if (error == ErrorCode.NONE && producer.unanswered.remove(partition, sent)) {
                producer.nextSequence.put(partition, sent.sequence + sent.values.size());
            }
            if (error == ErrorCode.NONE) {
                learn(partition.acknowledged, baseOffset, sent.values);
            } else if (error != ErrorCode.REQUEST_TIMED_OUT && !topic.deletionAsked) {
                throw new AssertionError("An idempotent batch was refused with " + error + ": " + sent);
            }
        });
    }

    private void produce() {
        var topic = anyTopic();
        if (topic == null) {
            return;
        }
        int index = random.nextInt(topic.partitionsAsked); // also one that may not be there yet
        var partition = topic.partition.get(index);
        var batch = new Batch(topic, index, newValues("plain"), -1);
        var records = new BatchBuilder();
        batch.values.forEach(value -> records.add(time.wallMs(), bytes("key"), bytes(value)));
        short acks = (short) (random.nextInt(3) - 1);
        produce(batch, records, acks, (error, baseOffset) -> {
            if (error == ErrorCode.NONE) {
                topic.partitionsAre(index + 1);
                learn(acks == ALL ? partition.acknowledged : partition.killProof, baseOffset, batch.values);
            }
        });
    }

    /** One request for all partitions of a topic: each is acknowledged for itself, and together they wait for the disk. */
    private void produceToSeveral() {
        var topic = anyTopic();
        if (topic == null) {
            return;
        }
        var data = new ArrayList<PartitionProduceData>();
        var learn = new ArrayList<Acknowledged>();
        for (int index = 0; index < topic.partitions; index++) {
            var partition = topic.partition.get(index);
            var batch = new Batch(topic, index, newValues("together"), -1);
            var records = new BatchBuilder();
            batch.values.forEach(value -> records.add(time.wallMs(), null, bytes(value)));
            data.add(data(batch, records));
            learn.add((error, baseOffset) -> {
                if (error == ErrorCode.NONE) {
                    learn(partition.acknowledged, baseOffset, batch.values);
                }
            });
        }
        produce(topic, data, ALL, learn);
    }

    @FunctionalInterface
    private interface Acknowledged {
        void with(ErrorCode error, long baseOffset);
    }

    private void produce(Batch batch, BatchBuilder records, short acks, Acknowledged learn) {
        produce(batch.topic, List.of(data(batch, records)), acks, List.of(learn));
    }

    private static PartitionProduceData data(Batch batch, BatchBuilder records) {
        return new PartitionProduceData()
                .index(batch.partition)
                .records(new Payload.Bytes(records.build().bytes()));
    }

    /** Up to v12 the name decides, and the topic of that name may be another one by now: then its offsets mean nothing. */
    private void produce(KnownTopic topic, List<PartitionProduceData> data, short acks, List<Acknowledged> learn) {
        var request = new ProduceRequest()
                .acks(acks)
                .timeoutMs(30_000)
                .topicData(List.of(new TopicProduceData().topicId(topic.id).partitionData(data)));
        life.send(ApiKey.PRODUCE, 13, request, response -> {
            var answers = ((ProduceResponse) response).responses.get(0).partitionResponses;
            for (int i = 0; i < learn.size(); i++) {
                var answer = answers.get(i);
                learn.get(i).with(ErrorCode.forCode(answer.errorCode).orElseThrow(), answer.baseOffset);
            }
        });
    }

    private void learn(Map<Long, String> into, long baseOffset, List<String> values) {
        for (int i = 0; i < values.size(); i++) {
            into.put(baseOffset + i, values.get(i));
        }
        acknowledgements++;
    }

    private List<String> newValues(String kind) {
        var list = new ArrayList<String>();
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            list.add(kind + "-" + ++values + "-" + "x".repeat(random.nextInt(200)));
        }
        return list;
    }

    // ---- consumers

    private void consume() {
        var topic = anyTopic();
        if (topic == null) {
            return;
        }
        int index = random.nextInt(topic.partitions);
        var partition = topic.partition.get(index);
        long from = partition.consumerAt;
        int version = random.nextInt(13, 19);
        var request = Verification.fetch(topic, index, from, version, 200 + random.nextInt(3000))
                .maxWaitMs(random.nextInt(2) * 500);
        life.send(ApiKey.FETCH, version, request, response -> {
            var data = ((FetchResponse) response).responses.get(0).partitions.get(0);
            if (data.errorCode == ErrorCode.OFFSET_OUT_OF_RANGE.code()) { // its beginning was deleted
                partition.consumerAt = Math.max(partition.consumerAt, data.logStartOffset);
                return;
            }
            var records = Verification.records(data.records);
            records.headMap(from).clear(); // a batch comes whole; what is before the offset is not looked at
            partition.seen.putAll(records);
            if (!records.isEmpty()) {
                partition.consumerAt = Math.max(partition.consumerAt, records.lastKey() + 1);
            }
        });
    }

    /** A consumer without a membership commits how far it has come, as an application with its own assignment does. */
    private void commit() {
        var topic = anyTopic();
        if (topic == null) {
            return;
        }
        int index = random.nextInt(topic.partitions);
        var partition = topic.partition.get(index);
        long offset = partition.consumerAt;
        var commit = new OffsetCommitRequestPartition()
                .partitionIndex(index)
                .committedOffset(offset)
                .committedMetadata(null);
        partition.commitTried = Math.max(partition.commitTried, offset);
        var request = new OffsetCommitRequest()
                .groupId(GROUP)
                .topics(List.of(new OffsetCommitRequestTopic().topicId(topic.id).partitions(List.of(commit))));
        life.send(ApiKey.OFFSET_COMMIT, 10, request, response -> {
            var answer =
                    ((OffsetCommitResponse) response).topics.get(0).partitions.get(0);
            if (answer.errorCode == 0) {
                partition.committed = Math.max(partition.committed, offset);
                acknowledgements++;
            } else if (!topic.deletionAsked
                    && answer.errorCode != ErrorCode.REQUEST_TIMED_OUT.code()
                    && answer.errorCode != ErrorCode.COORDINATOR_NOT_AVAILABLE.code()) {
                throw new AssertionError("A commit was refused with " + ErrorCode.forCode(answer.errorCode));
            }
        });
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}

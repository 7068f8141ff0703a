package io.strandline.broker.life;

import io.strandline.broker.life.Known.KnownPartition;
import io.strandline.broker.life.Known.KnownTopic;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.Payload;
import io.strandline.protocol.message.CreateTopicsRequest;
import io.strandline.protocol.message.CreateTopicsRequest.CreatableTopic;
import io.strandline.protocol.message.CreateTopicsRequest.CreatableTopicConfig;
import io.strandline.protocol.message.CreateTopicsResponse;
import io.strandline.protocol.message.DeleteTopicsRequest;
import io.strandline.protocol.message.DeleteTopicsRequest.DeleteTopicState;
import io.strandline.protocol.message.DeleteTopicsResponse;
import io.strandline.protocol.message.FetchResponse;
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
import io.strandline.storage.StoreConfig;
import io.strandline.storage.simulation.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Clients and a broker, all by one seed: topics come and go, idempotent producers repeat what was not answered, consumers
 * follow, the broker is stopped, killed and cut off. During every operation of the disk the power can fail: then another
 * broker starts on what is left of the disk and is asked for everything that clients were told until then.
 */
final class BrokerLife {
    static final String GROUP = "group";

    private static final short ALL = -1;
    private static final int TOPICS_MAX = 3;

    private final long seed;
    private final double cutChance;
    private final SplittableRandom random;
    private final SplittableRandom cuts;
    private final ManualTime time = new ManualTime();
    private final Known known = new Known();
    private final List<Waiting> waiting = new ArrayList<>();
    private final List<IdempotentProducer> producers = new ArrayList<>();
    private final StoreConfig config = StoreConfig.defaults()
            .withJournalBytes(64 * 1024)
            .withCheckpoint(16 * 1024, Duration.ofSeconds(10))
            .withIndexIntervalBytes(256);
    private SimulatedDisk disk;
    private SimulatedBroker broker;
    private int values;

    long cutsTried;
    long killsTried;
    long acknowledgements;
    long restarts;

    /** @param cutChance how likely the power fails (in a world beside) during one operation of the disk */
    BrokerLife(long seed, double cutChance) throws IOException {
        this.seed = seed;
        this.cutChance = cutChance;
        this.random = new SplittableRandom(seed);
        this.cuts = new SplittableRandom(~seed);
        this.disk = watched(new SimulatedDisk(random.nextLong()));
        this.broker = start(disk);
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

    /** Who waits for an answer, and what it does with it. */
    private record Waiting(SimulatedBroker.Sent sent, Learn learn) {}

    @FunctionalInterface
    private interface Learn {
        void from(Message response);
    }

    void live(int steps) throws IOException {
        for (int step = 0; step < steps; step++) {
            step();
            listen();
        }
        broker.settle();
        listen();
        new Verification(broker, known).run(true);
    }

    private void step() throws IOException {
        switch (random.nextInt(21)) {
            case 0 -> createTopic();
            case 1 -> deleteTopic();
            case 2 -> newProducer();
            case 3, 4, 5, 6 -> produceIdempotent();
            case 7, 8, 9 -> produce();
            case 10, 11, 12 -> consume();
            case 13, 14, 15, 16 -> broker.cycle();
            case 17 -> broker.checkpoint();
            case 18 -> commit();
            case 19 -> time.advanceMs(random.nextLong(20_000));
            default -> {
                if (random.nextInt(2) == 0) {
                    restart();
                }
            }
        }
    }

    /** Everyone who has got an answer learns from it. */
    private void listen() throws IOException {
        for (var each : List.copyOf(waiting)) {
            if (each.sent().ready()) {
                waiting.remove(each);
                var response = each.sent().response();
                if (response.isPresent()) {
                    each.learn().from(response.get());
                }
            }
        }
    }

    private void send(ApiKey api, int version, Message request, Learn learn) {
        waiting.add(new Waiting(broker.send(api, version, request), learn));
    }

    // ---- topics

    private void createTopic() {
        var name = "topic-" + random.nextInt(TOPICS_MAX);
        if (random.nextInt(4) == 0) {
            int version = random.nextInt(10, 14);
            var asked = new MetadataRequestTopic().name(name);
            send(ApiKey.METADATA, version, new MetadataRequest().topics(List.of(asked)), response -> {
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
        send(ApiKey.CREATE_TOPICS, 7, new CreateTopicsRequest().topics(List.of(wanted)), response -> {
            var topic = ((CreateTopicsResponse) response).topics.get(0);
            if (topic.errorCode == 0) {
                learnTopic(topic.topicId, name, partitions);
            }
        });
    }

    private void learnTopic(UUID id, String name, int partitions) {
        if (!known.topics.containsKey(id)) {
            known.topics.put(id, new KnownTopic(id, name, partitions));
            acknowledgements++;
        }
    }

    private void deleteTopic() {
        var topic = anyTopic();
        if (topic == null || random.nextInt(3) > 0) {
            return;
        }
        topic.deletionAsked = true;
        var state = new DeleteTopicState().topicId(topic.id).name(null);
        send(ApiKey.DELETE_TOPICS, 6, new DeleteTopicsRequest().topics(List.of(state)), response -> {
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
        send(
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
        int index = random.nextInt(topic.partitions);
        var partition = topic.partition.get(index);
        var batch = new Batch(topic, index, newValues("plain"), -1);
        var records = new BatchBuilder();
        batch.values.forEach(value -> records.add(time.wallMs(), bytes("key"), bytes(value)));
        short acks = (short) (random.nextInt(3) - 1);
        produce(batch, records, acks, (error, baseOffset) -> {
            if (error == ErrorCode.NONE) {
                learn(acks == ALL ? partition.acknowledged : partition.killProof, baseOffset, batch.values);
            }
        });
    }

    @FunctionalInterface
    private interface Acknowledged {
        void with(ErrorCode error, long baseOffset);
    }

    private void produce(Batch batch, BatchBuilder records, short acks, Acknowledged learn) {
        // Up to v12 the name decides, and the topic of that name may be another one by now: then its offsets mean
        // nothing.
        int version = 13;
        var data = new PartitionProduceData()
                .index(batch.partition)
                .records(new Payload.Bytes(records.build().bytes()));
        var request = new ProduceRequest()
                .acks(acks)
                .timeoutMs(30_000)
                .topicData(
                        List.of(new TopicProduceData().topicId(batch.topic.id).partitionData(List.of(data))));
        send(ApiKey.PRODUCE, version, request, response -> {
            var answer = ((ProduceResponse) response)
                    .responses
                    .get(0)
                    .partitionResponses
                    .get(0);
            learn.with(ErrorCode.forCode(answer.errorCode).orElseThrow(), answer.baseOffset);
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
        send(ApiKey.FETCH, version, request, response -> {
            var data = ((FetchResponse) response).responses.get(0).partitions.get(0);
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
        send(ApiKey.OFFSET_COMMIT, 10, request, response -> {
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

    // ---- trouble

    private void restart() throws IOException {
        restarts++;
        waiting.clear();
        long next = random.nextLong();
        switch (random.nextInt(3)) {
            case 0 -> {
                broker.close();
                disk = disk.afterProcessKill(next);
            }
            case 1 -> disk = disk.afterProcessKill(next);
            default -> {
                disk = disk.afterPowerCut(next);
                known.powerWasCut();
            }
        }
        watched(disk);
        broker = start(disk);
    }

    private SimulatedDisk watched(SimulatedDisk watched) {
        watched.onOperation(operation -> {
            if (cuts.nextDouble() < cutChance) {
                tryCut(watched, operation.toString());
            }
        });
        return watched;
    }

    private void tryCut(SimulatedDisk cut, String where) {
        boolean killed = cuts.nextInt(4) == 0;
        long next = cuts.nextLong();
        try {
            var left = killed ? cut.afterProcessKill(next) : cut.afterPowerCut(next);
            new Verification(start(left), known).run(killed);
        } catch (AssertionError | IOException | RuntimeException e) {
            throw new AssertionError(
                    (killed ? "After the death of the process" : "After a power cut") + " during " + where + ", -Dseed="
                            + seed,
                    e);
        }
        if (killed) {
            killsTried++;
        } else {
            cutsTried++;
        }
    }

    private SimulatedBroker start(SimulatedDisk on) throws IOException {
        return new SimulatedBroker(on, config, time, this::newId);
    }

    private UUID newId() {
        return new UUID(cuts.nextLong(), cuts.nextLong());
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}

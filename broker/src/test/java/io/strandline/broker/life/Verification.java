package io.strandline.broker.life;

import io.strandline.broker.life.Known.KnownPartition;
import io.strandline.broker.life.Known.KnownTopic;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Payload;
import io.strandline.protocol.message.DescribeConfigsRequest;
import io.strandline.protocol.message.DescribeConfigsRequest.DescribeConfigsResource;
import io.strandline.protocol.message.DescribeConfigsResponse;
import io.strandline.protocol.message.FetchRequest;
import io.strandline.protocol.message.FetchRequest.FetchPartition;
import io.strandline.protocol.message.FetchRequest.FetchTopic;
import io.strandline.protocol.message.FetchResponse;
import io.strandline.protocol.message.MetadataRequest;
import io.strandline.protocol.message.MetadataResponse;
import io.strandline.protocol.message.OffsetFetchRequest;
import io.strandline.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.strandline.protocol.message.OffsetFetchRequest.OffsetFetchRequestTopics;
import io.strandline.protocol.message.OffsetFetchResponse;
import io.strandline.storage.Batch;
import io.strandline.storage.Codec;
import io.strandline.storage.InvalidBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Asks a broker, as a client would, whether everything is there that clients were told. */
public final class Verification {
    private final SimulatedBroker broker;
    private final Known known;

    Verification(SimulatedBroker broker, Known known) {
        this.broker = broker;
        this.known = known;
    }

    /** @param killed whether only the process had died, so what is only in the operating system must be there, too */
    void run(boolean killed) throws IOException {
        var there = topics();
        for (var topic : known.topics.values()) {
            if (topic.deletionAnswered) {
                require(!there.containsKey(topic.id), "the deleted topic " + topic.name + " is back");
            } else if (!topic.deletionAsked) {
                require(there.containsKey(topic.id), "the topic " + topic.name + " " + topic.id + " is gone");
            }
            var partitions = there.get(topic.id);
            if (partitions != null) { // though its deletion may have been asked for: then it is whole
                require(
                        partitions >= topic.partitions && partitions <= topic.partitionsAsked,
                        topic.name + " has " + partitions + " partitions, not from " + topic.partitions + " to "
                                + topic.partitionsAsked);
                verifySetting(topic);
                for (int partition = 0; partition < topic.partitions; partition++) {
                    verify(topic, partition, topic.partition.get(partition), killed);
                }
            }
        }
    }

    private Map<UUID, Integer> topics() throws IOException {
        var response = broker.ask(ApiKey.METADATA, 13, new MetadataRequest().topics(null), MetadataResponse.class);
        var there = new HashMap<UUID, Integer>();
        response.topics.forEach(topic -> there.put(topic.topicId, topic.partitions.size()));
        return there;
    }

    private void verifySetting(KnownTopic topic) throws IOException {
        var value =
                setting(broker.ask(ApiKey.DESCRIBE_CONFIGS, 4, describeSetting(topic), DescribeConfigsResponse.class));
        int number = topic.settingsAsked.indexOf(value);
        require(
                number >= topic.settingTold,
                topic.name + ": the setting is " + value + ", which is number " + number + " of " + topic.settingsAsked
                        + " and older than number " + topic.settingTold);
    }

    static DescribeConfigsRequest describeSetting(KnownTopic topic) {
        var resource = new DescribeConfigsResource()
                .resourceType((byte) 2)
                .resourceName(topic.name)
                .configurationKeys(List.of(TopicClients.SETTING));
        return new DescribeConfigsRequest().resources(List.of(resource));
    }

    /** The value of the setting; -1 when the topic is not there. */
    static long setting(DescribeConfigsResponse response) {
        var configs = response.results.get(0).configs;
        return configs.isEmpty() ? -1 : Long.parseLong(String.valueOf(configs.get(0).value));
    }

    private void verify(KnownTopic topic, int partition, KnownPartition knownPartition, boolean killed)
            throws IOException {
        var where = topic.name + "/" + partition;
        long start = start(topic, partition);
        require(
                start >= knownPartition.start && start <= knownPartition.startAsked,
                where + ": begins at " + start + ", not from " + knownPartition.start + " to "
                        + knownPartition.startAsked);
        var read = read(topic, partition, start);
        requireAll(knownPartition.acknowledged.tailMap(start), read, where + ": acknowledged");
        requireAll(knownPartition.seen.tailMap(start), read, where + ": seen by a consumer");
        if (killed) {
            requireAll(knownPartition.killProof.tailMap(start), read, where + ": acknowledged with acks=1");
        }
        verifyCommitted(topic, partition, knownPartition);
        var idempotent = new HashSet<String>();
        for (var value : read.values()) {
            require(!value.startsWith("idempotent") || idempotent.add(value), where + ": twice in the log: " + value);
        }
    }

    private void verifyCommitted(KnownTopic topic, int partition, KnownPartition knownPartition) throws IOException {
        if (knownPartition.commitTried < 0) {
            return;
        }
        var asked = new OffsetFetchRequestGroup()
                .groupId(TopicClients.GROUP)
                .topics(List.of(new OffsetFetchRequestTopics().topicId(topic.id).partitionIndexes(List.of(partition))));
        var response = broker.ask(
                ApiKey.OFFSET_FETCH, 10, new OffsetFetchRequest().groups(List.of(asked)), OffsetFetchResponse.class);
        var group = response.groups.get(0);
        requireEqual(ErrorCode.NONE.code(), group.errorCode, "error of OffsetFetch");
        long committed = group.topics.get(0).partitions.get(0).committedOffset;
        require(
                committed >= knownPartition.committed && committed <= knownPartition.commitTried,
                topic.name + "/" + partition + ": the group has committed " + knownPartition.committed
                        + " (and perhaps up to " + knownPartition.commitTried + "), found " + committed);
    }

    /** Where a partition begins; a fetch before it says so. */
    private long start(KnownTopic topic, int partition) throws IOException {
        var response = broker.ask(ApiKey.FETCH, 13, fetch(topic, partition, 0, 13, 1), FetchResponse.class);
        var data = response.responses.get(0).partitions.get(0);
        var expected = data.logStartOffset > 0 ? ErrorCode.OFFSET_OUT_OF_RANGE : ErrorCode.NONE;
        requireEqual(expected.code(), data.errorCode, "error of a fetch from 0, start " + data.logStartOffset);
        return data.logStartOffset;
    }

    /** Everything that can be read of a partition. */
    private TreeMap<Long, String> read(KnownTopic topic, int partition, long start) throws IOException {
        var all = new TreeMap<Long, String>();
        long offset = start;
        while (true) {
            var response =
                    broker.ask(ApiKey.FETCH, 13, fetch(topic, partition, offset, 13, 1 << 20), FetchResponse.class);
            var data = response.responses.get(0).partitions.get(0);
            requireEqual(ErrorCode.NONE.code(), data.errorCode, "error of a fetch from " + offset);
            var records = records(data.records);
            if (records.isEmpty()) {
                requireEqual(data.highWatermark, offset, "end of " + topic.name + "/" + partition);
                return all;
            }
            all.putAll(records);
            offset = records.lastKey() + 1;
        }
    }

    static FetchRequest fetch(KnownTopic topic, int partition, long offset, int version, int bytesMax) {
        var wanted =
                new FetchPartition().partition(partition).fetchOffset(offset).partitionMaxBytes(bytesMax);
        var fetchTopic = version >= 13 ? new FetchTopic().topicId(topic.id) : new FetchTopic().topic(topic.name);
        return new FetchRequest()
                .maxWaitMs(0)
                .minBytes(1)
                .maxBytes(bytesMax)
                .topics(List.of(fetchTopic.partitions(List.of(wanted))));
    }

    /** Offsets and values of what a fetch has brought; a last batch that was cut off is left out, as clients do. */
    public static TreeMap<Long, String> records(@Nullable Payload payload) {
        var records = new TreeMap<Long, String>();
        if (!(payload instanceof Payload.Bytes(ByteBuffer buffer))) {
            return records;
        }
        var bytes = buffer.slice();
        while (bytes.remaining() >= Batch.HEADER_BYTES) {
            int length = bytes.getInt(bytes.position() + 8) + 12;
            if (length > bytes.remaining()) {
                break;
            }
            add(bytes.slice(bytes.position(), length), records);
            bytes.position(bytes.position() + length);
        }
        return records;
    }

    private static void add(ByteBuffer bytes, TreeMap<Long, String> records) {
        try {
            var cursor = Batch.parse(bytes).records(Codec.JDK);
            while (cursor.next()) {
                var value = cursor.value();
                records.put(
                        cursor.offset(),
                        value == null
                                ? ""
                                : StandardCharsets.UTF_8.decode(value).toString());
            }
        } catch (InvalidBatch e) {
            throw new AssertionError("A fetch brought a batch that is none", e);
        }
    }

    private static void requireAll(Map<Long, String> expected, Map<Long, String> read, String what) {
        for (var entry : expected.entrySet()) {
            requireEqual(entry.getValue(), read.get(entry.getKey()), what + ", offset " + entry.getKey());
        }
    }

    private static void requireEqual(Object expected, @Nullable Object actual, String what) {
        require(expected.equals(actual), what + ": expected " + expected + ", found " + actual);
    }

    private static void require(boolean fact, String what) {
        if (!fact) {
            throw new AssertionError(what);
        }
    }
}

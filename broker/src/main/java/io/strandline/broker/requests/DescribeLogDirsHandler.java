package io.strandline.broker.requests;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.DescribeLogDirsRequest;
import io.strandline.protocol.message.DescribeLogDirsResponse;
import io.strandline.protocol.message.DescribeLogDirsResponse.DescribeLogDirsPartition;
import io.strandline.protocol.message.DescribeLogDirsResponse.DescribeLogDirsResult;
import io.strandline.protocol.message.DescribeLogDirsResponse.DescribeLogDirsTopic;
import io.strandline.storage.DurabilityMode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * DescribeLogDirs, v1 to v5: the one directory of this broker, with the bytes of each partition. How large the disk is nobody
 * can say of every kind of disk, so only what is left on it is told.
 */
final class DescribeLogDirsHandler implements Handler<DescribeLogDirsRequest> {
    private static final String IN_MEMORY = "memory";

    private final Node node;

    DescribeLogDirsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(DescribeLogDirsRequest request, Call call) {
        if (!node.allows(call, Operation.DESCRIBE, Resource.CLUSTER, Authorizer.CLUSTER_NAME)) {
            return Answer.now(new DescribeLogDirsResponse().errorCode(ErrorCode.CLUSTER_AUTHORIZATION_FAILED));
        }
        var directory = new DescribeLogDirsResult().logDir(directory());
        try {
            directory.topics(topics(request));
            directory.usableBytes(node.store().usableBytes());
        } catch (IOException e) {
            node.complaints().warn("log dirs", "The data directory cannot be looked at: " + e);
            directory.errorCode(ErrorCode.KAFKA_STORAGE_ERROR).topics(List.of());
        }
        return Answer.now(new DescribeLogDirsResponse().results(List.of(directory)));
    }

    private String directory() {
        return node.config().durability() == DurabilityMode.MEMORY
                ? IN_MEMORY
                : node.config().get(BrokerConfig.LOG_DIR);
    }

    private List<DescribeLogDirsTopic> topics(DescribeLogDirsRequest request) throws IOException {
        var topics = new ArrayList<DescribeLogDirsTopic>();
        if (request.topics == null) {
            for (var topic : node.topics().all()) {
                topics.add(describe(
                        topic, IntStream.range(0, topic.partitions()).boxed().toList()));
            }
            return topics;
        }
        var asked = new TreeMap<String, List<Integer>>();
        request.topics.forEach(topic -> asked.put(topic.topic, topic.partitions));
        for (var entry : asked.entrySet()) {
            var topic = node.topics().find(entry.getKey());
            if (topic.isPresent()) {
                topics.add(describe(topic.get(), entry.getValue()));
            }
        }
        return topics;
    }

    private DescribeLogDirsTopic describe(Topic topic, List<Integer> partitions) throws IOException {
        var described = new DescribeLogDirsTopic().name(topic.name());
        for (int partition : partitions) {
            if (topic.hasPartition(partition)) {
                described.partitions.add(new DescribeLogDirsPartition()
                        .partitionIndex(partition)
                        .partitionSize(node.log(topic, partition).sizeBytes()));
            }
        }
        return described;
    }
}

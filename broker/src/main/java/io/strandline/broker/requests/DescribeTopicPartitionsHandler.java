package io.strandline.broker.requests;

import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.broker.topics.TopicName;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.DescribeTopicPartitionsRequest;
import io.strandline.protocol.message.DescribeTopicPartitionsResponse;
import io.strandline.protocol.message.DescribeTopicPartitionsResponse.Cursor;
import io.strandline.protocol.message.DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition;
import io.strandline.protocol.message.DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * DescribeTopicPartitions, v0 (KIP-966): Metadata for those who list many topics, in pages. Topics come in the order of their
 * names; where the limit cuts, the cursor says where to go on.
 */
final class DescribeTopicPartitionsHandler implements Handler<DescribeTopicPartitionsRequest> {
    private static final int PARTITIONS_MAX = 2000;

    private final Node node;

    DescribeTopicPartitionsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(DescribeTopicPartitionsRequest request, Call call) {
        var cursor = request.cursor;
        if (cursor != null && cursor.partitionIndex < 0) {
            return Answer.now(new Answer.Result.HangUp(
                    "The cursor of DescribeTopicPartitions names partition " + cursor.partitionIndex));
        }
        var page = new Page(Math.max(1, Math.min(request.responsePartitionLimit, PARTITIONS_MAX)));
        for (var name : names(request)) {
            if (cursor != null && name.compareTo(cursor.topicName) < 0) {
                continue;
            }
            int from = cursor != null && name.equals(cursor.topicName) ? cursor.partitionIndex : 0;
            if (!page.add(name, from, call)) {
                break;
            }
        }
        return Answer.now(page.response);
    }

    private SortedSet<String> names(DescribeTopicPartitionsRequest request) {
        var names = new TreeSet<String>();
        if (request.topics.isEmpty()) {
            node.topics().all().forEach(topic -> names.add(topic.name()));
        } else {
            request.topics.forEach(topic -> names.add(topic.name));
        }
        return names;
    }

    private final class Page {
        private final DescribeTopicPartitionsResponse response = new DescribeTopicPartitionsResponse();
        private int left;

        private Page(int limit) {
            this.left = limit;
        }

        /** False: the page is full, and the cursor is set. */
        private boolean add(String name, int from, Call call) {
            if (left == 0) {
                response.nextCursor(new Cursor().topicName(name).partitionIndex(from));
                return false;
            }
            var described = new DescribeTopicPartitionsResponseTopic().name(name);
            var topic = node.topics()
                    .find(name)
                    .filter(found -> node.allows(call, Operation.DESCRIBE, Resource.TOPIC, found.name()));
            response.topics.add(described);
            if (topic.isEmpty()) {
                described.errorCode(
                        TopicName.fault(name).isPresent()
                                ? ErrorCode.INVALID_TOPIC_EXCEPTION
                                : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
                return true;
            }
            described.topicAuthorizedOperations(AuthorizedOperations.of(Resource.TOPIC, name, node, call));
            return add(topic.get(), from, described);
        }

        private boolean add(Topic topic, int from, DescribeTopicPartitionsResponseTopic described) {
            described.topicId(topic.id()).isInternal(topic.internal());
            var here = List.of(node.nodeId());
            for (int partition = from; partition < topic.partitions(); partition++) {
                if (left == 0) {
                    response.nextCursor(new Cursor().topicName(topic.name()).partitionIndex(partition));
                    return false;
                }
                left--;
                described.partitions.add(new DescribeTopicPartitionsResponsePartition()
                        .partitionIndex(partition)
                        .leaderId(node.nodeId())
                        .leaderEpoch(node.log(topic, partition).leaderEpoch())
                        .replicaNodes(here)
                        .isrNodes(here)
                        // The schema allows null, but Kafka's own admin client does not survive it.
                        .eligibleLeaderReplicas(List.of())
                        .lastKnownElr(List.of()));
            }
            return true;
        }
    }
}

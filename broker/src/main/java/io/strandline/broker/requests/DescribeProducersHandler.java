package io.strandline.broker.requests;

import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.DescribeProducersRequest;
import io.strandline.protocol.message.DescribeProducersResponse;
import io.strandline.protocol.message.DescribeProducersResponse.PartitionResponse;
import io.strandline.protocol.message.DescribeProducersResponse.ProducerState;
import io.strandline.protocol.message.DescribeProducersResponse.TopicResponse;
import java.io.IOException;
import java.util.Optional;

/** DescribeProducers, v0 (KIP-664): the idempotent producers that a partition remembers. None of them has a transaction. */
final class DescribeProducersHandler implements Handler<DescribeProducersRequest> {
    private static final int NO_COORDINATOR = -1;

    private final Node node;

    DescribeProducersHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(DescribeProducersRequest request, Call call) {
        var response = new DescribeProducersResponse();
        for (var asked : request.topics) {
            var described = new TopicResponse().name(asked.name);
            response.topics.add(described);
            var topic = node.topics().find(asked.name);
            boolean mayRead = node.allows(call, Operation.READ, Resource.TOPIC, asked.name);
            for (int partition : asked.partitionIndexes) {
                var result = new PartitionResponse().partitionIndex(partition);
                described.partitions.add(result);
                if (mayRead) {
                    describe(topic, partition, result);
                } else {
                    refuse(result, ErrorCode.TOPIC_AUTHORIZATION_FAILED, "This client may not read the topic");
                }
            }
        }
        return Answer.now(response);
    }

    private void describe(Optional<Topic> topic, int partition, PartitionResponse result) {
        if (topic.filter(found -> found.hasPartition(partition)).isEmpty()) {
            refuse(result, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "There is no such partition");
            return;
        }
        try {
            for (var producer : node.log(topic.get(), partition).producers()) {
                result.activeProducers.add(new ProducerState()
                        .producerId(producer.producerId())
                        .producerEpoch(producer.epoch())
                        .lastSequence(producer.lastSequence())
                        .lastTimestamp(producer.lastSeenMs())
                        .coordinatorEpoch(NO_COORDINATOR));
            }
        } catch (IOException e) {
            refuse(result, ErrorCode.KAFKA_STORAGE_ERROR, "The partition cannot be opened: " + e.getMessage());
        }
    }

    private static void refuse(PartitionResponse result, ErrorCode error, String reason) {
        result.errorCode(error).errorMessage(reason);
    }
}

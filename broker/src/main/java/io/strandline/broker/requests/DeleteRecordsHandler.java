package io.strandline.broker.requests;

import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.broker.topics.TopicConfig;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.DeleteRecordsRequest;
import io.strandline.protocol.message.DeleteRecordsRequest.DeleteRecordsPartition;
import io.strandline.protocol.message.DeleteRecordsResponse;
import io.strandline.protocol.message.DeleteRecordsResponse.DeleteRecordsPartitionResult;
import io.strandline.protocol.message.DeleteRecordsResponse.DeleteRecordsTopicResult;
import io.strandline.storage.Durability;
import io.strandline.storage.PartitionLog.Trim;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * DeleteRecords, v0 to v2 (KIP-107): a partition begins at a later offset from now on. Readers see that at once; the answer
 * waits until no restart brings the records back, which is when a checkpoint says where the log begins; the files go later
 * (W6). The offset -1 stands for the high watermark, so everything goes.
 *
 * <p>The response has no place for a sentence, so the log says why something was refused.
 */
final class DeleteRecordsHandler implements Handler<DeleteRecordsRequest> {
    private static final long HIGH_WATERMARK = -1;
    private static final long NO_WATERMARK = -1;

    private final Node node;

    DeleteRecordsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(DeleteRecordsRequest request, Call call) {
        var response = new DeleteRecordsResponse();
        var trimmed = new DurableParts();
        for (var wanted : request.topics) {
            var results = new DeleteRecordsTopicResult().name(wanted.name);
            response.topics.add(results);
            var topic = node.topics().find(wanted.name).orElse(null);
            var fault = fault(wanted.name, topic, call);
            for (var partition : wanted.partitions) {
                var result = new DeleteRecordsPartitionResult()
                        .partitionIndex(partition.partitionIndex)
                        .lowWatermark(NO_WATERMARK);
                results.partitions.add(result);
                if (fault != null) {
                    refuse(result, fault);
                } else if (topic == null || !topic.hasPartition(partition.partitionIndex)) {
                    refuse(result, Fault.of(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "There is no such partition"));
                } else {
                    trim(topic, partition, result, trimmed);
                }
            }
        }
        return trimmed.answer(node.time(), Duration.ofMillis(request.timeoutMs), () -> response);
    }

    private @Nullable Fault fault(String name, @Nullable Topic topic, Call call) {
        if (topic == null || !node.allows(call, Operation.DESCRIBE, Resource.TOPIC, name)) {
            return Fault.of(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "There is no topic '" + name + "'");
        }
        if (!node.allows(call, Operation.DELETE, Resource.TOPIC, name)) {
            return Fault.of(ErrorCode.TOPIC_AUTHORIZATION_FAILED, "This client may not delete records of it");
        }
        if (topic.internal()) {
            return Fault.of(ErrorCode.INVALID_TOPIC_EXCEPTION, "The broker itself looks after '" + name + "'");
        }
        if (!topic.config().log().deletes()) {
            return Fault.of(
                    ErrorCode.POLICY_VIOLATION,
                    "The cleanup.policy of '" + name + "' is " + topic.config().text(TopicConfig.CLEANUP_POLICY)
                            + " and does not contain delete");
        }
        return null;
    }

    private void trim(
            Topic topic, DeleteRecordsPartition wanted, DeleteRecordsPartitionResult result, DurableParts trimmed) {
        var log = node.log(topic, wanted.partitionIndex);
        try {
            long offset = wanted.offset == HIGH_WATERMARK ? log.view().durableEnd() : wanted.offset;
            switch (log.trim(offset)) {
                case Trim.Trimmed(long start, Durability durable) -> {
                    result.lowWatermark(start);
                    trimmed.add(durable, error -> result.errorCode(error).lowWatermark(NO_WATERMARK));
                }
                case Trim.OutOfRange(var view) ->
                    refuse(
                            result,
                            Fault.of(
                                    ErrorCode.OFFSET_OUT_OF_RANGE,
                                    "Offset " + offset + " of " + topic.name() + "/" + wanted.partitionIndex
                                            + " is not there: it has " + view));
            }
        } catch (IOException e) {
            refuse(
                    result,
                    Fault.of(
                            ErrorCode.KAFKA_STORAGE_ERROR,
                            topic.name() + "/" + wanted.partitionIndex + " cannot be used: " + e.getMessage()));
        }
    }

    private void refuse(DeleteRecordsPartitionResult result, Fault fault) {
        result.errorCode(fault.error());
        node.complaints().warn("delete records " + fault.error(), "Records are not deleted. " + fault.reason());
    }
}

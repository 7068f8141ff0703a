package io.strandline.broker.requests;

import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.ListOffsetsRequest;
import io.strandline.protocol.message.ListOffsetsRequest.ListOffsetsPartition;
import io.strandline.protocol.message.ListOffsetsResponse;
import io.strandline.protocol.message.ListOffsetsResponse.ListOffsetsPartitionResponse;
import io.strandline.protocol.message.ListOffsetsResponse.ListOffsetsTopicResponse;
import io.strandline.storage.PartitionLog;
import io.strandline.storage.PartitionLog.TimedOffset;
import java.io.IOException;
import java.util.Optional;

/**
 * ListOffsets, v1 to v11: the offset for a time. Special times: -1 the end (the high watermark; for read_committed the last
 * stable offset), -2 the start, -3 the record with the latest time (v7), -4 the start again, as everything is local (v8), -5
 * and -6 nothing, as nothing is remote (v9, v11). For a time after the last record the answer is offset -1.
 */
final class ListOffsetsHandler implements Handler<ListOffsetsRequest> {
    private static final long LATEST = -1;
    private static final long EARLIEST = -2;
    private static final long LATEST_TIMESTAMP = -3;
    private static final long EARLIEST_LOCAL = -4;
    private static final long LATEST_TIERED = -5;
    private static final long EARLIEST_PENDING_UPLOAD = -6;
    private static final int EPOCH_FROM = 4;
    private static final byte READ_COMMITTED = 1;

    private final Node node;

    ListOffsetsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(ListOffsetsRequest request, Call call) {
        var response = new ListOffsetsResponse();
        for (var asked : request.topics) {
            var topic = node.topics().find(asked.name);
            var answered = new ListOffsetsTopicResponse().name(asked.name);
            response.topics.add(answered);
            for (var partition : asked.partitions) {
                answered.partitions.add(answer(topic, partition, request.isolationLevel, call));
            }
        }
        return Answer.now(response);
    }

    private ListOffsetsPartitionResponse answer(
            Optional<Topic> topic, ListOffsetsPartition asked, byte isolation, Call call) {
        var answer = new ListOffsetsPartitionResponse().partitionIndex(asked.partitionIndex);
        if (topic.isEmpty()
                || !topic.get().hasPartition(asked.partitionIndex)
                || !node.allows(
                        call, Operation.DESCRIBE, Resource.TOPIC, topic.get().name())) {
            return answer.errorCode(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
        }
        var log = node.log(topic.get(), asked.partitionIndex);
        var fault = LeaderEpochs.fault(asked.currentLeaderEpoch, log.leaderEpoch());
        if (fault != ErrorCode.NONE) {
            return answer.errorCode(fault);
        }
        if (asked.timestamp < oldestSpecialTime(call.version())) {
            return answer.errorCode(ErrorCode.UNSUPPORTED_VERSION);
        }
        try {
            find(log, asked.timestamp, isolation).ifPresent(found -> {
                answer.offset(found.offset()).timestamp(found.timestampMs());
                if (call.version() >= EPOCH_FROM) {
                    answer.leaderEpoch(found.leaderEpoch());
                }
            });
            return answer;
        } catch (IOException e) {
            node.complaints().warn("offsets " + log.id(), "The log " + log.id() + " cannot be searched: " + e);
            return answer.errorCode(ErrorCode.KAFKA_STORAGE_ERROR);
        }
    }

    private Optional<TimedOffset> find(PartitionLog log, long timestamp, byte isolation) throws IOException {
        var view = log.view();
        if (timestamp == LATEST) {
            long end = isolation == READ_COMMITTED ? view.lastStableOffset() : view.durableEnd();
            return Optional.of(new TimedOffset(end, -1, log.leaderEpoch()));
        }
        if (timestamp == EARLIEST || timestamp == EARLIEST_LOCAL) {
            return Optional.of(new TimedOffset(view.logStartOffset(), -1, log.leaderEpoch()));
        }
        if (timestamp == LATEST_TIMESTAMP) {
            return log.maxTimestamp(node.codec());
        }
        return timestamp < 0 ? Optional.empty() : log.offsetForTimestamp(timestamp, node.codec());
    }

    /** The special times came one after the other. */
    private static long oldestSpecialTime(short version) {
        if (version >= 11) {
            return EARLIEST_PENDING_UPLOAD;
        }
        if (version >= 9) {
            return LATEST_TIERED;
        }
        if (version >= 8) {
            return EARLIEST_LOCAL;
        }
        return version >= 7 ? LATEST_TIMESTAMP : EARLIEST;
    }
}

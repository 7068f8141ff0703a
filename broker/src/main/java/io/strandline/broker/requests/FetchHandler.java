package io.strandline.broker.requests;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Payload;
import io.strandline.protocol.message.FetchRequest;
import io.strandline.protocol.message.FetchRequest.FetchPartition;
import io.strandline.protocol.message.FetchRequest.FetchTopic;
import io.strandline.protocol.message.FetchResponse;
import io.strandline.protocol.message.FetchResponse.EpochEndOffset;
import io.strandline.protocol.message.FetchResponse.FetchableTopicResponse;
import io.strandline.protocol.message.FetchResponse.PartitionData;
import io.strandline.storage.LogView;
import io.strandline.storage.PartitionLog;
import io.strandline.storage.Read;
import io.strandline.storage.Waiter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Fetch, v4 to v18: durable records leave their logs, straight from the file to the socket.
 *
 * <p>Nobody sees a record that a power cut could take back. While there are fewer than {@code min_bytes} the answer waits,
 * up to {@code max_wait_ms}; the first partition that has something gives at least one whole batch, whatever the limits.
 * An error is answered at once.
 *
 * <p>There are no fetch sessions (KIP-227): every answer has session id 0, which makes clients send all they want each time.
 * Topics by name up to v12, by id from v13. The leader epoch is checked from v9, the fetched one from v12.
 */
final class FetchHandler implements Handler<FetchRequest> {
    private static final int TOPIC_IDS_FROM = 13;
    private static final byte READ_COMMITTED = 1;

    private final Node node;

    FetchHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(FetchRequest request, Call call) {
        if (request.sessionId != 0) {
            // A session of another life of this broker, or of another one: the client begins again without.
            return Answer.now(new FetchResponse().errorCode(ErrorCode.FETCH_SESSION_ID_NOT_FOUND));
        }
        return new FetchAnswer(request, call);
    }

    /** A fetch that looks again whenever something it asks for has become durable. */
    private final class FetchAnswer implements Answer {
        private final FetchRequest request;
        private final Call call;
        private final Deadline deadline;
        private final Waiter waiter = new Waiter();
        private final long[] watchedFrom; // for each partition in order: the durable end that will wake us; 0: none yet
        private @Nullable FetchResponse response;

        private FetchAnswer(FetchRequest request, Call call) {
            this.request = request;
            this.call = call;
            this.deadline = Deadline.inMillis(node.time(), request.maxWaitMs);
            int partitions = 0;
            for (var topic : request.topics) {
                partitions += topic.partitions.size();
            }
            this.watchedFrom = new long[partitions];
        }

        /** Registered before the log is looked at, and once for each durable end: what becomes durable later wakes us. */
        private void watch(int index, PartitionLog log, long fetchOffset) {
            long wakeAt = Math.max(fetchOffset, log.view().durableEnd()) + 1;
            if (!deadline.isOver() && watchedFrom[index] < wakeAt) {
                watchedFrom[index] = wakeAt;
                log.notifyAt(wakeAt, waiter);
            }
        }

        @Override
        public boolean ready() {
            if (response == null) {
                var look = new Look(request, call, this);
                look.run();
                if (look.isEnough() || deadline.isOver()) {
                    response = look.response;
                    waiter.done();
                }
            }
            return response != null;
        }

        @Override
        public Waiter waiter() {
            return waiter;
        }

        @Override
        public Duration remaining() {
            return deadline.remaining();
        }

        @Override
        public Result result() {
            if (response == null) {
                throw new IllegalStateException("Not ready");
            }
            return new Result.Respond(response);
        }

        @Override
        public boolean droppable() {
            return true;
        }
    }

    /** One look at everything that is asked for. */
    private final class Look {
        private final FetchRequest request;
        private final Call call;
        private final FetchAnswer watcher;
        private final FetchResponse response = new FetchResponse();
        private final int bytesWanted;
        private int index;
        private int bytesLeft;
        private int bytesFound;
        private boolean cannotWait;

        private Look(FetchRequest request, Call call, FetchAnswer watcher) {
            this.request = request;
            this.call = call;
            this.watcher = watcher;
            this.bytesLeft = Math.min(request.maxBytes, node.config().get(BrokerConfig.FETCH_MAX_BYTES));
            this.bytesWanted = Math.min(request.minBytes, bytesLeft); // more than there may be would never come
        }

        private void run() {
            for (var wanted : request.topics) {
                look(wanted);
            }
        }

        /** Whether to answer now: enough bytes, or something that waiting does not mend. */
        private boolean isEnough() {
            return cannotWait || bytesFound >= bytesWanted || request.topics.isEmpty();
        }

        private void look(FetchTopic wanted) {
            boolean byId = call.version() >= TOPIC_IDS_FROM;
            var topic =
                    byId ? node.topics().find(wanted.topicId) : node.topics().find(wanted.topic);
            var found = new FetchableTopicResponse().topic(wanted.topic).topicId(wanted.topicId);
            response.responses.add(found);
            for (var partition : wanted.partitions) {
                found.partitions.add(partition(topic, byId, partition));
                index++;
            }
        }

        private PartitionData partition(Optional<Topic> topic, boolean byId, FetchPartition wanted) {
            var unknown = byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
            if (topic.isEmpty()
                    || !node.allows(
                            call,
                            Operation.DESCRIBE,
                            Resource.TOPIC,
                            topic.get().name())) {
                return fault(wanted, unknown);
            }
            if (!node.allows(call, Operation.READ, Resource.TOPIC, topic.get().name())) {
                return fault(wanted, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
            }
            if (!topic.get().hasPartition(wanted.partition)) {
                return fault(wanted, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
            }
            try {
                return read(node.log(topic.get(), wanted.partition), wanted);
            } catch (IOException e) {
                node.complaints()
                        .warn(
                                "fetch " + topic.get().name() + wanted.partition,
                                "Partition " + wanted.partition + " of topic '"
                                        + topic.get().name() + "' cannot be read: " + e);
                return fault(wanted, ErrorCode.KAFKA_STORAGE_ERROR);
            }
        }

        private PartitionData read(PartitionLog log, FetchPartition wanted) throws IOException {
            var epochFault = LeaderEpochs.fault(wanted.currentLeaderEpoch, log.leaderEpoch());
            if (epochFault != ErrorCode.NONE) {
                return fault(wanted, epochFault);
            }
            var diverging = diverging(log, wanted);
            if (diverging.isPresent()) {
                cannotWait = true;
                return data(wanted, log.view()).divergingEpoch(diverging.get());
            }
            watcher.watch(index, log, wanted.fetchOffset);
            boolean behindDurable =
                    wanted.fetchOffset > log.view().durableEnd() && wanted.fetchOffset <= log.endOffset();
            if (behindDurable) {
                return data(wanted, log.view()); // appended, but not on the disk yet: that is waited for
            }
            boolean wholeFirstBatch = bytesFound == 0;
            int bytesMax = Math.max(0, Math.min(wanted.partitionMaxBytes, bytesLeft));
            return switch (log.read(wanted.fetchOffset, bytesMax, wholeFirstBatch)) {
                case Read.Slices slices -> found(wanted, slices);
                case Read.OutOfRange(LogView view) -> {
                    cannotWait = true;
                    yield data(wanted, view).errorCode(ErrorCode.OFFSET_OUT_OF_RANGE);
                }
                case Read.Damaged damaged -> {
                    cannotWait = true;
                    node.complaints()
                            .warn(
                                    "damage " + log.id(),
                                    "The log " + log.id() + " is damaged from offset " + damaged.fromOffset() + " to "
                                            + damaged.toOffset() + ": " + damaged.reason());
                    yield data(wanted, damaged.view()).errorCode(ErrorCode.KAFKA_STORAGE_ERROR);
                }
            };
        }

        private PartitionData found(FetchPartition wanted, Read.Slices read) {
            int length = read.sizeInBytes();
            bytesFound += length;
            bytesLeft -= length;
            var data = data(wanted, read.view());
            return length == 0 ? data : data.records(new FilePayload(read.slices(), length));
        }

        private PartitionData data(FetchPartition wanted, LogView view) {
            var data = new PartitionData()
                    .partitionIndex(wanted.partition)
                    .highWatermark(view.durableEnd())
                    .lastStableOffset(view.lastStableOffset())
                    .logStartOffset(view.logStartOffset())
                    .records(new Payload.Bytes(ByteBuffer.allocate(0)));
            // There are no transactions, so none was aborted; who did not ask is told nothing, not "none".
            return request.isolationLevel == READ_COMMITTED ? data : data.abortedTransactions(null);
        }

        private PartitionData fault(FetchPartition wanted, ErrorCode error) {
            cannotWait = true;
            return new PartitionData()
                    .partitionIndex(wanted.partition)
                    .errorCode(error)
                    .highWatermark(-1)
                    .abortedTransactions(null)
                    .records(new Payload.Bytes(ByteBuffer.allocate(0)));
        }

        /** Where this log and the one that the client has read begin to differ (KIP-595, v12). */
        private Optional<EpochEndOffset> diverging(PartitionLog log, FetchPartition wanted) throws IOException {
            if (wanted.lastFetchedEpoch < 0) {
                return Optional.empty();
            }
            return log.endOffsetForEpoch(wanted.lastFetchedEpoch)
                    .filter(end -> end.epoch() < wanted.lastFetchedEpoch || end.endOffset() < wanted.fetchOffset)
                    .map(end -> new EpochEndOffset().epoch(end.epoch()).endOffset(end.endOffset()));
        }
    }
}

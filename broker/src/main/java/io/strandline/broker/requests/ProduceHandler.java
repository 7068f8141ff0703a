package io.strandline.broker.requests;

import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.Payload;
import io.strandline.protocol.message.ProduceRequest;
import io.strandline.protocol.message.ProduceRequest.TopicProduceData;
import io.strandline.protocol.message.ProduceResponse;
import io.strandline.protocol.message.ProduceResponse.BatchIndexAndErrorMessage;
import io.strandline.protocol.message.ProduceResponse.PartitionProduceResponse;
import io.strandline.protocol.message.ProduceResponse.TopicProduceResponse;
import io.strandline.storage.Batch;
import io.strandline.storage.Durability;
import io.strandline.storage.InvalidBatch;
import io.strandline.storage.PartitionLog;
import io.strandline.storage.StorageError;
import io.strandline.storage.Verdict;
import io.strandline.storage.Waiter;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Produce, v3 to v13: records enter their logs.
 *
 * <p>What an acknowledgement means: with {@code acks=all} the batch is on the disk, with {@code acks=1} in the operating
 * system. With {@code acks=0} there is no answer; if anything goes wrong the connection is closed, as Kafka does. A batch
 * that is not on the disk within the request's time limit is answered with REQUEST_TIMED_OUT and stays in the log, so an
 * idempotent producer may repeat it. A repeated batch is acknowledged when its first copy is as safe as asked for (W14).
 * What an idempotent producer sent behind a batch that was refused is refused as well ({@link RefusedBatches}).
 *
 * <p>Topics by name up to v12, by id from v13. What was wrong with a batch is told from v8 on; for older versions it goes
 * into the log.
 */
final class ProduceHandler implements Handler<ProduceRequest> {
    private static final short ACKS_NONE = 0;
    private static final short ACKS_ALL = -1;
    private static final int TOPIC_IDS_FROM = 13;
    private static final int REASONS_FROM = 8;

    private final Node node;
    private final RefusedBatches refused;

    ProduceHandler(Node node) {
        this.node = node;
        refused = new RefusedBatches(node.time());
    }

    @Override
    public Answer handle(ProduceRequest request, Call call) {
        var written = new ArrayList<Written>();
        var response = new ProduceResponse();
        for (var data : request.topicData) {
            response.responses.add(write(data, request, call, written));
        }
        if (request.acks == ACKS_NONE) {
            return unanswered(written);
        }
        return new ProduceAnswer(response, written, Deadline.inMillis(node.time(), request.timeoutMs));
    }

    /**
     * What became of one partition's batch.
     *
     * @param response filled in already, for the case that all goes well
     * @param durable what the reply waits for; null when it waits for nothing
     */
    record Written(
            String topic,
            PartitionProduceResponse response,
            @Nullable Durability durable) {}

    private TopicProduceResponse write(
            TopicProduceData data, ProduceRequest request, Call call, List<Written> written) {
        boolean byId = call.version() >= TOPIC_IDS_FROM;
        var topic = byId ? node.topics().find(data.topicId) : node.topics().find(data.name);
        var response = new TopicProduceResponse().name(data.name).topicId(data.topicId);
        var called = topic.map(Topic::name).orElse(byId ? data.topicId.toString() : data.name); // for people
        Object asked = byId ? data.topicId : data.name;
        for (var partition : data.partitionData) {
            var into = new PartitionProduceResponse().index(partition.index).baseOffset(-1);
            response.partitionResponses.add(into);
            var fault = refusal(topic, byId, partition.index, request, call);
            if (fault.isPresent()) {
                refuse(into, fault.get(), call, called);
                remember(partition.records, asked, partition.index);
                written.add(new Written(called, into, null));
            } else {
                written.add(append(topic.orElseThrow(), partition.records, into, request.acks, call, asked));
            }
        }
        return response;
    }

    private Optional<Fault> refusal(
            Optional<Topic> topic, boolean byId, int partition, ProduceRequest request, Call call) {
        if (request.acks < ACKS_ALL || request.acks > 1) {
            return fault(ErrorCode.INVALID_REQUIRED_ACKS, "acks can be 0, 1 or -1 (all), not " + request.acks);
        }
        if (topic.isEmpty()
                || !node.allows(
                        call, Operation.DESCRIBE, Resource.TOPIC, topic.get().name())) {
            return byId
                    ? fault(ErrorCode.UNKNOWN_TOPIC_ID, "There is no topic with this id: it may have been deleted")
                    : fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "There is no such topic");
        }
        if (topic.get().internal()) {
            return fault(ErrorCode.INVALID_TOPIC_EXCEPTION, "Only the broker itself writes to this topic");
        }
        if (!node.allows(call, Operation.WRITE, Resource.TOPIC, topic.get().name())) {
            return fault(ErrorCode.TOPIC_AUTHORIZATION_FAILED, "This client may not write to the topic");
        }
        if (!topic.get().hasPartition(partition)) {
            return fault(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                    "The topic has " + topic.get().partitions() + " partitions; there is no " + partition);
        }
        if (request.transactionalId != null) {
            return fault(ErrorCode.INVALID_REQUEST, "There are no transactions here yet: drop transactional.id");
        }
        return Optional.empty();
    }

    private static Optional<Fault> fault(ErrorCode error, String reason) {
        return Optional.of(new Fault(error, reason, List.of()));
    }

    /** The topic or the partition may be there when the batch comes again. */
    private void remember(@Nullable Payload records, Object asked, int partition) {
        try {
            refused.refused(Batch.fromProducer(bytes(records)), asked, partition);
        } catch (InvalidBatch e) {
            // Whose it is cannot be known, and nothing of it comes again.
        }
    }

    private static ByteBuffer bytes(@Nullable Payload records) {
        return records instanceof Payload.Bytes(ByteBuffer buffer) ? buffer : ByteBuffer.allocate(0);
    }

    /** @param asked the topic's name or id, as the client gave it */
    private Written append(
            Topic topic,
            @Nullable Payload records,
            PartitionProduceResponse into,
            short acks,
            Call call,
            Object asked) {
        var log = node.log(topic, into.index);
        try {
            var batch = Batch.fromProducer(bytes(records));
            var fault = overtakes(batch, asked, into.index).or(() -> check(batch, topic));
            if (fault.isEmpty()) {
                var verdict = log.append(batch);
                if (verdict instanceof Verdict.Rejected) {
                    refused.refused(batch, asked, into.index);
                } else {
                    refused.taken(batch, asked, into.index);
                }
                return settle(log, verdict, into, acks, topic, call);
            }
            refused.refused(batch, asked, into.index);
            refuse(into, fault.get(), call, topic.name());
        } catch (InvalidBatch e) {
            refuse(into, Fault.of(e.error(), String.valueOf(e.getMessage())), call, topic.name());
        }
        return new Written(topic.name(), into, null);
    }

    private Optional<Fault> overtakes(Batch batch, Object asked, int partition) {
        return refused.before(batch, asked, partition)
                .map(sequence -> new Fault(
                        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                        "Producer " + batch.producerId() + " epoch " + batch.producerEpoch() + " sends sequence "
                                + batch.baseSequence() + ", but its sequence " + sequence
                                + " was refused: that one comes first.",
                        List.of()));
    }

    private Optional<Fault> check(Batch batch, Topic topic) {
        if (batch.isTransactional()) {
            return fault(ErrorCode.INVALID_TXN_STATE, "There are no transactions here yet");
        }
        if (batch.sizeInBytes() > topic.config().log().maxMessageBytes()) {
            // Before the records are looked at: too much work is refused without doing it.
            return fault(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "The batch has " + batch.sizeInBytes() + " bytes; the topic's max.message.bytes is "
                            + topic.config().log().maxMessageBytes());
        }
        return RecordCheck.check(
                batch, topic.config(), node.codec(), node.time().wallMs());
    }

    private Written settle(
            PartitionLog log, Verdict verdict, PartitionProduceResponse into, short acks, Topic topic, Call call) {
        return switch (verdict) {
            case Verdict.Appended appended -> {
                into.baseOffset(appended.baseOffset())
                        .logAppendTimeMs(appended.logAppendTimeMs())
                        .logStartOffset(appended.logStartOffset());
                long waitFor = acks == ACKS_ALL ? appended.endOffset() : appended.killProofFrom();
                yield new Written(topic.name(), into, waitFor == 0 ? null : log.durable(waitFor));
            }
            case Verdict.Duplicate duplicate -> {
                into.baseOffset(duplicate.baseOffset())
                        .logAppendTimeMs(duplicate.logAppendTimeMs())
                        .logStartOffset(duplicate.logStartOffset());
                yield new Written(topic.name(), into, log.durable(duplicate.endOffset()));
            }
            case Verdict.Rejected(StorageError error, String reason) -> {
                refuse(into, Fault.of(error, reason), call, topic.name());
                yield new Written(topic.name(), into, null);
            }
        };
    }

    private void refuse(PartitionProduceResponse into, Fault fault, Call call, String topic) {
        into.errorCode(fault.error()).errorMessage(fault.reason());
        for (var record : fault.records()) {
            into.recordErrors.add(
                    new BatchIndexAndErrorMessage().batchIndex(record.index()).batchIndexErrorMessage(record.reason()));
        }
        if (fault.error() == ErrorCode.KAFKA_STORAGE_ERROR) {
            node.complaints()
                    .warn(
                            "storage",
                            "Messages are refused with KAFKA_STORAGE_ERROR, and clients send them again: "
                                    + fault.reason());
        } else if (call.version() < REASONS_FROM) {
            node.complaints()
                    .warn(
                            "produce " + call.session().remote().getAddress() + fault.error() + topic,
                            call.session() + " wrote to partition " + into.index + " of topic '" + topic
                                    + "' and was refused with " + fault.error() + ": " + fault.reason());
        }
    }

    private static Answer unanswered(List<Written> written) {
        for (var each : written) {
            if (each.response().errorCode != ErrorCode.NONE.code()) {
                return Answer.now(new Answer.Result.HangUp("A batch for partition " + each.response().index
                        + " of topic '" + each.topic() + "' was refused (" + each.response().errorMessage
                        + "), and with acks=0 there is no other way to say so"));
            }
        }
        return Answer.now(new Answer.Result.Silence());
    }

    /** Waits until every partition's batch is as safe as the producer asked for. */
    private static final class ProduceAnswer implements Answer {
        private final ProduceResponse response;
        private final List<Written> written;
        private final Deadline deadline;
        private final Waiter waiter = new Waiter();

        private ProduceAnswer(ProduceResponse response, List<Written> written, Deadline deadline) {
            this.response = response;
            this.written = written;
            this.deadline = deadline;
            for (var each : written) {
                if (each.durable() != null) {
                    each.durable().notify(waiter); // before the first look, so no wake is lost
                }
            }
        }

        @Override
        public boolean ready() {
            return deadline.isOver() || allSettled();
        }

        private boolean allSettled() {
            for (var each : written) {
                if (each.durable() != null && each.durable().state() == Durability.State.PENDING) {
                    return false;
                }
            }
            return true;
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
            for (var each : written) {
                var error = each.durable() == null
                        ? ErrorCode.NONE
                        : WhenDurable.error(each.durable().state());
                if (error != ErrorCode.NONE) {
                    each.response()
                            .errorCode(error)
                            .baseOffset(-1)
                            .logAppendTimeMs(-1)
                            .errorMessage(reason(error));
                }
            }
            Message message = response;
            return new Result.Respond(message);
        }

        private static String reason(ErrorCode error) {
            return switch (error) {
                case REQUEST_TIMED_OUT -> "The batch is in the log, but was not on the disk in time";
                case UNKNOWN_TOPIC_OR_PARTITION -> "The topic was deleted while the batch was on its way to the disk";
                default -> "The disk has failed: nothing is acknowledged until the broker is started again";
            };
        }
    }
}

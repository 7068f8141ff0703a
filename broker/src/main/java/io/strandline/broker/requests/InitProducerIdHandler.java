package io.strandline.broker.requests;

import io.strandline.broker.topics.ProducerIds;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.InitProducerIdRequest;
import io.strandline.protocol.message.InitProducerIdResponse;
import java.time.Duration;

/**
 * InitProducerId, v0 to v5: a number for an idempotent producer. It is told only when it is durable that nobody else will get
 * it (W20). As in Kafka every call gives a new number with epoch 0, also to a producer that names its old one.
 *
 * <p>A transactional id is refused with INVALID_REQUEST until there are transactions; the log says so in words, as the
 * response has no field for them.
 */
final class InitProducerIdHandler implements Handler<InitProducerIdRequest> {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Node node;

    InitProducerIdHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(InitProducerIdRequest request, Call call) {
        if (request.transactionalId != null) {
            node.complaints()
                    .warn(
                            "transaction " + call.session().remote().getAddress(),
                            call.session() + " asks for a transactional producer ('" + request.transactionalId
                                    + "'). There are no transactions here yet: leave out transactional.id and use"
                                    + " enable.idempotence=true");
            return Answer.now(refused(ErrorCode.INVALID_REQUEST));
        }
        if (!node.allows(
                call, Authorizer.Operation.IDEMPOTENT_WRITE, Authorizer.Resource.CLUSTER, Authorizer.CLUSTER_NAME)) {
            return Answer.now(refused(ErrorCode.CLUSTER_AUTHORIZATION_FAILED));
        }
        return switch (node.producerIds().next()) {
            case ProducerIds.Given.Id id ->
                new WhenDurable(
                        id.durable(),
                        node.time(),
                        LIMIT,
                        error -> error == ErrorCode.NONE ? given(id.producerId()) : refused(error));
            case ProducerIds.Given.Refused refused -> {
                node.complaints().warn("producer id", "No producer id can be given: " + refused.reason());
                yield Answer.now(refused(ErrorCode.COORDINATOR_NOT_AVAILABLE)); // clients try again
            }
        };
    }

    private static Message given(long producerId) {
        return new InitProducerIdResponse().producerId(producerId).producerEpoch((short) 0);
    }

    private static Message refused(ErrorCode error) {
        return new InitProducerIdResponse().errorCode(error).producerEpoch((short) -1);
    }
}

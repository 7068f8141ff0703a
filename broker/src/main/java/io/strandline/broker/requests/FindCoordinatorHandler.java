package io.strandline.broker.requests;

import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.FindCoordinatorRequest;
import io.strandline.protocol.message.FindCoordinatorResponse;
import io.strandline.protocol.message.FindCoordinatorResponse.Coordinator;

/**
 * FindCoordinator, v0 to v6: who looks after a group or a transaction. Always this node. From v4 on several keys at once. Share
 * groups (v6) do not exist here: INVALID_REQUEST, with the reason where the version has a field for it.
 */
final class FindCoordinatorHandler implements Handler<FindCoordinatorRequest> {
    private static final int BATCH_FROM = 4;
    private static final byte GROUP = 0;
    private static final byte TRANSACTION = 1;

    private final Node node;

    FindCoordinatorHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(FindCoordinatorRequest request, Call call) {
        var response = new FindCoordinatorResponse();
        if (call.version() >= BATCH_FROM) {
            request.coordinatorKeys.forEach(key -> response.coordinators.add(find(request.keyType, key, call)));
            return Answer.now(response);
        }
        var found = find(request.keyType, request.key, call);
        return Answer.now(response.errorCode(found.errorCode)
                .errorMessage(found.errorMessage)
                .nodeId(found.nodeId)
                .host(found.host)
                .port(found.port));
    }

    private Coordinator find(byte keyType, String key, Call call) {
        return switch (keyType) {
            case GROUP ->
                node.allows(call, Operation.DESCRIBE, Resource.GROUP, key)
                        ? here(key, call)
                        : refused(
                                key, ErrorCode.GROUP_AUTHORIZATION_FAILED, "This client may not use the group " + key);
            case TRANSACTION ->
                node.allows(call, Operation.DESCRIBE, Resource.TRANSACTIONAL_ID, key)
                        ? here(key, call)
                        : refused(
                                key,
                                ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
                                "This client may not use the transactional id " + key);
            default ->
                refused(
                        key,
                        ErrorCode.INVALID_REQUEST,
                        "There are coordinators for groups (0) and transactions (1) here, not for type " + keyType);
        };
    }

    private Coordinator here(String key, Call call) {
        var endpoint = node.endpoint(call.session());
        return new Coordinator()
                .key(key)
                .errorMessage(null)
                .nodeId(node.nodeId())
                .host(endpoint.host())
                .port(endpoint.port());
    }

    private static Coordinator refused(String key, ErrorCode error, String reason) {
        return new Coordinator().key(key).nodeId(-1).port(-1).errorCode(error).errorMessage(reason);
    }
}

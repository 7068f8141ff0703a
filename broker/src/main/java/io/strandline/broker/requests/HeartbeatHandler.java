package io.strandline.broker.requests;

import io.strandline.broker.groups.Heartbeat;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.HeartbeatRequest;
import io.strandline.protocol.message.HeartbeatResponse;
import java.util.Optional;

/** Heartbeat, v0 to v4: a member lives, and hears whether it has to join again. */
final class HeartbeatHandler implements Handler<HeartbeatRequest> {
    private final Node node;

    HeartbeatHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(HeartbeatRequest request, Call call) {
        if (!node.allows(call, Operation.READ, Resource.GROUP, request.groupId)) {
            return Answer.now(response(ErrorCode.GROUP_AUTHORIZATION_FAILED));
        }
        var heartbeat = new Heartbeat(
                request.groupId, request.memberId, Optional.ofNullable(request.groupInstanceId), request.generationId);
        return GroupReply.of(
                node, node.groups().heartbeat(heartbeat), HeartbeatHandler::response, HeartbeatHandler::response);
    }

    private static Message response(ErrorCode error) {
        return new HeartbeatResponse().errorCode(error);
    }
}

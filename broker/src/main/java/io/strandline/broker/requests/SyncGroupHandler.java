package io.strandline.broker.requests;

import io.strandline.broker.groups.Bytes;
import io.strandline.broker.groups.SyncAnswer;
import io.strandline.broker.groups.SyncRequest;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.SyncGroupRequest;
import io.strandline.protocol.message.SyncGroupResponse;
import java.util.HashMap;
import java.util.Optional;

/**
 * SyncGroup, v0 to v5: the leader hands in who reads what, the others wait for it. v5 must name protocol type and protocol
 * (KIP-559).
 */
final class SyncGroupHandler implements Handler<SyncGroupRequest> {
    private static final int PROTOCOL_REQUIRED_FROM = 5;

    private final Node node;

    SyncGroupHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(SyncGroupRequest request, Call call) {
        if (call.version() >= PROTOCOL_REQUIRED_FROM
                && (request.protocolType == null || request.protocolName == null)) {
            return Answer.now(refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL));
        }
        if (!node.allows(call, Operation.READ, Resource.GROUP, request.groupId)) {
            return Answer.now(refused(ErrorCode.GROUP_AUTHORIZATION_FAILED));
        }
        var assignments = new HashMap<String, Bytes>();
        request.assignments.forEach(each -> assignments.put(each.memberId, Bytes.copyOf(each.assignment)));
        var sync = new SyncRequest(
                request.groupId,
                request.memberId,
                Optional.ofNullable(request.groupInstanceId),
                request.generationId,
                Optional.ofNullable(request.protocolType),
                Optional.ofNullable(request.protocolName),
                assignments);
        return GroupReply.<SyncAnswer>to(
                node,
                answer -> node.groups().sync(sync, answer),
                SyncGroupHandler::response,
                SyncGroupHandler::refused);
    }

    private static Message response(SyncAnswer answer) {
        return switch (answer) {
            case SyncAnswer.Refused refused -> refused(refused.error());
            case SyncAnswer.Assigned assigned ->
                new SyncGroupResponse()
                        .protocolType(assigned.protocolType().orElse(null))
                        .protocolName(assigned.protocol().orElse(null))
                        .assignment(assigned.assignment().buffer());
        };
    }

    private static Message refused(ErrorCode error) {
        return new SyncGroupResponse().errorCode(error);
    }
}

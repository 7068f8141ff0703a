package io.strandline.broker.requests;

import io.strandline.broker.groups.Bytes;
import io.strandline.broker.groups.JoinAnswer;
import io.strandline.broker.groups.JoinRequest;
import io.strandline.broker.groups.Protocol;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.JoinGroupRequest;
import io.strandline.protocol.message.JoinGroupResponse;
import io.strandline.protocol.message.JoinGroupResponse.JoinGroupResponseMember;
import java.util.Optional;

/**
 * JoinGroup, v0 to v9: waits until all members have joined or their time is up. From v4 on a newcomer comes twice, the second
 * time with the id that it was given (KIP-394); v0 has no rebalance timeout, its session timeout counts; a rebalance timeout of
 * 0 means the same.
 */
final class JoinGroupHandler implements Handler<JoinGroupRequest> {
    private static final int MEMBER_ID_REQUIRED_FROM = 4;
    private static final int PROTOCOL_NULLABLE_FROM = 7;
    private static final int SKIP_ASSIGNMENT_FROM = 9;

    private final Node node;

    JoinGroupHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(JoinGroupRequest request, Call call) {
        if (!node.allows(call, Operation.READ, Resource.GROUP, request.groupId)) {
            return Answer.now(refused(ErrorCode.GROUP_AUTHORIZATION_FAILED, request.memberId, call));
        }
        var join = new JoinRequest(
                request.groupId,
                request.memberId,
                Optional.ofNullable(request.groupInstanceId),
                call.session().clientId(),
                "/" + call.session().remote().getAddress().getHostAddress(),
                request.sessionTimeoutMs,
                request.rebalanceTimeoutMs,
                request.protocolType,
                request.protocols.stream()
                        .map(protocol -> new Protocol(protocol.name, Bytes.copyOf(protocol.metadata)))
                        .toList(),
                request.reason == null ? "" : request.reason,
                call.version() >= MEMBER_ID_REQUIRED_FROM,
                call.version() >= SKIP_ASSIGNMENT_FROM);
        return GroupReply.<JoinAnswer>to(
                node,
                answer -> node.groups().join(join, answer),
                answer -> response(answer, call),
                error -> refused(error, request.memberId, call));
    }

    private static Message response(JoinAnswer answer, Call call) {
        return switch (answer) {
            case JoinAnswer.Refused refused -> refused(refused.error(), refused.memberId(), call);
            case JoinAnswer.Joined joined -> {
                var response = new JoinGroupResponse()
                        .memberId(joined.memberId())
                        .generationId(joined.generation())
                        .protocolType(joined.protocolType().orElse(null))
                        .protocolName(joined.protocol().orElse(noProtocol(call)))
                        .leader(joined.leader().orElse(""))
                        .skipAssignment(joined.skipAssignment());
                for (var member : joined.members()) {
                    response.members.add(new JoinGroupResponseMember()
                            .memberId(member.memberId())
                            .groupInstanceId(member.instanceId().orElse(null))
                            .metadata(member.metadata().buffer()));
                }
                yield response;
            }
        };
    }

    private static JoinGroupResponse refused(ErrorCode error, String memberId, Call call) {
        return new JoinGroupResponse().errorCode(error).memberId(memberId).protocolName(noProtocol(call));
    }

    private static @org.jspecify.annotations.Nullable String noProtocol(Call call) {
        return call.version() >= PROTOCOL_NULLABLE_FROM ? null : "";
    }
}

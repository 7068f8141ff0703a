package io.strandline.broker.requests;

import io.strandline.broker.groups.LeaveRequest;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.LeaveGroupRequest;
import io.strandline.protocol.message.LeaveGroupResponse;
import io.strandline.protocol.message.LeaveGroupResponse.MemberResponse;
import java.util.List;
import java.util.Optional;

/**
 * LeaveGroup, v0 to v5: a member goes. From v3 on several at once, static ones by instance id alone (KIP-345); from v5 on with a
 * reason (KIP-800), which goes to the log.
 */
final class LeaveGroupHandler implements Handler<LeaveGroupRequest> {
    private static final int BATCH_FROM = 3;

    private final Node node;

    LeaveGroupHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(LeaveGroupRequest request, Call call) {
        if (!node.allows(call, Operation.READ, Resource.GROUP, request.groupId)) {
            return Answer.now(refused(ErrorCode.GROUP_AUTHORIZATION_FAILED));
        }
        if (request.groupId.isEmpty()) {
            return Answer.now(refused(ErrorCode.INVALID_GROUP_ID));
        }
        boolean batch = call.version() >= BATCH_FROM;
        var leavers = batch
                ? request.members.stream().map(LeaveGroupHandler::leaver).toList()
                : List.of(new LeaveRequest.Leaver(request.memberId, Optional.empty(), ""));
        return GroupReply.of(
                node,
                node.groups().leave(new LeaveRequest(request.groupId, leavers)),
                left -> batch ? each(left) : refused(left.getFirst().error()),
                LeaveGroupHandler::refused);
    }

    private static LeaveRequest.Leaver leaver(LeaveGroupRequest.MemberIdentity member) {
        return new LeaveRequest.Leaver(
                member.memberId,
                Optional.ofNullable(member.groupInstanceId),
                member.reason == null ? "" : member.reason);
    }

    private static Message each(List<LeaveRequest.Left> left) {
        var response = new LeaveGroupResponse();
        for (var one : left) {
            response.members.add(new MemberResponse()
                    .memberId(one.member().memberId())
                    .groupInstanceId(one.member().instanceId().orElse(null))
                    .errorCode(one.error()));
        }
        return response;
    }

    private static Message refused(ErrorCode error) {
        return new LeaveGroupResponse().errorCode(error);
    }
}

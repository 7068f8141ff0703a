package io.strandline.broker.requests;

import io.strandline.broker.groups.GroupDescription;
import io.strandline.broker.groups.GroupState;
import io.strandline.broker.groups.Settled;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.DescribeGroupsRequest;
import io.strandline.protocol.message.DescribeGroupsResponse;
import io.strandline.protocol.message.DescribeGroupsResponse.DescribedGroup;
import io.strandline.protocol.message.DescribeGroupsResponse.DescribedGroupMember;

/**
 * DescribeGroups, v0 to v6: state, protocol, members with what they asked for and got. A group that does not exist is "Dead", from
 * v6 on with GROUP_ID_NOT_FOUND.
 */
final class DescribeGroupsHandler implements Handler<DescribeGroupsRequest> {
    private static final int NOT_FOUND_FROM = 6;

    private final Node node;

    DescribeGroupsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(DescribeGroupsRequest request, Call call) {
        var response = new DescribeGroupsResponse();
        long durableFrom = 0;
        for (var id : request.groups) {
            if (!node.allows(call, Operation.DESCRIBE, Resource.GROUP, id)) {
                response.groups.add(new DescribedGroup()
                        .groupId(id)
                        .errorCode(ErrorCode.GROUP_AUTHORIZATION_FAILED)
                        .errorMessage("This client may not see the group " + id));
                continue;
            }
            var answer = node.groups().describe(id);
            durableFrom = Math.max(durableFrom, answer.durableFrom());
            var described = answer.value().map(DescribeGroupsHandler::described).orElseGet(() -> missing(id, call));
            if (request.includeAuthorizedOperations) {
                described.authorizedOperations(AuthorizedOperations.of(Resource.GROUP, id, node, call));
            }
            response.groups.add(described);
        }
        return GroupReply.of(node, new Settled<>(response, durableFrom), all -> all, error -> {
            response.groups.replaceAll(
                    group -> new DescribedGroup().groupId(group.groupId).errorCode(error));
            return response;
        });
    }

    private static DescribedGroup described(GroupDescription group) {
        var described = new DescribedGroup()
                .groupId(group.group())
                .groupState(group.state().toString())
                .protocolType(group.protocolType())
                .protocolData(group.protocol());
        for (var member : group.members()) {
            described.members.add(new DescribedGroupMember()
                    .memberId(member.memberId())
                    .groupInstanceId(member.instanceId().orElse(null))
                    .clientId(member.clientId())
                    .clientHost(member.clientHost())
                    .memberMetadata(member.metadata().buffer())
                    .memberAssignment(member.assignment().buffer()));
        }
        return described;
    }

    private static DescribedGroup missing(String id, Call call) {
        var dead = new DescribedGroup().groupId(id).groupState(GroupState.DEAD.toString());
        return call.version() >= NOT_FOUND_FROM
                ? dead.errorCode(ErrorCode.GROUP_ID_NOT_FOUND).errorMessage("There is no group " + id)
                : dead;
    }
}

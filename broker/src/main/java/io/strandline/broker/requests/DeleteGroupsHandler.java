package io.strandline.broker.requests;

import io.strandline.broker.groups.Settled;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.DeleteGroupsRequest;
import io.strandline.protocol.message.DeleteGroupsResponse;
import io.strandline.protocol.message.DeleteGroupsResponse.DeletableGroupResult;

/** DeleteGroups, v0 to v2: groups without members, with their offsets. Answered when no restart brings them back. */
final class DeleteGroupsHandler implements Handler<DeleteGroupsRequest> {
    private final Node node;

    DeleteGroupsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(DeleteGroupsRequest request, Call call) {
        var response = new DeleteGroupsResponse();
        long durableFrom = 0;
        for (var id : request.groupsNames) {
            var result = new DeletableGroupResult().groupId(id);
            response.results.add(result);
            if (node.allows(call, Operation.DELETE, Resource.GROUP, id)) {
                var deleted = node.groups().delete(id);
                durableFrom = Math.max(durableFrom, deleted.durableFrom());
                result.errorCode(deleted.value());
            } else {
                result.errorCode(ErrorCode.GROUP_AUTHORIZATION_FAILED);
            }
        }
        return GroupReply.of(node, new Settled<>(response, durableFrom), all -> all, error -> {
            response.results.forEach(result -> result.errorCode(error));
            return response;
        });
    }
}

package io.strandline.broker.requests;

import io.strandline.broker.groups.GroupDescription;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.ListGroupsRequest;
import io.strandline.protocol.message.ListGroupsResponse;
import io.strandline.protocol.message.ListGroupsResponse.ListedGroup;
import java.util.List;

/**
 * ListGroups, v0 to v5: the groups that the client may see; by state from v4 on, by type from v5 on (all are "classic" so far).
 * Case does not matter in either.
 */
final class ListGroupsHandler implements Handler<ListGroupsRequest> {
    private static final String TYPE = "classic";

    private final Node node;

    ListGroupsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(ListGroupsRequest request, Call call) {
        return GroupReply.of(
                node,
                node.groups().list(),
                groups -> response(groups, request, call),
                error -> new ListGroupsResponse().errorCode(error));
    }

    private Message response(List<GroupDescription> groups, ListGroupsRequest request, Call call) {
        boolean seesAll = node.allows(call, Operation.DESCRIBE, Resource.CLUSTER, Authorizer.CLUSTER_NAME);
        var response = new ListGroupsResponse().errorCode(ErrorCode.NONE);
        for (var group : groups) {
            if ((seesAll || node.allows(call, Operation.DESCRIBE, Resource.GROUP, group.group()))
                    && passes(request.statesFilter, group.state().toString())
                    && passes(request.typesFilter, TYPE)) {
                response.groups.add(new ListedGroup()
                        .groupId(group.group())
                        .protocolType(group.protocolType())
                        .groupState(group.state().toString())
                        .groupType(TYPE));
            }
        }
        return response;
    }

    private static boolean passes(List<String> filter, String value) {
        return filter.isEmpty()
                || filter.stream().anyMatch(wanted -> wanted.strip().equalsIgnoreCase(value));
    }
}

package io.strandline.broker.requests;

import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.DescribeClusterRequest;
import io.strandline.protocol.message.DescribeClusterResponse;
import io.strandline.protocol.message.DescribeClusterResponse.DescribeClusterBroker;
import java.util.List;

/** DescribeCluster, v0 to v2: one broker, which is also the controller. Controller endpoints (v1) cannot be asked for. */
final class DescribeClusterHandler implements Handler<DescribeClusterRequest> {
    private static final byte BROKERS = 1;

    private final Node node;

    DescribeClusterHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(DescribeClusterRequest request, Call call) {
        if (request.endpointType != BROKERS) {
            return Answer.now(new DescribeClusterResponse()
                    .errorCode(ErrorCode.MISMATCHED_ENDPOINT_TYPE)
                    .errorMessage("There is no separate controller: ask for brokers"));
        }
        var endpoint = node.endpoint(call.session());
        var response = new DescribeClusterResponse()
                .clusterId(node.clusterId())
                .controllerId(node.nodeId())
                .brokers(List.of(new DescribeClusterBroker()
                        .brokerId(node.nodeId())
                        .host(endpoint.host())
                        .port(endpoint.port())));
        if (request.includeClusterAuthorizedOperations) {
            response.clusterAuthorizedOperations(
                    AuthorizedOperations.of(Resource.CLUSTER, Authorizer.CLUSTER_NAME, node, call));
        }
        return Answer.now(response);
    }
}

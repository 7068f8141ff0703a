package io.strandline.broker.requests;

import io.strandline.protocol.message.DescribeAclsRequest;
import io.strandline.protocol.message.DescribeAclsResponse;

/** DescribeAcls, v1 to v3: see {@link NoAuthorizer}. */
final class DescribeAclsHandler implements Handler<DescribeAclsRequest> {
    @Override
    public Answer handle(DescribeAclsRequest request, Call call) {
        return Answer.now(
                new DescribeAclsResponse().errorCode(NoAuthorizer.ERROR).errorMessage(NoAuthorizer.REASON));
    }
}

package io.strandline.broker.requests;

import io.strandline.protocol.message.DeleteAclsRequest;
import io.strandline.protocol.message.DeleteAclsResponse;
import io.strandline.protocol.message.DeleteAclsResponse.DeleteAclsFilterResult;

/** DeleteAcls, v1 to v3: see {@link NoAuthorizer}. */
final class DeleteAclsHandler implements Handler<DeleteAclsRequest> {
    @Override
    public Answer handle(DeleteAclsRequest request, Call call) {
        var response = new DeleteAclsResponse();
        for (int i = 0; i < request.filters.size(); i++) {
            response.filterResults.add(
                    new DeleteAclsFilterResult().errorCode(NoAuthorizer.ERROR).errorMessage(NoAuthorizer.REASON));
        }
        return Answer.now(response);
    }
}

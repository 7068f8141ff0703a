package io.strandline.broker.requests;

import io.strandline.protocol.message.CreateAclsRequest;
import io.strandline.protocol.message.CreateAclsResponse;
import io.strandline.protocol.message.CreateAclsResponse.AclCreationResult;

/** CreateAcls, v1 to v3: see {@link NoAuthorizer}. */
final class CreateAclsHandler implements Handler<CreateAclsRequest> {
    @Override
    public Answer handle(CreateAclsRequest request, Call call) {
        var response = new CreateAclsResponse();
        for (int i = 0; i < request.creations.size(); i++) {
            response.results.add(
                    new AclCreationResult().errorCode(NoAuthorizer.ERROR).errorMessage(NoAuthorizer.REASON));
        }
        return Answer.now(response);
    }
}

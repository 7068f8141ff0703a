package io.strandline.broker.requests;

import io.strandline.broker.requests.ConfigWishes.Target;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.AlterConfigsRequest;
import io.strandline.protocol.message.AlterConfigsRequest.AlterConfigsResource;
import io.strandline.protocol.message.AlterConfigsResponse;
import io.strandline.protocol.message.AlterConfigsResponse.AlterConfigsResourceResponse;
import java.util.ArrayList;
import java.util.HashMap;

/** AlterConfigs, v0 to v2, which older clients use: what it names is all that is set for the topic from then on. */
final class AlterConfigsHandler implements Handler<AlterConfigsRequest> {
    private final Node node;

    AlterConfigsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(AlterConfigsRequest request, Call call) {
        var response = new AlterConfigsResponse();
        var targets = request.resources.stream()
                .map(resource -> new Target(resource.resourceType, resource.resourceName))
                .toList();
        var wishes = new ConfigWishes(node, call, request.validateOnly, targets);
        for (int i = 0; i < targets.size(); i++) {
            var resource = request.resources.get(i);
            var result = new AlterConfigsResourceResponse()
                    .resourceType(resource.resourceType)
                    .resourceName(resource.resourceName)
                    .errorMessage(null);
            response.responses.add(result);
            add(targets.get(i), resource, result, wishes);
        }
        return wishes.answer(() -> response);
    }

    private static void add(
            Target target, AlterConfigsResource resource, AlterConfigsResourceResponse result, ConfigWishes wishes) {
        var names = new ArrayList<String>();
        var own = new HashMap<String, String>();
        for (var config : resource.configs) {
            if (config.value == null) {
                result.errorCode(ErrorCode.INVALID_REQUEST)
                        .errorMessage("The setting " + config.name + " has no value");
                return;
            }
            names.add(config.name);
            own.put(config.name, config.value);
        }
        wishes.add(
                target,
                names,
                now -> own,
                (error, reason) -> result.errorCode(error).errorMessage(reason));
    }
}

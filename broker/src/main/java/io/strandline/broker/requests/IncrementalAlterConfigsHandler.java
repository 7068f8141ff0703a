package io.strandline.broker.requests;

import io.strandline.broker.requests.ConfigWishes.Target;
import io.strandline.broker.topics.ConfigChange;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.IncrementalAlterConfigsRequest;
import io.strandline.protocol.message.IncrementalAlterConfigsRequest.AlterConfigsResource;
import io.strandline.protocol.message.IncrementalAlterConfigsRequest.AlterableConfig;
import io.strandline.protocol.message.IncrementalAlterConfigsResponse;
import io.strandline.protocol.message.IncrementalAlterConfigsResponse.AlterConfigsResourceResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * IncrementalAlterConfigs, v0 to v1 (KIP-339): sets and removes single settings, and words of lists. All of a resource or
 * none. Unlike with Apache Kafka a name that does not exist cannot be removed either: it is a slip of the pen.
 */
final class IncrementalAlterConfigsHandler implements Handler<IncrementalAlterConfigsRequest> {
    private static final byte SET = 0;
    private static final byte DELETE = 1;
    private static final byte APPEND = 2;
    private static final byte SUBTRACT = 3;

    private final Node node;

    IncrementalAlterConfigsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(IncrementalAlterConfigsRequest request, Call call) {
        var response = new IncrementalAlterConfigsResponse();
        var targets = request.resources.stream()
                .map(IncrementalAlterConfigsHandler::target)
                .toList();
        var wishes = new ConfigWishes(node, call, request.validateOnly, targets);
        for (var resource : request.resources) {
            var result = new AlterConfigsResourceResponse()
                    .resourceType(resource.resourceType)
                    .resourceName(resource.resourceName)
                    .errorMessage(null);
            response.responses.add(result);
            add(resource, result, wishes);
        }
        return wishes.answer(() -> response);
    }

    private static Target target(AlterConfigsResource resource) {
        return new Target(resource.resourceType, resource.resourceName);
    }

    private static void add(AlterConfigsResource resource, AlterConfigsResourceResponse result, ConfigWishes wishes) {
        var names = new ArrayList<String>();
        var changes = new ArrayList<ConfigChange>();
        for (var config : resource.configs) {
            var value = config.value;
            if (config.configOperation < SET || config.configOperation > SUBTRACT) {
                refuse(
                        result,
                        "The operation " + config.configOperation + " on " + config.name
                                + " does not exist: there are 0 set, 1 delete, 2 append, 3 subtract");
                return;
            }
            if (value == null && config.configOperation != DELETE) {
                refuse(result, "The setting " + config.name + " has no value");
                return;
            }
            names.add(config.name);
            changes.add(change(config, value == null ? "" : value));
        }
        wishes.add(
                target(resource),
                names,
                now -> now.ownAfter(List.copyOf(changes)),
                (error, reason) -> result.errorCode(error).errorMessage(reason));
    }

    private static ConfigChange change(AlterableConfig config, String value) {
        return switch (config.configOperation) {
            case DELETE -> new ConfigChange.Delete(config.name);
            case APPEND -> new ConfigChange.Append(config.name, value);
            case SUBTRACT -> new ConfigChange.Subtract(config.name, value);
            default -> new ConfigChange.Set(config.name, value);
        };
    }

    private static void refuse(AlterConfigsResourceResponse result, String reason) {
        result.errorCode(ErrorCode.INVALID_REQUEST).errorMessage(reason);
    }
}

package io.strandline.broker.requests;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.config.Setting;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.TopicConfig;
import io.strandline.broker.topics.TopicConfig.Possible;
import io.strandline.broker.topics.TopicConfig.Source;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.DescribeConfigsRequest;
import io.strandline.protocol.message.DescribeConfigsRequest.DescribeConfigsResource;
import io.strandline.protocol.message.DescribeConfigsResponse;
import io.strandline.protocol.message.DescribeConfigsResponse.DescribeConfigsResourceResult;
import io.strandline.protocol.message.DescribeConfigsResponse.DescribeConfigsResult;
import io.strandline.protocol.message.DescribeConfigsResponse.DescribeConfigsSynonym;
import java.util.List;

/**
 * DescribeConfigs, v1 to v4: of topics and of the broker, each setting with its value and where the value comes from; as
 * synonyms, what would count if that were not set.
 */
final class DescribeConfigsHandler implements Handler<DescribeConfigsRequest> {
    private static final byte TOPIC = 2;
    private static final byte BROKER = 4;

    private final Node node;

    DescribeConfigsHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(DescribeConfigsRequest request, Call call) {
        var response = new DescribeConfigsResponse();
        for (var asked : request.resources) {
            var result = new DescribeConfigsResult()
                    .resourceType(asked.resourceType)
                    .resourceName(asked.resourceName)
                    .errorMessage(null);
            response.results.add(result);
            switch (asked.resourceType) {
                case TOPIC -> describeTopic(asked, request, result, call);
                case BROKER -> describeBroker(asked, request, result, call);
                default ->
                    refuse(
                            result,
                            ErrorCode.INVALID_REQUEST,
                            "Configurations of resource type " + asked.resourceType
                                    + " cannot be asked for: 2 is a topic, 4 the broker");
            }
        }
        return Answer.now(response);
    }

    private void describeTopic(
            DescribeConfigsResource asked, DescribeConfigsRequest request, DescribeConfigsResult result, Call call) {
        var topic = node.topics().find(asked.resourceName);
        if (topic.isEmpty() || !node.allows(call, Operation.DESCRIBE_CONFIGS, Resource.TOPIC, asked.resourceName)) {
            refuse(result, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "There is no topic '" + asked.resourceName + "'");
            return;
        }
        var config = topic.get().config();
        for (Setting<?> setting : TopicConfig.TABLE.all()) {
            if (isAsked(asked, setting)) {
                add(result, request, setting, config.possible(setting), false);
            }
        }
    }

    private void describeBroker(
            DescribeConfigsResource asked, DescribeConfigsRequest request, DescribeConfigsResult result, Call call) {
        if (!node.allows(call, Operation.DESCRIBE_CONFIGS, Resource.CLUSTER, Authorizer.CLUSTER_NAME)) {
            refuse(result, ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "This client may not see the configuration");
            return;
        }
        boolean here = asked.resourceName.equals(String.valueOf(node.nodeId()));
        if (!here && !asked.resourceName.isEmpty()) {
            refuse(
                    result,
                    ErrorCode.INVALID_REQUEST,
                    "There is no broker '" + asked.resourceName + "'; the only one is " + node.nodeId());
            return;
        }
        if (!here) {
            return; // the cluster-wide dynamic defaults: there are none
        }
        for (Setting<?> setting : BrokerConfig.TABLE.all()) {
            if (isAsked(asked, setting)) {
                var source = node.config().isGiven(setting) ? Source.BROKER : Source.DEFAULT;
                var value = new Possible(setting.name(), node.config().text(setting), source);
                add(result, request, setting, List.of(value), true);
            }
        }
    }

    private static boolean isAsked(DescribeConfigsResource asked, Setting<?> setting) {
        return asked.configurationKeys == null || asked.configurationKeys.contains(setting.name());
    }

    private static void add(
            DescribeConfigsResult result,
            DescribeConfigsRequest request,
            Setting<?> setting,
            List<Possible> possible,
            boolean readOnly) {
        var counts = possible.getFirst();
        var described = new DescribeConfigsResourceResult()
                .name(setting.name())
                .value(counts.value())
                .configSource(counts.source().code())
                .readOnly(readOnly)
                .configType(setting.kind().code())
                .documentation(request.includeDocumentation ? setting.about() : null);
        if (request.includeSynonyms) {
            for (var each : possible) {
                described.synonyms.add(new DescribeConfigsSynonym()
                        .name(each.name())
                        .value(each.value())
                        .source(each.source().code()));
            }
        }
        result.configs.add(described);
    }

    private static void refuse(DescribeConfigsResult result, ErrorCode error, String reason) {
        result.errorCode(error).errorMessage(reason);
    }
}

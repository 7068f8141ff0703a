package io.strandline.broker.requests;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.config.InvalidSetting;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.TopicConfig;
import io.strandline.broker.topics.Topics.Changed;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Wishes of one request to change configurations. What can be changed while the broker runs is what is set for a topic; the
 * broker's own settings are read at its start. A wish is answered when it is on the disk (W15), and counts from then on.
 */
final class ConfigWishes {
    /** The request says nothing of its patience; this is what clients have by default. */
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Node node;
    private final Call call;
    private final boolean validateOnly;
    private final Set<Target> twice;
    private final DurableParts changes = new DurableParts();

    /** What is to be changed; types as in DescribeConfigs. */
    record Target(byte type, String name) {
        static final byte TOPIC = 2;
        static final byte BROKER = 4;
    }

    /** @param targets all of the request */
    ConfigWishes(Node node, Call call, boolean validateOnly, List<Target> targets) {
        this.node = node;
        this.call = call;
        this.validateOnly = validateOnly;
        twice = NamedTwice.in(targets.stream());
    }

    /**
     * @param names the settings that are to change
     * @param change see {@link io.strandline.broker.topics.Topics#configure}
     * @param answer is told what became of it, now or when it is on the disk; nothing when it is done
     */
    void add(
            Target target,
            Collection<String> names,
            Function<TopicConfig, Map<String, String>> change,
            BiConsumer<ErrorCode, String> answer) {
        if (twice.contains(target)) {
            answer.accept(
                    ErrorCode.INVALID_REQUEST, "The request names the resource '" + target.name + "' more than once");
            return;
        }
        if (new HashSet<>(names).size() < names.size()) {
            answer.accept(ErrorCode.INVALID_REQUEST, "The request names a setting of '" + target.name + "' twice");
            return;
        }
        switch (target.type) {
            case Target.TOPIC -> changeTopic(target.name, change, answer);
            case Target.BROKER -> refuseBroker(target.name, names, answer);
            default ->
                answer.accept(
                        ErrorCode.INVALID_REQUEST,
                        "Configurations of resource type " + target.type
                                + " cannot be changed: there is 2, a topic, and nothing else that changes");
        }
    }

    private void changeTopic(
            String name, Function<TopicConfig, Map<String, String>> change, BiConsumer<ErrorCode, String> answer) {
        var topic = node.topics().find(name);
        if (topic.isEmpty() || !node.allows(call, Operation.DESCRIBE, Resource.TOPIC, name)) {
            answer.accept(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "There is no topic '" + name + "'");
            return;
        }
        if (!node.allows(call, Operation.ALTER_CONFIGS, Resource.TOPIC, name)) {
            answer.accept(ErrorCode.TOPIC_AUTHORIZATION_FAILED, "This client may not change the topic's settings");
            return;
        }
        if (topic.get().internal()) {
            answer.accept(
                    ErrorCode.INVALID_TOPIC_EXCEPTION,
                    "The broker keeps its own topic '" + name + "' as it needs it; its settings cannot be changed");
            return;
        }
        var id = topic.get().id();
        if (validateOnly) {
            node.topics().refusal(id, change).ifPresent(refused -> answer.accept(refused.error(), refused.reason()));
            return;
        }
        switch (node.topics().configure(id, change)) {
            case Changed.Refused refused -> answer.accept(refused.error(), refused.reason());
            case Changed.Done done ->
                changes.add(
                        done.durable(),
                        error -> answer.accept(
                                error,
                                "The change was not on the disk in time, or the disk has failed; it may count later"));
        }
    }

    private void refuseBroker(String name, Collection<String> names, BiConsumer<ErrorCode, String> answer) {
        if (!node.allows(call, Operation.ALTER_CONFIGS, Resource.CLUSTER, Authorizer.CLUSTER_NAME)) {
            answer.accept(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "This client may not change the configuration");
            return;
        }
        if (!name.isEmpty() && !name.equals(String.valueOf(node.nodeId()))) {
            answer.accept(
                    ErrorCode.INVALID_REQUEST, "There is no broker '" + name + "'; the only one is " + node.nodeId());
            return;
        }
        try {
            names.forEach(BrokerConfig.TABLE::require);
        } catch (InvalidSetting e) {
            answer.accept(ErrorCode.INVALID_CONFIG, String.valueOf(e.getMessage()));
            return;
        }
        if (!names.isEmpty()) {
            answer.accept(
                    ErrorCode.INVALID_REQUEST,
                    "The broker reads " + String.join(", ", names)
                            + " at its start: change it in the configuration it is started with, and start it again");
        }
    }

    /** The answer to the request, once every wish has its own. */
    Answer answer(Supplier<? extends Message> response) {
        return changes.answer(node.time(), LIMIT, response);
    }
}

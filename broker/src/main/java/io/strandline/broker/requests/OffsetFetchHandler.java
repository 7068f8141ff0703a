package io.strandline.broker.requests;

import io.strandline.broker.groups.CommittedOffset;
import io.strandline.broker.groups.Settled;
import io.strandline.broker.groups.TopicPartition;
import io.strandline.broker.requests.Authorizer.Operation;
import io.strandline.broker.requests.Authorizer.Resource;
import io.strandline.broker.topics.Topic;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.message.OffsetFetchRequest;
import io.strandline.protocol.message.OffsetFetchRequest.OffsetFetchRequestGroup;
import io.strandline.protocol.message.OffsetFetchRequest.OffsetFetchRequestTopics;
import io.strandline.protocol.message.OffsetFetchResponse;
import io.strandline.protocol.message.OffsetFetchResponse.OffsetFetchResponseGroup;
import io.strandline.protocol.message.OffsetFetchResponse.OffsetFetchResponsePartition;
import io.strandline.protocol.message.OffsetFetchResponse.OffsetFetchResponsePartitions;
import io.strandline.protocol.message.OffsetFetchResponse.OffsetFetchResponseTopic;
import io.strandline.protocol.message.OffsetFetchResponse.OffsetFetchResponseTopics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * OffsetFetch, v1 to v10: the committed offsets of a group, from v8 on of several; of all its topics where the list is null. An
 * offset that a power cut could take back is told only when it cannot any more. Who has no offset gets -1, also in a group that
 * does not exist. v10 names topics by id. There are no transactions yet, so every offset is stable (v7 requireStable).
 */
final class OffsetFetchHandler implements Handler<OffsetFetchRequest> {
    private static final int TOP_LEVEL_ERROR_FROM = 2;
    private static final int GROUPS_FROM = 8;
    private static final int TOPIC_IDS_FROM = 10;
    private static final long NO_OFFSET = -1;

    private final Node node;

    OffsetFetchHandler(Node node) {
        this.node = node;
    }

    @Override
    public Answer handle(OffsetFetchRequest request, Call call) {
        var groups = new ArrayList<OffsetFetchResponseGroup>();
        long durableFrom = 0;
        for (var group : call.version() >= GROUPS_FROM ? request.groups : List.of(asGroup(request))) {
            var answer = fetch(group, call);
            groups.add(answer.value());
            durableFrom = Math.max(durableFrom, answer.durableFrom());
        }
        return GroupReply.of(node, new Settled<>(groups, durableFrom), all -> response(all, call), error -> {
            groups.forEach(group -> refuse(group, error));
            return response(groups, call);
        });
    }

    private Settled<OffsetFetchResponseGroup> fetch(OffsetFetchRequestGroup request, Call call) {
        var response = new OffsetFetchResponseGroup().groupId(request.groupId);
        if (!node.allows(call, Operation.DESCRIBE, Resource.GROUP, request.groupId)) {
            if (request.topics != null) {
                request.topics.forEach(topic -> addAll(response, topic, ErrorCode.NONE));
            }
            return new Settled<>(refuse(response, ErrorCode.GROUP_AUTHORIZATION_FAILED), 0);
        }
        var committed = node.groups().offsets(request.groupId);
        if (request.topics == null) {
            addEverything(response, committed.value(), call);
        } else {
            request.topics.forEach(topic -> add(response, topic, committed.value(), call));
        }
        return new Settled<>(response, committed.durableFrom());
    }

    private void add(
            OffsetFetchResponseGroup response,
            OffsetFetchRequestTopics asked,
            Map<TopicPartition, CommittedOffset> committed,
            Call call) {
        boolean byId = call.version() >= TOPIC_IDS_FROM;
        var topic = byId ? node.topics().find(asked.topicId) : node.topics().find(asked.name);
        if (byId && topic.isEmpty()) {
            addAll(response, asked, ErrorCode.UNKNOWN_TOPIC_ID);
            return;
        }
        var name = topic.map(Topic::name).orElse(asked.name);
        if (!node.allows(call, Operation.DESCRIBE, Resource.TOPIC, name)) {
            addAll(response, asked, byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
            return;
        }
        var answer = new OffsetFetchResponseTopics().name(asked.name).topicId(asked.topicId);
        for (int partition : asked.partitionIndexes) {
            var offset = Optional.ofNullable(committed.get(new TopicPartition(name, partition)))
                    .filter(found -> found.belongsTo(topic.map(Topic::id).orElse(CommittedOffset.NO_TOPIC_ID)));
            answer.partitions.add(partition(partition, offset.orElse(null), ErrorCode.NONE));
        }
        response.topics.add(answer);
    }

    private void addEverything(
            OffsetFetchResponseGroup response, Map<TopicPartition, CommittedOffset> committed, Call call) {
        var byTopic = new LinkedHashMap<String, OffsetFetchResponseTopics>();
        committed.forEach((partition, offset) -> {
            var topic = node.topics().find(partition.topic());
            boolean tellable = topic.isPresent()
                    ? offset.belongsTo(topic.get().id())
                    : call.version() < TOPIC_IDS_FROM; // without a topic there is no id to call it by
            if (tellable && node.allows(call, Operation.DESCRIBE, Resource.TOPIC, partition.topic())) {
                byTopic.computeIfAbsent(
                                partition.topic(),
                                name -> new OffsetFetchResponseTopics()
                                        .name(name)
                                        .topicId(topic.map(Topic::id).orElse(CommittedOffset.NO_TOPIC_ID)))
                        .partitions
                        .add(partition(partition.partition(), offset, ErrorCode.NONE));
            }
        });
        response.topics.addAll(byTopic.values());
    }

    private static void addAll(OffsetFetchResponseGroup response, OffsetFetchRequestTopics asked, ErrorCode error) {
        var answer = new OffsetFetchResponseTopics().name(asked.name).topicId(asked.topicId);
        asked.partitionIndexes.forEach(partition -> answer.partitions.add(partition(partition, null, error)));
        response.topics.add(answer);
    }

    private static OffsetFetchResponsePartitions partition(
            int index, @Nullable CommittedOffset offset, ErrorCode error) {
        var response = new OffsetFetchResponsePartitions().partitionIndex(index).errorCode(error);
        return offset == null
                ? response.committedOffset(NO_OFFSET)
                : response.committedOffset(offset.offset())
                        .committedLeaderEpoch(offset.leaderEpoch().orElse(-1))
                        .metadata(offset.metadata());
    }

    /** The group as a whole; and every partition, because v1 has no other place to say it. */
    private static OffsetFetchResponseGroup refuse(OffsetFetchResponseGroup group, ErrorCode error) {
        for (var topic : group.topics) {
            for (var partition : topic.partitions) {
                partition
                        .committedOffset(NO_OFFSET)
                        .committedLeaderEpoch(-1)
                        .metadata("")
                        .errorCode(error);
            }
        }
        return group.errorCode(error);
    }

    // Up to v7 there is one group and its fields lie in the message itself.

    private static OffsetFetchRequestGroup asGroup(OffsetFetchRequest request) {
        var group = new OffsetFetchRequestGroup().groupId(request.groupId);
        if (request.topics == null) {
            return group.topics(null);
        }
        var topics = new ArrayList<OffsetFetchRequestTopics>();
        for (var topic : request.topics) {
            topics.add(new OffsetFetchRequestTopics().name(topic.name).partitionIndexes(topic.partitionIndexes));
        }
        return group.topics(topics);
    }

    private static Message response(List<OffsetFetchResponseGroup> groups, Call call) {
        if (call.version() >= GROUPS_FROM) {
            groups.stream().flatMap(group -> group.topics.stream()).forEach(topic -> {
                if (call.version() >= TOPIC_IDS_FROM) {
                    topic.name("");
                } else {
                    topic.topicId(CommittedOffset.NO_TOPIC_ID);
                }
            });
            return new OffsetFetchResponse().groups(groups);
        }
        var group = groups.getFirst();
        var response = new OffsetFetchResponse();
        if (call.version() >= TOP_LEVEL_ERROR_FROM) {
            response.errorCode(group.errorCode);
        }
        for (var topic : group.topics) {
            var answer = new OffsetFetchResponseTopic().name(topic.name);
            for (var partition : topic.partitions) {
                answer.partitions.add(new OffsetFetchResponsePartition()
                        .partitionIndex(partition.partitionIndex)
                        .committedOffset(partition.committedOffset)
                        .committedLeaderEpoch(partition.committedLeaderEpoch)
                        .metadata(partition.metadata)
                        .errorCode(partition.errorCode));
            }
            response.topics.add(answer);
        }
        return response;
    }
}

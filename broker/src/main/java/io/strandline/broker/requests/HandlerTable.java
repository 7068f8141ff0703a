package io.strandline.broker.requests;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Which APIs this broker has, in which versions, and who handles them. This table is what ApiVersions answers. A handler is
 * made at the first request for it, so starting costs nothing for what nobody uses.
 */
final class HandlerTable {
    /** Versions of one API: all that Kafka's own messages have and call stable. */
    record Range(ApiKey api, short lowest, short highest) {
        boolean contains(short version) {
            return version >= lowest && version <= highest;
        }
    }

    private static final ApiKey[] APIS = {
        ApiKey.PRODUCE,
        ApiKey.FETCH,
        ApiKey.LIST_OFFSETS,
        ApiKey.METADATA,
        ApiKey.API_VERSIONS,
        ApiKey.CREATE_TOPICS,
        ApiKey.DELETE_TOPICS,
        ApiKey.DELETE_RECORDS,
        ApiKey.INIT_PRODUCER_ID,
        ApiKey.OFFSET_FOR_LEADER_EPOCH,
        ApiKey.OFFSET_COMMIT,
        ApiKey.OFFSET_FETCH,
        ApiKey.FIND_COORDINATOR,
        ApiKey.JOIN_GROUP,
        ApiKey.HEARTBEAT,
        ApiKey.LEAVE_GROUP,
        ApiKey.SYNC_GROUP,
        ApiKey.DESCRIBE_GROUPS,
        ApiKey.LIST_GROUPS,
        ApiKey.DELETE_GROUPS,
        ApiKey.OFFSET_DELETE,
        ApiKey.DESCRIBE_ACLS,
        ApiKey.CREATE_ACLS,
        ApiKey.DELETE_ACLS,
        ApiKey.DESCRIBE_CONFIGS,
        ApiKey.ALTER_CONFIGS,
        ApiKey.DESCRIBE_LOG_DIRS,
        ApiKey.CREATE_PARTITIONS,
        ApiKey.INCREMENTAL_ALTER_CONFIGS,
        ApiKey.DESCRIBE_CLUSTER,
        ApiKey.DESCRIBE_PRODUCERS,
        ApiKey.DESCRIBE_TOPIC_PARTITIONS,
    };

    private final Node node;
    private final List<Range> ranges = new ArrayList<>(APIS.length);
    private final Range[] rangeById = new Range[128];
    private final AtomicReferenceArray<Handler<? extends Message>> handlers = new AtomicReferenceArray<>(128);

    HandlerTable(Node node) {
        this.node = node;
        for (var api : APIS) {
            var range = new Range(api, api.lowestVersion(), api.highestVersion());
            ranges.add(range);
            rangeById[api.id()] = range;
        }
    }

    /** All APIs, by number. */
    List<Range> ranges() {
        return ranges;
    }

    boolean speaks(ApiKey api, short version) {
        var range = rangeById[api.id()];
        return range != null && range.contains(version);
    }

    /** For a log line: what would have been possible. */
    String spoken(ApiKey api) {
        var range = rangeById[api.id()];
        return range == null
                ? "This broker does not have this API."
                : "This broker speaks v" + range.lowest() + " to v" + range.highest() + ".";
    }

    /** Who handles requests of this API, which {@link #speaks} has confirmed. */
    @SuppressWarnings("unchecked") // the message class belongs to the API: both are made by the same ApiKey
    Handler<Message> of(ApiKey api) {
        var handler = handlers.get(api.id());
        if (handler == null) {
            handlers.compareAndSet(api.id(), null, make(api));
            handler = handlers.get(api.id());
        }
        return (Handler<Message>) handler;
    }

    ApiVersionsHandler apiVersions() {
        return (ApiVersionsHandler) (Handler<?>) of(ApiKey.API_VERSIONS);
    }

    private Handler<? extends Message> make(ApiKey api) {
        return switch (api) {
            case PRODUCE -> new ProduceHandler(node);
            case FETCH -> new FetchHandler(node);
            case LIST_OFFSETS -> new ListOffsetsHandler(node);
            case METADATA -> new MetadataHandler(node);
            case API_VERSIONS -> new ApiVersionsHandler(ranges);
            case CREATE_TOPICS -> new CreateTopicsHandler(node);
            case DELETE_TOPICS -> new DeleteTopicsHandler(node);
            case DELETE_RECORDS -> new DeleteRecordsHandler(node);
            case INIT_PRODUCER_ID -> new InitProducerIdHandler(node);
            case OFFSET_FOR_LEADER_EPOCH -> new OffsetForLeaderEpochHandler(node);
            case OFFSET_COMMIT -> new OffsetCommitHandler(node);
            case OFFSET_FETCH -> new OffsetFetchHandler(node);
            case FIND_COORDINATOR -> new FindCoordinatorHandler(node);
            case JOIN_GROUP -> new JoinGroupHandler(node);
            case HEARTBEAT -> new HeartbeatHandler(node);
            case LEAVE_GROUP -> new LeaveGroupHandler(node);
            case SYNC_GROUP -> new SyncGroupHandler(node);
            case DESCRIBE_GROUPS -> new DescribeGroupsHandler(node);
            case LIST_GROUPS -> new ListGroupsHandler(node);
            case DELETE_GROUPS -> new DeleteGroupsHandler(node);
            case OFFSET_DELETE -> new OffsetDeleteHandler(node);
            case DESCRIBE_ACLS -> new DescribeAclsHandler();
            case CREATE_ACLS -> new CreateAclsHandler();
            case DELETE_ACLS -> new DeleteAclsHandler();
            case DESCRIBE_CONFIGS -> new DescribeConfigsHandler(node);
            case ALTER_CONFIGS -> new AlterConfigsHandler(node);
            case DESCRIBE_LOG_DIRS -> new DescribeLogDirsHandler(node);
            case CREATE_PARTITIONS -> new CreatePartitionsHandler(node);
            case INCREMENTAL_ALTER_CONFIGS -> new IncrementalAlterConfigsHandler(node);
            case DESCRIBE_CLUSTER -> new DescribeClusterHandler(node);
            case DESCRIBE_PRODUCERS -> new DescribeProducersHandler(node);
            case DESCRIBE_TOPIC_PARTITIONS -> new DescribeTopicPartitionsHandler(node);
            default -> throw new IllegalStateException("There is no handler for " + api);
        };
    }
}

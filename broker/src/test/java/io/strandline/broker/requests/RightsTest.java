package io.strandline.broker.requests;

import static io.strandline.broker.requests.Stage.TOPIC;
import static io.strandline.broker.requests.Stage.error;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.CreateAclsRequest;
import io.strandline.protocol.message.CreateAclsRequest.AclCreation;
import io.strandline.protocol.message.CreateAclsResponse;
import io.strandline.protocol.message.DeleteAclsRequest;
import io.strandline.protocol.message.DeleteAclsRequest.DeleteAclsFilter;
import io.strandline.protocol.message.DeleteAclsResponse;
import io.strandline.protocol.message.DescribeAclsRequest;
import io.strandline.protocol.message.DescribeAclsResponse;
import io.strandline.protocol.message.DescribeClusterRequest;
import io.strandline.protocol.message.DescribeClusterResponse;
import io.strandline.protocol.message.DescribeGroupsRequest;
import io.strandline.protocol.message.DescribeGroupsResponse;
import io.strandline.protocol.message.DescribeTopicPartitionsRequest;
import io.strandline.protocol.message.DescribeTopicPartitionsRequest.TopicRequest;
import io.strandline.protocol.message.DescribeTopicPartitionsResponse;
import io.strandline.protocol.message.MetadataRequest;
import io.strandline.protocol.message.MetadataRequest.MetadataRequestTopic;
import io.strandline.protocol.message.MetadataResponse;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.acl.AclOperation;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** There is no authorizer: access rules can neither be seen nor made, and everybody may do everything. */
class RightsTest {
    private static final AclOperation[] OF_A_TOPIC = {
        AclOperation.READ,
        AclOperation.WRITE,
        AclOperation.CREATE,
        AclOperation.DELETE,
        AclOperation.ALTER,
        AclOperation.DESCRIBE,
        AclOperation.DESCRIBE_CONFIGS,
        AclOperation.ALTER_CONFIGS
    };
    private static final AclOperation[] OF_A_CLUSTER = {
        AclOperation.CREATE,
        AclOperation.ALTER,
        AclOperation.DESCRIBE,
        AclOperation.CLUSTER_ACTION,
        AclOperation.DESCRIBE_CONFIGS,
        AclOperation.ALTER_CONFIGS,
        AclOperation.IDEMPOTENT_WRITE
    };
    private static final int NOT_ASKED = Integer.MIN_VALUE;

    private Stage stage;

    @BeforeEach
    void begin() throws Exception {
        stage = new Stage();
        stage.create(TOPIC, 1);
    }

    @Test
    void whoAsksForAccessRulesIsToldThatThereIsNoAuthorizer() throws Exception {
        var described = stage.ask(ApiKey.DESCRIBE_ACLS, 3, new DescribeAclsRequest(), DescribeAclsResponse.class);
        assertThat(error(described.errorCode)).isEqualTo(ErrorCode.SECURITY_DISABLED);
        assertThat(described.errorMessage).contains("no Authorizer");

        var creations = List.of(new AclCreation(), new AclCreation());
        var created = stage.ask(
                ApiKey.CREATE_ACLS, 3, new CreateAclsRequest().creations(creations), CreateAclsResponse.class);
        assertThat(created.results)
                .hasSize(2)
                .allSatisfy(result -> assertThat(error(result.errorCode)).isEqualTo(ErrorCode.SECURITY_DISABLED));

        var filters = List.of(new DeleteAclsFilter(), new DeleteAclsFilter());
        var deleted =
                stage.ask(ApiKey.DELETE_ACLS, 3, new DeleteAclsRequest().filters(filters), DeleteAclsResponse.class);
        assertThat(deleted.filterResults)
                .hasSize(2)
                .allSatisfy(result -> assertThat(error(result.errorCode)).isEqualTo(ErrorCode.SECURITY_DISABLED));
    }

    @Test
    void whoAsksMetadataWhatHeMayDoIsToldEverything() throws Exception {
        var request = metadata().includeClusterAuthorizedOperations(true).includeTopicAuthorizedOperations(true);
        var response = stage.ask(ApiKey.METADATA, 8, request, MetadataResponse.class);

        assertThat(operations(response.topics.get(0).topicAuthorizedOperations)).containsExactlyInAnyOrder(OF_A_TOPIC);
        assertThat(operations(response.clusterAuthorizedOperations)).containsExactlyInAnyOrder(OF_A_CLUSTER);
    }

    @Test
    void whoDoesNotAskIsNotTold() throws Exception {
        var response = stage.ask(ApiKey.METADATA, 8, metadata(), MetadataResponse.class);

        assertThat(response.topics.get(0).topicAuthorizedOperations).isEqualTo(NOT_ASKED);
        assertThat(response.clusterAuthorizedOperations).isEqualTo(NOT_ASKED);
    }

    @Test
    void theOtherDescriptionsTellItAsWell() throws Exception {
        var cluster = stage.ask(
                ApiKey.DESCRIBE_CLUSTER,
                1,
                new DescribeClusterRequest().includeClusterAuthorizedOperations(true),
                DescribeClusterResponse.class);
        assertThat(operations(cluster.clusterAuthorizedOperations)).containsExactlyInAnyOrder(OF_A_CLUSTER);

        var topics = stage.ask(
                ApiKey.DESCRIBE_TOPIC_PARTITIONS,
                0,
                new DescribeTopicPartitionsRequest().topics(List.of(new TopicRequest().name(TOPIC))),
                DescribeTopicPartitionsResponse.class);
        assertThat(operations(topics.topics.get(0).topicAuthorizedOperations)).containsExactlyInAnyOrder(OF_A_TOPIC);

        var groups = stage.ask(
                ApiKey.DESCRIBE_GROUPS,
                5,
                new DescribeGroupsRequest().groups(List.of("group")).includeAuthorizedOperations(true),
                DescribeGroupsResponse.class);
        assertThat(operations(groups.groups.get(0).authorizedOperations))
                .containsExactlyInAnyOrder(
                        AclOperation.READ,
                        AclOperation.DELETE,
                        AclOperation.DESCRIBE,
                        AclOperation.DESCRIBE_CONFIGS,
                        AclOperation.ALTER_CONFIGS);
    }

    private static MetadataRequest metadata() {
        return new MetadataRequest().topics(List.of(new MetadataRequestTopic().name(TOPIC)));
    }

    /** By Kafka's own numbers. */
    private static List<AclOperation> operations(int bits) {
        var operations = new ArrayList<AclOperation>();
        for (int bit = 0; bit < 32; bit++) {
            if ((bits & 1 << bit) != 0) {
                operations.add(AclOperation.fromCode((byte) bit));
            }
        }
        return operations;
    }
}

package io.strandline.broker.requests;

import static io.strandline.broker.requests.Stage.TOPIC;
import static io.strandline.broker.requests.Stage.batch;
import static io.strandline.broker.requests.Stage.error;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.life.SimulatedBroker;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.message.AlterConfigsRequest;
import io.strandline.protocol.message.AlterConfigsResponse;
import io.strandline.protocol.message.DescribeConfigsRequest;
import io.strandline.protocol.message.DescribeConfigsRequest.DescribeConfigsResource;
import io.strandline.protocol.message.DescribeConfigsResponse;
import io.strandline.protocol.message.DescribeConfigsResponse.DescribeConfigsResourceResult;
import io.strandline.protocol.message.DescribeConfigsResponse.DescribeConfigsSynonym;
import io.strandline.protocol.message.IncrementalAlterConfigsRequest;
import io.strandline.protocol.message.IncrementalAlterConfigsRequest.AlterConfigsResource;
import io.strandline.protocol.message.IncrementalAlterConfigsRequest.AlterableConfig;
import io.strandline.protocol.message.IncrementalAlterConfigsResponse;
import io.strandline.protocol.message.IncrementalAlterConfigsResponse.AlterConfigsResourceResponse;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConfigsTest {
    private static final byte TOPICS = 2;
    private static final byte BROKERS = 4;
    private static final int SET = 0;
    private static final int DELETE = 1;
    private static final int APPEND = 2;
    private static final int SUBTRACT = 3;

    private Stage stage;

    @BeforeEach
    void begin() throws Exception {
        stage = new Stage();
    }

    @Test // W15
    void aChangedSettingCountsWhenItIsOnTheDiskAndNotBefore() throws Exception {
        stage.create(TOPIC, 1);
        var change = send(change(config("max.message.bytes", SET, "200")));
        assertThat(change.ready()).isFalse();
        assertThat(value("max.message.bytes")).isEqualTo("1048588");

        stage.broker.cycle();

        assertThat(error(result(change).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(value("max.message.bytes")).isEqualTo("200");
        assertThat(produce()).isEqualTo(ErrorCode.MESSAGE_TOO_LARGE);
        stage.cutPower();
        assertThat(value("max.message.bytes")).isEqualTo("200");
        assertThat(produce()).isEqualTo(ErrorCode.MESSAGE_TOO_LARGE);
    }

    @Test
    void aSettingThatIsTakenAwayGivesWayToTheDefaultAndOthersStay() throws Exception {
        stage.create(TOPIC, 1, Map.of("retention.ms", "5", "segment.ms", "7"));

        assertThat(error(changed(config("retention.ms", DELETE, null)).errorCode))
                .isEqualTo(ErrorCode.NONE);

        assertThat(value("retention.ms")).isEqualTo("604800000");
        assertThat(value("segment.ms")).isEqualTo("7");
        stage.cutPower();
        assertThat(value("retention.ms")).isEqualTo("604800000");
        assertThat(value("segment.ms")).isEqualTo("7");
    }

    @Test
    void changesThatMeetOnTheirWayToTheDiskAllCount() throws Exception {
        stage.create(TOPIC, 1);
        var first = send(change(config("retention.ms", SET, "5")));
        var second = send(change(config("segment.ms", SET, "7")));

        stage.broker.cycle();

        assertThat(error(result(first).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(error(result(second).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(value("retention.ms")).isEqualTo("5");
        assertThat(value("segment.ms")).isEqualTo("7");
    }

    @Test
    void wordsAreAppendedToAListOnceAndTakenOutOfIt() throws Exception {
        stage.create(TOPIC, 1);

        changed(config("cleanup.policy", APPEND, "compact,delete"));
        assertThat(value("cleanup.policy")).isEqualTo("delete,compact");

        changed(config("cleanup.policy", SUBTRACT, "delete"));
        assertThat(value("cleanup.policy")).isEqualTo("compact");
    }

    @Test
    void theOldRequestReplacesAllThatWasSet() throws Exception {
        stage.create(TOPIC, 1, Map.of("retention.ms", "5", "segment.ms", "7"));
        var resource = new AlterConfigsRequest.AlterConfigsResource()
                .resourceType(TOPICS)
                .resourceName(TOPIC)
                .configs(List.of(new AlterConfigsRequest.AlterableConfig()
                        .name("retention.ms")
                        .value("6")));

        var response = stage.ask(
                ApiKey.ALTER_CONFIGS,
                2,
                new AlterConfigsRequest().resources(List.of(resource)),
                AlterConfigsResponse.class);

        assertThat(error(response.responses.get(0).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(value("retention.ms")).isEqualTo("6");
        assertThat(value("segment.ms")).isEqualTo("604800000");
    }

    @Test
    void validateOnlyRefusesWhatIsWrongAndChangesNothing() throws Exception {
        stage.create(TOPIC, 1);
        var good = change(config("retention.ms", SET, "5")).validateOnly(true);
        var bad = change(config("retention.ms", SET, "soon")).validateOnly(true);

        assertThat(error(changed(good).errorCode)).isEqualTo(ErrorCode.NONE);
        assertThat(error(changed(bad).errorCode)).isEqualTo(ErrorCode.INVALID_CONFIG);

        assertThat(value("retention.ms")).isEqualTo("604800000");
    }

    @Test
    void whatIsWrongWithAChangeIsSaidInKafkasCodeAndInWordsAndNothingOfItCounts() throws Exception {
        stage.create(TOPIC, 1);
        refused(ErrorCode.INVALID_CONFIG, "did you mean 'retention.ms'?", config("retention.mss", SET, "1"));
        refused(ErrorCode.INVALID_CONFIG, "did you mean 'retention.ms'?", config("retention.mss", DELETE, null));
        refused(
                ErrorCode.INVALID_CONFIG,
                "'soon'",
                config("segment.ms", SET, "7"),
                config("retention.ms", SET, "soon"));
        refused(ErrorCode.INVALID_CONFIG, "no list", config("retention.ms", APPEND, "7"));
        refused(ErrorCode.INVALID_CONFIG, "delete, compact", config("cleanup.policy", APPEND, "shred"));
        refused(ErrorCode.INVALID_CONFIG, "tiered storage", config("remote.storage.enable", SET, "true"));
        refused(ErrorCode.INVALID_REQUEST, "no value", config("retention.ms", SET, null));
        refused(ErrorCode.INVALID_REQUEST, "operation 4", config("retention.ms", 4, "1"));
        refused(ErrorCode.INVALID_REQUEST, "twice", config("segment.ms", SET, "7"), config("segment.ms", SET, "8"));

        assertThat(value("segment.ms")).isEqualTo("604800000");
        assertThat(value("cleanup.policy")).isEqualTo("delete");
    }

    @Test
    void whatCannotBeChangedIsSaidToBeSo() throws Exception {
        var missing = new AlterConfigsResource().resourceType(TOPICS).resourceName("missing");
        assertThat(error(changed(of(missing)).errorCode)).isEqualTo(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);

        var broker = changed(of(resource(BROKERS, "1", config("log.retention.ms", SET, "1"))));
        assertThat(error(broker.errorCode)).isEqualTo(ErrorCode.INVALID_REQUEST);
        assertThat(broker.errorMessage).contains("log.retention.ms at its start");
        var slip = changed(of(resource(BROKERS, "", config("log.retention.m", SET, "1"))));
        assertThat(slip.errorMessage).contains("did you mean 'log.retention.ms'?");
        var other = changed(of(resource(BROKERS, "7", config("log.retention.ms", SET, "1"))));
        assertThat(other.errorMessage).contains("the only one is 1");

        stage.create(TOPIC, 1);
        var twice = of(resource(TOPICS, TOPIC), resource(TOPICS, TOPIC));
        assertThat(error(changed(twice).errorCode)).isEqualTo(ErrorCode.INVALID_REQUEST);
        var loggers = changed(of(resource((byte) 8, "1")));
        assertThat(loggers.errorMessage).contains("resource type 8");
    }

    @Test
    void theOriginOfAValueIsToldTogetherWithWhatWouldCountWithoutIt() throws Exception {
        stage.create(TOPIC, 1);
        changed(config("retention.ms", SET, "5"));

        var retention = described("retention.ms");

        assertThat(retention.configSource).isEqualTo((byte) 1);
        assertThat(retention.synonyms)
                .extracting(
                        (DescribeConfigsSynonym synonym) -> synonym.name + "=" + synonym.value + " " + synonym.source)
                .containsExactly("retention.ms=5 1", "log.retention.ms=604800000 5");
        assertThat(described("segment.ms").configSource).isEqualTo((byte) 5);
    }

    private void refused(ErrorCode expected, String reason, AlterableConfig... configs) throws Exception {
        var result = changed(change(configs));
        assertThat(error(result.errorCode)).as(reason).isEqualTo(expected);
        assertThat(result.errorMessage).contains(reason);
    }

    private ErrorCode produce() throws Exception {
        var records = batch("x".repeat(300)).build().bytes();
        return error(stage.produced(TOPIC, 0, 12, records).errorCode);
    }

    private static AlterableConfig config(String name, int operation, @Nullable String value) {
        return new AlterableConfig()
                .name(name)
                .configOperation((byte) operation)
                .value(value);
    }

    private static AlterConfigsResource resource(byte type, String name, AlterableConfig... configs) {
        return new AlterConfigsResource().resourceType(type).resourceName(name).configs(List.of(configs));
    }

    private static IncrementalAlterConfigsRequest of(AlterConfigsResource... resources) {
        return new IncrementalAlterConfigsRequest().resources(List.of(resources));
    }

    private static IncrementalAlterConfigsRequest change(AlterableConfig... configs) {
        return of(resource(TOPICS, TOPIC, configs));
    }

    private SimulatedBroker.Sent send(IncrementalAlterConfigsRequest request) {
        return stage.broker.send(ApiKey.INCREMENTAL_ALTER_CONFIGS, 1, request);
    }

    private AlterConfigsResourceResponse changed(AlterableConfig... configs) throws Exception {
        return changed(change(configs));
    }

    private AlterConfigsResourceResponse changed(IncrementalAlterConfigsRequest request) throws Exception {
        var sent = send(request);
        stage.broker.settle();
        return result(sent);
    }

    private static AlterConfigsResourceResponse result(SimulatedBroker.Sent sent) throws Exception {
        assertThat(sent.ready()).as("answered").isTrue();
        return ((IncrementalAlterConfigsResponse) sent.response().orElseThrow()).responses.get(0);
    }

    private @Nullable String value(String setting) throws Exception {
        return described(setting).value;
    }

    private DescribeConfigsResourceResult described(String setting) throws Exception {
        var asked = new DescribeConfigsResource()
                .resourceType(TOPICS)
                .resourceName(TOPIC)
                .configurationKeys(List.of(setting));
        var request = new DescribeConfigsRequest().resources(List.of(asked)).includeSynonyms(true);
        return stage.ask(ApiKey.DESCRIBE_CONFIGS, 4, request, DescribeConfigsResponse.class)
                .results
                .get(0)
                .configs
                .get(0);
    }
}

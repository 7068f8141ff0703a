package io.strandline.broker.requests;

import static io.strandline.broker.requests.Stage.error;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.net.Outcome;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.ResponseFrame;
import io.strandline.protocol.message.ApiVersionsRequest;
import io.strandline.protocol.message.ApiVersionsResponse;
import io.strandline.protocol.message.ApiVersionsResponse.ApiVersion;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RequestsTest {
    private Stage stage;

    @BeforeEach
    void begin() throws Exception {
        stage = new Stage();
    }

    @Test
    void everyApiAnswersInEveryVersionThatIsAnnounced() throws Exception {
        for (var announced : announced()) {
            var api = ApiKey.forId(announced.apiKey).orElseThrow();
            for (short version = api.lowestVersion(); version <= announced.maxVersion; version++) {
                var request = api.newRequest();
                if (request instanceof ApiVersionsRequest versions) {
                    versions.clientSoftwareName("test").clientSoftwareVersion("1");
                }
                var sent = stage.broker.send(api, version, request);
                stage.broker.settle();
                stage.time.advanceMs(60_000);
                assertThat(sent.ready()).as("%s v%d", api, version).isTrue();
                sent.response(); // decodes what was encoded, or throws
            }
        }
    }

    @Test
    void produceIsAnnouncedFromVersionZeroSoThatLibrdkafkaCompresses() throws Exception {
        assertThat(announced()).anySatisfy(api -> {
            assertThat(api.apiKey).isEqualTo(ApiKey.PRODUCE.id());
            assertThat(api.minVersion).isZero();
            assertThat(api.maxVersion).isEqualTo((short) 13);
        });
    }

    @Test
    void aClientFromTheFutureIsAnsweredInTheOldestFormWithTheListOfVersions() throws Exception {
        var pending = stage.broker.start(frame(ApiKey.API_VERSIONS.id(), 99));

        var answer = (Outcome.Answer) pending.take();

        var bytes = answer.reply().toBuffer().position(4).slice();
        var response = (ApiVersionsResponse) ResponseFrame.parse(bytes, ApiKey.API_VERSIONS, (short) 0, 17);
        assertThat(error(response.errorCode)).isEqualTo(ErrorCode.UNSUPPORTED_VERSION);
        assertThat(response.apiKeys).isNotEmpty();
    }

    @Test
    void whatWeDoNotSpeakClosesTheConnectionWithASentenceThatNamesIt() {
        assertThat(hangUp(frame(999, 0))).contains("no API has the number 999");
        assertThat(hangUp(frame(ApiKey.FETCH.id(), 3))).contains("Fetch v3", "v4 to v18");
        assertThat(hangUp(frame(ApiKey.PRODUCE.id(), 2))).contains("Produce v2");
        assertThat(hangUp(frame(ApiKey.VOTE.id(), 0))).contains("Vote", "does not have this API");
        assertThat(hangUp(ByteBuffer.allocate(3))).contains("too short");
    }

    @Test
    void noGarbageGetsThrough() {
        var random = new SplittableRandom(5);
        for (int i = 0; i < 20_000; i++) {
            var bytes = new byte[random.nextInt(8, 200)];
            random.nextBytes(bytes);
            if (random.nextBoolean()) {
                ByteBuffer.wrap(bytes).putShort(0, (short) random.nextInt(76)).putShort(2, (short) random.nextInt(14));
            }
            stage.broker.start(ByteBuffer.wrap(bytes)); // an answer, or a reason to hang up; never an exception
        }
    }

    private List<ApiVersion> announced() throws Exception {
        var request = new ApiVersionsRequest().clientSoftwareName("test").clientSoftwareVersion("1");
        return stage.ask(ApiKey.API_VERSIONS, 4, request, ApiVersionsResponse.class).apiKeys;
    }

    private String hangUp(ByteBuffer frame) {
        return ((Outcome.HangUp) stage.broker.start(frame).take()).reason();
    }

    /** A request with nothing but a header: correlation id 17, no client id. */
    private static ByteBuffer frame(int api, int version) {
        return ByteBuffer.allocate(20)
                .putShort((short) api)
                .putShort((short) version)
                .putInt(17)
                .putShort((short) -1)
                .rewind();
    }
}

package io.strandline.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.protocol.message.ApiVersionsResponse;
import io.strandline.protocol.message.FetchResponse;
import io.strandline.protocol.message.ProduceRequest;
import io.strandline.protocol.message.RequestHeader;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class FrameTest {
    private static final ByteBuffer BATCH = ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6, 7});

    @Test
    void aRequestComesBackAsItWasSent() {
        var frame = frame(produce("orders"), (short) 9);
        assertThat(frame.getInt()).isEqualTo(frame.remaining());

        var request = RequestFrame.parse(frame);
        var body = (ProduceRequest) request.readBody();

        assertThat(request.api()).isEqualTo(ApiKey.PRODUCE);
        assertThat(request.version()).isEqualTo((short) 9);
        assertThat(request.correlationId()).isEqualTo(77);
        assertThat(request.header().clientId).isEqualTo("app-1");
        assertThat(body.topicData.get(0).name).isEqualTo("orders");
        assertThat(body.topicData.get(0).partitionData.get(0).records).isEqualTo(new Payload.Bytes(BATCH));
    }

    @Test
    void recordsThatWereReadAreASliceOfTheFrame() {
        var frame = frame(produce("orders"), (short) 9);
        frame.getInt();

        records(frame).buffer().put(0, (byte) 99);

        assertThat(records(frame).buffer().get(0)).isEqualTo((byte) 99);
    }

    private static Payload.Bytes records(ByteBuffer frame) {
        var body = (ProduceRequest) RequestFrame.parse(frame).readBody();
        return (Payload.Bytes)
                Objects.requireNonNull(body.topicData.get(0).partitionData.get(0).records);
    }

    @Test
    void aPayloadThatIsNotInMemoryIsAPartOfTheResponseAndIsCountedInItsLength() {
        record FileSlice(int length) implements Payload {}
        var slice = new FileSlice(1_000_000);
        var partition = new FetchResponse.PartitionData().partitionIndex(3).records(slice);
        var response = new FetchResponse()
                .responses(List.of(new FetchResponse.FetchableTopicResponse().partitions(List.of(partition))));

        var parts = ResponseFrame.toParts(ApiKey.FETCH, (short) 12, 5, response);

        assertThat(parts).hasSize(3).element(1).isSameAs(slice);
        int length = ((Payload.Bytes) parts.get(0)).buffer().getInt(0);
        assertThat(length).isEqualTo(parts.stream().mapToInt(Payload::length).sum() - Integer.BYTES);
        assertThat(length - 1_000_000)
                .isEqualTo(parts.get(0).length() - Integer.BYTES + parts.get(2).length());
    }

    @Test
    void apiVersionsAnswersWithTheOldestHeader() {
        var parts = ResponseFrame.toParts(ApiKey.API_VERSIONS, (short) 3, 5, new ApiVersionsResponse());
        var bytes = Payload.join(parts);

        assertThat(bytes.remaining()).isEqualTo(4 + 4 + new ApiVersionsResponse().size((short) 3));
    }

    @Test
    void aResponseToAnotherRequestIsRefused() {
        var frame = Payload.join(ResponseFrame.toParts(ApiKey.FETCH, (short) 12, 5, new FetchResponse()));
        frame.getInt();

        assertThatThrownBy(() -> ResponseFrame.parse(frame, ApiKey.FETCH, (short) 12, 6))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("ResponseHeader.correlationId: 5 instead of 6");
    }

    @Test
    void anApiThatDoesNotExistIsNamed() {
        var frame = ByteBuffer.allocate(20).putShort((short) 4711).rewind();

        assertThatThrownBy(() -> RequestFrame.parse(frame))
                .isInstanceOf(MalformedMessage.class)
                .hasMessageContaining("4711");
    }

    @Test
    void aFrameShorterThanAHeaderIsRefused() {
        assertThatThrownBy(() -> RequestFrame.parse(ByteBuffer.allocate(7)))
                .isInstanceOf(MalformedMessage.class)
                .hasMessageContaining("7 bytes");
    }

    @Test
    void theHeaderOfAVersionThatIsTooNewCanStillBeRead() {
        var frame = frame(produce("orders"), (short) 9);
        frame.getInt();
        frame.putShort(frame.position() + 2, (short) 99);

        var request = RequestFrame.parse(frame);

        assertThat(request.versionIsKnown()).isFalse();
        assertThat(request.correlationId()).isEqualTo(77);
    }

    private static ProduceRequest produce(String topic) {
        var partition = new ProduceRequest.PartitionProduceData().index(1).records(new Payload.Bytes(BATCH));
        return new ProduceRequest()
                .acks((short) -1)
                .topicData(List.of(
                        new ProduceRequest.TopicProduceData().name(topic).partitionData(List.of(partition))));
    }

    private static ByteBuffer frame(ProduceRequest body, short version) {
        var header = new RequestHeader()
                .requestApiKey(ApiKey.PRODUCE.id())
                .requestApiVersion(version)
                .correlationId(77)
                .clientId("app-1");
        return Payload.join(RequestFrame.toParts(ApiKey.PRODUCE, header, body));
    }
}

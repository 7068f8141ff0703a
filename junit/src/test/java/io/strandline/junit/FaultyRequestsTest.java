package io.strandline.junit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.Topic;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Payload;
import io.strandline.protocol.RequestFrame;
import io.strandline.protocol.ResponseFrame;
import io.strandline.protocol.message.ProduceRequest;
import io.strandline.protocol.message.ProduceResponse;
import io.strandline.protocol.message.RequestHeader;
import io.strandline.storage.BatchBuilder;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@StrandlineTest
class FaultyRequestsTest {
    private static final short VERSION = 12;
    private static final long PRODUCER_ID = 7;

    private int requests;

    @Test
    void whatWasSentBehindARefusedBatchDoesNotOvertakeIt(
            StrandlineBroker broker, @TestTopic Topic<String, String> topic) throws IOException {
        broker.faults().next(ApiKey.PRODUCE, ErrorCode.NOT_LEADER_OR_FOLLOWER);
        var address = broker.broker().address();
        try (var client = new Socket(address.getAddress(), address.getPort())) {
            assertThat(produce(client, topic, 0)).isEqualTo(ErrorCode.NOT_LEADER_OR_FOLLOWER);
            assertThat(produce(client, topic, 1)).isEqualTo(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
            assertThat(produce(client, topic, 0)).isEqualTo(ErrorCode.NONE);
            assertThat(produce(client, topic, 1)).isEqualTo(ErrorCode.NONE);
        }
    }

    /** A batch of one message, to partition 0. */
    private ErrorCode produce(Socket client, Topic<?, ?> topic, int sequence) throws IOException {
        var batch = new BatchBuilder()
                .add(1_700_000_000_000L, null, ByteBuffer.wrap("v".getBytes(UTF_8)))
                .producer(PRODUCER_ID, (short) 0, sequence)
                .build();
        var request = new ProduceRequest()
                .acks((short) -1)
                .timeoutMs(30_000)
                .topicData(List.of(new ProduceRequest.TopicProduceData()
                        .name(topic.name())
                        .partitionData(List.of(new ProduceRequest.PartitionProduceData()
                                .index(0)
                                .records(new Payload.Bytes(batch.bytes()))))));
        var header = new RequestHeader()
                .requestApiKey(ApiKey.PRODUCE.id())
                .requestApiVersion(VERSION)
                .correlationId(++requests)
                .clientId("raw");
        var frame = Payload.join(RequestFrame.toParts(ApiKey.PRODUCE, header, request));
        client.getOutputStream().write(frame.array(), 0, frame.remaining());
        var in = new DataInputStream(client.getInputStream());
        var answer = ByteBuffer.wrap(in.readNBytes(in.readInt()));
        var response = (ProduceResponse) ResponseFrame.parse(answer, ApiKey.PRODUCE, VERSION, requests);
        var partition = response.responses.getFirst().partitionResponses.getFirst();
        return ErrorCode.forCode(partition.errorCode).orElseThrow();
    }
}

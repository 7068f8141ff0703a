package io.strandline.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.strandline.protocol.message.FetchRequest;
import io.strandline.protocol.message.FetchResponse;
import io.strandline.protocol.message.MetadataRequest;
import io.strandline.protocol.message.ProduceRequest;
import io.strandline.protocol.message.SaslAuthenticateRequest;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What others send is either the message or a {@link MalformedMessage}, and costs memory in proportion to its bytes. */
class HostileBytesTest {
    private static final int[] HOSTILE_LENGTHS = {
        Integer.MAX_VALUE, Integer.MIN_VALUE, -1, -2, 0x7fff, 0x8000, 0xffff, 0x01000000, 1_000_000, 65_536
    };
    private static final byte[][] HOSTILE_VARINTS = {
        {-1, -1, -1, -1, 0x07},
        {-1, -1, -1, -1, 0x0f},
        {-1, -1, -1, -1, -1, -1, -1},
        {-128, -128, -128, -128, -128},
        {-128, -128, 1},
    };
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    static Stream<OracleMessage> messages() {
        return OracleMessage.all().stream();
    }

    @ParameterizedTest
    @MethodSource("messages")
    void spoiledBytesAreReadOrRefusedAndNothingElse(OracleMessage message) {
        spoil(message, 200);
    }

    @Tag("long")
    @ParameterizedTest
    @MethodSource("messages")
    void spoiledBytesAreReadOrRefusedAndNothingElseManyTimes(OracleMessage message) {
        spoil(message, 2_000);
    }

    private static void spoil(OracleMessage message, int times) {
        var random = Seed.randomFor(message.name() + " spoiled");
        var filler = new RandomKafkaMessage(random);
        for (short version : message.versions()) {
            var valid = new byte[0];
            for (int i = 0; i < times; i++) {
                if (i % 10 == 0) {
                    valid = OracleMessage.write(filler.of(message, version), version);
                }
                readOrRefuse(message, version, spoiled(valid, random));
            }
        }
    }

    private static void readOrRefuse(OracleMessage message, short version, byte[] bytes) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            var read = message.readOurs(bytes, version);
            allocatedInProportion(before, bytes);
            var written = OracleMessage.write(read, version);
            assertThat(OracleMessage.write(message.readOurs(written, version), version))
                    .isEqualTo(written);
        } catch (MalformedMessage e) {
            allocatedInProportion(before, bytes);
            assertThat(e).hasMessageStartingWith(message.name());
        } catch (RuntimeException | Error e) {
            throw new AssertionError(
                    "%s v%d, %s: %s"
                            .formatted(
                                    message.name(),
                                    version,
                                    Seed.asOption(),
                                    HexFormat.of().formatHex(bytes)),
                    e);
        }
    }

    /** The constant is for classes that are loaded on the way; an array of a hostile length is larger. */
    private static void allocatedInProportion(long before, byte[] bytes) {
        assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(200L * bytes.length + 200_000);
    }

    private static byte[] spoiled(byte[] valid, Random random) {
        var bytes = valid.clone();
        int at = bytes.length == 0 ? 0 : random.nextInt(bytes.length);
        switch (random.nextInt(6)) {
            case 0 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 1 -> random.nextBytes(bytes);
            case 2 -> overwrite(bytes, at, new byte[] {(byte) random.nextInt()});
            case 3 -> {
                int length = HOSTILE_LENGTHS[random.nextInt(HOSTILE_LENGTHS.length)];
                overwrite(bytes, at, ByteBuffer.allocate(4).putInt(length).array());
            }
            case 4 -> overwrite(bytes, at, HOSTILE_VARINTS[random.nextInt(HOSTILE_VARINTS.length)]);
            default -> overwrite(bytes, at, new byte[] {-1, (byte) (random.nextInt(4) - 2)});
        }
        return bytes;
    }

    private static void overwrite(byte[] bytes, int at, byte[] with) {
        System.arraycopy(with, 0, bytes, at, Math.min(with.length, bytes.length - at));
    }

    @Test
    void anArrayLongerThanItsBytesIsRefusedBeforeItIsAllocated() {
        // transactional id null, acks, timeout, then two thousand million topics
        var bytes = bytes("ffff ffff 00000000 7fffffff 0000");

        assertThatThrownBy(() -> new ProduceRequest().read(bytes, (short) 3))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("ProduceRequest.topicData: array of 2147483647 elements of 3 bytes or more, but only 2"
                        + " bytes follow");
    }

    @Test
    void anArrayThatWouldJustNotFitIsRefused() {
        var bytes = bytes("ffff ffff 00000000 00000002 0000000000");

        assertThatThrownBy(() -> new ProduceRequest().read(bytes, (short) 3))
                .isInstanceOf(MalformedMessage.class)
                .hasMessageContaining("array of 2 elements of 3 bytes or more, but only 5");
    }

    @Test
    void aNegativeArrayLengthIsRefused() {
        assertThatThrownBy(() -> new ProduceRequest().read(bytes("ffff ffff 00000000 fffffffe"), (short) 3))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("ProduceRequest.topicData: array of -2 elements");
    }

    @Test
    void aNegativeStringLengthIsRefused() {
        assertThatThrownBy(() -> new ProduceRequest().read(bytes("fffe ffff 00000000"), (short) 3))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("ProduceRequest.transactionalId: length -2");
    }

    @Test
    void bytesLongerThanTheRestAreRefused() {
        assertThatThrownBy(() -> new SaslAuthenticateRequest().read(bytes("7fffffff 00"), (short) 0))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("SaslAuthenticateRequest.authBytes: length 2147483647, but only 1 bytes follow");
    }

    @Test
    void nullWhereTheVersionHasNoneIsRefused() {
        assertThatThrownBy(() -> new MetadataRequest().read(bytes("ffffffff"), (short) 0))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("MetadataRequest.topics: null, which this version does not allow");
    }

    @Test
    void aVarintThatIsTooLargeIsRefused() {
        assertThatThrownBy(() -> new MetadataRequest().read(bytes("ffffffff0f"), (short) 9))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("MetadataRequest.topics: varint above 2147483647");
    }

    @Test
    void aStringOfMoreThan32767BytesIsRefused() {
        var bytes = ByteBuffer.allocate(40_000).put(new byte[] {2, (byte) 0x81, (byte) 0x80, 2});

        assertThatThrownBy(() -> new MetadataRequest().read(new ByteSource(bytes.rewind()), (short) 9))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("MetadataRequest.MetadataRequestTopic.name: length 32768, but 32767 is the most");
    }

    @Test
    void aTaggedFieldLargerThanItsValueIsRefused() {
        var valid = new FetchRequest().clusterId("c").toBuffer((short) 12);
        var bytes = ByteBuffer.allocate(valid.remaining() + 1).put(valid).put((byte) 0);
        // | 1 tag | tag 0 | size 2 | length + 1 | 'c' | one more |
        bytes.put(bytes.position() - 4, (byte) 3);

        assertThatThrownBy(() -> new FetchRequest().read(new ByteSource(bytes.flip()), (short) 12))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("FetchRequest.clusterId: tagged field with 1 bytes more than its value has");
    }

    @Test
    void aTaggedFieldCannotReadBeyondItself() {
        var bytes = new FetchRequest().clusterId("c").toBuffer((short) 12);
        bytes.put(bytes.limit() - 3, (byte) 1);

        assertThatThrownBy(() -> new FetchRequest().read(new ByteSource(bytes), (short) 12))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("FetchRequest.clusterId: length 1, but only 0 bytes follow");
    }

    @Test
    void aTagOfALaterVersionIsRefused() {
        var bytes = new FetchRequest()
                .replicaState(new FetchRequest.ReplicaState().replicaId(1))
                .toBuffer((short) 15);
        var older =
                ByteBuffer.allocate(bytes.remaining() + 4).putInt(-1).put(bytes).flip();

        assertThatThrownBy(() -> new FetchRequest().read(new ByteSource(older), (short) 14))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("FetchRequest.replicaState: tag 1 does not exist in version 14");
    }

    @Test
    void unknownTagsOutOfOrderAreRefusedBecauseTheyCouldNotBeWrittenBack() {
        // no topics, three flags, then two tagged fields
        assertThatThrownBy(() -> new MetadataRequest().read(bytes("01 00 00 00 02 6401aa 6401bb"), (short) 9))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("MetadataRequest: tag 100 twice or out of order");
    }

    @Test
    void moreElementsThanAnySoundRequestHasAreRefused() {
        // 1,300,000 topics that are all there; but every two bytes would become an object.
        var bytes = ByteBuffer.allocate(3_000_000).put(new byte[] {(byte) 0xa1, (byte) 0xac, 0x4f});

        assertThatThrownBy(() -> new MetadataRequest().read(new ByteSource(bytes.rewind()), (short) 9))
                .isInstanceOf(MalformedMessage.class)
                .hasMessage("MetadataRequest.topics: more elements in one message than are accepted");
    }

    @Test
    void messagesSayWhatTheyAreButNotWhatTheyCarry() {
        var secret = ByteBuffer.wrap("\0alice\0secret".getBytes(java.nio.charset.StandardCharsets.UTF_8));

        assertThat(new SaslAuthenticateRequest().authBytes(secret))
                .hasToString("SaslAuthenticateRequest(authBytes=13 bytes)");
        assertThat(new FetchResponse.PartitionData()
                        .records(new Payload.Bytes(secret))
                        .toString())
                .contains("records=13 bytes")
                .doesNotContain("secret");
    }

    @Test
    void namesThatWouldBreakALogLineAreMadeHarmless() {
        var topic = new MetadataRequest.MetadataRequestTopic().name("a\nWARN all is lost");

        assertThat(topic.toString()).contains("name='a?WARN all is lost'");
    }

    private static ByteSource bytes(String hex) {
        return new ByteSource(ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", ""))));
    }
}

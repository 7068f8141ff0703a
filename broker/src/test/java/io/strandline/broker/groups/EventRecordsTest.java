package io.strandline.broker.groups;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class EventRecordsTest {
    private static final TopicPartition PARTITION = new TopicPartition("t", 7);

    private static String hex(ByteBuffer bytes) {
        var copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return HexFormat.of().formatHex(copy);
    }

    private static Event again(Event event) {
        var entry = EventRecords.write(event);
        return EventRecords.read(entry.key(), entry.value()).orElseThrow();
    }

    @Test
    void anOffsetIsWrittenAsKafkaWritesIt() {
        var entry = EventRecords.write(new Event.OffsetCommitted(
                "g",
                PARTITION,
                new CommittedOffset(
                        42, OptionalInt.of(3), "m", 1, OptionalLong.empty(), new UUID(0x0102030405060708L, 9))));

        assertThat(hex(entry.key())).isEqualTo("0001" + "000167" + "000174" + "00000007");
        assertThat(hex(entry.value()))
                .isEqualTo("0004" + "000000000000002a" + "00000003" + "026d" + "0000000000000001" + "010010"
                        + "01020304050607080000000000000009");
    }

    @Test
    void anOffsetWithAnExpiryOfItsOwnIsWrittenInTheVersionThatHasOne() {
        var entry = EventRecords.write(new Event.OffsetCommitted(
                "g",
                PARTITION,
                new CommittedOffset(42, OptionalInt.empty(), "m", 1, OptionalLong.of(2), CommittedOffset.NO_TOPIC_ID)));

        assertThat(hex(entry.value()))
                .isEqualTo("0001" + "000000000000002a" + "00016d" + "0000000000000001" + "0000000000000002");
    }

    @Test
    void aGroupIsWrittenAsKafkaWritesIt() {
        var entry = EventRecords.write(new Event.GroupStored(
                "g", 5, Optional.of("consumer"), Optional.empty(), Optional.empty(), OptionalLong.of(1), List.of()));

        assertThat(hex(entry.key())).isEqualTo("0002" + "000167");
        assertThat(hex(entry.value()))
                .isEqualTo("0003" + "0008636f6e73756d6572" + "00000005" + "ffff" + "ffff" + "0000000000000001"
                        + "00000000");
    }

    @Test
    void everyEventIsReadBackAsItWas() {
        var member = new Event.StoredMember(
                "m-1",
                Optional.of("one"),
                "client",
                "/1.2.3.4",
                60_000,
                10_000,
                Consumer.text("s"),
                Consumer.text("a"));
        var dynamic = new Event.StoredMember(
                "m-2", Optional.empty(), "client", "/1.2.3.4", 60_000, 10_000, Bytes.EMPTY, Bytes.EMPTY);
        var events = List.of(
                new Event.GroupStored(
                        "g",
                        5,
                        Optional.of("consumer"),
                        Optional.of("range"),
                        Optional.of("m-1"),
                        OptionalLong.of(99),
                        List.of(member, dynamic)),
                new Event.GroupStored(
                        "g", 6, Optional.empty(), Optional.empty(), Optional.empty(), OptionalLong.of(99), List.of()),
                new Event.GroupDeleted("g"),
                new Event.OffsetCommitted(
                        "g",
                        PARTITION,
                        new CommittedOffset(
                                -2, OptionalInt.of(0), "", 5, OptionalLong.empty(), CommittedOffset.NO_TOPIC_ID)),
                new Event.OffsetDeleted("g", PARTITION));

        for (var event : events) {
            assertThat(again(event)).isEqualTo(event);
        }
    }

    @Test
    void recordsOfKindsThatAreNotKnownHereAreSkipped() {
        var consumerProtocolEpoch = ByteBuffer.wrap(HexFormat.of().parseHex("0003" + "000167"));

        assertThat(EventRecords.read(consumerProtocolEpoch, null)).isEmpty();
    }
}

package io.strandline.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.record.ConsumerGroupMetadataKey;
import io.strandline.protocol.record.OffsetCommitKey;
import io.strandline.protocol.record.OffsetCommitValue;
import org.apache.kafka.common.protocol.MessageUtil;
import org.junit.jupiter.api.Test;

class RecordKeyTest {
    @Test
    void aKeyBeginsWithItsRecordType() {
        var ours = new OffsetCommitKey().group("g").topic("t").partition(7);
        var kafkas = new org.apache.kafka.coordinator.group.generated.OffsetCommitKey()
                .setGroup("g")
                .setTopic("t")
                .setPartition(7);

        assertThat(ours.recordType()).isEqualTo(kafkas.apiKey());
        assertThat(ours.toRecordKey()).isEqualTo(MessageUtil.toVersionPrefixedByteBuffer(kafkas.apiKey(), kafkas));
        assertThat(new ConsumerGroupMetadataKey().recordType()).isEqualTo((short) 3);
    }

    @Test
    void aValueBeginsWithItsVersion() {
        var ours =
                new OffsetCommitValue().offset(-1).leaderEpoch(4).metadata("m").commitTimestamp(99);
        var kafkas = new org.apache.kafka.coordinator.group.generated.OffsetCommitValue()
                .setOffset(-1)
                .setLeaderEpoch(4)
                .setMetadata("m")
                .setCommitTimestamp(99);

        assertThat(RecordKey.toRecordValue(ours, (short) 3))
                .isEqualTo(MessageUtil.toVersionPrefixedByteBuffer((short) 3, kafkas));
    }
}

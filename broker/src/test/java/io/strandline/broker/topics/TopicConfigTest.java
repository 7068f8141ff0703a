package io.strandline.broker.topics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.config.InvalidSetting;
import io.strandline.broker.config.Setting;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopicConfigTest {
    @Test
    void theTopicsOwnValueCountsThenTheBrokersThenKafkasDefault() {
        var config = new TopicConfig(Map.of("retention.ms", "1"), Map.of("retention.ms", "2", "segment.ms", "3"));

        assertThat(config.log().retentionMs()).isEqualTo(1);
        assertThat(config.log().segmentMs()).isEqualTo(3);
        assertThat(config.log().maxMessageBytes()).isEqualTo(1_048_588);
        assertThat(config.source(TopicConfig.RETENTION_MS)).isEqualTo(TopicConfig.Source.TOPIC);
        assertThat(config.source(TopicConfig.SEGMENT_MS)).isEqualTo(TopicConfig.Source.BROKER);
        assertThat(config.source(TopicConfig.MAX_MESSAGE_BYTES)).isEqualTo(TopicConfig.Source.DEFAULT);
    }

    @Test
    void everyTopicConfigurationThatKafkasClientsNameIsKnown() throws Exception {
        for (var field : org.apache.kafka.common.config.TopicConfig.class.getFields()) {
            if (field.getName().endsWith("_CONFIG")) {
                var name = (String) field.get(null);
                assertThat(TopicConfig.TABLE.find(name)).as(name).isPresent();
            }
        }
    }

    @Test
    void everySettingReadsWhatItWrites() {
        for (var setting : TopicConfig.TABLE.all()) {
            roundTrip(setting);
        }
    }

    private static <T> void roundTrip(Setting<T> setting) {
        assertThat(setting.parse(setting.format(setting.defaultValue()))).isEqualTo(setting.defaultValue());
    }

    @Test
    void whatCannotBeKeptIsRefusedRatherThanIgnored() {
        assertThatThrownBy(() -> new TopicConfig(Map.of("remote.storage.enable", "true"), Map.of()))
                .isInstanceOf(InvalidSetting.class)
                .hasMessageContaining("tiered storage");
    }

    @Test
    void eventsComeBackFromTheirBytesAsTheyWere() {
        var id = new java.util.UUID(1, 2);
        for (var event : java.util.List.of(
                new Event.Named("cluster", 3),
                new Event.Started(5),
                new Event.TopicCreated(id, "topic", 4, Map.of("retention.ms", "1", "cleanup.policy", "compact")),
                new Event.TopicDeleted(id),
                new Event.TopicConfigured(id, Map.of()),
                new Event.PartitionsAdded(id, 9),
                new Event.ProducerIdsReserved(2000))) {
            assertThat(EventCodec.decode(EventCodec.encode(event))).isEqualTo(event);
        }
    }

    @Test
    void anEventOfANewerVersionIsRefusedInASentence() {
        assertThatThrownBy(() -> EventCodec.decode(java.nio.ByteBuffer.wrap(new byte[] {2, 1})))
                .hasMessageContaining("format 2");
        assertThatThrownBy(() -> EventCodec.decode(java.nio.ByteBuffer.wrap(new byte[] {1, 99})))
                .hasMessageContaining("kind 99");
    }
}

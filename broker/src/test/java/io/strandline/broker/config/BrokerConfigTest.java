package io.strandline.broker.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.storage.DurabilityMode;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BrokerConfigTest {
    @Test
    void settingsHaveKafkasNamesAndAreReadAsText() {
        var config =
                BrokerConfig.of(Map.of("num.partitions", "7", "strandline.durability", "os", "log.retention.ms", "5"));

        assertThat(config.get(BrokerConfig.NUM_PARTITIONS)).isEqualTo(7);
        assertThat(config.durability()).isEqualTo(DurabilityMode.OS);
        assertThat(config.topicDefaults()).containsEntry("retention.ms", "5");
        assertThat(config.isGiven(BrokerConfig.NODE_ID)).isFalse();
    }

    @Test
    void anUnknownNameIsRefusedWithTheNearestKnownOne() {
        assertThatThrownBy(() -> BrokerConfig.of(Map.of("num.partition", "7")))
                .isInstanceOf(InvalidSetting.class)
                .hasMessage("Unknown broker configuration 'num.partition'; did you mean 'num.partitions'?");
        assertThatThrownBy(() -> BrokerConfig.of(Map.of("zookeeper.connect", "here")))
                .hasMessage("Unknown broker configuration 'zookeeper.connect'");
    }

    @Test
    void aValueThatIsNotPossibleIsRefusedWithWhatIs() {
        assertThatThrownBy(() -> BrokerConfig.of(Map.of("num.partitions", "many")))
                .hasMessage("num.partitions cannot be 'many': expected a whole number from 1 to 2147483647");
        assertThatThrownBy(() -> BrokerConfig.of(Map.of("strandline.durability", "maybe")))
                .hasMessage("strandline.durability cannot be 'maybe': expected one of fsync, os, memory");
    }

    @Test
    void everySettingReadsWhatItWrites() {
        for (var setting : BrokerConfig.TABLE.all()) {
            roundTrip(setting);
        }
    }

    private static <T> void roundTrip(Setting<T> setting) {
        assertThat(setting.parse(setting.format(setting.defaultValue()))).isEqualTo(setting.defaultValue());
    }

    @Test
    void eachChangeMakesAnotherConfiguration() {
        var one = BrokerConfig.defaults().directory(Path.of("a"));
        var other = one.port(0);

        assertThat(one.get(BrokerConfig.LISTENERS)).endsWith(":9092");
        assertThat(other.get(BrokerConfig.LISTENERS)).endsWith(":0");
        assertThat(other.get(BrokerConfig.LOG_DIR)).isEqualTo("a");
    }
}

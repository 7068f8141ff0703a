package io.strandline;

import static io.strandline.ProtocolChoice.Offer.NO;
import static io.strandline.ProtocolChoice.Offer.UNKNOWN;
import static io.strandline.ProtocolChoice.Offer.YES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ProtocolChoiceTest {
    private static ProtocolChoice choice(
            GroupProtocol asked, Map<String, Object> settings, ProtocolChoice.Offer offer) {
        return ProtocolChoice.of("billing", asked, settings, "broker-1:9092", () -> offer);
    }

    @Test
    void autoTakesTheNewOneWhereTheClusterOffersItAndSaysWhy() {
        assertThat(choice(GroupProtocol.AUTO, Map.of(), YES))
                .isEqualTo(new ProtocolChoice(true, "the cluster offers it"));
        assertThat(choice(GroupProtocol.AUTO, Map.of(), NO))
                .isEqualTo(new ProtocolChoice(false, "the brokers at broker-1:9092 offer no other"));
        assertThat(choice(GroupProtocol.AUTO, Map.of(), UNKNOWN))
                .isEqualTo(new ProtocolChoice(false, "no broker at broker-1:9092 answered"));
    }

    @Test
    void autoTakesTheClassicOneWithASettingThatOnlyItKnows() {
        var choice = choice(GroupProtocol.AUTO, Map.of("session.timeout.ms", 6_000), YES);
        assertThat(choice.consumer()).isFalse();
        assertThat(choice.why()).contains("session.timeout.ms");
    }

    @Test
    void theClassicOneAsksNobody() {
        var choice = ProtocolChoice.of("billing", GroupProtocol.CLASSIC, Map.of(), "broker-1:9092", () -> {
            throw new AssertionError("asked");
        });
        assertThat(choice.kafkaName()).isEqualTo("classic");
    }

    @Test
    void theNewOneIsRefusedWithSettingsOfTheClassicOneAndWhereNobodyHasIt() {
        assertThatThrownBy(() -> choice(GroupProtocol.CONSUMER, Map.of("heartbeat.interval.ms", 100), YES))
                .hasMessageContaining("heartbeat.interval.ms")
                .hasMessageContaining("Leave them out");
        assertThatThrownBy(() -> choice(GroupProtocol.CONSUMER, Map.of(), NO))
                .hasMessageContaining("broker-1:9092")
                .hasMessageContaining("GroupProtocol.CLASSIC");
        assertThat(choice(GroupProtocol.CONSUMER, Map.of(), UNKNOWN).consumer())
                .as("starting waits for no broker")
                .isTrue();
    }

    @Test
    void kafkasOwnSettingWinsWhateverItsCase() {
        assertThat(choice(GroupProtocol.CLASSIC, Map.of("group.protocol", "CONSUMER"), YES)
                        .consumer())
                .isTrue();
        assertThat(choice(GroupProtocol.CONSUMER, Map.of("group.protocol", "classic"), YES)
                        .consumer())
                .isFalse();
        assertThatThrownBy(() -> choice(GroupProtocol.CLASSIC, Map.of("group.protocol", "streams"), YES))
                .hasMessageContaining("group.protocol=streams");
    }
}

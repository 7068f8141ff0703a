package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DiscoveryTest {
    private static final Topic<String, String> TOPIC = Topic.strings("t").partitions(1);

    private static Broker broker() throws Exception {
        return Broker.start(BrokerConfig.defaults().port(0).durability(DurabilityMode.MEMORY));
    }

    @Test
    void whenNoKnownBrokerAnswersThoseThatDiscoveryNamesAreUsed() throws Exception {
        var known = new AtomicReference<>(List.<String>of());
        var first = broker();
        known.set(List.of(first.bootstrapServers()));
        try (var kafka = Kafka.builder().bootstrap(known::get).build();
                var second = broker()) {
            kafka.admin().ensure(TOPIC);
            kafka.producer().send(TOPIC, "k", "1");
            first.close();
            known.set(List.of(second.bootstrapServers()));
            try (var other = Kafka.connect(second.bootstrapServers())) {
                other.admin().ensure(TOPIC);
            }
            Ack ack = null;
            while (ack == null) {
                try {
                    ack = kafka.producer().send(TOPIC, "k", "2");
                } catch (SendFailed e) {
                    assertThat(e).hasMessageContaining("t"); // what was on its way by the old addresses
                }
            }
            assertThat(ack.offset()).isZero();
            assertThat(kafka.admin().topics()).containsExactly("t");
        }
    }

    @Test
    void aDiscoveryThatFailsLeavesItsLastAnswerInForce() {
        var answer = new AtomicReference<>(List.of("a:1", "b:2"));
        var addresses = Addresses.asked(() -> {
            if (answer.get().contains("fails")) {
                throw new IllegalStateException("DNS is away");
            }
            return answer.get();
        });
        assertThat(addresses.now()).isEqualTo("a:1,b:2");
        answer.set(List.of("fails"));
        assertThat(addresses.now()).isEqualTo("a:1,b:2");
        answer.set(List.of());
        assertThat(addresses.now()).isEqualTo("a:1,b:2");
        answer.set(List.of("c"));
        assertThat(addresses.now()).as("after what is no address").isEqualTo("a:1,b:2");
        answer.set(List.of("c:3"));
        assertThat(addresses.now()).isEqualTo("c:3");
    }

    @Test
    void aDiscoveryThatNeverKnewABrokerIsNamed() {
        try (var kafka = Kafka.builder().bootstrap(List::of).build()) {
            assertThatThrownBy(kafka::producer).hasMessageContaining("bootstrap(..)");
        }
        try (var kafka = Kafka.builder().bootstrap(() -> List.of("a")).build()) {
            assertThatThrownBy(kafka::producer).hasMessageContaining("'a' is not the address of a broker");
        }
    }
}

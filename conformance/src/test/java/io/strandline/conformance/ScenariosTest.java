package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.Consumer;
import io.strandline.GroupProtocol;
import io.strandline.Kafka;
import io.strandline.Topic;
import java.util.function.Function;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** {@link Scenarios}, with each group protocol that the broker has. */
@OnEveryTarget(client = "Strandline client")
class ScenariosTest {
    private final Subject subject;

    @AutoClose
    private final Kafka kafka;

    ScenariosTest(Subject subject) {
        this.subject = subject;
        kafka = Kafka.connect(subject.shared().bootstrap());
    }

    @Test
    void scenarioHello() throws Exception {
        withEachProtocol(scenarios -> scenarios::hello);
    }

    @Test
    void scenarioPublishDurably() throws Exception {
        withEachProtocol(scenarios -> scenarios::publishDurably);
    }

    @Test
    void scenarioRetryDeadLettersAndTheWayBack() throws Exception {
        withEachProtocol(scenarios -> scenarios::retryAndDeadLetter);
    }

    @Test
    void scenarioBatchesWithResolveAndReject() throws Exception {
        withEachProtocol(scenarios -> scenarios::batchWithResolveAndReject);
    }

    @Test
    void scenarioPauseOnOverload() throws Exception {
        withEachProtocol(scenarios -> scenarios::pauseOnOverload);
    }

    @Test
    void scenarioTransactionsOrASentence() throws Exception {
        if (subject.doesTransactions()) {
            withEachProtocol(scenarios -> scenarios::transactions);
        } else {
            assertThatThrownBy(() -> withEachProtocol(scenarios -> scenarios::transactions))
                    .hasMessageContaining("does not do transactions")
                    .hasMessageContaining("Run this on Apache Kafka");
        }
    }

    @Test
    void scenarioReplayFourWays() throws Exception {
        withEachProtocol(scenarios -> scenarios::replay);
    }

    @Test
    void theProtocolOfAGroupIsChosenByWhatTheBrokerOffers() throws Exception {
        var topic = Topic.strings(JavaClient.name("topic")).partitions(1).replication(1);
        kafka.admin().ensure(topic);
        boolean offered = subject.protocols().contains(GroupProtocol.CONSUMER);
        var auto = JavaClient.name("auto");
        try (var consumer =
                member(auto, topic).groupProtocol(GroupProtocol.AUTO).start()) {
            assertThat(consumer.awaitIdle(JavaClient.PATIENCE)).isTrue();
            assertThat(typeOf(auto)).isEqualTo(offered ? "Consumer" : "Classic");
        }
        var chosen = member(JavaClient.name("chosen"), topic).groupProtocol(GroupProtocol.CONSUMER);
        if (offered) {
            chosen.start().close();
        } else {
            assertThatThrownBy(chosen::start)
                    .hasMessageContaining("do not offer GroupProtocol.CONSUMER")
                    .hasMessageContaining("groupProtocol(GroupProtocol.CLASSIC)");
        }
    }

    private Consumer.Builder member(String group, Topic<String, String> topic) {
        return kafka.consumer(group).eachMessage(topic, message -> {});
    }

    private String typeOf(String group) {
        return JavaClient.get(kafka.admin().raw().listGroups().all()).stream()
                .filter(listing -> listing.groupId().equals(group))
                .map(listing -> listing.type().orElseThrow().toString())
                .findAny()
                .orElseThrow();
    }

    private void withEachProtocol(Function<Scenarios, Scenarios.Scenario> which) throws Exception {
        for (var protocol : subject.protocols()) {
            try {
                which.apply(new Scenarios(kafka, protocol, 1, () -> {})).run();
            } catch (AssertionError e) {
                throw new AssertionError("with the protocol " + protocol + ": " + e.getMessage(), e);
            }
        }
    }
}

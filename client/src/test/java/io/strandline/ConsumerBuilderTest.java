package io.strandline;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is refused before anything is connected. */
class ConsumerBuilderTest {
    private static final Topic<String, String> ORDERS = Topic.strings("orders");

    /** Nobody listens there, and nobody is asked. */
    private final Kafka kafka = Kafka.connect("127.0.0.1:1");

    @AfterEach
    void close() {
        kafka.close();
    }

    private Consumer.Builder consumer() {
        return kafka.consumer("billing").eachMessage(ORDERS, m -> {});
    }

    @Test
    void aRetryLimitWithoutAPlaceForWhatExceedsItIsRefusedWithTheThreeWaysOut() {
        assertThatThrownBy(() -> consumer().retry(Retry.standard()).start())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("deadLetter(DeadLetter.suffix")
                .hasMessageContaining("DeadLetter.discard()")
                .hasMessageContaining("forever()");
        assertThatThrownBy(() -> consumer()
                        .retry(Retry.standard().forever().within(ofSeconds(5)))
                        .start())
                .hasMessageContaining("no place");
        assertThatThrownBy(() -> consumer()
                        .retry(Retry.standard().forever().never(IllegalArgumentException.class))
                        .start())
                .hasMessageContaining("no place");
    }

    @Test
    void aConsumerWithoutAHandlerIsRefused() {
        assertThatThrownBy(() -> kafka.consumer("billing").start()).hasMessageContaining("eachMessage");
        assertThatThrownBy(() -> kafka.consumer(" ")).hasMessageContaining("group");
    }

    @Test
    void twoHandlersForOneTopicAreRefused() {
        assertThatThrownBy(() -> consumer().eachMessage(ORDERS, m -> {})).hasMessageContaining("orders");
    }

    @Test
    void deadLettersThatWouldComeBackForEverAreRefused() {
        assertThatThrownBy(
                        () -> consumer().deadLetter(DeadLetter.topic("orders")).start())
                .hasMessageContaining("itself");
    }

    @Test
    void settingsThatContradictEachOtherAreRefusedWithTheirValues() {
        assertThatThrownBy(() -> consumer()
                        .sessionTimeout(ofSeconds(3))
                        .heartbeat(ofSeconds(3))
                        .start())
                .hasMessageContaining("heartbeat.interval.ms (3000 ms)");
        assertThatThrownBy(() -> consumer().revokeWait(ofSeconds(60)).start())
                .hasMessageContaining("max.poll.interval.ms (60000 ms)");
        assertThatThrownBy(() -> consumer().set("auto.offset.reset", "latest").start())
                .hasMessageContaining("startAt(..)");
        assertThatThrownBy(() -> consumer()
                        .concurrency(Concurrency.perKey(100))
                        .maxInFlight(50)
                        .start())
                .hasMessageContaining("maxInFlight (50 messages")
                .hasMessageContaining("100 handlers");
        assertThatThrownBy(() -> kafka.consumer("billing")
                        .eachBatch(ORDERS, batch -> {})
                        .concurrency(Concurrency.unordered(2))
                        .start())
                .hasMessageContaining("eachBatch(orders)")
                .hasMessageContaining("concurrency(..)");
        assertThatThrownBy(() -> kafka.producerBuilder().maxInFlight(6)).hasMessageContaining("not 6");
    }

    @Test
    void aTopicForEachOfManyDelaysIsRefused() {
        var many = new java.time.Duration[20];
        java.util.Arrays.setAll(many, i -> ofSeconds(i + 1));
        assertThatThrownBy(() -> consumer()
                        .retry(Retry.steps(many).inTopics())
                        .deadLetter(DeadLetter.suffix(".dlq"))
                        .start())
                .hasMessageContaining("20 retry topics")
                .hasMessageContaining("fewer steps");
    }

    @Test
    void whatGivesUpTheOrderThatLettersKeepIsRefused() {
        var inOrder = DeadLetter.suffix(".dlq").inKeyOrder();
        assertThatThrownBy(() -> consumer()
                        .retry(Retry.standard().inTopics())
                        .deadLetter(inOrder)
                        .start())
                .hasMessageContaining("inTopics()")
                .hasMessageContaining("inKeyOrder()");
        assertThatThrownBy(() -> consumer()
                        .concurrency(Concurrency.unordered(7))
                        .deadLetter(inOrder)
                        .start())
                .hasMessageContaining("perKey(7)");
        assertThatThrownBy(() ->
                        consumer().deadLetter(DeadLetter.discard().inKeyOrder()).start())
                .hasMessageContaining("thrown away");
        assertThatThrownBy(() -> kafka.consumer("billing")
                        .eachBatch(ORDERS, batch -> {})
                        .deadLetter(inOrder)
                        .start())
                .hasMessageContaining("eachMessage alone")
                .hasMessageContaining("orders");
    }

    @Test
    void anOwnPolicyBesideARetryIsRefused() {
        assertThatThrownBy(() -> consumer()
                        .onFailure((message, error, attempt, since) -> new Failure.Decision.Skip())
                        .retry(Retry.standard().forever())
                        .start())
                .hasMessageContaining("leave out retry(..)");
    }

    @Test
    void aBrokerThatIsNotThereIsNamedWithItsAddress() {
        assertThatThrownBy(() -> kafka.awaitReady(ofSeconds(1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("127.0.0.1:1")
                .hasMessageContaining("no broker answered");
    }

    @Test
    void aKafkaWithoutAnAddressIsRefused() {
        assertThatThrownBy(() -> Kafka.builder().build()).hasMessageContaining("localhost:9092");
    }
}

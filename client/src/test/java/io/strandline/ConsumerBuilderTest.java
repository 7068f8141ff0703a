package io.strandline;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
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
        assertThatThrownBy(() -> consumer().revokeWait(ofSeconds(-1)))
                .hasMessageContaining("revokeWait is 0 or more, not PT-1S");
        assertThatThrownBy(() -> consumer().drain(ofSeconds(-1))).hasMessageContaining("drain is 0 or more, not PT-1S");
        assertThatThrownBy(() -> consumer().stuckAfter(ofSeconds(-1)))
                .hasMessageContaining("stuckAfter is 0 or more, not PT-1S");
        assertThatThrownBy(() -> kafka.producerBuilder()
                        .linger(ofSeconds(3))
                        .deliveryTimeout(ofSeconds(2))
                        .build())
                .hasMessageContaining("linger(PT3S)");
    }

    /**
     * A consumer whose kafka-clients commits by itself would pass over what is not finished; of two consumers with one
     * instance id the group knows one.
     */
    @Test
    void whatIsDecidedHereOrIsOneClientsOwnCannotBeSetForAllClients() {
        var refused = Map.of(
                "enable.auto.commit", "commit(..)",
                "auto.offset.reset", "startAt(..)",
                "group.id", "consumer(group)",
                "transactional.id", "producer(transactionalId)",
                "group.instance.id", "instanceId(..)");
        refused.forEach((name, instead) -> {
            for (var builder :
                    List.of(Kafka.builder().set(name, "true"), Kafka.builder().set(Map.of(name, "true")))) {
                assertThatThrownBy(
                                () -> builder.bootstrap("127.0.0.1:1").build().close())
                        .as(name)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining(name + "=true")
                        .hasMessageContaining(instead)
                        .hasMessageContaining("Leave it out");
            }
        });
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

    @Test
    void whatIsNoAddressIsRefusedWithWhatIsWrongAndAnExample() {
        refused("localhost", "'localhost' is not the address of a broker: it has no port");
        refused("good:9092, [::1]", "'[::1]' is not the address of a broker: it has no port");
        refused(
                "localhost:9092:9093",
                "'localhost:9092:9093' is not the address of a broker: it has more than one colon");
        refused("::1:9092", "[::1]:9092");
        refused(":9092", "it has no host");
        refused("my host:9092", "its host has a space");
        refused("localhost:", "its port is ''");
        refused("localhost:kafka", "its port is 'kafka'");
        refused("http://localhost:9092/", "its port is '9092/'");
        refused("localhost:0", "from 1 to 65535");
        refused("localhost:65536", "from 1 to 65535");
        refused("PLAINTEXT://localhost", "it has no port");
        assertThatThrownBy(() ->
                        Kafka.builder().set("bootstrap.servers", "localhost").build())
                .hasMessageContaining("it has no port");
    }

    private static void refused(String addresses, String why) {
        assertThatThrownBy(() -> Kafka.connect(addresses))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why)
                .hasMessageContaining("such as localhost:9092");
    }

    @Test
    void anEmptyAddressIsNone() {
        for (var none : new String[] {"", " ", ",", " , "}) {
            assertThatThrownBy(() -> Kafka.connect(none))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("No address: say Kafka.connect(\"localhost:9092\")");
        }
        assertThatThrownBy(() -> Kafka.builder().set("bootstrap.servers", " ").build())
                .hasMessageContaining("No address");
    }

    @Test
    void addressesOfEveryKindAreTaken() {
        for (var address : new String[] {"localhost:9092", "[::1]:9092,127.0.0.1:1", "PLAINTEXT://a_b-c.d:65535"}) {
            Kafka.connect(address).close();
        }
        Kafka.builder().set("bootstrap.servers", "127.0.0.1:1").build().close();
    }

    @Test
    void aDeadLetterTopicWithoutANameIsRefused() {
        assertThatThrownBy(() -> DeadLetter.topic(" ")).hasMessageContaining("name");
        assertThatThrownBy(() -> DeadLetter.suffix("")).hasMessageContaining("suffix");
    }
}

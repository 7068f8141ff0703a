package io.strandline.docs;

// tag::junit
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.Kafka;
import io.strandline.Topic;
import io.strandline.junit.StrandlineBroker;
import io.strandline.junit.StrandlineTest;
import io.strandline.junit.TestTopic;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

@StrandlineTest
class BillingTest {
    record Order(String id, long cents) {}

    @Test
    void anOrderIsBilled(Kafka kafka, @TestTopic Topic<String, Order> orders) throws Exception {
        var billed = new CompletableFuture<Order>();
        kafka.consumer("billing")
                .eachMessage(orders, m -> billed.complete(m.value()))
                .start();
        kafka.producer().send(orders, "c-17", new Order("o-1", 4_200));
        assertThat(billed.get(20, TimeUnit.SECONDS).cents()).isEqualTo(4_200);
    }

    @Test
    void anOrderSurvivesTheBroker(Kafka kafka, StrandlineBroker broker, @TestTopic Topic<String, Order> orders)
            throws Exception {
        kafka.producer().send(orders, "c-17", new Order("o-1", 4_200));
        broker.kill(); // as the death of its process; data and address stay
        broker.restart();
        var billed = new CompletableFuture<Order>();
        kafka.consumer("billing-later")
                .eachMessage(orders, m -> billed.complete(m.value()))
                .start();
        assertThat(billed.get(20, TimeUnit.SECONDS).id()).isEqualTo("o-1");
    }
}
// end::junit

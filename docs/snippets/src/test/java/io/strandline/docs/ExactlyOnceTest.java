package io.strandline.docs;

import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.strandline.DeadLetter;
import io.strandline.Kafka;
import io.strandline.Partition;
import io.strandline.Topic;
import io.strandline.TransactionFailed;
import io.strandline.junit.StrandlineBroker;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What docs/client/exactly-once.md shows. The broker here does no transactions, so each piece ends in the sentence that says so;
 * on Apache Kafka the conformance tests of the same names run the like.
 */
@Timeout(60)
class ExactlyOnceTest {
    // tag::payments
    record Payment(String order, long cents) {}

    record Invoice(String order, String text) {}

    static final Topic<String, Payment> PAYMENTS = Topic.json("payments", Payment.class);
    static final Topic<String, Invoice> INVOICES = Topic.json("invoices", Invoice.class);
    // end::payments

    private StrandlineBroker broker;
    private Kafka kafka;

    @BeforeEach
    void start() {
        broker = StrandlineBroker.inMemory();
        kafka = Kafka.connect(broker.bootstrapServers());
    }

    @AfterEach
    void stop() {
        kafka.close();
        broker.close();
    }

    private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable work) {
        assertThatIllegalStateException().isThrownBy(work).withMessageContaining("does not do transactions");
    }

    @Test
    void fromTopicToTopic() {
        refused(() -> {
            // tag::each-transaction
            kafka.consumer("invoicing")
                    .deadLetter(DeadLetter.suffix(".dlq")) // written in the same transaction
                    .eachTransaction(
                            PAYMENTS,
                            "invoicing-tx",
                            (m, tx) -> tx.send(
                                    INVOICES,
                                    m.key(),
                                    new Invoice(
                                            m.value().order(),
                                            "paid " + m.value().cents())))
                    .start();
            // end::each-transaction
        });
    }

    @Test
    void largerOnes() {
        refused(() -> {
            // tag::max-transaction
            kafka.consumer("invoicing")
                    .eachTransaction(PAYMENTS, "invoicing-tx", (m, tx) -> {})
                    .maxTransaction(2_000, Duration.ofMillis(500)) // 500 messages and 100 ms unless set
                    .transactionTimeout(Duration.ofMinutes(1)) // 30 s unless set
                    .start();
            // end::max-transaction
        });
    }

    @Test
    void byHand() {
        refused(() -> {
            // tag::transaction
            try (var producer = kafka.producer("import-tx-1")) { // an id for each instance that runs at the same time
                int sent = producer.transaction(tx -> {
                    tx.send(PAYMENTS, "o-1", new Payment("o-1", 10));
                    tx.send(INVOICES, "o-1", new Invoice("o-1", "paid 10"));
                    return 2; // commits; a throw aborts
                });
                System.out.println(sent + " messages became visible together");
            }
            // end::transaction
        });
    }

    @Test
    void explicitly() {
        var producer = kafka.producer("import-tx-1");
        refused(() -> {
            // tag::begin
            try (var tx = producer.begin()) { // aborted unless it is committed
                tx.send(PAYMENTS, "o-1", new Payment("o-1", 10));
                tx.commit();
            } catch (TransactionFailed e) {
                switch (e.outcome()) {
                    case ABORTED -> System.err.println("nothing of it is visible; it may be run again");
                    case UNKNOWN ->
                        System.err.println("all of it is visible, or nothing: begin() again, look, then run it");
                    case FENCED -> System.err.println("another instance has this id now: this one should end");
                }
            }
            // end::begin
        });
    }

    @Test
    void offsetsByHand() {
        var consumer = kafka.consumer("invoicing")
                .commit(io.strandline.Commit.manual())
                .eachMessage(PAYMENTS, m -> {})
                .start();
        var producer = kafka.producer("import-tx-1");
        refused(() -> {
            // tag::tx-offsets
            producer.transaction(tx -> {
                tx.send(INVOICES, "o-1", new Invoice("o-1", "paid 10"));
                tx.offsets(consumer, Map.of(new Partition("payments", 0), 17L)); // the next one to read
                return "";
            });
            // end::tx-offsets
        });
    }
}

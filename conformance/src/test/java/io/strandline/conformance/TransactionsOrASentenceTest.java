package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.strandline.Kafka;
import io.strandline.Topic;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** A broker does transactions, or the client says in words that it does not, and what to do. */
@OnEveryTarget(client = "Strandline client")
class TransactionsOrASentenceTest {
    private final Subject subject;
    private final Target target;

    @AutoClose
    private final Kafka kafka;

    TransactionsOrASentenceTest(Subject subject) {
        this.subject = subject;
        target = subject.shared();
        kafka = Kafka.connect(target.bootstrap());
    }

    @Test
    void aTransactionBeginsOrIsRefusedInASentence() {
        var producer = kafka.producer(JavaClient.name("tx"));
        if (subject.doesTransactions()) {
            producer.begin().abort();
        } else {
            assertThatIllegalStateException()
                    .isThrownBy(producer::begin)
                    .withMessageContaining(target.bootstrap() + " does not do transactions")
                    .withMessageContaining("Run this on Apache Kafka");
        }
        assertThat(producer.health().ready()).isEqualTo(subject.doesTransactions());
    }

    @Test
    void aConsumerOfTransactionsStartsOrIsRefusedInASentence() {
        var topic = Topic.strings(JavaClient.name("transactions"));
        kafka.admin().ensure(topic);
        var builder = kafka.consumer(JavaClient.name("group"))
                .eachTransaction(topic, JavaClient.name("tx"), (message, tx) -> {});
        if (subject.doesTransactions()) {
            assertThat(builder.start()).isIn(kafka.consumers());
        } else {
            assertThatIllegalStateException()
                    .isThrownBy(builder::start)
                    .withMessageContaining(target.bootstrap() + " does not do transactions")
                    .withMessageContaining("Run this on Apache Kafka");
            assertThat(kafka.consumers()).isEmpty();
        }
    }
}

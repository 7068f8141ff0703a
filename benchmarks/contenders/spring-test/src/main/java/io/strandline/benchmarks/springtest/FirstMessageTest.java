package io.strandline.benchmarks.springtest;

import io.strandline.benchmarks.bare.FirstMessage;
import org.junit.jupiter.api.Test;
import org.springframework.kafka.test.EmbeddedKafkaBroker;
import org.springframework.kafka.test.context.EmbeddedKafka;

@EmbeddedKafka
final class FirstMessageTest {
    @Test
    void aMessageArrives(EmbeddedKafkaBroker broker) throws Exception {
        FirstMessage.through(broker.getBrokersAsString());
    }
}

package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The rival itself: a comparison is worth what its equipment is worth. */
class ApacheKafkaTest {

    @Test
    void startsAndSurvivesTheDeathOfItsProcess() {
        try (var kafka = ApacheKafka.start()) {
            long first = kafka.process().pid();
            kafka.kill();
            kafka.restart();
            assertThat(kafka.process().pid()).isNotEqualTo(first);
            assertThat(kafka.process().isAlive()).isTrue();
        }
    }
}

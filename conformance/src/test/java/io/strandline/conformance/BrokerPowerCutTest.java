package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A broker process under load on a real ext4 file system, and the power is cut: what it had acknowledged, what a consumer
 * had seen, which commits and topics it had confirmed, is there when it starts again on what was left.
 */
@Timeout(300)
class BrokerPowerCutTest {
    private static final int IMAGE_MIB = 400;
    private static final String FSYNC = "strandline.durability=fsync";
    private static final String OS = "strandline.durability=os";

    @Test
    void whatWasAcknowledgedSurvivesThePowerCut() throws IOException {
        cut(FSYNC, 1500);
    }

    @Test
    void anEarlyPowerCutFindsABrokerThatStarts() throws IOException {
        cut(FSYNC, 1);
    }

    /** The control: the same cut, and nothing was forced. A test that cannot lose proves nothing. */
    @Test
    void withoutForcingThePowerCutLoses() {
        assertThatThrownBy(() -> cut(OS, 1500)).isInstanceOf(AssertionError.class);
    }

    @Test
    @Tag("long")
    @Timeout(1800)
    void thirtyPowerCutsAtRandomMoments() throws IOException {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("thirtyPowerCutsAtRandomMoments: -Dseed=" + seed);
        var random = new Random(seed);
        for (int i = 0; i < 30; i++) {
            cut(FSYNC, 1 + random.nextInt(4000));
        }
    }

    /** @param acknowledged how many messages are acknowledged before the power goes */
    private static void cut(String durability, int acknowledged) throws IOException {
        try (var disk = LoopImage.make(IMAGE_MIB)) {
            var settings = List.of(durability, "strandline.journal.bytes=16777216");
            try (var broker = StrandlineProcess.startIn(disk.directory().resolve("broker"), settings);
                    var load = new Load(broker)) {
                load.run(acknowledged);
                broker.process().freeze();
                try (var left = disk.cutPower()) {
                    load.stop();
                    broker.kill();
                    try (var restarted =
                            StrandlineProcess.startIn(left.directory().resolve("broker"), settings)) {
                        load.compareWith(restarted);
                        // And it goes on working.
                        var java = new JavaClient(restarted);
                        var topic = java.topic(1);
                        java.send(topic, "after the cut");
                        assertThat(JavaClient.values(java.read(topic, 1))).containsExactly("after the cut");
                    }
                }
            }
        }
    }
}

package io.strandline.benchmarks.ours;

import io.strandline.benchmarks.bare.FirstMessage;
import io.strandline.junit.BootstrapServers;
import io.strandline.junit.StrandlineTest;
import org.junit.jupiter.api.Test;

@StrandlineTest
final class FirstMessageTest {
    @Test
    void aMessageArrives(@BootstrapServers String bootstrap) throws Exception {
        FirstMessage.through(bootstrap);
    }
}

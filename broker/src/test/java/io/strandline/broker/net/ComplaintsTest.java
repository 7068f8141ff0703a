package io.strandline.broker.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.life.ManualTime;
import org.junit.jupiter.api.Test;

class ComplaintsTest {
    private final ManualTime time = new ManualTime();
    private final Complaints complaints = new Complaints(time);

    @Test
    void theSameComplaintIsSaidOnceInAWhileAndTheNextLineSaysHowManyWereLeftOut() {
        try (var log = new LogCapture()) {
            for (int i = 0; i < 1_000; i++) {
                complaints.warn("bad batch of 10.0.0.1", "A batch was refused.");
            }
            complaints.warn("bad batch of 10.0.0.2", "Another client's batch was refused.");
            time.advanceMs(Complaints.QUIET.toMillis());
            complaints.warn("bad batch of 10.0.0.1", "A batch was refused.");

            assertThat(log.lines())
                    .containsExactly(
                            "A batch was refused.",
                            "Another client's batch was refused.",
                            "A batch was refused. (and 999 more like this)");
        }
    }

    @Test
    void manySubjectsDoNotFillTheMemory() {
        try (var log = new LogCapture()) {
            complaints.warn("first", "The first.");
            for (int i = 0; i < 1_000; i++) {
                complaints.warn("subject " + i, "Number " + i);
            }
            complaints.warn("first", "The first."); // forgotten by now, so it is said again

            assertThat(log.lines()).filteredOn("The first."::equals).hasSize(2);
        }
    }
}

package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class OffsetTrackerTest {
    private final OffsetTracker tracker = new OffsetTracker();
    private final Tenure tenure = new Rig(new FakeGroup("orders", 1), new Rig.Choices()).tenure(Rig.P0);

    private Task taken(long offset) {
        var task = new Task(tenure, new ConsumerRecord<>("orders", 0, offset, null, new byte[0]));
        tracker.taken(task);
        return task;
    }

    @Test
    void nothingIsKnownBeforeTheFirstOffset() {
        assertThat(tracker.frontier()).isEmpty();
    }

    @Test
    void theFrontierStopsAtTheLowestUnfinishedOffset() {
        var first = taken(17);
        var second = taken(18);
        var third = taken(21);
        second.finish();
        assertThat(tracker.frontier()).hasValue(17);
        first.finish();
        assertThat(tracker.frontier()).hasValue(21);
        third.finish();
        assertThat(tracker.frontier()).hasValue(22);
    }

    @Test
    void whatIsNoMessageIsPassedOverOnceAllBeforeItIsFinished() {
        var task = taken(5);
        tracker.readTo(9);
        assertThat(tracker.frontier()).hasValue(5);
        task.finish();
        assertThat(tracker.frontier()).hasValue(9);
    }

    @Test
    void aMessageIsFinishedOnceAndTakenInTheOrderOfTheLog() {
        taken(5);
        var later = taken(6);
        later.finish();
        assertThatThrownBy(later::finish).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> taken(6)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void inAnyOrderTheFrontierIsTheLowestUnfinishedOffset() {
        Seeds.run(300, random -> new OffsetTrackerTest().oneLife(random));
    }

    private void oneLife(SplittableRandom random) {
        var open = new ArrayList<Task>();
        long next = random.nextInt(1_000);
        for (int i = 0; i < 500; i++) {
            if (open.isEmpty() || random.nextInt(100) < 52) {
                next += random.nextInt(10) == 0 ? random.nextInt(1, 5) : 0;
                open.add(taken(next++));
            } else {
                open.remove(random.nextInt(random.nextBoolean() ? 1 : open.size()))
                        .finish();
            }
            long lowest = open.isEmpty() ? next : open.getFirst().offset();
            assertThat(tracker.frontier()).isEqualTo(OptionalLong.of(lowest));
        }
    }
}

package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class OffsetTrackerTest {
    @Test
    void nothingIsKnownBeforeTheFirstOffset() {
        assertThat(new OffsetTracker().frontier()).isEmpty();
    }

    @Test
    void theFrontierStopsAtTheLowestUnfinishedOffset() {
        var tracker = new OffsetTracker();
        tracker.taken(17);
        tracker.taken(18);
        tracker.taken(21);
        tracker.finished(18);
        assertThat(tracker.frontier()).hasValue(17);
        tracker.finished(17);
        assertThat(tracker.frontier()).hasValue(21);
        tracker.finished(21);
        assertThat(tracker.frontier()).hasValue(22);
    }

    @Test
    void whatIsNoMessageIsPassedOverOnceAllBeforeItIsFinished() {
        var tracker = new OffsetTracker();
        tracker.taken(5);
        tracker.readTo(9);
        assertThat(tracker.frontier()).hasValue(5);
        tracker.finished(5);
        assertThat(tracker.frontier()).hasValue(9);
    }

    @Test
    void anOffsetThatIsNotInWorkCannotBeFinished() {
        var tracker = new OffsetTracker();
        tracker.taken(5);
        tracker.taken(6);
        tracker.finished(6);
        assertThatThrownBy(() -> tracker.finished(6)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> tracker.finished(7)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> tracker.taken(6)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void inAnyOrderTheFrontierIsTheLowestUnfinishedOffset() {
        Seeds.run(300, OffsetTrackerTest::oneLife);
    }

    private static void oneLife(SplittableRandom random) {
        var tracker = new OffsetTracker();
        var open = new TreeSet<Long>();
        long next = random.nextInt(1_000);
        for (int i = 0; i < 500; i++) {
            if (open.isEmpty() || random.nextInt(100) < 52) {
                next += random.nextInt(10) == 0 ? random.nextInt(1, 5) : 0;
                tracker.taken(next);
                open.add(next++);
            } else {
                var all = new ArrayList<>(open);
                var done = all.get(random.nextInt(random.nextBoolean() ? 1 : all.size()));
                tracker.finished(done);
                open.remove(done);
            }
            assertThat(tracker.frontier()).isEqualTo(OptionalLong.of(open.isEmpty() ? next : open.first()));
            assertThat(tracker.unfinished()).isEqualTo(open.size());
        }
    }
}

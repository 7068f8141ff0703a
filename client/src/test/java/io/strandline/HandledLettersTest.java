package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.SplittableRandom;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.junit.jupiter.api.Test;

class HandledLettersTest {
    @Test
    void whatIsRememberedIsExactlyWhatWasDone() {
        Seeds.run(300, HandledLettersTest::live);
    }

    private static void live(SplittableRandom random) {
        long begin = random.nextInt(20);
        var handled = HandledLetters.of(null, begin);
        var model = new HashSet<Long>();
        int range = random.nextInt(1, 120);
        for (int step = random.nextInt(150); step > 0; step--) {
            long offset = begin + random.nextInt(range);
            handled.add(offset);
            model.add(offset);
            if (random.nextInt(10) == 0) {
                handled = HandledLetters.of(handled.committed().orElseThrow(), begin);
            }
        }
        for (long offset = begin; offset < begin + range + 5; offset++) {
            assertThat(handled.contains(offset)).as("offset " + offset).isEqualTo(model.contains(offset));
        }
        assertThat(model.contains(handled.frontier())).isFalse();
    }

    @Test
    void howFarLettersWentIsRemembered() {
        var handled = HandledLetters.of(null, 0);
        handled.add(5);
        handled.wentHome(Partition.of("orders-eu", 3), 1_000);
        handled.wentHome(Partition.of("orders-eu", 3), 999);
        handled.wentHome(Partition.of("billing", 0), 7);
        var later = HandledLetters.of(handled.committed().orElseThrow(), 0);
        assertThat(later.home(Partition.of("orders-eu", 3))).isEqualTo(1_000);
        assertThat(later.home(Partition.of("billing", 0))).isEqualTo(7);
        assertThat(later.home(Partition.of("billing", 1))).isEqualTo(HandledLetters.NONE_WENT_HOME);
        assertThat(later.contains(5)).isTrue();
    }

    @Test
    void wentToMorePlacesThanCanBeRememberedIsAnywhere() {
        var handled = HandledLetters.of(null, 0);
        for (int i = 0; i < 500; i++) {
            handled.wentHome(Partition.of("orders", i), i);
        }
        var later = HandledLetters.of(handled.committed().orElseThrow(), 0);
        assertThat(later.home(Partition.of("orders", 3))).isEqualTo(HandledLetters.UNKNOWN_HOW_FAR);
        assertThat(HandledLetters.of(later.committed().orElseThrow(), 0).home(Partition.of("x", 0)))
                .isEqualTo(HandledLetters.UNKNOWN_HOW_FAR);
    }

    @Test
    void whatWasNotRenewedForADayIsOld() {
        var now = Instant.parse("2026-11-27T12:00:00Z");
        var handled = HandledLetters.of(new OffsetAndMetadata(3, "done:2,1"), 0);
        assertThat(handled.isOld(now)).as("nobody knows when it was written").isTrue();
        handled.renew(now);
        var later = HandledLetters.of(handled.committed().orElseThrow(), 0);
        assertThat(later.isOld(now.plus(Duration.ofHours(23)))).isFalse();
        assertThat(later.isOld(now.plus(Duration.ofHours(25)))).isTrue();
        assertThat(later.contains(5)).isTrue();
    }

    @Test
    void whatTheLogHasDeletedIsDoneWith() {
        var handled = HandledLetters.of(null, 0);
        handled.add(5);
        handled.add(7);
        var later = HandledLetters.of(handled.committed().orElseThrow(), 5);
        assertThat(later.frontier()).isEqualTo(6);
        assertThat(later.contains(6)).isFalse();
        assertThat(later.contains(7)).isTrue();
    }

    @Test
    void tooManyPiecesAreNotCutShort() {
        var handled = HandledLetters.of(null, 0);
        for (long offset = 1; offset < 20_000; offset += 2) {
            handled.add(offset);
        }
        assertThat(handled.committed()).isEmpty();
    }

    @Test
    void anOffsetThatSomebodyElseCommittedIsAFrontier() {
        var handled = HandledLetters.of(new OffsetAndMetadata(3, "by hand"), 0);
        assertThat(handled.frontier()).isEqualTo(3);
        assertThat(handled.contains(3)).isFalse();
    }
}

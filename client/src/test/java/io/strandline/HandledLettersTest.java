package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeSet;
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

    @Test
    void whatFitsCanAlwaysBeWrittenHoweverManyPlacesItWentTo() {
        var handled = HandledLetters.of(null, 0);
        long offset = 1;
        for (; handled.hasRoomFor(offset); offset += 2) {
            handled.add(offset);
            handled.wentHome(Partition.of("a".repeat(249), (int) offset), Long.MAX_VALUE - 1);
            handled.renew(Instant.parse("2026-11-27T12:00:00Z"));
            assertThat(handled.committed()).as("after " + offset).isPresent();
        }
        assertThat(offset).isGreaterThan(1_500);
        assertThat(handled.hasRoomFor(2)).as("between two that are done with").isTrue();
        var later = HandledLetters.of(handled.committed().orElseThrow(), 0);
        assertThat(later.contains(offset - 2)).isTrue();
        assertThat(later.home(Partition.of("x", 0))).isEqualTo(HandledLetters.UNKNOWN_HOW_FAR);
    }

    @Test
    void whatIsNoLetterJoinsWhatIsDoneWithBesideIt() {
        var handled = HandledLetters.of(null, 0);
        for (long letter = 0; letter < 40_000; letter += 2) {
            handled.gap(letter + 1, letter + 2); // as transactions leave them
        }
        assertThat(handled.committed().orElseThrow().metadata())
                .as("all letters are open yet")
                .isEmpty();
        for (long letter = 0; letter < 40_000; letter += 2) {
            handled.gap(letter + 1, letter + 2); // they are read again
            assertThat(handled.hasRoomFor(letter)).isTrue();
            handled.add(letter);
        }
        assertThat(handled.frontier()).isEqualTo(40_000);
    }

    @Test
    void gapsChangeNothingButTheRoom() {
        Seeds.run(300, random -> {
            var letters = new TreeSet<Long>();
            for (int i = 0; i < 40; i++) {
                letters.add((long) random.nextInt(100));
            }
            var handled = HandledLetters.of(null, 0);
            var done = new HashSet<Long>();
            for (int call = 0; call < 3; call++) {
                long next = handled.frontier();
                for (long letter : letters.tailSet(next)) {
                    handled.gap(next, letter);
                    next = letter + 1;
                    if (random.nextInt(3) == 0) {
                        if (random.nextBoolean()) { // what lies behind it may be known by then
                            handled.gap(
                                    next,
                                    Optional.ofNullable(letters.higher(letter)).orElse(100L));
                        }
                        handled.add(letter);
                        done.add(letter);
                    }
                }
                var stored = handled.committed().orElseThrow();
                handled = HandledLetters.of(stored, 0);
                for (long letter : letters) {
                    assertThat(handled.contains(letter))
                            .as(letters + ", done " + done + ": " + letter)
                            .isEqualTo(done.contains(letter));
                }
            }
        });
    }
}

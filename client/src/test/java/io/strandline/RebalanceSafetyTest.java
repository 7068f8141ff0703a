package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What a group promises while members come and go, each rule by its name. Every life is held to all rules; each test also
 * demands that what its rule is about did happen in its lives.
 */
class RebalanceSafetyTest {
    private static final int LIVES = 40;
    private static final int CHAOS_LIVES = 250;
    private static final int RETRY_LIVES = 100;

    private final Map<String, Integer> counts = new TreeMap<>();

    private void live(SplittableRandom random) {
        live(new GroupLife(random));
    }

    private void liveWithRetryTopics(SplittableRandom random) {
        live(new GroupLife(random, true));
    }

    private void live(GroupLife life) {
        life.live();
        life.counts.forEach((what, times) -> counts.merge(what, times, Integer::sum));
        assertThat(life.broken()).isEmpty();
    }

    private void happened(String what, int moreThan) {
        if (Seeds.all()) {
            assertThat(counts.getOrDefault(what, 0)).as(what).isGreaterThan(moreThan);
        }
    }

    private void lives(int from) {
        Seeds.runFrom(from, LIVES, this::live);
    }

    @Test
    void theCommitFrontierNeverPassesAnUnfinishedMessage() {
        lives(1_000);
        happened("commits", 500);
    }

    @Test
    void nothingIsCommittedForAPartitionAfterItHasLeft() {
        lives(2_000);
        happened("lost", 10);
        happened("expelled", 20);
    }

    @Test
    void aLateResultOfAPartitionThatHasLeftChangesNothing() {
        lives(3_000);
        happened("late results", 50);
    }

    @Test
    void aDeadLetterIsAcknowledgedBeforeItsSourceIsPassed() {
        lives(4_000);
        happened("dead letters", 200);
    }

    @Test
    void aStopKeepsItsLimitAndSaysWhatItLeft() {
        lives(5_000);
        happened("stopped", 5);
        happened("stopped with handlers running", 5);
    }

    @Test
    void whateverHappensNothingIsLostNothingComesTwiceWithoutAReasonAndOrderIsKept() {
        Seeds.run(CHAOS_LIVES, this::live);
        System.out.println(counts);
        happened("handled again", 50);
        happened("crashed", 50);
        happened("slept", 50);
        happened("broker restarts", 50);
        happened("sought back", 50);
    }

    @Test
    void allThatHoldsWithRetryTopicsToo() {
        Seeds.runFrom(6_000, RETRY_LIVES, this::liveWithRetryTopics);
        System.out.println(counts);
        happened("put into a retry topic", 500);
        happened("handled again", 20);
        happened("crashed", 20);
        happened("sought back", 20);
    }

    @Test
    void theSameSeedIsTheSameLife() {
        for (long seed = 1; seed <= 10; seed++) {
            var one = new GroupLife(new SplittableRandom(seed));
            one.live();
            var other = new GroupLife(new SplittableRandom(seed));
            other.live();
            assertThat(one.history()).hasSizeGreaterThan(50).isEqualTo(other.history());
        }
    }

    @Test
    @Tag("long")
    void whateverHappensInManyLives() {
        Seeds.roam(5_000, this::live);
        System.out.println(counts);
    }

    @Test
    @Tag("long")
    void whateverHappensInManyLivesWithRetryTopics() {
        Seeds.roam(2_000, this::liveWithRetryTopics);
        System.out.println(counts);
    }
}

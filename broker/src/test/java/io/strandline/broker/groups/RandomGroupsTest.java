package io.strandline.broker.groups;

import io.strandline.broker.Seeds;
import java.util.Map;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Many lives of a group, each from a seed. One life again: {@code -Dtest=RandomGroupsTest -Dseed=N}. */
class RandomGroupsTest {
    private static final Logger QUIET = Logger.getLogger("io.strandline.broker.groups");
    private static final int STEPS = 600;

    @BeforeAll
    static void keepQuiet() {
        QUIET.setLevel(Level.OFF);
    }

    @Test
    void aGroupKeepsItsPromisesWhateverHappens() {
        live(Seeds.first(), 1_000);
    }

    @Test
    @Tag("long")
    void aGroupKeepsItsPromisesWhateverHappensForLong() {
        live(Seeds.anywhere(), 50_000);
    }

    private static void live(long firstSeed, int lives) {
        long first = Seeds.one().orElse(firstSeed);
        int count = Seeds.one().isPresent() ? 1 : lives;
        System.out.println("RandomGroupsTest: " + count + " lives from seed " + first);
        var seen = new TreeMap<String, Integer>();
        for (long seed = first; seed < first + count; seed++) {
            var life = new GroupsLife(seed);
            try {
                life.live(STEPS);
            } catch (Throwable e) {
                throw new AssertionError(
                        "Life " + seed + " failed: " + e.getMessage()
                                + "\nOnce more: ./strandline test -pl broker -am -Dtest=RandomGroupsTest -Dseed="
                                + seed,
                        e);
            }
            for (Map.Entry<String, Integer> entry : life.seen.entrySet()) {
                seen.merge(entry.getKey(), entry.getValue(), Integer::sum);
            }
        }
        System.out.println("RandomGroupsTest: " + seen);
    }
}

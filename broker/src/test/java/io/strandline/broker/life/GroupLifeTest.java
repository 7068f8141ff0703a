package io.strandline.broker.life;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Guards W15: an offset that was acknowledged, an assignment that was told, a deletion that was answered, hold. */
class GroupLifeTest {
    private static final Logger QUIET = Logger.getLogger("io.strandline.broker.groups");

    @BeforeAll
    static void keepQuiet() {
        QUIET.setLevel(Level.OFF);
    }

    @Test
    void whatGroupsWereToldHoldsAfterAPowerCutAtAnyMoment() throws Exception {
        live(Duration.ofSeconds(5), 1_000, 0.15);
    }

    @Test
    @Tag("long")
    void whatGroupsWereToldHoldsAfterAPowerCutAtEveryOperationOfAThousandLives() throws Exception {
        live(Duration.ofHours(1), 1_000, 1.0);
    }

    private static void live(Duration limit, int lives, double cutChance) throws Exception {
        var given = System.getProperty("seed");
        long first = given == null ? new SecureRandom().nextLong() : Long.parseLong(given);
        int count = given == null ? lives : 1;
        long until = System.nanoTime() + limit.toNanos();
        long cuts = 0;
        long kills = 0;
        long told = 0;
        int lived = 0;
        while (lived < count && System.nanoTime() < until) {
            long seed = first + lived++;
            try {
                var life = new GroupLife(seed, cutChance);
                life.live(150);
                cuts += life.cutsTried;
                kills += life.killsTried;
                told += life.told;
            } catch (Throwable e) {
                throw new AssertionError("Life " + seed + " failed; again with -Dtest=GroupLifeTest -Dseed=" + seed, e);
            }
        }
        System.out.printf(
                "%d lives of groups from seed %d: %d times told something, %d power cuts and %d kills tried%n",
                lived, first, told, cuts, kills);
        assertThat(told).isPositive();
        assertThat(cuts).isPositive();
    }
}

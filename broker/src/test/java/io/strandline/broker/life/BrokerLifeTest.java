package io.strandline.broker.life;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Guards the promise: what was acknowledged is there, what a consumer saw is there, whatever happens when. */
class BrokerLifeTest {
    @Test
    void whatWasToldToClientsIsThereAfterAPowerCutAtAnyMoment() throws Exception {
        live(Duration.ofSeconds(8), 1_000, 0.15);
    }

    @Test
    @Tag("long")
    void whatWasToldToClientsIsThereAfterAPowerCutAtEveryOperationOfAThousandLives() throws Exception {
        live(Duration.ofHours(1), 1_000, 1.0);
    }

    private static void live(Duration limit, int lives, double cutChance) throws Exception {
        var given = System.getProperty("seed");
        long first = given == null ? new SecureRandom().nextLong() : Long.parseLong(given);
        int count = given == null ? lives : 1;
        long until = System.nanoTime() + limit.toNanos();
        long cuts = 0;
        long kills = 0;
        long acknowledgements = 0;
        long restarts = 0;
        int lived = 0;
        while (lived < count && System.nanoTime() < until) {
            long seed = first + lived++;
            try {
                var life = new BrokerLife(seed, cutChance);
                life.live(150);
                cuts += life.cutsTried;
                kills += life.killsTried;
                acknowledgements += life.acknowledgements;
                restarts += life.restarts;
            } catch (Throwable e) {
                throw new AssertionError(
                        "Life " + seed + " failed; again with -Dtest=BrokerLifeTest -Dseed=" + seed, e);
            }
        }
        System.out.printf(
                "%d lives from seed %d: %d acknowledgements, %d restarts, %d power cuts and %d kills tried%n",
                lived, first, acknowledgements, restarts, cuts, kills);
        assertThat(acknowledgements).isPositive();
        assertThat(cuts).isPositive();
    }
}

package io.strandline.broker.life;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.Seeds;
import io.strandline.broker.life.BrokerLife.Clients;
import java.util.List;
import java.util.function.Function;

/** Lives one after the other, each from a seed; says what was tried, and how to see a failure again. */
final class Lives {
    private final String test;
    private final List<Function<BrokerLife, Clients>> clients;

    Lives(String test, List<Function<BrokerLife, Clients>> clients) {
        this.test = test;
        this.clients = clients;
    }

    /** @param cutChance see {@link BrokerLife} */
    void live(long firstSeed, int lives, int steps, double cutChance) {
        long first = Seeds.one().orElse(firstSeed);
        int count = Seeds.one().isPresent() ? 1 : lives;
        long began = System.nanoTime();
        long operations = 0;
        long cuts = 0;
        long kills = 0;
        long told = 0;
        long restarts = 0;
        for (long seed = first; seed < first + count; seed++) {
            try {
                var life = new BrokerLife(seed, cutChance, clients);
                life.live(steps);
                operations += life.operations;
                cuts += life.cutsTried;
                kills += life.killsTried;
                told += life.told();
                restarts += life.restarts;
            } catch (Throwable e) {
                throw new AssertionError(
                        "Life " + seed + " failed: " + e.getMessage()
                                + "\nOnce more: ./strandline test -pl broker -am -Dtest=" + test + " -Dseed=" + seed,
                        e);
            }
        }
        System.out.printf(
                "%s: %d lives of %d steps from seed %d in %.1f s: %d operations of the disk, %d power cuts and %d kills"
                        + " tried, %d restarts, %d times told something%n",
                test, count, steps, first, (System.nanoTime() - began) / 1e9, operations, cuts, kills, restarts, told);
        assertThat(cuts).isPositive();
        if (cutChance >= BrokerLife.ALWAYS) {
            // One at each operation; only where an operation found nothing to work on, nothing has changed.
            assertThat(cuts).isBetween(operations * 9 / 10, operations);
        }
    }
}

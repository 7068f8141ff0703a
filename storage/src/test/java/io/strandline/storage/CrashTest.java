package io.strandline.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Seeded lives of a store on a disk whose power is cut at every moment. */
class CrashTest {
    /** These tests make stores fail on purpose. Held, since a logger that nobody holds forgets its level. */
    private static final Logger QUIET = Logger.getLogger("io.strandline.storage");

    static {
        QUIET.setLevel(Level.OFF);
    }

    private static final int LIVES = 4;

    @Test
    void nothingAcknowledgedIsLost() {
        run(Integer.getInteger("crashes", 2_000), 20_000_000_000L);
    }

    @Test
    @Tag("long")
    void nothingAcknowledgedIsLostInAHundredThousandCrashes() {
        long crashes = run(100_000, 600_000_000_000L);
        assertThat(crashes).isGreaterThanOrEqualTo(100_000);
    }

    private static long run(long crashesWanted, long nanosMax) {
        boolean replay = System.getProperty("world") != null;
        long first = replay ? Long.getLong("world") : Seeds.next();
        var seeds = new SplittableRandom(first);
        var points = CrashWorld.noCrashPoints();
        long began = System.nanoTime();
        long crashes = 0;
        long worlds = 0;
        while (crashes < crashesWanted && System.nanoTime() - began < nanosMax) {
            long seed = replay ? first : seeds.nextLong();
            var world = new CrashWorld(seed, 2, points);
            try {
                world.live(LIVES);
            } catch (Throwable e) {
                throw new AssertionError(
                        "World " + seed + " failed: " + e.getMessage() + "\nOnce more: ./mvnw -q test -pl storage "
                                + "-Dtest=CrashTest#nothingAcknowledgedIsLost -Dworld=" + seed,
                        e);
            }
            crashes += world.crashes();
            worlds++;
            if (replay) {
                break;
            }
        }
        System.out.printf(
                "CrashTest: first seed %d, %d worlds, %d crashes in %.1f s, at %s%n",
                first, worlds, crashes, (System.nanoTime() - began) / 1e9, points);
        return crashes;
    }
}

package io.strandline.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.storage.simulation.OperationKind;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Seeded lives of a store on a disk whose power is cut at every moment. {@code scripts/crash-test} runs the long form.
 */
class CrashTest {
    /** These tests make stores fail on purpose. Held, since a logger that nobody holds forgets its level. */
    private static final Logger QUIET = Logger.getLogger("io.strandline.storage");

    static {
        QUIET.setLevel(Level.OFF);
    }

    private static final int LIVES = 4;
    private static final int QUICK_CRASHES = 2_000;
    private static final int LONG_CRASHES = 100_000;
    private static final long SECONDS_MAX = 120;

    private final Map<OperationKind, Long> points = CrashWorld.noCrashPoints();

    /** {@code -Dworld=N} lives one world alone, {@code -Dcrashes=N} more of them. */
    @Test
    void nothingAcknowledgedIsLost() throws Exception {
        var one = Long.getLong("world");
        if (one != null) {
            live(one);
        } else {
            roam(Seeds.next(), Integer.getInteger("crashes", QUICK_CRASHES), Long.MAX_VALUE);
        }
    }

    /**
     * Worlds that failed once; what each had found has a test of its own in {@link WritePathTest} as well, for a world
     * takes another course as soon as the engine asks its disk for one thing more or less.
     */
    @ParameterizedTest
    @ValueSource(
            longs = {
                // the end of a short write came back in front of the next segment
                4603731892603359646L,
                // the segment of the durable end was dropped, and the log began again at 0
                -2248307968008345894L,
                -534904783426661026L,
                // with durability=os: a snapshot of batches that a cut took was believed when the log had grown again
                7631284001425687757L,
                // a segment was deleted that retention had dropped while a step passed an earlier start
                4549622793026888375L,
            })
    void aWorldThatFailedOnceDoesNotFailAgain(long world) throws Exception {
        live(world);
    }

    /** Roams, for {@code -Dseconds=N} or until a hundred thousand crashes are through. */
    @Test
    @Tag("long")
    void nothingAcknowledgedIsLostInAHundredThousandCrashes() throws Exception {
        var seconds = Long.getLong("seconds");
        if (seconds == null) {
            roam(Seeds.roaming(), LONG_CRASHES, 5 * SECONDS_MAX);
        } else {
            roam(Seeds.roaming(), Long.MAX_VALUE, seconds);
        }
    }

    private void roam(long first, long crashesWanted, long secondsMax) throws Exception {
        var seeds = new SplittableRandom(first);
        var thread = ManagementFactory.getThreadMXBean();
        long cpuBegan = thread.getCurrentThreadCpuTime();
        long began = System.nanoTime();
        long crashes = 0;
        long worlds = 0;
        while (crashes < crashesWanted && (System.nanoTime() - began) / 1_000_000_000L < secondsMax) {
            crashes += live(seeds.nextLong());
            worlds++;
        }
        System.out.printf(
                "CrashTest: first seed %d, %,d worlds, %,d crashes in %.1f s (%.1f s of one core), at %s%n",
                first,
                worlds,
                crashes,
                (System.nanoTime() - began) / 1e9,
                (thread.getCurrentThreadCpuTime() - cpuBegan) / 1e9,
                points);
        assertThat(points).as("crash points").containsKeys(OperationKind.WRITE, OperationKind.FORCE);
    }

    /** How many crashes it had. */
    private long live(long seed) throws Exception {
        var world = new CrashWorld(seed, 2, points);
        try {
            world.live(LIVES);
        } catch (Exception | AssertionError e) {
            throw new AssertionError(
                    "World " + seed + " failed: " + e.getMessage() + "\nOnce more: ./mvnw -q test -pl storage "
                            + "-Dtest=CrashTest#nothingAcknowledgedIsLost -Dworld=" + seed,
                    e);
        }
        return world.crashes();
    }
}

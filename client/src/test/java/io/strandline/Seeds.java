package io.strandline;

import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Runs a random life once per seed. The quick suite always runs the same ones; {@code -Dseed=7} runs one again, and
 * {@code -Dseed=random} begins anywhere, as the long forms do.
 */
final class Seeds {
    private static final String NUMBER = "-?[0-9]+";

    private Seeds() {}

    static void run(int lives, Consumer<SplittableRandom> life) {
        run(lives, 1, life);
    }

    /** The same, other lives. */
    static void runFrom(long first, int lives, Consumer<SplittableRandom> life) {
        run(lives, first, life);
    }

    /** For the long forms: other lives each time. */
    static void roam(int lives, Consumer<SplittableRandom> life) {
        run(lives, System.nanoTime() & 0xffff_ffffL, life);
    }

    /** False if one life is run again, which need not show everything. */
    static boolean all() {
        return !System.getProperty("seed", "").matches(NUMBER);
    }

    private static void run(int lives, long from, Consumer<SplittableRandom> life) {
        var asked = System.getProperty("seed", "");
        boolean one = asked.matches(NUMBER);
        long first = one ? Long.parseLong(asked) : asked.equals("random") ? System.nanoTime() & 0xffff_ffffL : from;
        int count = one ? 1 : lives;
        System.out.println("first seed " + first + ", " + count + " lives");
        for (long seed = first; seed < first + count; seed++) {
            try {
                life.accept(new SplittableRandom(seed));
            } catch (Throwable e) {
                throw new AssertionError("seed " + seed + " (again with -Dseed=" + seed + "): " + e.getMessage(), e);
            }
        }
    }
}

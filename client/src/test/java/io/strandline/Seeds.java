package io.strandline;

import java.util.SplittableRandom;
import java.util.function.Consumer;

/** Runs a random life once per seed; {@code -Dseed=} runs one again. */
final class Seeds {
    private Seeds() {}

    static void run(int lives, Consumer<SplittableRandom> life) {
        var one = Long.getLong("seed");
        long first = one != null ? one : System.nanoTime() & 0xffff_ffffL;
        int count = one != null ? 1 : lives;
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

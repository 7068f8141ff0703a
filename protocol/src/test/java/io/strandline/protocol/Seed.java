package io.strandline.protocol;

import java.util.Random;

/** One seed for all random tests of a run: {@code -Dseed=}, or a new one, printed so that a failure can be repeated. */
final class Seed {
    private static final long VALUE = Long.getLong("seed", new Random().nextLong());

    static {
        System.out.println("protocol: -Dseed=" + VALUE);
    }

    private Seed() {}

    /** Independent of the order in which tests run. */
    static Random randomFor(String what) {
        return new Random(VALUE ^ what.hashCode() * 0x9E3779B97F4A7C15L);
    }

    static String asOption() {
        return "-Dseed=" + VALUE;
    }
}

package io.strandline.storage;

import java.security.SecureRandom;

/**
 * Where random tests take their seed from: a committed one, so that a test that was green stays green, another one with
 * {@code -Dseed=N}, or chance with {@code -Dseed=random}. It is printed, so that a failure can be repeated.
 */
public final class Seeds {
    private static final long COMMITTED = 20_260_714;

    private Seeds() {}

    /** The seed for this test. */
    public static long next() {
        return next(Long.toString(COMMITTED));
    }

    /** The same for tests that roam when nobody says otherwise. */
    static long roaming() {
        return next("random");
    }

    private static long next(String otherwise) {
        var wish = System.getProperty("seed", otherwise);
        long seed = wish.equals("random") ? new SecureRandom().nextLong() : Long.parseLong(wish);
        System.out.println("-Dseed=" + seed);
        return seed;
    }
}

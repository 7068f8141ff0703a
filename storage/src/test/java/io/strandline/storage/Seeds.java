package io.strandline.storage;

import java.security.SecureRandom;

/** Where random tests take their seed from: {@code -Dseed=}, or chance; it is printed, so that a failure can be repeated. */
public final class Seeds {
    private Seeds() {}

    /** The seed for this test. */
    public static long next() {
        var given = System.getProperty("seed");
        long seed = given == null ? new SecureRandom().nextLong() : Long.parseLong(given);
        System.out.println("-Dseed=" + seed);
        return seed;
    }
}

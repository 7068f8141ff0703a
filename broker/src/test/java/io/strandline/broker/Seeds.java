package io.strandline.broker;

import java.security.SecureRandom;
import java.util.OptionalLong;

/**
 * Where random tests take their seeds from. Quick suites begin with the same one each time, so that they say the same each time;
 * {@code -Dseed=random} begins anywhere, {@code -Dseed=N} is one life again.
 */
public final class Seeds {
    private static final String GIVEN = System.getProperty("seed", "");

    private Seeds() {}

    /** The one life that is wished, if one is. */
    public static OptionalLong one() {
        return GIVEN.isEmpty() || GIVEN.equals("random")
                ? OptionalLong.empty()
                : OptionalLong.of(Long.parseLong(GIVEN));
    }

    /** The first seed of a quick run. */
    public static long first() {
        return GIVEN.equals("random") ? anywhere() : 1;
    }

    /** The first seed of a long run: another one each time, as nobody waits for it to say the same. */
    public static long anywhere() {
        return new SecureRandom().nextInt(1, Integer.MAX_VALUE);
    }
}

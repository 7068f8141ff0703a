package io.strandline.benchmarks.track;

import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * The messages that are sent: keys that come equally often, in an order that looks random and is always the same, and one
 * value that does not compress.
 */
public final class Load {
    private static final int KEYS = 10_000;

    /** Has no divisor in common with the number of keys, so that all come. */
    private static final int STRIDE = 7_919;

    private final byte[][] keys = new byte[KEYS][];
    private final byte[] value;

    /** @param bytes of the value */
    public Load(int bytes) {
        for (int i = 0; i < KEYS; i++) {
            keys[i] = "user-%06d".formatted(i).getBytes(StandardCharsets.US_ASCII);
        }
        value = new byte[bytes];
        new Random(1).nextBytes(value);
    }

    /** Of the message with this number. */
    public byte[] key(int number) {
        return keys[(int) ((long) number * STRIDE % KEYS)];
    }

    public byte[] value() {
        return value;
    }
}

package io.strandline;

/**
 * The bytes could not be read as the topic's type. It takes the same way as a failing handler, is never retried where
 * there is a dead-letter topic, and its dead letter carries the bytes as they came.
 */
public final class PoisonMessage extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final boolean key;

    PoisonMessage(boolean key, Partition partition, long offset, Throwable cause) {
        super(
                "The " + (key ? "key" : "value") + " of " + partition + "@" + offset + " cannot be read: "
                        + cause.getMessage(),
                cause);
        this.key = key;
    }

    /** True if it is the key that cannot be read, false if it is the value. */
    public boolean inKey() {
        return key;
    }
}

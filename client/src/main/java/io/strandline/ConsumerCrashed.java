package io.strandline;

/** The consumer ended by itself; the cause says why. */
public final class ConsumerCrashed extends RuntimeException {
    private static final long serialVersionUID = 1;

    ConsumerCrashed(String group, Throwable cause) {
        super("The consumer of group " + group + " ended: " + Advice.of(cause), cause);
    }
}

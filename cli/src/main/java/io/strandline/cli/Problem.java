package io.strandline.cli;

import org.jspecify.annotations.Nullable;

/** Something that a person can put right. The message is one line: what is wrong, with the value, and what to do. */
public final class Problem extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What was asked for makes no sense, or names something that is not there. */
    public static final int USAGE = 2;

    /** It was tried, and failed. */
    public static final int FAILED = 1;

    private final int exitCode;

    private Problem(int exitCode, @Nullable String message, @Nullable Throwable cause) {
        super(String.valueOf(message), cause);
        this.exitCode = exitCode;
    }

    public static Problem usage(@Nullable String message) {
        return new Problem(USAGE, message, null);
    }

    public static Problem failed(String message) {
        return new Problem(FAILED, message, null);
    }

    public static Problem failed(String message, Throwable cause) {
        return new Problem(FAILED, message, cause);
    }

    public int exitCode() {
        return exitCode;
    }
}

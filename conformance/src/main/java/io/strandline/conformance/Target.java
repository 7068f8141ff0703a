package io.strandline.conformance;

/**
 * A running broker (or cluster) that the same tests with the same assertions run against.
 *
 * <p>Not thread-safe: one test at a time stops and starts it.
 */
public interface Target extends AutoCloseable {
    /** Name and version, as the reports show it. */
    String title();

    /** {@code host:port} of the broker; the same after {@link #restart}. */
    String bootstrap();

    /** Whether it has been started and has not ended since. */
    boolean isRunning();

    /** The process ends as by SIGKILL: nothing is flushed, no client is told. */
    void kill();

    /** The process ends as by SIGTERM. */
    void stop();

    /** Starts again on the same address with the same data; returns when it answers. */
    void restart();

    /** Ends it and removes its data. */
    @Override
    void close();
}

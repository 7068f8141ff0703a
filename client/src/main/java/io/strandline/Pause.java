package io.strandline;

import java.util.Set;

/** Held while something is paused. {@link #resume()} and {@link #close()} are the same and may be called twice. */
public interface Pause extends AutoCloseable {
    /** What was paused by this. */
    Set<Partition> partitions();

    /** Ends this pause. A partition moves again when no pause is left on it. */
    void resume();

    @Override
    default void close() {
        resume();
    }
}

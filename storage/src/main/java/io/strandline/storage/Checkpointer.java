package io.strandline.storage;

/** Keeps the journal free and drops what is no longer needed. One thread, or a test that calls {@link #step}. */
public final class Checkpointer {
    Checkpointer() {}

    /** Forces the segments behind the oldest frames, writes new recovery points, gives journal space back. */
    public void step() {
        throw new UnsupportedOperationException();
    }

    /** Whether a step is worth its cost now. */
    public boolean due() {
        throw new UnsupportedOperationException();
    }

    /** Drops what retention no longer keeps. Called now and then; the files go in a later step. */
    public void retain() {
        throw new UnsupportedOperationException();
    }
}

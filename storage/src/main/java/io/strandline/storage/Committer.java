package io.strandline.storage;

/** Makes durable what was appended. One thread, or a test that calls {@link #cycle}. */
public final class Committer {
    Committer() {}

    /** What was appended since the last cycle becomes durable, or nothing is ever acknowledged again. */
    public void cycle() {
        throw new UnsupportedOperationException();
    }

    /** Whether a cycle would have something to do. */
    public boolean due() {
        throw new UnsupportedOperationException();
    }
}

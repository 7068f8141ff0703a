package io.strandline.storage;

/** Two clocks that stand still until a test turns them. */
final class TurnableTime implements Time {
    private long ms = 1_700_000_000_000L;

    void advanceMs(long more) {
        ms += more;
    }

    @Override
    public long wallMs() {
        return ms;
    }

    @Override
    public long nanos() {
        return ms * 1_000_000;
    }
}

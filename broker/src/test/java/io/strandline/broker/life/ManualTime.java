package io.strandline.broker.life;

import io.strandline.storage.Time;

/** A clock that a test turns. */
public final class ManualTime implements Time {
    private long nanos = 1_000_000_000L;

    public void advanceMs(long ms) {
        nanos += ms * 1_000_000;
    }

    @Override
    public long wallMs() {
        return 1_700_000_000_000L + nanos / 1_000_000;
    }

    @Override
    public long nanos() {
        return nanos;
    }
}

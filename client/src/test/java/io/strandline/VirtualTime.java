package io.strandline;

import java.time.Duration;
import java.time.Instant;

/** A clock that moves only when it is told to. */
final class VirtualTime implements Time {
    private static final Instant BIRTH = Instant.parse("2026-11-23T08:00:00Z");

    private volatile long nanos = 1_000_000_000;
    private Runnable duringSleep = () -> {};

    void pass(Duration d) {
        nanos += d.toNanos();
    }

    /** What the world does while the poll thread waits for handlers. */
    void duringSleep(Runnable what) {
        duringSleep = what;
    }

    @Override
    public Instant now() {
        return BIRTH.plusNanos(nanos);
    }

    @Override
    public long nanoTime() {
        return nanos;
    }

    @Override
    public void sleep(Duration d) {
        pass(d);
        duringSleep.run();
    }
}

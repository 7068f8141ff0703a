package io.strandline;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that moves only when it is told to. */
final class VirtualTime implements Time {
    private static final Instant BIRTH = Instant.parse("2026-11-23T08:00:00Z");

    private final AtomicLong nanos = new AtomicLong(1_000_000_000);
    private Runnable duringSleep = () -> {};

    void pass(Duration d) {
        nanos.addAndGet(d.toNanos());
    }

    /** What the world does while the poll thread waits for handlers. */
    void duringSleep(Runnable what) {
        duringSleep = what;
    }

    @Override
    public Instant now() {
        return BIRTH.plusNanos(nanos.get());
    }

    @Override
    public long nanoTime() {
        return nanos.get();
    }

    @Override
    public void sleep(Duration d) {
        pass(d);
        duringSleep.run();
    }
}

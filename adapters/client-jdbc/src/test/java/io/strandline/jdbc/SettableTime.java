package io.strandline.jdbc;

import io.strandline.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Moves only when it is told to. Who sleeps looks again soon. */
final class SettableTime implements Time {
    private final AtomicLong nanos = new AtomicLong(1_000_000_000);

    void pass(Duration d) {
        nanos.addAndGet(d.toNanos());
    }

    @Override
    public Instant now() {
        return Instant.parse("2026-11-23T08:00:00Z").plusNanos(nanos.get());
    }

    @Override
    public long nanoTime() {
        return nanos.get();
    }

    @Override
    public void sleep(Duration d) {
        LockSupport.parkNanos(200_000);
    }
}

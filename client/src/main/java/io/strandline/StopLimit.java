package io.strandline;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Whether a consumer is asked to stop, and how much of the time that it was given for that is left. For all threads. */
final class StopLimit {
    private final Time time;

    /** As of {@link Time#nanoTime}; null while nobody has asked. */
    private final AtomicReference<@Nullable Long> end = new AtomicReference<>();

    StopLimit(Time time) {
        this.time = time;
    }

    /** The first one who asks says how long. */
    void ask(Duration atMost) {
        end.compareAndSet(null, time.nanoTime() + Nanos.of(atMost));
    }

    boolean asked() {
        return end.get() != null;
    }

    /** Not negative; what was given as long as nobody has asked. */
    Duration left(Duration otherwise) {
        var asked = end.get();
        return asked == null ? otherwise : Duration.ofNanos(Math.max(0, asked - time.nanoTime()));
    }

    boolean over() {
        return left(Duration.ofNanos(1)).isZero();
    }
}

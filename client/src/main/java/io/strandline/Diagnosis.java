package io.strandline;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * Why brokers cannot be reached, as a look on a thread of its own has found out: so whoever asks for health or an
 * explanation does no I/O and waits for none.
 */
final class Diagnosis {
    private static final Duration LOOK_EVERY = Duration.ofSeconds(10);

    private final String bootstrap;
    private final Supplier<Optional<Probe.Finding>> look;
    private final AtomicBoolean underWay = new AtomicBoolean();
    private volatile Optional<String> found = Optional.empty();

    /** Of {@link #watch} alone. */
    private boolean silent;

    private long lastLook;

    /** @param look does I/O; empty: nothing was found out */
    Diagnosis(String bootstrap, Supplier<Optional<Probe.Finding>> look) {
        this.bootstrap = bootstrap;
        this.look = look;
    }

    static Diagnosis by(Probe probe, String bootstrap) {
        return new Diagnosis(bootstrap, probe::look);
    }

    /** Called again and again, by one thread. */
    void watch(boolean unreachable, long now) {
        if (!unreachable) {
            silent = false;
            found = Optional.empty();
        } else if (!silent || now - lastLook >= LOOK_EVERY.toNanos()) {
            silent = true;
            lastLook = now;
            if (underWay.compareAndSet(false, true)) {
                Thread.ofVirtual().name("strandline-diagnosis").start(this::look);
            }
        }
    }

    private void look() {
        try {
            found = look.get().map(Probe.Finding::text);
        } finally {
            underWay.set(false);
        }
    }

    /**
     * What is behind the failure of a client that no broker ever answered. To kafka-clients the first words of TLS are the
     * length of an answer of 336 MiB, for which a small heap has no room. Does I/O.
     */
    Throwable behind(OutOfMemoryError why) {
        return look.get()
                .filter(Probe.Finding::forGood)
                .<Throwable>map(found -> new IllegalStateException(bootstrap + ": " + found.text(), why))
                .orElse(why);
    }

    Optional<String> found() {
        return found;
    }

    String bootstrap() {
        return bootstrap;
    }
}

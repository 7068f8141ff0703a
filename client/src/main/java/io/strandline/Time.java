package io.strandline;

import java.time.Duration;
import java.time.Instant;

/** The clock and the sleeper of a client, so that a back-off of 30 seconds is tested in milliseconds. */
public interface Time {
    /** For people: what events and headers say. May jump. */
    Instant now();

    /** For measuring: never goes back; its origin means nothing. */
    long nanoTime();

    /** Only ever called for a few milliseconds: while handlers finish, or a new topic comes to be seen. */
    void sleep(Duration d) throws InterruptedException;

    static Time system() {
        return SystemTime.INSTANCE;
    }
}

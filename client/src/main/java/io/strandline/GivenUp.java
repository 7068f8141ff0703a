package io.strandline;

import java.time.Instant;

/** Why and after what a message will not be tried again here. */
record GivenUp(Throwable why, int attempts, Instant firstAttempt) {}

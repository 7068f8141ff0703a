package io.strandline;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/** Decides what becomes of a message after a failed attempt. Nothing ends here without a place to go to. */
record FailurePolicy(Retry retry, Optional<DeadLetter> deadLetter, RandomGenerator random) {
    sealed interface Decision {
        record RetryAfter(Duration delay) implements Decision {}

        record Park(String topic) implements Decision {}

        record Skip() implements Decision {}
    }

    static FailurePolicy of(Retry retry, Optional<DeadLetter> deadLetter) {
        return new FailurePolicy(
                retry, deadLetter, () -> ThreadLocalRandom.current().nextLong());
    }

    /**
     * @param attempt the one that failed, from 1
     * @param sinceFirst since the first attempt began
     */
    Decision decide(String source, Throwable why, int attempt, Duration sinceFirst) {
        var delay = retry.delayAfter(attempt, random);
        if (deadLetter.isEmpty() || goesOn(why, attempt, sinceFirst.plus(delay))) {
            return new Decision.RetryAfter(delay);
        }
        return deadLetter
                .get()
                .destination(source, why)
                .<Decision>map(Decision.Park::new)
                .orElseGet(Decision.Skip::new);
    }

    private boolean goesOn(Throwable why, int attempt, Duration nextAt) {
        return attempt < retry.attempts()
                && !retry.hopeless(why)
                && retry.within().map(limit -> nextAt.compareTo(limit) <= 0).orElse(true);
    }
}

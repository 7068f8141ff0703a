package io.strandline;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides what becomes of a message after a failed attempt. Nothing ends here without a place to go to.
 *
 * @param own the user's, which then decides alone
 */
record FailurePolicy(Retry retry, Optional<DeadLetter> deadLetter, Optional<Failure> own, RandomGenerator random) {
    private static final Logger LOG = LoggerFactory.getLogger(Failure.class);
    private static final Duration AFTER_OWN_FAILED = Duration.ofSeconds(1);

    static FailurePolicy of(Retry retry, Optional<DeadLetter> deadLetter, Optional<Failure> own) {
        return new FailurePolicy(
                retry, deadLetter, own, () -> ThreadLocalRandom.current().nextLong());
    }

    /**
     * @param message for the user's own decision
     * @param attempt the one that failed, from 1
     * @param sinceFirst since the first attempt began
     */
    Failure.Decision decide(
            String source, Supplier<Message<?, ?>> message, Throwable why, int attempt, Duration sinceFirst) {
        return own.map(failure -> ask(failure, message.get(), why, attempt, sinceFirst))
                .orElseGet(() -> decide(source, why, attempt, sinceFirst));
    }

    private static Failure.Decision ask(
            Failure failure, Message<?, ?> message, Throwable why, int attempt, Duration sinceFirst) {
        try {
            var decision = Objects.requireNonNull(
                    failure.decide(message, why, attempt, sinceFirst), "it must decide something, not null");
            return comesBack(decision, message) ? new Failure.Decision.RetryAfter(AFTER_OWN_FAILED) : decision;
        } catch (RuntimeException e) {
            LOG.warn("onFailure(..) failed on {}@{}", message.partition(), message.offset(), e);
            return new Failure.Decision.RetryAfter(AFTER_OWN_FAILED);
        }
    }

    private static boolean comesBack(Failure.Decision decision, Message<?, ?> message) {
        var own = message.partition().topic();
        if (decision instanceof Failure.Decision.Park(String topic) && topic.equals(own)) {
            LOG.warn(
                    "onFailure(..) parks {}@{} in {}, from where it would come again for ever; it is tried again in its"
                            + " place. Name another topic",
                    message.partition(),
                    message.offset(),
                    own);
            return true;
        }
        return false;
    }

    /** Where a message of this source waits after so many failed attempts; empty: in memory. */
    Optional<String> retryTopic(String source, int failed) {
        return retry.place() instanceof Retry.Place.InTopics && own.isEmpty()
                ? Optional.of(RetryTopics.name(source, retry.delayAfter(failed)))
                : Optional.empty();
    }

    /** Where messages of this source go that follow others. */
    String letterTopic(String source) {
        return deadLetter.orElseThrow().topics(source).iterator().next();
    }

    private Failure.Decision decide(String source, Throwable why, int attempt, Duration sinceFirst) {
        boolean inTopics = retry.place() instanceof Retry.Place.InTopics;
        var delay = inTopics ? retry.delayAfter(attempt) : retry.delayAfter(attempt, random);
        if (deadLetter.isEmpty() || goesOn(why, attempt, sinceFirst.plus(delay))) {
            return new Failure.Decision.RetryAfter(delay);
        }
        return deadLetter
                .get()
                .destination(source, why)
                .<Failure.Decision>map(Failure.Decision.Park::new)
                .orElseGet(Failure.Decision.Skip::new);
    }

    private boolean goesOn(Throwable why, int attempt, Duration nextAt) {
        return attempt < retry.attempts()
                && !retry.hopeless(why)
                && retry.within().map(limit -> nextAt.compareTo(limit) <= 0).orElse(true);
    }
}

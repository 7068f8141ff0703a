package io.strandline;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * How often, how far apart, on what, and where a message waits for its next attempt.
 *
 * @param attempts in all, the first one included; {@link Integer#MAX_VALUE} is without end
 * @param within no new attempt begins later than this after the first one began; empty: no limit
 * @param never what is not tried again; subclasses included
 */
public record Retry(
        int attempts, Backoff backoff, Optional<Duration> within, Set<Class<? extends Throwable>> never, Place place) {
    /** Delays have repeated themselves long before, or are too many for topics. */
    private static final int DELAYS_LOOKED_AT = 100;

    /** Trying these again gives the same result. */
    private static final Set<Class<? extends Throwable>> HOPELESS = Set.of(PoisonMessage.class);

    public Retry {
        if (attempts < 1) {
            throw new IllegalArgumentException("There is 1 attempt or more, not " + attempts);
        }
        never = Set.copyOf(never);
    }

    /** Where a message waits for its next attempt. */
    public sealed interface Place {
        /**
         * In memory, first in line: its partition waits with it, or with {@link Concurrency#perKey} its key. Order is
         * kept.
         */
        record InPlace() implements Place {}

        /** In a retry topic, see {@link Retry#inTopics()}. Nothing waits for it; order is given up. */
        record InTopics() implements Place {}
    }

    /** How long to wait before the next attempt. */
    public sealed interface Backoff {
        /** Always the same. */
        record Fixed(Duration delay) implements Backoff {
            public Fixed {
                if (delay.isNegative()) {
                    throw new IllegalArgumentException("A delay is 0 or more, not " + delay);
                }
            }
        }

        /**
         * Growing up to a limit.
         *
         * @param jitter the share by which each delay is made longer or shorter at random, 0 to 1
         */
        record Exponential(Duration first, double multiplier, Duration max, double jitter) implements Backoff {
            public Exponential {
                if (first.isNegative() || first.isZero() || max.compareTo(first) < 0) {
                    throw new IllegalArgumentException(
                            "The first delay is above 0 and not above the longest one: first " + first + ", longest "
                                    + max);
                }
                if (!(multiplier >= 1) || !(jitter >= 0 && jitter <= 1)) {
                    throw new IllegalArgumentException("The multiplier is 1 or more (here " + multiplier
                            + ") and the jitter from 0 to 1 (here " + jitter + ")");
                }
            }
        }

        /** One after the other; the last one repeats. */
        record Steps(List<Duration> delays) implements Backoff {
            public Steps {
                delays = List.copyOf(delays);
                if (delays.isEmpty() || delays.stream().anyMatch(Duration::isNegative)) {
                    throw new IllegalArgumentException("Steps are 1 delay or more, each 0 or more, not " + delays);
                }
            }
        }
    }

    /** 200 ms doubling to 30 s with 20 % jitter, 5 attempts. */
    public static Retry standard() {
        return exponential(Duration.ofMillis(200), Duration.ofSeconds(30));
    }

    /** One attempt. */
    public static Retry none() {
        return fixed(Duration.ZERO).attempts(1);
    }

    /** 5 attempts. */
    public static Retry fixed(Duration delay) {
        return of(5, new Backoff.Fixed(delay));
    }

    /** Doubling, with 20 % jitter, 5 attempts. */
    public static Retry exponential(Duration first, Duration max) {
        return of(5, new Backoff.Exponential(first, 2.0, max, 0.2));
    }

    /** One attempt more than there are steps. */
    public static Retry steps(Duration... delays) {
        return of(delays.length + 1, new Backoff.Steps(List.of(delays)));
    }

    private static Retry of(int attempts, Backoff backoff) {
        return new Retry(attempts, backoff, Optional.empty(), HOPELESS, new Place.InPlace());
    }

    public Retry attempts(int n) {
        return new Retry(n, backoff, within, never, place);
    }

    public Retry forever() {
        return new Retry(Integer.MAX_VALUE, backoff, Optional.empty(), never, place);
    }

    /** No new attempt begins later than this after the first one began. */
    public Retry within(Duration total) {
        return new Retry(attempts, backoff, Optional.of(total), never, place);
    }

    /** Failures of these types are not tried again. */
    @SafeVarargs
    public final Retry never(Class<? extends Throwable>... types) {
        var all = new HashSet<>(never);
        for (var type : types) {
            all.add(type);
        }
        return new Retry(attempts, backoff, within, all, place);
    }

    /**
     * A failed message is stored in {@code <topic>.retry.<delay>}, such as {@code orders.retry.10s}, and its partition
     * goes on at once; the same consumer reads it from there and tries it again when it is due. So order is given up.
     * There is a topic for each delay that differs, without jitter, which {@link Consumer.Builder#start()} makes: it keeps
     * messages for 7 days, four times the delay, or as long as the source does, whichever is longest. The
     * number of attempts, and where and when the message first was, go with it and survive restarts; a handler sees the
     * message as it was in its own topic. Groups that read the same topic share its retry topics, and each passes over
     * what the others put there.
     */
    public Retry inTopics() {
        return new Retry(attempts, backoff, within, never, new Place.InTopics());
    }

    /** The delays that differ, in order, without jitter. */
    List<Duration> delays() {
        var delays = new java.util.LinkedHashSet<Duration>();
        for (int failed = 1; failed < attempts && failed <= DELAYS_LOOKED_AT; failed++) {
            delays.add(delayAfter(failed));
        }
        return List.copyOf(delays);
    }

    /** True if it can come to an end, so that a message needs a place to go to then. */
    boolean ends() {
        return attempts != Integer.MAX_VALUE || within.isPresent() || !never.equals(HOPELESS);
    }

    boolean hopeless(Throwable why) {
        return never.stream().anyMatch(type -> type.isInstance(why));
    }

    /**
     * The wait before the next attempt.
     *
     * @param failed attempts that failed so far, 1 or more
     */
    Duration delayAfter(int failed, RandomGenerator random) {
        var delay = delayAfter(failed);
        if (backoff instanceof Backoff.Exponential exponential && exponential.jitter() > 0) {
            double share = random.nextDouble(-exponential.jitter(), exponential.jitter());
            return Duration.ofNanos((long) ((double) Nanos.of(delay) * (1 + share)));
        }
        return delay;
    }

    /** The same without jitter. */
    Duration delayAfter(int failed) {
        return switch (backoff) {
            case Backoff.Fixed(Duration delay) -> delay;
            case Backoff.Steps(List<Duration> delays) -> delays.get(Math.min(failed, delays.size()) - 1);
            case Backoff.Exponential(Duration first, double multiplier, Duration max, double jitter) ->
                Duration.ofNanos((long) Math.min(
                        (double) Nanos.of(first) * Math.pow(multiplier, failed - 1.0), (double) Nanos.of(max)));
        };
    }
}

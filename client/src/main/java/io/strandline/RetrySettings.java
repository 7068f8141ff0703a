package io.strandline;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A {@link Retry} in the words of kafka-clients, which does connection and request retries itself. */
final class RetrySettings {
    private static final double CLIENTS_MULTIPLIER = 2.0;
    private static final double CLIENTS_JITTER = 0.2;

    private RetrySettings() {}

    /** Delays of connections and of all requests. */
    static Map<String, Object> connection(Retry retry) {
        return switch (retry.backoff()) {
            case Retry.Backoff.Fixed(Duration delay) -> delays(delay, delay);
            case Retry.Backoff.Exponential(Duration first, double multiplier, Duration max, double jitter) -> {
                if (multiplier != CLIENTS_MULTIPLIER || jitter != CLIENTS_JITTER) {
                    throw new IllegalArgumentException("Connections and requests are retried by kafka-clients, which"
                            + " doubles delays and spreads them by 20 %; this asks for a multiplier of " + multiplier
                            + " and a jitter of " + jitter + ". Use Retry.exponential(first, max) as it is.");
                }
                yield delays(first, max);
            }
            case Retry.Backoff.Steps(List<Duration> delays) ->
                throw new IllegalArgumentException("Connections and requests are retried by kafka-clients, which has no"
                        + " steps like " + delays + ". Use Retry.exponential(first, max) or Retry.fixed(delay).");
        };
    }

    /** The same, and how often and for how long one message is sent again. */
    static Map<String, Object> producer(Retry retry) {
        var config = new HashMap<>(connection(retry));
        if (retry.attempts() != Integer.MAX_VALUE) {
            config.put("retries", retry.attempts() - 1);
        }
        retry.within().ifPresent(total -> config.putAll(deliveryTimeout(total, Duration.ZERO)));
        return config;
    }

    /**
     * kafka-clients refuses a delivery time-out in which there is no room for the linger and one request, so a short one
     * shortens the request's.
     *
     * @throws IllegalArgumentException if the linger leaves nothing
     */
    static Map<String, Object> deliveryTimeout(Duration total, Duration linger) {
        if (linger.compareTo(total) >= 0) {
            throw new IllegalArgumentException("linger(" + linger + ") leaves nothing of deliveryTimeout(" + total
                    + "): a message would be given up before it is sent. Set a longer time-out, or a shorter linger");
        }
        long requestMs = Math.min(30_000, total.minus(linger).toMillis());
        return Map.of("delivery.timeout.ms", intMillis(total), "request.timeout.ms", (int) requestMs);
    }

    static int intMillis(Duration d) {
        return Math.toIntExact(d.toMillis());
    }

    private static Map<String, Object> delays(Duration first, Duration max) {
        return Map.of(
                "retry.backoff.ms", first.toMillis(),
                "retry.backoff.max.ms", max.toMillis(),
                "reconnect.backoff.ms", first.toMillis(),
                "reconnect.backoff.max.ms", max.toMillis());
    }
}

package io.strandline;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.jspecify.annotations.Nullable;

/**
 * Whether a client hears from brokers, by kafka-clients' own counters and so without I/O. Read by any thread, asked by
 * the poll thread.
 */
final class Connectivity {
    private static final Duration SAMPLE_EVERY = Duration.ofMillis(250);

    /** A connection that is being tried counts as open for a moment, so only a longer silence is one. */
    private static final Duration SILENCE = Duration.ofSeconds(3);

    private final Map<MetricName, ? extends Metric> metrics;
    private final String metricGroup;
    private @Nullable Metric connections;
    private @Nullable Metric bytesIn;
    private @Nullable Metric closes;
    private double bytesSeen;
    private double closesSeen;
    private boolean noConnectionSeen;
    private boolean everHeard;
    private long sampled;

    private volatile boolean connected;
    private volatile long lastHeard;
    private volatile boolean unreachable;

    enum Change {
        NONE,
        CONNECTED,
        DISCONNECTED
    }

    Connectivity(Map<MetricName, ? extends Metric> metrics, long now) {
        this(metrics, "consumer-metrics", now);
    }

    /** @param metricGroup the kind of client, as kafka-clients names its counters */
    Connectivity(Map<MetricName, ? extends Metric> metrics, String metricGroup, long now) {
        this.metrics = metrics;
        this.metricGroup = metricGroup;
        lastHeard = now;
        sampled = now - SAMPLE_EVERY.toNanos();
    }

    Change sample(long now) {
        if (now - sampled < SAMPLE_EVERY.toNanos()) {
            return Change.NONE;
        }
        sampled = now;
        if (connections == null) {
            connections = find("connection-count");
            bytesIn = find("incoming-byte-total");
            closes = find("connection-close-total");
        }
        return connections == null || bytesIn == null
                ? Change.NONE // not a real consumer
                : changed(number(connections), number(bytesIn), closes == null ? 0 : number(closes), now);
    }

    /** Who answers a greeting and hangs up, as for want of a user or of TLS, is not heard from. */
    private Change changed(double open, double bytes, double closed, long now) {
        boolean heard = bytes != bytesSeen && closed == closesSeen;
        bytesSeen = bytes;
        closesSeen = closed;
        if (heard) {
            lastHeard = now;
            everHeard = true;
            noConnectionSeen = false;
            unreachable = false;
            boolean before = connected;
            connected = true;
            return before ? Change.NONE : Change.CONNECTED;
        }
        noConnectionSeen |= open == 0;
        boolean neverHeard = !everHeard && now - lastHeard > 2 * SILENCE.toNanos();
        if (neverHeard || (noConnectionSeen && now - lastHeard > SILENCE.toNanos())) {
            boolean before = unreachable;
            unreachable = true;
            connected = false;
            return before ? Change.NONE : Change.DISCONNECTED;
        }
        return Change.NONE;
    }

    /** Since when no broker can be reached; empty while one can. */
    Optional<Duration> unreachableFor(long now) {
        return unreachable ? Optional.of(Duration.ofNanos(now - lastHeard)) : Optional.empty();
    }

    boolean connected() {
        return connected;
    }

    private @Nullable Metric find(String name) {
        for (var entry : metrics.entrySet()) {
            if (entry.getKey().name().equals(name)
                    && entry.getKey().group().equals(metricGroup)
                    && entry.getKey().tags().size() == 1) {
                return entry.getValue();
            }
        }
        return null;
    }

    private static double number(Metric metric) {
        return metric.metricValue() instanceof Number number ? number.doubleValue() : 0;
    }
}

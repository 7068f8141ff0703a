package io.strandline.broker.net;

import java.time.Duration;

/**
 * Limits for what strangers may take of the broker.
 *
 * @param requestBytesMax longest request ({@code socket.request.max.bytes})
 * @param connectionsMax connections in all ({@code max.connections})
 * @param connectionsPerAddressMax connections from one address ({@code max.connections.per.ip})
 * @param idleMax silence after which a connection that is owed nothing is closed ({@code connections.max.idle.ms})
 * @param requestPatience how long a begun request may take to arrive, beside its transfer at 64 KiB/s
 */
public record NetSettings(
        int requestBytesMax,
        int connectionsMax,
        int connectionsPerAddressMax,
        Duration idleMax,
        Duration requestPatience) {

    public static NetSettings defaults() {
        return new NetSettings(100 * 1024 * 1024, 10_000, 10_000, Duration.ofMinutes(10), Duration.ofSeconds(30));
    }
}

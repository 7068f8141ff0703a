package io.strandline;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What everything made from one {@link Kafka} has in common. */
record Settings(
        String bootstrap,
        String clientId,
        Optional<Retry> retry,
        Time time,
        Instruments instruments,
        Map<String, Object> overrides) {
    /** What kafka-clients needs to find the cluster; the caller adds its own, then {@link #overrides}. */
    Map<String, Object> connection(String clientId) {
        var config = new HashMap<String, Object>();
        config.put("bootstrap.servers", bootstrap);
        config.put("client.id", clientId);
        // A cluster whose every known broker is gone is looked for again where it was found first.
        config.put("metadata.recovery.strategy", "rebootstrap");
        retry.ifPresent(schedule -> config.putAll(RetrySettings.connection(schedule)));
        return config;
    }
}

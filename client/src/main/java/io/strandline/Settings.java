package io.strandline;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What everything made from one {@link Kafka} has in common. */
record Settings(
        Addresses addresses,
        String clientId,
        Security security,
        Optional<Retry> retry,
        Time time,
        Instruments instruments,
        Map<String, Object> overrides) {
    /** Asks service discovery, where there is one. */
    String bootstrap() {
        return overrides.get("bootstrap.servers") instanceof String server ? server : addresses.now();
    }

    /** By its name in kafka-clients. */
    String securityProtocol() {
        return overrides.get("security.protocol") instanceof String own
                ? own
                : switch (security) {
                    case Security.Plaintext plaintext -> "PLAINTEXT";
                    case Security.Tls tls -> "SSL";
                    case Security.Sasl sasl -> sasl.tls().isPresent() ? "SASL_SSL" : "SASL_PLAINTEXT";
                    case Security.Oauth oauth -> oauth.tls().isPresent() ? "SASL_SSL" : "SASL_PLAINTEXT";
                };
    }

    /** What kafka-clients needs to find the cluster; the caller adds its own, then {@link #overrides}. */
    Map<String, Object> connection(String clientId) {
        var config = new HashMap<String, Object>();
        config.put("bootstrap.servers", bootstrap());
        config.putAll(security.kafkaConfig());
        config.put("client.id", clientId);
        // A cluster whose every known broker is gone is looked for again where it was found first.
        config.put("metadata.recovery.strategy", "rebootstrap");
        retry.ifPresent(schedule -> config.putAll(RetrySettings.connection(schedule)));
        return config;
    }
}

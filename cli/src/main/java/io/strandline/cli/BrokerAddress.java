package io.strandline.cli;

import io.strandline.Kafka;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the broker is: the options of every command that talks to one. */
final class BrokerAddress {

    @Option(
            names = {"-b", "--bootstrap"},
            paramLabel = "HOST:PORT",
            description = {
                "The broker, several with commas between. Without it: STRANDLINE_BOOTSTRAP, else KAFKA_BOOTSTRAP_SERVERS,"
                        + " else localhost:9092."
            })
    private Optional<String> bootstrap = Optional.empty();

    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description = "How long to wait for the broker. Default: ${DEFAULT-VALUE}.")
    private int waitSeconds;

    @Option(
            names = "--client-config",
            paramLabel = "KEY=VALUE",
            description = "A setting of the Kafka client, such as client.dns.lookup=use_all_dns_ips. May be repeated.")
    private Map<String, String> settings = new LinkedHashMap<>();

    /** {@code host:port}, as it was given or as the environment says. */
    String servers() {
        return bootstrap
                .or(() -> Optional.ofNullable(System.getenv("STRANDLINE_BOOTSTRAP")))
                .or(() -> Optional.ofNullable(System.getenv("KAFKA_BOOTSTRAP_SERVERS")))
                .orElse("localhost:9092");
    }

    Map<String, String> settings() {
        return settings;
    }

    /**
     * A client whose broker has answered.
     *
     * @throws Problem if none answers in time
     */
    Kafka connect(String clientId) {
        var kafka = open(clientId);
        try {
            return kafka.awaitReady(Duration.ofSeconds(waitSeconds));
        } catch (RuntimeException e) {
            kafka.close();
            if (refusedByTheClient(e).isPresent()) {
                throw unusable(refusedByTheClient(e).get());
            }
            throw Problem.failed(
                    "No broker answers at " + servers() + " within " + waitSeconds
                            + " s. Is it running ('strandline serve' starts one)? Is the address right (--bootstrap)?",
                    e);
        }
    }

    private Kafka open(String clientId) {
        try {
            return Kafka.builder()
                    .bootstrap(servers())
                    .clientId(clientId)
                    .set(settings)
                    .build();
        } catch (RuntimeException e) {
            throw unusable(e);
        }
    }

    private Problem unusable(RuntimeException why) {
        return Problem.usage("Cannot use " + servers() + " as the broker's address: " + why.getMessage());
    }

    /** The settings are wrong, so that waiting would not help. */
    private static Optional<ConfigException> refusedByTheClient(@Nullable Throwable failure) {
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConfigException refused) {
                return Optional.of(refused);
            }
        }
        return Optional.empty();
    }
}

package io.strandline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

final class KafkaBuilder implements Kafka.Builder {
    private static final String BOOTSTRAP_SERVERS = "bootstrap.servers";

    /** What tells one client from the others, and who says it. */
    private static final Map<String, String> OF_ONE_CLIENT = Map.of(
            "transactional.id", "producer(transactionalId) or transactionalId(..), each producer's own",
            "group.instance.id", "instanceId(..), each consumer's own");

    private Optional<Addresses> addresses = Optional.empty();
    private Security security = Security.plaintext();
    private String clientId = "strandline";
    private Optional<Retry> retry = Optional.empty();
    private Time time = Time.system();
    private boolean closeOnShutdown;
    private final List<Instrumentation> instruments = new ArrayList<>();
    private final Map<String, Object> overrides = new HashMap<>();

    @Override
    public Kafka.Builder bootstrap(String... servers) {
        var each = Addresses.of(Stream.of(servers));
        addresses = each.isEmpty() ? Optional.empty() : Optional.of(Addresses.fixed(each));
        return this;
    }

    @Override
    public Kafka.Builder bootstrap(Supplier<List<String>> servers) {
        addresses = Optional.of(Addresses.asked(servers));
        return this;
    }

    @Override
    public Kafka.Builder security(Security how) {
        security = how;
        return this;
    }

    @Override
    public Kafka.Builder retry(Retry schedule) {
        RetrySettings.producer(schedule); // refuses here, where the caller can see it, what kafka-clients cannot do
        retry = Optional.of(schedule);
        return this;
    }

    @Override
    public Kafka.Builder closeOnShutdown() {
        closeOnShutdown = true;
        return this;
    }

    @Override
    public Kafka.Builder clientId(String id) {
        clientId = id;
        return this;
    }

    @Override
    public Kafka.Builder time(Time other) {
        time = other;
        return this;
    }

    @Override
    public Kafka.Builder instrument(Instrumentation instrumentation) {
        instruments.add(instrumentation);
        return this;
    }

    @Override
    public Kafka.Builder set(String kafkaConfig, Object value) {
        overrides.put(kafkaConfig, value);
        return this;
    }

    @Override
    public Kafka.Builder set(Map<String, ?> kafkaConfig) {
        overrides.putAll(kafkaConfig);
        return this;
    }

    @Override
    public Kafka build() {
        if (addresses.isEmpty() && !overrides.containsKey(BOOTSTRAP_SERVERS)) {
            throw noAddress();
        }
        if (overrides.get(BOOTSTRAP_SERVERS) instanceof String own
                && Addresses.of(Stream.of(own)).isEmpty()) {
            throw noAddress();
        }
        refuseOfOneClient();
        var kafka = new ConnectedKafka(new Settings(
                addresses.orElse(Addresses.fixed(List.of())),
                clientId,
                security,
                retry,
                time,
                new Instruments(instruments),
                Map.copyOf(overrides)));
        if (closeOnShutdown) {
            kafka.closeOnShutdown();
        }
        kafka.opened();
        return kafka;
    }

    /** Set for all clients, they would reach consumers, readers of dead letters and the shared producer as well. */
    private void refuseOfOneClient() {
        ConsumerBuilder.refuseOurs(overrides);
        OF_ONE_CLIENT.forEach((name, instead) -> {
            if (overrides.containsKey(name)) {
                throw new IllegalStateException(name + "=" + overrides.get(name) + ": it is said by " + instead
                        + ", and cannot be set for all. Leave it out of set(..)");
            }
        });
    }

    private static IllegalStateException noAddress() {
        return new IllegalStateException(
                "No address: say Kafka.connect(\"localhost:9092\") or bootstrap(\"host:port\")");
    }
}

package io.strandline;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * A topic with its types. The serdes travel with the topic, so one producer and one consumer serve many types.
 *
 * @param spec what the topic should look like where it is created or checked
 */
public record Topic<K, V>(String name, Serde<K> key, Serde<V> value, Spec spec) {
    public Topic {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(value, "value");
        if (name.isBlank()) {
            throw new IllegalArgumentException("A topic needs a name");
        }
    }

    /**
     * What the topic should look like when {@link Admin#ensure} creates or checks it.
     *
     * @param partitions their number; -1 leaves it to the broker
     * @param replication copies to keep; -1 leaves it to the broker
     * @param config Kafka's topic settings by Kafka's names
     */
    public record Spec(int partitions, short replication, Map<String, String> config) {
        public static final Spec BROKER_DEFAULTS = new Spec(-1, (short) -1, Map.of());

        public Spec {
            if (partitions != -1 && partitions < 1) {
                throw new IllegalArgumentException(
                        "A topic has 1 partition or more (or -1: what the broker gives), not " + partitions);
            }
            if (replication != -1 && replication < 1) {
                throw new IllegalArgumentException(
                        "A partition has 1 copy or more (or -1: what the broker gives), not " + replication);
            }
            config = Map.copyOf(config);
        }
    }

    public static Topic<String, String> strings(String name) {
        return of(name, Serde.string(), Serde.string());
    }

    public static Topic<byte[], byte[]> bytes(String name) {
        return of(name, Serde.bytes(), Serde.bytes());
    }

    /** Text keys, JSON values. */
    public static <V> Topic<String, V> json(String name, Class<V> type) {
        return of(name, Serde.string(), Serde.json(type));
    }

    public static <K, V> Topic<K, V> of(String name, Serde<K> key, Serde<V> value) {
        return new Topic<>(name, key, value, Spec.BROKER_DEFAULTS);
    }

    public Topic<K, V> partitions(int n) {
        return with(new Spec(n, spec.replication(), spec.config()));
    }

    /** Copies to keep of each partition. Strandline's own broker accepts any number and keeps one. */
    public Topic<K, V> replication(int n) {
        return with(new Spec(spec.partitions(), (short) n, spec.config()));
    }

    /** One of Kafka's topic settings, such as {@code retention.ms}. */
    public Topic<K, V> config(String name, String value) {
        var config = new TreeMap<>(spec.config());
        config.put(name, value);
        return with(new Spec(spec.partitions(), spec.replication(), config));
    }

    /** Same types and shape, other name. */
    public Topic<K, V> named(String other) {
        return new Topic<>(other, key, value, spec);
    }

    private Topic<K, V> with(Spec other) {
        return new Topic<>(name, key, value, other);
    }

    @Override
    public String toString() {
        return name;
    }
}

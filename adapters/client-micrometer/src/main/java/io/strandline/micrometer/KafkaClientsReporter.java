package io.strandline.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.JmxReporter;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.jspecify.annotations.Nullable;

/**
 * Made by kafka-clients by its name; shows what kafka-clients measures in the registry that it finds in its settings. Public
 * for that reason alone: use {@link KafkaMeters#kafkaClients}.
 *
 * <p>{@code records-lag-max} of the group {@code consumer-fetch-manager-metrics} becomes
 * {@code kafka.consumer.fetch.manager.records.lag.max}. kafka-clients has some names at several levels (client, node, topic,
 * partition), with other tags at each; the level is then part of the name, because registries want one set of tags for one name.
 */
public final class KafkaClientsReporter implements MetricsReporter {
    private static final String REGISTRY = "strandline.micrometer.registry";

    /** Tag and level, the narrowest first. */
    private static final SequencedMap<String, String> LEVELS = new LinkedHashMap<>();

    static {
        LEVELS.put("partition", "partition");
        LEVELS.put("topic", "topic");
        LEVELS.put("node-id", "node");
    }

    private final Map<MetricName, Meter> meters = new ConcurrentHashMap<>();
    private @Nullable MeterRegistry registry;

    /** See the class. */
    public KafkaClientsReporter() {}

    static Map<String, Object> settings(MeterRegistry registry) {
        var reporters = List.of(JmxReporter.class.getName(), KafkaClientsReporter.class.getName());
        return Map.of("metric.reporters", reporters, REGISTRY, registry);
    }

    @Override
    public void configure(Map<String, ?> configs) {
        registry = (MeterRegistry) configs.get(REGISTRY);
        if (registry == null) {
            throw new IllegalArgumentException(
                    REGISTRY + " is not set: give the builder all of KafkaMeters.kafkaClients()");
        }
    }

    @Override
    public void init(List<KafkaMetric> metrics) {
        metrics.forEach(this::metricChange);
    }

    @Override
    public void metricChange(KafkaMetric metric) {
        metricRemoval(metric);
        if (registry != null && metric.isMeasurable()) {
            meters.put(metric.metricName(), register(registry, metric));
        }
    }

    @Override
    public void metricRemoval(KafkaMetric metric) {
        var meter = meters.remove(metric.metricName());
        if (meter != null && registry != null) {
            registry.remove(meter);
        }
    }

    @Override
    public void close() {
        if (registry != null) {
            meters.values().forEach(registry::remove);
        }
        meters.clear();
    }

    private static Meter register(MeterRegistry registry, KafkaMetric metric) {
        var name = metric.metricName();
        var tags = tags(name);
        var description = Optional.ofNullable(name.description()).orElse("");
        if (name.name().endsWith("-total")) {
            return FunctionCounter.builder(nameOf(name), metric, KafkaClientsReporter::value)
                    .tags(tags)
                    .description(description)
                    .register(registry);
        }
        return Gauge.builder(nameOf(name), metric, KafkaClientsReporter::value)
                .tags(tags)
                .description(description)
                .register(registry);
    }

    private static double value(KafkaMetric metric) {
        return metric.metricValue() instanceof Number number ? number.doubleValue() : Double.NaN;
    }

    private static String nameOf(MetricName name) {
        var group = name.group().replaceFirst("-metrics$", "");
        return ("kafka." + group + level(name) + "." + name.name()).replace('-', '.');
    }

    /** Unless the group's own name says it, as in {@code producer-topic-metrics}. */
    private static String level(MetricName name) {
        for (var level : LEVELS.entrySet()) {
            if (name.tags().containsKey(level.getKey())) {
                return name.group().contains(level.getValue()) ? "" : "." + level.getValue();
            }
        }
        return "";
    }

    private static List<Tag> tags(MetricName name) {
        return name.tags().entrySet().stream()
                .map(tag -> Tag.of(tag.getKey().replace('-', '.'), tag.getValue()))
                .toList();
    }
}

package io.strandline.benchmarks;

import io.strandline.conformance.ApacheKafka;
import io.strandline.conformance.Child;
import io.strandline.conformance.StrandlineProcess;
import io.strandline.conformance.Target;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Who is measured. Each is started the way its own launcher starts it. */
enum Contender {
    STRANDLINE("Strandline, fsync") {
        @Override
        Started prepare(Path folder, boolean empty) {
            var broker = StrandlineProcess.in(folder, List.of("strandline.durability=fsync"), STRANDLINE_JVM);
            if (!empty) {
                broker.restart();
                broker.stop();
            }
            return new Started(broker, broker::launch, broker::process);
        }
    },

    KAFKA("Apache Kafka, defaults") {
        @Override
        Started prepare(Path folder, boolean empty) {
            return kafka(folder, empty, Map.of());
        }
    },

    KAFKA_FLUSHING("Apache Kafka, flush.messages=1") {
        @Override
        Started prepare(Path folder, boolean empty) {
            return kafka(folder, empty, Map.of("log.flush.interval.messages", "1"));
        }
    };

    /** As the launcher {@code strandline} does. */
    private static final List<String> STRANDLINE_JVM =
            List.of("-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4", "-Xshare:auto");

    /** As kafka-server-start.sh and kafka-run-class.sh do. */
    private static final List<String> KAFKA_JVM = List.of(
            "-Xmx1g",
            "-Xms1g",
            "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=20",
            "-XX:InitiatingHeapOccupancyPercent=35",
            "-XX:+ExplicitGCInvokesConcurrent",
            "-Xshare:auto");

    /** Kafka's defaults, except where its own server.properties for one node says otherwise. */
    private static final Map<String, String> KAFKA_SETTINGS = Map.of("group.initial.rebalance.delay.ms", "0");

    /**
     * A broker that is ready to be launched.
     *
     * @param launch starts the process and returns at once
     */
    record Started(Target target, Runnable launch, Supplier<Child> process) {}

    private final String title;

    Contender(String title) {
        this.title = title;
    }

    /**
     * A broker with its data in {@code folder}.
     *
     * @param empty its first start ever, formatting included; else it has been started (Kafka: formatted) before
     */
    abstract Started prepare(Path folder, boolean empty);

    String title() {
        return title;
    }

    private static Started kafka(Path folder, boolean empty, Map<String, String> more) {
        var settings = new HashMap<>(KAFKA_SETTINGS);
        settings.putAll(more);
        var broker = empty
                ? ApacheKafka.unformatted(folder, settings, KAFKA_JVM)
                : ApacheKafka.formatted(folder, settings, KAFKA_JVM);
        return new Started(broker, broker::launch, broker::process);
    }
}

package io.strandline.benchmarks;

import io.strandline.conformance.Child;
import io.strandline.conformance.ClassPaths;
import java.io.File;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The client's side of the measurements: kafka-clients and Kafka's own producer performance tool, the same for all. */
final class Client {
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final Pattern RATE = Pattern.compile("\\(([0-9.]+) MB/sec\\)");
    private static final List<String> TOOL_JVM =
            List.of("-Xmx512m", "-XX:+UseG1GC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");

    private final String bootstrap;

    Client(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    /** From the start of the process to the acknowledgement of a message that has been waiting for it. */
    Duration firstAcknowledgement(Runnable launch) {
        var settings = settings(Map.of(
                "reconnect.backoff.ms", "10",
                "reconnect.backoff.max.ms", "20",
                "retry.backoff.ms", "10",
                "retry.backoff.max.ms", "20",
                "max.block.ms", "120000"));
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            long begin = System.nanoTime();
            launch.run();
            get(producer.send(new ProducerRecord<>("first", "message")));
            return Duration.ofNanos(System.nanoTime() - begin);
        }
    }

    /** From subscribing to the first assignment, in a new group of a broker that has had none. */
    Duration firstAssignment() {
        var settings = settings(Map.of("group.id", "first", "auto.offset.reset", "earliest"));
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            long begin = System.nanoTime();
            consumer.subscribe(List.of("first"));
            while (consumer.assignment().isEmpty()) {
                consumer.poll(Duration.ofMillis(5));
                if (System.nanoTime() - begin > LIMIT.toNanos()) {
                    throw new IllegalStateException("no assignment within " + LIMIT);
                }
            }
            return Duration.ofNanos(System.nanoTime() - begin);
        }
    }

    /** MB (2^20 bytes) a second of 1 KiB messages with acks=all, by Kafka's producer performance tool. */
    double produce(String topic, int partitions, int messages) {
        try (var admin = Admin.create(settings(Map.of()))) {
            get(admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1)))
                    .all()
                    .toCompletionStage()
                    .toCompletableFuture());
        }
        var arguments = List.of(
                "org.apache.kafka.tools.ProducerPerformance",
                "--topic",
                topic,
                "--num-records",
                Integer.toString(messages),
                "--record-size",
                "1024",
                "--throughput",
                "-1",
                "--command-property",
                "bootstrap.servers=" + bootstrap,
                "acks=all");
        var classPath = ClassPaths.equipment() + File.pathSeparator + ClassPaths.apacheKafka();
        try (var tool = Child.jvm("producer-perf", classPath, TOOL_JVM, arguments)) {
            var lines = tool.await(LIMIT).orThrow().out();
            var rate = RATE.matcher(lines.getLast());
            if (!rate.find() || !lines.getLast().startsWith(messages + " records sent")) {
                throw new IllegalStateException("unexpected: " + String.join("\n", lines));
            }
            return Double.parseDouble(rate.group(1));
        }
    }

    private Map<String, Object> settings(Map<String, String> more) {
        var settings = new HashMap<String, Object>(more);
        settings.put("bootstrap.servers", bootstrap);
        return settings;
    }

    private static <T> T get(Future<T> future) {
        try {
            return future.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}

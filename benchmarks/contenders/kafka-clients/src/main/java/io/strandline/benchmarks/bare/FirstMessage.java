package io.strandline.benchmarks.bare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What the first test with a broker does: sends a message, and consumes it in a group. */
public final class FirstMessage {
    private static final String TOPIC = "first";

    private FirstMessage() {}

    /**
     * Does it, and says on standard output how long ago the process was launched, and how much memory it has used at most.
     * The system property {@code launched} is that time in milliseconds since 1970.
     */
    public static void through(String bootstrap) throws IOException, InterruptedException, ExecutionException {
        try (var producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrap), new StringSerializer(), new StringSerializer())) {
            var unused = producer.send(new ProducerRecord<>(TOPIC, "message")).get();
        }
        Map<String, Object> config =
                Map.of("bootstrap.servers", bootstrap, "group.id", "first", "auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(TOPIC));
            while (consumer.poll(Duration.ofMillis(10)).isEmpty()) {
                // the runner has a limit
            }
            long millis = System.currentTimeMillis() - Long.getLong("launched");
            System.out.printf("cold seconds=%.3f kilobytes=%d%n", millis / 1000.0, residentKilobytesMax());
        }
    }

    private static long residentKilobytesMax() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        }
    }
}

package io.strandline.benchmarks.bare;

import io.strandline.benchmarks.track.Lap;
import io.strandline.benchmarks.track.Task;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * The loop of a consumer group, with kafka-clients' defaults. Works: {@code each}, the handler in the loop;
 * {@code virtual-threads}, a virtual thread a message and a limit, in no order and with commits that promise nothing: what
 * is possible at most.
 */
public final class BareConsumer {
    private static final Duration POLL = Duration.ofMillis(100);

    private BareConsumer() {}

    public static void main(String[] args) throws InterruptedException {
        var task = Task.of(args);
        var lap = Lap.ofHandlers(task);
        Thread.ofPlatform().daemon().name("poll").start(() -> poll(task, lap));
        lap.report();
        Runtime.getRuntime().halt(0);
    }

    private static void poll(Task task, Lap lap) {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", task.bootstrap());
        config.put("group.id", task.group());
        config.put("auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(task.topic()));
            switch (task.work()) {
                case "each" -> each(consumer, lap);
                case "virtual-threads" -> virtualThreads(consumer, lap, new Semaphore(task.atOnce()));
                default -> throw task.unknown();
            }
        } catch (Throwable e) {
            e.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    private static void each(KafkaConsumer<byte[], byte[]> consumer, Lap lap) throws InterruptedException {
        while (true) {
            for (var record : consumer.poll(POLL)) {
                lap.handle(record);
            }
        }
    }

    private static void virtualThreads(KafkaConsumer<byte[], byte[]> consumer, Lap lap, Semaphore free)
            throws InterruptedException {
        while (true) {
            for (var record : consumer.poll(POLL)) {
                free.acquire();
                Thread.startVirtualThread(() -> {
                    try {
                        lap.handle(record);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e); // nobody interrupts it
                    } finally {
                        free.release();
                    }
                });
            }
        }
    }
}

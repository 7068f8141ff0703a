package io.strandline.benchmarks.bare;

import io.strandline.benchmarks.track.Lap;
import io.strandline.benchmarks.track.Task;
import io.strandline.benchmarks.track.Track;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * The loop of a consumer group, with kafka-clients' defaults. Works: {@code each}, the handler in the loop;
 * {@code virtual-threads}, a virtual thread a message and a limit, in no order and with commits that promise nothing: what
 * is possible at most.
 */
public final class BareConsumer {
    private static final Duration POLL = Duration.ofMillis(100);

    private BareConsumer() {}

    public static void main(String[] args) {
        Track.follow(args, BareConsumer::run);
    }

    private static void run(Task task, Lap lap) throws InterruptedException {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", task.bootstrap());
        config.put("group.id", task.group());
        config.put("auto.offset.reset", "earliest");
        var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        var polling = Thread.ofPlatform().name("poll").start(() -> poll(consumer, task, lap));
        lap.await();
        consumer.wakeup();
        polling.join();
    }

    private static void poll(KafkaConsumer<byte[], byte[]> consumer, Task task, Lap lap) {
        try (consumer) {
            consumer.subscribe(List.of(task.topic()));
            switch (task.work()) {
                case "each" -> each(consumer, lap);
                case "virtual-threads" -> virtualThreads(consumer, lap, new Semaphore(task.atOnce()));
                default -> throw task.unknown();
            }
        } catch (WakeupException e) {
            // the lap is over
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

package io.strandline.benchmarks.parallel;

import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import io.strandline.benchmarks.track.Lap;
import io.strandline.benchmarks.track.Task;
import io.strandline.benchmarks.track.Track;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** In the order of keys, with its defaults but for the number of handlers. Work: {@code per-key}. */
public final class ParallelConsumer {
    private ParallelConsumer() {}

    public static void main(String[] args) {
        Track.follow(args, ParallelConsumer::run);
    }

    private static void run(Task task, Lap lap) throws InterruptedException {
        if (!task.work().equals("per-key")) {
            throw task.unknown();
        }
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", task.bootstrap());
        config.put("group.id", task.group());
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", false); // as it demands
        var options = ParallelConsumerOptions.<byte[], byte[]>builder()
                .ordering(ParallelConsumerOptions.ProcessingOrder.KEY)
                .maxConcurrency(task.atOnce())
                .consumer(new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer()))
                .build();
        var processor = ParallelStreamProcessor.createEosStreamProcessor(options);
        processor.subscribe(List.of(task.topic()));
        processor.poll(context -> {
            try {
                lap.handle(context);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e); // nobody interrupts it
            }
        });
        lap.await();
        processor.closeDontDrainFirst();
    }
}

package io.strandline.benchmarks.bare;

import io.strandline.benchmarks.track.Lap;
import io.strandline.benchmarks.track.Load;
import io.strandline.benchmarks.track.Task;
import io.strandline.benchmarks.track.Track;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * One thread that sends, with kafka-clients' defaults (acks=all among them) but for what {@code set=name:value,..} says.
 * Works: {@code send-async}, and {@code send}, which waits for each acknowledgement.
 */
public final class BareProducer {
    private BareProducer() {}

    public static void main(String[] args) {
        var always = Task.of(args);
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", always.bootstrap());
        for (var setting : always.text("set").split(",", -1)) {
            if (!setting.isEmpty()) {
                config.put(setting.split(":", 2)[0], setting.split(":", 2)[1]);
            }
        }
        var load = new Load(always.bytes());
        var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
        Track.follow(args, (task, lap) -> {
            switch (task.work()) {
                case "send-async" -> sendAsync(producer, task.topic(), load, task.all(), lap);
                case "send" -> send(producer, task.topic(), load, task.all(), lap);
                default -> throw task.unknown();
            }
            lap.await();
        });
    }

    private static void sendAsync(
            KafkaProducer<byte[], byte[]> producer, String topic, Load load, int messages, Lap lap) {
        for (int i = 0; i < messages; i++) {
            var unused = producer.send(new ProducerRecord<>(topic, load.key(i), load.value()), (metadata, failure) -> {
                if (failure != null) {
                    failure.printStackTrace();
                    Runtime.getRuntime().halt(1);
                }
                lap.passed();
            });
        }
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, String topic, Load load, int messages, Lap lap)
            throws InterruptedException, ExecutionException {
        for (int i = 0; i < messages; i++) {
            var unused = producer.send(new ProducerRecord<>(topic, load.key(i), load.value()))
                    .get();
            lap.passed();
        }
    }
}

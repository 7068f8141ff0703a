package io.strandline.benchmarks.spring;

import io.strandline.benchmarks.track.Lap;
import io.strandline.benchmarks.track.Task;
import io.strandline.benchmarks.track.Track;
import java.util.Map;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.listener.ConcurrentMessageListenerContainer;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.MessageListener;

/**
 * A container with a record listener, with Spring's defaults: one thread, a commit after each poll. Works: {@code each};
 * {@code each-commit}, which commits after each message (AckMode.RECORD).
 */
public final class SpringConsumer {
    private SpringConsumer() {}

    public static void main(String[] args) {
        Track.follow(args, SpringConsumer::run);
    }

    private static void run(Task task, Lap lap) throws InterruptedException {
        var properties = new ContainerProperties(task.topic());
        properties.setGroupId(task.group());
        properties.setStopImmediate(true); // the lap is over: what was polled with its last message is for nobody
        properties.setMessageListener((MessageListener<byte[], byte[]>) message -> {
            try {
                lap.handle(message);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e); // nobody interrupts it
            }
        });
        switch (task.work()) {
            case "each" -> {}
            case "each-commit" -> properties.setAckMode(ContainerProperties.AckMode.RECORD);
            default -> throw task.unknown();
        }
        Map<String, Object> config = Map.of("bootstrap.servers", task.bootstrap(), "auto.offset.reset", "earliest");
        var factory =
                new DefaultKafkaConsumerFactory<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        var container = new ConcurrentMessageListenerContainer<>(factory, properties);
        container.start();
        lap.await();
        container.stop();
    }
}

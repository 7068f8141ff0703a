package io.strandline.benchmarks.ours;

import io.strandline.Kafka;
import io.strandline.Outgoing;
import io.strandline.Producer;
import io.strandline.Topic;
import io.strandline.benchmarks.track.Lap;
import io.strandline.benchmarks.track.Load;
import io.strandline.benchmarks.track.Task;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A producer with our defaults. Works: {@code send-async}; {@code send}, from so many virtual threads that wait for each
 * acknowledgement; {@code send-batch}, batches that wait for each other.
 */
public final class StrandlineProducer {
    private final Producer producer;
    private final Topic<byte[], byte[]> topic;
    private final Load load;
    private final int all;
    private final Lap lap;

    private StrandlineProducer(Producer producer, Task task) {
        this.producer = producer;
        topic = Topic.bytes(task.topic());
        load = new Load(task.bytes());
        all = task.warmUp() + task.messages();
        lap = new Lap(task);
    }

    public static void main(String[] args) throws InterruptedException {
        var task = Task.of(args);
        try (var kafka = Kafka.connect(task.bootstrap());
                var producer = kafka.producer()) {
            var at = new StrandlineProducer(producer, task);
            switch (task.work()) {
                case "send-async" -> at.sendAsync();
                case "send" -> at.send(task.atOnce());
                case "send-batch" -> at.sendBatches(task.atOnce());
                default -> throw task.unknown();
            }
            at.lap.report();
        }
    }

    private void sendAsync() {
        for (int i = 0; i < all; i++) {
            var unused = producer.sendAsync(message(i)).whenComplete((ack, failure) -> {
                if (failure != null) {
                    failure.printStackTrace();
                    Runtime.getRuntime().halt(1);
                }
                lap.passed();
            });
        }
    }

    private void send(int threads) throws InterruptedException {
        if (threads == 1) {
            for (int i = 0; i < all; i++) {
                producer.send(message(i));
                lap.passed();
            }
            return;
        }
        var next = new AtomicInteger();
        var senders = new ArrayList<Thread>();
        for (int t = 0; t < threads; t++) {
            senders.add(Thread.startVirtualThread(() -> {
                for (int i = next.getAndIncrement(); i < all; i = next.getAndIncrement()) {
                    producer.send(message(i));
                    lap.passed();
                }
            }));
        }
        for (var sender : senders) {
            sender.join();
        }
    }

    private void sendBatches(int size) {
        for (int sent = 0; sent < all; sent += size) {
            var batch = new ArrayList<Outgoing<byte[], byte[]>>(size);
            for (int i = sent; i < sent + size; i++) {
                batch.add(message(i));
            }
            producer.sendBatch(batch).forEach(ack -> lap.passed());
        }
    }

    private Outgoing<byte[], byte[]> message(int number) {
        return Outgoing.to(topic, load.key(number), load.value());
    }
}

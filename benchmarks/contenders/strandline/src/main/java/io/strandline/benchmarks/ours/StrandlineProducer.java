package io.strandline.benchmarks.ours;

import io.strandline.Kafka;
import io.strandline.Outgoing;
import io.strandline.Producer;
import io.strandline.Topic;
import io.strandline.benchmarks.track.Lap;
import io.strandline.benchmarks.track.Load;
import io.strandline.benchmarks.track.Task;
import io.strandline.benchmarks.track.Track;
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

    private StrandlineProducer(Producer producer, Load load, Task task, Lap lap) {
        this.producer = producer;
        this.load = load;
        this.lap = lap;
        topic = Topic.bytes(task.topic());
        all = task.all();
    }

    public static void main(String[] args) {
        var always = Task.of(args);
        var producer = Kafka.connect(always.bootstrap()).producer();
        var load = new Load(always.bytes());
        Track.follow(args, (task, lap) -> {
            var at = new StrandlineProducer(producer, load, task, lap);
            switch (task.work()) {
                case "send-async" -> at.sendAsync();
                case "send" -> at.send(task.atOnce());
                case "send-batch" -> at.sendBatches(task.atOnce());
                default -> throw task.unknown();
            }
            lap.await();
        });
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

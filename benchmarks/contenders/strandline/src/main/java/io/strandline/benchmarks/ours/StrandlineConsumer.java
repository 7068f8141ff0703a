package io.strandline.benchmarks.ours;

import io.strandline.Commit;
import io.strandline.Concurrency;
import io.strandline.Kafka;
import io.strandline.Topic;
import io.strandline.benchmarks.track.Lap;
import io.strandline.benchmarks.track.Task;
import io.strandline.benchmarks.track.Track;

/**
 * {@code eachMessage} with our defaults. Works: {@code each}; {@code each-commit}, which stores the progress after each
 * message; {@code per-key}.
 */
public final class StrandlineConsumer {
    private StrandlineConsumer() {}

    public static void main(String[] args) {
        var kafka = Kafka.connect(Task.of(args).bootstrap());
        Track.follow(args, (task, lap) -> run(kafka, task, lap));
    }

    private static void run(Kafka kafka, Task task, Lap lap) throws InterruptedException {
        var builder = kafka.consumer(task.group()).eachMessage(Topic.bytes(task.topic()), lap::handle);
        switch (task.work()) {
            case "each" -> {}
            case "each-commit" -> builder.commit(Commit.eachMessage());
            case "per-key" -> builder.concurrency(Concurrency.perKey(task.atOnce()));
            default -> throw task.unknown();
        }
        var consumer = builder.start();
        lap.await();
        consumer.close();
    }
}

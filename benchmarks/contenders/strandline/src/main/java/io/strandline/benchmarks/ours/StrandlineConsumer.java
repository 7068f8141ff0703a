package io.strandline.benchmarks.ours;

import io.strandline.Commit;
import io.strandline.Concurrency;
import io.strandline.Kafka;
import io.strandline.Topic;
import io.strandline.benchmarks.track.Lap;
import io.strandline.benchmarks.track.Task;

/**
 * {@code eachMessage} with our defaults. Works: {@code each}; {@code each-commit}, which stores the progress after each
 * message; {@code per-key}.
 */
public final class StrandlineConsumer {
    private StrandlineConsumer() {}

    public static void main(String[] args) throws InterruptedException {
        var task = Task.of(args);
        var lap = Lap.ofHandlers(task);
        var kafka = Kafka.connect(task.bootstrap());
        var builder = kafka.consumer(task.group()).eachMessage(Topic.bytes(task.topic()), lap::handle);
        switch (task.work()) {
            case "each" -> {}
            case "each-commit" -> builder.commit(Commit.eachMessage());
            case "per-key" -> builder.concurrency(Concurrency.perKey(task.atOnce()));
            default -> throw task.unknown();
        }
        builder.start();
        lap.report();
        Runtime.getRuntime().halt(0);
    }
}

package io.strandline.benchmarks.ours;

import io.strandline.Kafka;
import io.strandline.Topic;
import io.strandline.benchmarks.track.Task;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A handler that cannot keep up with a topic that is full: what is alive on the heap, while messages wait. To be run with a
 * small heap, which it must not exhaust.
 */
public final class SmallHeap {
    private static final Duration LOOK_EVERY = Duration.ofMillis(250);

    private SmallHeap() {}

    public static void main(String[] args) throws InterruptedException {
        var task = Task.of(args);
        var handled = new AtomicLong();
        var kafka = Kafka.connect(task.bootstrap());
        kafka.consumer(task.group())
                .eachMessage(Topic.bytes(task.topic()), message -> {
                    Thread.sleep(task.handling());
                    handled.incrementAndGet();
                })
                .start();
        var memory = ManagementFactory.getMemoryMXBean();
        long alive = 0;
        while (handled.get() < task.messages()) {
            Thread.sleep(LOOK_EVERY); // what there is to see is how it is after a while
            System.gc();
            alive = Math.max(alive, memory.getHeapMemoryUsage().getUsed());
        }
        System.out.printf(
                "heap alive=%d max=%d handled=%d%n", alive, Runtime.getRuntime().maxMemory(), handled.get());
        System.exit(0);
    }
}

package io.strandline.broker.groups;

import io.strandline.storage.Time;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;

/** Time that passes when a test says so, and then calls whoever asked to be called. */
final class VirtualTime implements Time, Timer {
    private final PriorityQueue<Task> tasks = new PriorityQueue<>();
    private long nanos = 1_000_000_007L;
    private long wallMs = 1_700_000_000_000L;
    private long sequence;

    @Override
    public long wallMs() {
        return wallMs;
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public Scheduled schedule(long delayMs, Runnable task) {
        var scheduled = new Task(nanos + TimeUnit.MILLISECONDS.toNanos(delayMs), sequence++, task);
        tasks.add(scheduled);
        return () -> tasks.remove(scheduled);
    }

    void advanceMs(long ms) {
        long until = nanos + TimeUnit.MILLISECONDS.toNanos(ms);
        while (!tasks.isEmpty() && tasks.peek().dueNanos <= until) {
            var task = tasks.poll();
            moveTo(Math.max(nanos, task.dueNanos));
            task.action.run();
        }
        moveTo(until);
    }

    /** Everything that was scheduled is forgotten: the process is gone. */
    void forgetTasks() {
        tasks.clear();
    }

    int scheduledTasks() {
        return tasks.size();
    }

    private void moveTo(long target) {
        wallMs += TimeUnit.NANOSECONDS.toMillis(target) - TimeUnit.NANOSECONDS.toMillis(nanos);
        nanos = target;
    }

    private record Task(long dueNanos, long sequence, Runnable action) implements Comparable<Task> {
        @Override
        public int compareTo(Task other) {
            int byTime = Long.compare(dueNanos, other.dueNanos);
            return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
        }
    }
}

package io.strandline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** A batch while its handler has it, and what became of its messages. */
final class BatchInHand<K, V> implements Batch<K, V> {
    private final Tenure tenure;
    private final HandlerContext context;
    private final List<Task> tasks;
    private final List<Message<K, V>> messages = new ArrayList<>();

    /** Guards what follows: a handler may have threads of its own. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Map<Task, Throwable> rejected = new LinkedHashMap<>();
    private boolean resolvedSome;
    private boolean returned;

    /** @param tasks in the order of the log, none of them finished */
    BatchInHand(Tenure tenure, HandlerContext context, Topic<K, V> topic, List<Task> tasks) {
        this.tenure = tenure;
        this.context = context;
        this.tasks = tasks;
        for (var task : tasks) {
            try {
                messages.add(Decoder.decode(topic, task.source(), task.record(), task.attempt()));
            } catch (PoisonMessage e) {
                rejected.put(task, e);
            }
        }
    }

    @Override
    public Partition partition() {
        return tenure.partition();
    }

    @Override
    public List<Message<K, V>> messages() {
        return java.util.Collections.unmodifiableList(messages);
    }

    @Override
    public Iterator<Message<K, V>> iterator() {
        return messages().iterator();
    }

    @Override
    public long highWatermark() {
        long behindLast = tasks.getLast().offset() + 1;
        return Math.max(behindLast, tenure.knownEnd().orElse(behindLast));
    }

    @Override
    public long lag() {
        return highWatermark() - tasks.getLast().offset() - 1;
    }

    @Override
    public void resolve(Message<K, V> message) {
        lock.lock();
        try {
            var last = find(message);
            resolvedSome = true;
            for (var task : tasks) {
                if (!task.finished() && !rejected.containsKey(task)) {
                    task.finish();
                }
                if (task == last) {
                    return;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void reject(Message<K, V> message, Throwable why) {
        lock.lock();
        try {
            var task = find(message);
            if (task.finished()) {
                throw new IllegalStateException(
                        "Offset " + task.offset() + " of " + partition() + " is resolved; reject it before");
            }
            rejected.putIfAbsent(task, why);
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock. */
    private Task find(Message<K, V> message) {
        if (returned) {
            throw new IllegalStateException("The handler of this batch of " + partition() + " has returned");
        }
        for (var task : tasks) {
            if (task.sourceOffset() == message.offset() && message.partition().equals(task.source())) {
                return task;
            }
        }
        throw new IllegalArgumentException(message.partition() + "@" + message.offset() + " is not of this batch of "
                + partition() + ", " + tasks.getFirst().offset() + " to "
                + tasks.getLast().offset());
    }

    /**
     * The handler is through.
     *
     * @param failed it threw
     * @return what is neither done nor rejected
     */
    List<Task> returned(boolean failed) {
        lock.lock();
        try {
            returned = true;
            var open = new ArrayList<>(tasks);
            open.removeIf(task -> task.finished() || rejected.containsKey(task));
            if (!failed && !resolvedSome) {
                open.forEach(Task::finish);
                return List.of();
            }
            return open;
        } finally {
            lock.unlock();
        }
    }

    /** After {@link #returned}. */
    Map<Task, Throwable> rejected() {
        lock.lock();
        try {
            return new LinkedHashMap<>(rejected);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void commit() {
        tenure.commitNow();
    }

    @Override
    public Pause pause() {
        return context.pause();
    }

    @Override
    public Pause pause(Duration atMost) {
        return context.pause(atMost);
    }

    @Override
    public boolean stopping() {
        return context.stopping();
    }

    @Override
    public boolean stale() {
        return context.stale();
    }
}

package io.strandline;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/** Pauses that are not a handler's. They also hold partitions that are assigned later. */
final class OutsidePauses {
    /** Guards the map; taken before a tenure's lock, never after. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Map<Pause, Covered> pauses = new HashMap<>();

    /** What one of them holds; topics as a whole, and single partitions. */
    record Covered(Set<String> topics, Set<Partition> partitions) {
        Covered {
            topics = Set.copyOf(topics);
            partitions = Set.copyOf(partitions);
        }

        boolean covers(Partition partition) {
            return topics.contains(partition.topic()) || partitions.contains(partition);
        }

        Covered without(Set<String> freed) {
            return new Covered(
                    topics.stream().filter(t -> !freed.contains(t)).collect(java.util.stream.Collectors.toSet()),
                    partitions.stream()
                            .filter(p -> !freed.contains(p.topic()))
                            .collect(java.util.stream.Collectors.toSet()));
        }
    }

    void add(Pause pause, Covered covered) {
        lock.lock();
        try {
            pauses.put(pause, covered);
        } finally {
            lock.unlock();
        }
    }

    void remove(Pause pause) {
        lock.lock();
        try {
            pauses.remove(pause);
        } finally {
            lock.unlock();
        }
    }

    void free(Set<String> topics) {
        lock.lock();
        try {
            pauses.replaceAll((pause, covered) -> covered.without(topics));
        } finally {
            lock.unlock();
        }
    }

    void applyTo(Tenure tenure) {
        lock.lock();
        try {
            pauses.forEach((pause, covered) -> {
                if (covered.covers(tenure.partition())) {
                    tenure.hold(pause, Tenure.By.OUTSIDE, Optional.empty());
                }
            });
        } finally {
            lock.unlock();
        }
    }
}

package io.strandline;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/** Pauses that are not a handler's. They also hold partitions that are assigned later. */
final class OutsidePauses {
    /** Guards the map; taken before a tenure's lock, never after. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Map<Pause, Covered> pauses = new HashMap<>();

    /** Which topics, as far as this consumer reads them: with patterns nobody can name them all. */
    sealed interface Topics {
        Topics NONE = new Named(Set.of());
        Topics ALL = new AllBut(Set.of());

        boolean contain(String topic);

        Topics without(Topics others);

        record Named(Set<String> names) implements Topics {
            public Named {
                names = Set.copyOf(names);
            }

            @Override
            public boolean contain(String topic) {
                return names.contains(topic);
            }

            @Override
            public Topics without(Topics others) {
                return new Named(minus(names, others));
            }
        }

        record AllBut(Set<String> names) implements Topics {
            public AllBut {
                names = Set.copyOf(names);
            }

            @Override
            public boolean contain(String topic) {
                return !names.contains(topic);
            }

            @Override
            public Topics without(Topics others) {
                return switch (others) {
                    case Named(Set<String> freed) -> {
                        var free = new HashSet<>(names);
                        free.addAll(freed);
                        yield new AllBut(free);
                    }
                    case AllBut(Set<String> held) -> new Named(minus(held, new Named(names)));
                };
            }
        }

        private static Set<String> minus(Set<String> names, Topics others) {
            return names.stream().filter(name -> !others.contain(name)).collect(Collectors.toSet());
        }
    }

    /** What one of them holds; topics as a whole, and single partitions. */
    record Covered(Topics topics, Set<Partition> partitions) {
        Covered {
            partitions = Set.copyOf(partitions);
        }

        boolean covers(Partition partition) {
            return topics.contain(partition.topic()) || partitions.contains(partition);
        }

        boolean isNothing() {
            return topics.equals(Topics.NONE) && partitions.isEmpty();
        }

        Covered without(Topics freed) {
            return new Covered(
                    topics.without(freed),
                    partitions.stream().filter(p -> !freed.contain(p.topic())).collect(Collectors.toSet()));
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

    void free(Topics topics) {
        lock.lock();
        try {
            pauses.replaceAll((pause, covered) -> covered.without(topics));
            pauses.values().removeIf(Covered::isNothing); // nobody need end it any more, and many do not
        } finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return pauses.size();
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

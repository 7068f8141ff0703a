package io.strandline;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Which messages of one partition wait for each other. Of the poll thread alone. */
sealed interface Lanes {
    void add(List<Task> tasks);

    /** Before the first one comes. */
    default void begin() {}

    /** Nothing is in memory: what is kept for messages to come may go. */
    default void empty() {}

    /** All of them, in the order of the log. */
    record Single(MessageLane lane) implements Lanes {
        @Override
        public void add(List<Task> tasks) {
            lane.add(tasks);
        }
    }

    /** All of them, and they are handed over a fetch at a time. */
    record Batches(BatchLane<?, ?> lane) implements Lanes {
        @Override
        public void add(List<Task> tasks) {
            lane.add(tasks);
        }
    }

    /** All of them, and several share a transaction. */
    record Transactional(TransactionLane<?, ?> lane) implements Lanes {
        @Override
        public void add(List<Task> tasks) {
            lane.add(tasks);
        }

        @Override
        public void begin() {
            lane.begin();
        }
    }

    /** Those of one key; those without a key wait for nobody. */
    final class PerKey implements Lanes {
        private static final int SWEEP_MIN = 256;

        private final Supplier<MessageLane> make;
        private final Map<Key, MessageLane> lanes = new HashMap<>();
        private int sweepAt = SWEEP_MIN;

        PerKey(Supplier<MessageLane> make) {
            this.make = make;
        }

        @Override
        public void add(List<Task> tasks) {
            for (var task : tasks) {
                lane(task.record().key()).add(task);
            }
            if (lanes.size() >= sweepAt) {
                lanes.values().removeIf(MessageLane::idle);
                sweepAt = Math.max(SWEEP_MIN, 2 * lanes.size());
            }
        }

        private MessageLane lane(byte @Nullable [] key) {
            return key == null ? make.get() : lanes.computeIfAbsent(new Key(key), absent -> make.get());
        }

        @Override
        public void empty() {
            lanes.clear();
            sweepAt = SWEEP_MIN;
        }

        int size() {
            return lanes.size();
        }
    }

    /** None. */
    record Unordered(Supplier<MessageLane> make) implements Lanes {
        @Override
        public void add(List<Task> tasks) {
            tasks.forEach(task -> make.get().add(task));
        }
    }

    /** A message key by its bytes. */
    final class Key {
        private final byte[] bytes;
        private final int hash;

        Key(byte[] bytes) {
            this.bytes = bytes;
            hash = Arrays.hashCode(bytes);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key that && hash == that.hash && Arrays.equals(bytes, that.bytes);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }
}

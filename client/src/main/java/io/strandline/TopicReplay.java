package io.strandline;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** What is to be replayed; each run has a consumer of its own. */
record TopicReplay<K, V>(
        ConnectedKafka kafka, Topic<K, V> topic, Position from, Position to, Optional<Set<Integer>> only)
        implements Replay<K, V> {
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration SILENCE_MAX = Duration.ofSeconds(60);

    TopicReplay(ConnectedKafka kafka, Topic<K, V> topic) {
        this(kafka, topic, Position.earliest(), Position.latest(), Optional.empty());
    }

    @Override
    public Replay<K, V> from(Position position) {
        return new TopicReplay<>(kafka, topic, position, to, only);
    }

    @Override
    public Replay<K, V> to(Position position) {
        return new TopicReplay<>(kafka, topic, from, position, only);
    }

    @Override
    public Replay<K, V> partitions(Set<Integer> numbers) {
        return new TopicReplay<>(kafka, topic, from, to, Optional.of(Set.copyOf(numbers)));
    }

    @Override
    public Report each(Handler.Simple<K, V> handler) throws Exception {
        long began = kafka.settings().time().nanoTime();
        var run = new Run<>(topic, handler, kafka.settings().time());
        try (var consumer = kafka.reader(Optional.empty())) {
            var partitions = partitions(consumer);
            var starts = offsets(consumer, partitions, from);
            var ends = offsets(consumer, partitions, to);
            partitions.removeIf(p -> starts.getOrDefault(p, 0L) >= ends.getOrDefault(p, 0L));
            consumer.assign(partitions);
            partitions.forEach(p -> consumer.seek(p, starts.getOrDefault(p, 0L)));
            run.through(consumer, partitions, ends);
        }
        return new Report(
                run.read.get(), Duration.ofNanos(kafka.settings().time().nanoTime() - began));
    }

    private List<TopicPartition> partitions(Consumer<byte[], byte[]> consumer) {
        var found = kafka.partitions(consumer, topic.name()).stream()
                .map(info -> new TopicPartition(topic.name(), info.partition()))
                .filter(p -> only.isEmpty() || only.get().contains(p.partition()))
                .collect(Collectors.toCollection(ArrayList::new));
        if (found.size() < only.map(Set::size).orElse(1)) {
            throw new UnknownTopicOrPartitionException("Topic " + topic.name()
                    + " does not exist, or has not all of the partitions that are asked for: there are " + found);
        }
        return found;
    }

    /** Within what is there: an offset beyond either end is moved to that end. */
    private static Map<TopicPartition, Long> offsets(
            Consumer<byte[], byte[]> consumer, Collection<TopicPartition> partitions, Position position) {
        var begins = consumer.beginningOffsets(partitions);
        var ends = consumer.endOffsets(partitions);
        return switch (position) {
            case Position.Earliest earliest -> begins;
            case Position.Latest latest -> ends;
            case Position.Offset(long offset) -> {
                var within = new HashMap<TopicPartition, Long>();
                ends.forEach((p, end) -> within.put(p, Math.max(begins.getOrDefault(p, 0L), Math.min(offset, end))));
                yield within;
            }
            case Position.At(Instant time) -> {
                var offsets = new HashMap<>(ends);
                consumer.offsetsForTimes(
                                partitions.stream().collect(Collectors.toMap(p -> p, p -> time.toEpochMilli())))
                        .forEach((p, found) -> {
                            if (found != null) {
                                offsets.merge(p, found.offset(), Math::min);
                            }
                        });
                yield offsets;
            }
        };
    }

    /** One pass. */
    private static final class Run<K, V> {
        private final Topic<K, V> topic;
        private final Handler.Simple<K, V> handler;
        private final Time time;
        private final AtomicLong read = new AtomicLong();
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

        Run(Topic<K, V> topic, Handler.Simple<K, V> handler, Time time) {
            this.topic = topic;
            this.handler = handler;
            this.time = time;
        }

        void through(
                Consumer<byte[], byte[]> consumer,
                Collection<TopicPartition> partitions,
                Map<TopicPartition, Long> ends)
                throws Exception {
            var left = new ArrayList<>(partitions);
            long heard = time.nanoTime();
            while (!left.isEmpty()) {
                var records = consumer.poll(POLL);
                heard = records.isEmpty() ? heard : time.nanoTime();
                if (time.nanoTime() - heard > SILENCE_MAX.toNanos()) {
                    throw new TimeoutException(
                            "Nothing of " + left + " came within " + SILENCE_MAX + ". Is the broker there?");
                }
                var threads = new ArrayList<Thread>();
                for (var partition : records.partitions()) {
                    long end = ends.getOrDefault(partition, 0L);
                    var batch = records.records(partition).stream()
                            .filter(record -> record.offset() < end)
                            .toList();
                    threads.add(Thread.ofVirtual()
                            .name("strandline-replay-" + partition)
                            .start(() -> handle(batch)));
                }
                for (var thread : threads) {
                    thread.join();
                }
                throwFailure();
                left.removeIf(partition -> consumer.position(partition) >= ends.getOrDefault(partition, 0L));
                consumer.pause(consumer.assignment().stream()
                        .filter(partition -> !left.contains(partition))
                        .toList());
            }
        }

        private void handle(List<ConsumerRecord<byte[], byte[]>> batch) {
            try {
                for (var record : batch) {
                    if (failure.get() != null) {
                        return;
                    }
                    var partition = Partition.of(record.topic(), record.partition());
                    handler.handle(Decoder.decode(topic, partition, record, 1));
                    read.incrementAndGet();
                }
            } catch (Throwable e) {
                var first = failure.compareAndExchange(null, e);
                if (first != null && !first.equals(e)) {
                    first.addSuppressed(e);
                }
            }
        }

        private void throwFailure() throws Exception {
            switch (failure.get()) {
                case null -> {}
                case Exception e -> throw e;
                case Error e -> throw e;
                case Throwable e -> throw new IllegalStateException(e);
            }
        }
    }
}

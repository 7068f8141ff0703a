package io.strandline;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/**
 * Logs, commits and the assignment of a group, without a broker and without a thread. Each member's kafka-clients consumer
 * is a proxy that knows only the methods we call. Rebalances are cooperative: a partition is given on only after its
 * owner has let it go.
 */
final class FakeGroup {
    private final Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> logs = new TreeMap<>(
            java.util.Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition));
    private final Map<TopicPartition, Long> logStarts = new HashMap<>();
    final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    final Map<TopicPartition, Member> owners = new HashMap<>();
    private final List<Member> members = new ArrayList<>();

    /** Called at every commit that is stored. */
    interface CommitWatch {
        void committed(Member by, Map<TopicPartition, OffsetAndMetadata> offsets);
    }

    CommitWatch watch = (by, offsets) -> {};

    /** The broker is down: whoever asks gets no answer. What it has stored it keeps. */
    boolean away;

    FakeGroup(String topic, int partitions) {
        addPartitions(topic, 0, partitions);
    }

    void addPartitions(String topic, int from, int to) {
        for (int p = from; p < to; p++) {
            logs.putIfAbsent(new TopicPartition(topic, p), new ArrayList<>());
        }
    }

    private List<ConsumerRecord<byte[], byte[]>> log(TopicPartition partition) {
        return Objects.requireNonNull(logs.get(partition), "no such partition");
    }

    Set<TopicPartition> partitions() {
        return logs.keySet();
    }

    long append(TopicPartition partition, byte @Nullable [] key, byte[] value) {
        return append(partition, key, value, new RecordHeaders());
    }

    long append(TopicPartition partition, byte @Nullable [] key, byte @Nullable [] value, Headers headers) {
        var log = log(partition);
        long offset = end(partition);
        log.add(new ConsumerRecord<>(
                partition.topic(),
                partition.partition(),
                offset,
                1_000 + offset,
                TimestampType.CREATE_TIME,
                key == null ? -1 : key.length,
                value == null ? -1 : value.length,
                key,
                value,
                headers,
                Optional.empty()));
        return offset;
    }

    byte[] value(TopicPartition partition, long offset) {
        return log(partition).stream()
                .filter(record -> record.offset() == offset)
                .findFirst()
                .orElseThrow()
                .value();
    }

    long end(TopicPartition partition) {
        return logStarts.getOrDefault(partition, 0L) + log(partition).size();
    }

    /** What is there, in order. */
    List<ConsumerRecord<byte[], byte[]>> records(TopicPartition partition) {
        return List.copyOf(log(partition));
    }

    long begin(TopicPartition partition) {
        return logStarts.getOrDefault(partition, 0L);
    }

    /** Retention: what is below is gone. */
    void truncate(TopicPartition partition, long before) {
        log(partition).removeIf(record -> record.offset() < before);
        logStarts.put(partition, before);
    }

    /** The topic was deleted and made again. */
    void recreate(TopicPartition partition) {
        log(partition).clear();
        logStarts.remove(partition);
    }

    Member join() {
        var member = new Member();
        members.add(member);
        return member;
    }

    /** What each member shall own; it happens in their next polls. */
    void assign(Member member, Collection<TopicPartition> partitions) {
        members.forEach(other -> other.target.removeAll(partitions));
        member.target.addAll(partitions);
    }

    /** The member is thrown out: it learns of that at its next poll. */
    void expel(Member member) {
        owners.values().removeIf(owner -> owner == member);
        member.target.clear();
        member.expelled = true;
        member.generation++;
    }

    void leave(Member member) {
        expel(member);
        members.remove(member);
    }

    /** One member's consumer. */
    final class Member {
        private final Set<TopicPartition> target = new HashSet<>();
        private final Set<TopicPartition> assigned = new HashSet<>();
        private final Set<TopicPartition> paused = new HashSet<>();
        private final Map<TopicPartition, Long> positions = new HashMap<>();
        private @Nullable ConsumerRebalanceListener listener;
        private boolean expelled;
        boolean closed;
        boolean brokerIsThere = true;
        private double bytesIn;

        @Nullable
        Pattern pattern;

        int recordsPerPoll = 10;

        /** Async commits that are not answered yet. */
        final List<Runnable> unanswered = new ArrayList<>();

        boolean answersAtOnce = true;
        boolean refusesCommits;

        /** The next question for the partitions of a topic goes to a node that has not heard of it. */
        boolean asksLateNode;

        /** As the coordinator has it, and as this member has last heard. */
        int generation;

        private int knownGeneration;

        /** What a transaction must show to store offsets of the group. */
        @SuppressWarnings("removal") // there is no other way to one without a broker
        public ConsumerGroupMetadata groupMetadata() {
            return new ConsumerGroupMetadata(
                    "billing", knownGeneration, "member-" + members.indexOf(this), Optional.empty());
        }

        /** Of a live member of this generation. */
        boolean accepts(ConsumerGroupMetadata shown) {
            return members.contains(this) && !expelled && shown.generationId() == generation;
        }

        /** A poll tells what the one before it found out, as with the consumer protocol. */
        boolean tellsLate;

        private Set<TopicPartition> untold = Set.of();

        /** What it knows of the end of a log takes too long to find out. */
        boolean lagFails;

        /** What the next question for a position throws. */
        @Nullable
        KafkaException refusesPosition;

        /** What the next question for what is committed throws. */
        @Nullable
        KafkaException refusesCommitted;

        /** A broker that hangs: told how long it is waited for, by each question and commit that has a limit. */
        java.util.function.@Nullable Consumer<Duration> hangs;

        /** What every poll throws. */
        @Nullable
        KafkaException refuses;

        int polls;

        /** What the last poll was given to wait. */
        Duration lastPoll = Duration.ZERO;

        @SuppressWarnings("unchecked")
        Consumer<byte[], byte[]> consumer() {
            return (Consumer<byte[], byte[]>) Proxy.newProxyInstance(
                    FakeGroup.class.getClassLoader(), new Class<?>[] {Consumer.class}, (proxy, method, arguments) -> {
                        var types = method.getParameterTypes();
                        try {
                            return Member.class
                                    .getDeclaredMethod(method.getName(), types)
                                    .invoke(this, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        } catch (NoSuchMethodException e) {
                            throw new UnsupportedOperationException("not faked: " + method, e);
                        }
                    });
        }

        Set<TopicPartition> pausedPartitions() {
            return Set.copyOf(paused);
        }

        public void subscribe(Collection<String> topics, ConsumerRebalanceListener with) {
            listener = with;
        }

        public void subscribe(Pattern topics, ConsumerRebalanceListener with) {
            listener = with;
            pattern = topics;
        }

        /** By pattern: the topics that are there and match. */
        public Set<String> subscription() {
            var matching =
                    Objects.requireNonNull(pattern, "faked for patterns alone").asMatchPredicate();
            return logs.keySet().stream()
                    .map(TopicPartition::topic)
                    .filter(matching)
                    .collect(Collectors.toSet());
        }

        public ConsumerRecords<byte[], byte[]> poll(Duration atMost) {
            lastPoll = atMost;
            polls++;
            if (refuses != null) {
                throw refuses;
            }
            if (!brokerIsThere || away) {
                return ConsumerRecords.empty();
            }
            bytesIn++;
            rebalance();
            var unknown = new HashSet<TopicPartition>();
            for (var partition : assigned) {
                if (!positions.containsKey(partition) && committed.containsKey(partition)) {
                    positions.put(partition, committed.get(partition).offset());
                } else if (!positions.containsKey(partition)) {
                    unknown.add(partition);
                }
            }
            var told = tellsLate ? untold : unknown;
            untold = Set.copyOf(unknown);
            if (!told.isEmpty()) {
                untold = Set.of();
                throw new NoOffsetForPartitionException(told);
            }
            return unknown.isEmpty() ? fetch() : ConsumerRecords.empty();
        }

        private void rebalance() {
            var told = Objects.requireNonNull(listener, "nobody subscribed");
            knownGeneration = generation;
            if (expelled) {
                expelled = false;
                drop(told, Set.copyOf(assigned));
                return;
            }
            var going = assigned.stream().filter(p -> !target.contains(p)).collect(Collectors.toSet());
            if (!going.isEmpty()) {
                told.onPartitionsRevoked(going); // still owner while it lets go
                going.forEach(owners::remove);
                forget(going);
                generation++;
                knownGeneration = generation;
            }
            var coming = target.stream()
                    .filter(p -> !assigned.contains(p) && !owners.containsKey(p))
                    .collect(Collectors.toSet());
            coming.forEach(p -> owners.put(p, this));
            assigned.addAll(coming);
            told.onPartitionsAssigned(coming);
        }

        private void drop(ConsumerRebalanceListener told, Set<TopicPartition> all) {
            if (!all.isEmpty()) {
                told.onPartitionsLost(all);
                forget(all);
            }
        }

        private void forget(Set<TopicPartition> going) {
            assigned.removeAll(going);
            paused.removeAll(going);
            going.forEach(positions::remove);
        }

        private ConsumerRecords<byte[], byte[]> fetch() {
            var records = new HashMap<TopicPartition, List<ConsumerRecord<byte[], byte[]>>>();
            var next = new HashMap<TopicPartition, OffsetAndMetadata>();
            int room = recordsPerPoll;
            for (var partition : assigned) {
                long position = positions.getOrDefault(partition, 0L);
                if (paused.contains(partition)) {
                    continue;
                }
                if (position < logStarts.getOrDefault(partition, 0L) || position > end(partition)) {
                    throw new OffsetOutOfRangeException(Map.of(partition, position));
                }
                var found = log(partition).stream()
                        .filter(record -> record.offset() >= position)
                        .limit(room)
                        .toList();
                if (!found.isEmpty()) {
                    room -= found.size();
                    records.put(partition, found);
                    positions.put(partition, found.getLast().offset() + 1);
                    next.put(partition, new OffsetAndMetadata(found.getLast().offset() + 1));
                }
            }
            return new ConsumerRecords<>(records, next);
        }

        public void pause(Collection<TopicPartition> partitions) {
            paused.addAll(partitions);
        }

        public void resume(Collection<TopicPartition> partitions) {
            paused.removeAll(partitions);
        }

        public void seek(TopicPartition partition, long offset) {
            positions.put(partition, offset);
        }

        public void commitAsync(Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
            boolean refused = refusesCommits || expelled || away;
            if (!refused) {
                store(offsets);
            }
            Runnable answer =
                    () -> callback.onComplete(offsets, refused ? new RebalanceInProgressException("on purpose") : null);
            if (answersAtOnce) {
                answer.run();
            } else {
                unanswered.add(answer);
            }
        }

        private void ask(Duration atMost) {
            var waits = hangs;
            if (waits != null) {
                waits.accept(atMost);
                throw new TimeoutException("the broker hangs");
            }
            ask();
        }

        private void ask() {
            if (away) {
                throw new TimeoutException("the broker is down");
            }
        }

        public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets, Duration atMost) {
            ask(atMost);
            if (refusesCommits || expelled) {
                throw new RebalanceInProgressException("on purpose");
            }
            store(offsets);
        }

        public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets) {
            commitSync(offsets, Duration.ZERO);
        }

        private void store(Map<TopicPartition, OffsetAndMetadata> offsets) {
            watch.committed(this, offsets);
            committed.putAll(offsets);
        }

        public Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions) {
            ask();
            var refused = refusesCommitted;
            if (refused != null) {
                refusesCommitted = null;
                throw refused;
            }
            var found = new HashMap<TopicPartition, OffsetAndMetadata>();
            partitions.forEach(partition -> found.put(partition, committed.get(partition)));
            return found;
        }

        public Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions, Duration atMost) {
            return committed(partitions);
        }

        public Map<TopicPartition, Long> beginningOffsets(Collection<TopicPartition> partitions) {
            ask();
            return partitions.stream().collect(Collectors.toMap(p -> p, p -> logStarts.getOrDefault(p, 0L)));
        }

        public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> partitions) {
            ask();
            return partitions.stream().collect(Collectors.toMap(p -> p, FakeGroup.this::end));
        }

        public Map<TopicPartition, OffsetAndTimestamp> offsetsForTimes(Map<TopicPartition, Long> times) {
            var found = new HashMap<TopicPartition, OffsetAndTimestamp>();
            times.forEach((partition, time) -> found.put(
                    partition,
                    log(partition).stream()
                            .filter(record -> record.timestamp() >= time)
                            .findFirst()
                            .map(record -> new OffsetAndTimestamp(record.offset(), record.timestamp()))
                            .orElse(null)));
            return found;
        }

        public List<PartitionInfo> partitionsFor(String topic) {
            ask();
            if (asksLateNode) {
                asksLateNode = false;
                return List.of();
            }
            return logs.keySet().stream()
                    .filter(p -> p.topic().equals(topic))
                    .map(p -> new PartitionInfo(topic, p.partition(), null, null, null))
                    .toList();
        }

        public List<PartitionInfo> partitionsFor(String topic, Duration atMost) {
            ask(atMost);
            return partitionsFor(topic);
        }

        public OptionalLong currentLag(TopicPartition partition) {
            if (lagFails) {
                throw new TimeoutException("on purpose");
            }
            var position = positions.get(partition);
            return position == null ? OptionalLong.empty() : OptionalLong.of(end(partition) - position);
        }

        public long position(TopicPartition partition, Duration atMost) {
            var refused = refusesPosition;
            if (refused != null) {
                refusesPosition = null;
                throw refused;
            }
            return positions.getOrDefault(partition, 0L);
        }

        /** Kafka's own counters, as far as they say whether a broker is there. */
        public Map<MetricName, ? extends Metric> metrics() {
            return Map.of(
                    metric("connection-count"), counter(metric("connection-count"), () -> brokerIsThere ? 1.0 : 0.0),
                    metric("incoming-byte-total"), counter(metric("incoming-byte-total"), () -> bytesIn));
        }

        private static MetricName metric(String name) {
            return new MetricName(name, "consumer-metrics", "", Map.of("client-id", "c"));
        }

        private static Metric counter(MetricName name, Supplier<Double> value) {
            return new Metric() {
                @Override
                public MetricName metricName() {
                    return name;
                }

                @Override
                public Object metricValue() {
                    return value.get();
                }
            };
        }

        public void close(CloseOptions options) {
            closed = true;
            FakeGroup.this.leave(this);
        }
    }
}

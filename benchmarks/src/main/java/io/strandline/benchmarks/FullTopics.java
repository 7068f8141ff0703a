package io.strandline.benchmarks;

import io.strandline.benchmarks.track.Load;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** The topics that the clients read and write. Each has the same number of partitions. */
record FullTopics(String bootstrap) {
    private static final int PARTITIONS = 6;
    private static final int LIMIT_SECONDS = 120;

    /** Enough for the longest lap, and of the large ones more than 1 GB. */
    static int messages(int size) {
        return size == Discipline.SMALL ? 4_000_000 : 1_000_000;
    }

    /** Of the full topic with values of this size. */
    static String name(int size) {
        return "full-" + size;
    }

    void fill(int size, int messages) {
        var topic = create(name(size));
        var load = new Load(size);
        var failure = new AtomicReference<@Nullable Exception>();
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap, "batch.size", 65_536);
        try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < messages; i++) {
                var unused = producer.send(
                        new ProducerRecord<>(topic, load.key(i), load.value()),
                        (metadata, why) -> failure.compareAndSet(null, why));
            }
        }
        if (failure.get() != null) {
            throw new IllegalStateException("cannot fill " + topic, failure.get());
        }
    }

    /** Returns its name, when all its partitions answer. */
    String create(String topic) {
        try (var admin = Admin.create(Map.<String, Object>of("bootstrap.servers", bootstrap))) {
            get(admin.createTopics(List.of(new NewTopic(topic, PARTITIONS, (short) 1)))
                    .all());
            var ends = new HashMap<TopicPartition, OffsetSpec>();
            for (int partition = 0; partition < PARTITIONS; partition++) {
                ends.put(new TopicPartition(topic, partition), OffsetSpec.latest());
            }
            awaitAnswer(admin, ends);
        }
        return topic;
    }

    /** Apache Kafka answers a creation before it describes the topic; the asking itself waits until there are leaders. */
    private static void awaitAnswer(Admin admin, Map<TopicPartition, OffsetSpec> ends) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (true) {
            try {
                get(admin.listOffsets(ends).all());
                return;
            } catch (IllegalStateException e) {
                boolean unknown = e.getCause() instanceof ExecutionException why
                        && why.getCause() instanceof UnknownTopicOrPartitionException;
                if (!unknown || System.nanoTime() > deadline) {
                    throw e;
                }
            }
        }
    }

    void delete(String topic) {
        try (var admin = Admin.create(Map.<String, Object>of("bootstrap.servers", bootstrap))) {
            get(admin.deleteTopics(List.of(topic)).all());
        }
    }

    private static void get(KafkaFuture<?> future) {
        try {
            var unused = future.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}

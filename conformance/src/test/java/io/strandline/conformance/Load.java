package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Writes, reads, commits and creates topics, and keeps what the broker has confirmed of it: what another life of that
 * broker must still know.
 */
final class Load implements AutoCloseable {
    private static final int PARTITIONS = 12;
    private static final int IN_FLIGHT_MAX = 300;
    private static final int ROUND = 25;

    private record Place(TopicPartition partition, long offset) {}

    private final JavaClient java;
    private final String topic;
    private final String group = JavaClient.name("group");
    private final Producer<String, String> producer;
    private final Consumer<String, String> member;
    private final Map<Place, String> acknowledged = new ConcurrentHashMap<>();
    private final Map<Place, String> seen = new HashMap<>();
    private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    private final Set<String> topics = new TreeSet<>();
    private int sent;

    Load(Target broker) {
        java = new JavaClient(broker);
        topic = java.topic(PARTITIONS);
        topics.add(topic);
        producer = java.producer("acks=all", "linger.ms=1", "batch.size=2000", "delivery.timeout.ms=300000");
        member = java.member(group);
        member.subscribe(List.of(topic));
    }

    /** Returns as soon as so many messages have been acknowledged, with others on their way. */
    void run(int acknowledgedEnough) {
        var inFlight = new Semaphore(IN_FLIGHT_MAX);
        for (int round = 0; acknowledged.size() < acknowledgedEnough; round++) {
            for (int i = 0; i < ROUND; i++) {
                send(inFlight);
            }
            if (round % 5 == 4) {
                readAndCommit();
            }
            if (round % 20 == 19) {
                topics.add(java.topic(1));
            }
        }
    }

    private void send(Semaphore inFlight) {
        inFlight.acquireUninterruptibly();
        var value = Integer.toString(sent++);
        // Every third message goes to one busy partition.
        int partition = sent % 3 == 0 ? 0 : sent % PARTITIONS;
        producer.send(new ProducerRecord<>(topic, partition, null, value), (place, error) -> {
            inFlight.release();
            if (error == null) {
                acknowledged.put(
                        new Place(new TopicPartition(place.topic(), place.partition()), place.offset()), value);
            }
        });
    }

    private void readAndCommit() {
        for (var message : member.poll(Duration.ofMillis(20))) {
            var partition = new TopicPartition(message.topic(), message.partition());
            seen.put(new Place(partition, message.offset()), message.value());
        }
        var positions = member.assignment().stream()
                .collect(Collectors.toMap(
                        partition -> partition, partition -> new OffsetAndMetadata(member.position(partition))));
        if (!positions.isEmpty()) {
            member.commitSync(positions);
            committed.putAll(positions);
        }
    }

    /** The clients give up; what is not acknowledged now never will be. */
    void stop() {
        producer.close(Duration.ZERO);
        member.close(CloseOptions.timeout(Duration.ZERO));
    }

    /** Everything confirmed is there, once, and in order. */
    void compareWith(Target restarted) {
        var there = new JavaClient(restarted);
        try (var admin = there.admin();
                var consumer = there.member(group)) {
            assertThat(JavaClient.get(admin.listTopics().names())).containsAll(topics);

            var stored = stored(there, ends(consumer));
            assertThat(stored).as("acknowledged").containsAllEntriesOf(acknowledged);
            assertThat(stored).as("seen by a consumer").containsAllEntriesOf(seen);
            assertThat(stored.values()).as("stored once").doesNotHaveDuplicates();
            var places = new ArrayList<>(stored.keySet());
            places.sort((one, other) -> Long.compare(one.offset(), other.offset()));
            var last = new HashMap<TopicPartition, Integer>();
            for (var place : places) {
                int number = Integer.parseInt(stored.get(place));
                assertThat(number).as("order in %s", place).isGreaterThan(last.getOrDefault(place.partition(), -1));
                last.put(place.partition(), number);
            }

            var commits = consumer.committed(committed.keySet());
            committed.forEach((partition, position) -> {
                var commit = commits.get(partition);
                assertThat(commit).as("commit of %s", partition).isNotNull();
                assertThat(commit.offset()).isGreaterThanOrEqualTo(position.offset());
            });
        }
    }

    private Map<TopicPartition, Long> ends(Consumer<String, String> consumer) {
        return consumer.endOffsets(IntStream.range(0, PARTITIONS)
                .mapToObj(partition -> new TopicPartition(topic, partition))
                .toList());
    }

    private Map<Place, String> stored(JavaClient there, Map<TopicPartition, Long> ends) {
        int count = ends.values().stream().mapToInt(Long::intValue).sum();
        var stored = new HashMap<Place, String>();
        for (var message : there.read(topic, count)) {
            var partition = new TopicPartition(message.topic(), message.partition());
            stored.put(new Place(partition, message.offset()), message.value());
        }
        return stored;
    }

    @Override
    public void close() {
        stop();
    }
}

package io.strandline;

import java.util.Comparator;
import org.apache.kafka.common.TopicPartition;

/**
 * One log of a topic: messages in it have an order.
 *
 * @param number from 0
 */
public record Partition(String topic, int number) implements Comparable<Partition> {
    private static final Comparator<Partition> ORDER =
            Comparator.comparing(Partition::topic).thenComparingInt(Partition::number);

    public static Partition of(String topic, int number) {
        return new Partition(topic, number);
    }

    static Partition of(TopicPartition kafka) {
        return new Partition(kafka.topic(), kafka.partition());
    }

    TopicPartition toKafka() {
        return new TopicPartition(topic, number);
    }

    @Override
    public int compareTo(Partition other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return topic + "-" + number;
    }
}

package io.strandline.broker.groups;

/** One partition of a topic, by name: committed offsets are kept under names, as in Kafka. */
public record TopicPartition(String topic, int partition) {
    @Override
    public String toString() {
        return topic + "-" + partition;
    }
}

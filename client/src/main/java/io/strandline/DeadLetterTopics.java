package io.strandline;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Makes sure that dead-letter topics are there, and writes to them. */
final class DeadLetterTopics implements DeadLetterWriter {
    private final String group;
    private final DeadLetter deadLetter;
    private final SideTopics topics;
    private final Producer producer;
    private final BlockingAdmin admin;

    DeadLetterTopics(String group, DeadLetter deadLetter, BlockingAdmin admin, Producer producer) {
        this.group = group;
        this.deadLetter = deadLetter;
        topics = new SideTopics(admin, "dead-letter", SideTopics.kept("-1"));
        this.producer = producer;
        this.admin = admin;
    }

    /**
     * Makes all that messages of this source may go to. A source that is not there yet has its turn before the first
     * dead letter.
     *
     * @throws IllegalStateException if one is missing and may not be created, or cannot keep the order of keys that is
     *     asked for
     */
    void ensureAll(String source) {
        topics.ensureAll(source, deadLetter.topics(source));
        if (deadLetter.keepsKeyOrder()) {
            deadLetter.topics(source).stream()
                    .filter(topic -> admin.shape(topic).isPresent())
                    .forEach(topic -> KafkaLetterLog.refuseCompaction(admin, topic));
        }
    }

    /** For a transaction. */
    Outgoing<byte[], byte[]> letter(Task task, Task.Letter letter, Time time) {
        if (letter.failed() > 0) {
            topics.forget(letter.topic());
        }
        return letter(task.record(), letter.topic(), Attempts.givenUp(task, letter, time), Attempts.tooLarge(letter));
    }

    private Outgoing<byte[], byte[]> letter(
            ConsumerRecord<byte[], byte[]> source, String topic, GivenUp givenUp, boolean withoutStackTrace) {
        int partition = topics.partition(topic, source);
        int stackTraceChars = withoutStackTrace ? 0 : deadLetter.stackTraceChars();
        return Outgoing.to(Topic.bytes(topic), source.key(), source.value())
                .headers(DeadLetterHeaders.of(source, group, givenUp, stackTraceChars))
                .partition(partition);
    }

    @Override
    public Ack write(ConsumerRecord<byte[], byte[]> source, String topic, GivenUp givenUp, boolean withoutStackTrace) {
        try {
            return producer.send(letter(source, topic, givenUp, withoutStackTrace));
        } catch (SendFailed e) {
            topics.forget(topic); // perhaps it was deleted: look again before the next try
            throw e;
        }
    }
}

package io.strandline;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Stores a dead letter. */
@FunctionalInterface
interface DeadLetterWriter {
    /**
     * Returns when the dead letter is acknowledged; the source may be passed over only then.
     *
     * @param withoutStackTrace because the last try was too large
     */
    Ack write(ConsumerRecord<byte[], byte[]> source, String topic, GivenUp givenUp, boolean withoutStackTrace);
}

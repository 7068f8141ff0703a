package io.strandline.storage;

/** Why an append or a read was refused; each is the Kafka error code of the same name. */
public enum StorageError {
    /** The bytes are not a batch, or not the batch that was sent (checksum). */
    CORRUPT_MESSAGE,
    /** The batch is whole but breaks a rule: counts, sequence without producer, a control batch from a client. */
    INVALID_RECORD,
    /** A record's time stamp is outside what the topic accepts. */
    INVALID_TIMESTAMP,
    /** No codec for this compression is present. */
    UNSUPPORTED_COMPRESSION_TYPE,
    /** The batch is larger than the topic's {@code max.message.bytes}. */
    MESSAGE_TOO_LARGE,
    /** The batch, or the bundle, does not fit into one segment, or into one group of the journal. */
    RECORD_LIST_TOO_LARGE,
    /** A sequence number is missing before this batch. */
    OUT_OF_ORDER_SEQUENCE_NUMBER,
    /** A newer instance of this producer has written already. */
    INVALID_PRODUCER_EPOCH,
    /** The batch belongs to a transaction where none may be, or the other way round. */
    INVALID_TXN_STATE,
    /** The topic was deleted. */
    UNKNOWN_TOPIC_OR_PARTITION,
    /** The offset is not, or no longer, in the log. */
    OFFSET_OUT_OF_RANGE,
    /** The disk failed or is full; the reason says which. Retriable for the producer. */
    KAFKA_STORAGE_ERROR
}

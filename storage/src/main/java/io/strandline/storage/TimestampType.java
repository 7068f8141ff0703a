package io.strandline.storage;

/** Whose time stamps a topic keeps; Kafka's {@code message.timestamp.type}. */
public enum TimestampType {
    /** The producer's, as sent. */
    CREATE_TIME,
    /** The broker's, given at the append. */
    LOG_APPEND_TIME
}

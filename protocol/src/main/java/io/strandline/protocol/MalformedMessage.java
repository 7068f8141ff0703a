package io.strandline.protocol;

/**
 * Bytes that are not the message they claim to be. The text names the message, the field and the value; it never quotes
 * contents. Whoever sent them is no Kafka client, or a broken one: answer nothing, close the connection, say so in the
 * log.
 */
public final class MalformedMessage extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MalformedMessage(String field, String trouble) {
        super(field + ": " + trouble);
    }
}

package io.strandline.protocol;

import java.nio.ByteBuffer;

/**
 * The key of a record in {@code __consumer_offsets} or {@code __transaction_state}.
 *
 * <pre>
 * key of the record:    | record type: int16 | fields of the key, version 0 |
 * value of the record:  | version: int16     | fields of the value          |
 * </pre>
 *
 * The type says which value class belongs to the key, and is unique only within one of the two topics.
 */
public interface RecordKey extends Message {
    /** The number that stands in front of this key. */
    short recordType();

    /** The whole record key: type, then fields. */
    default ByteBuffer toRecordKey() {
        return withPrefix(recordType(), this, lowestVersion());
    }

    /** The whole record value: version, then fields. */
    static ByteBuffer toRecordValue(Message value, short version) {
        return withPrefix(version, value, version);
    }

    private static ByteBuffer withPrefix(short prefix, Message message, short version) {
        return Payload.join(PartsSink.write(out -> {
            out.int16(prefix);
            message.write(out, version);
        }));
    }
}

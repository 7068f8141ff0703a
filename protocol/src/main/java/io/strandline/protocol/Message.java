package io.strandline.protocol;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;

/**
 * One request, response, header or record of the Kafka protocol, in every version that its spec names.
 *
 * <p>Fields are public and mutable; a message belongs to one thread at a time. A message that was read shares its byte
 * fields and record payloads with the buffer it was read from: whoever keeps one longer than the request copies it.
 *
 * <p>Reading and writing are both driven by one version number. A field that a version does not have is its default
 * after reading. Writing a value other than the default to a version without the field throws
 * {@link IllegalStateException}, except where the spec calls the field ignorable. Tagged fields (KIP-482) that are not in
 * the spec are kept and written back.
 */
public interface Message {
    /** Kafka's "no id": both halves zero. */
    UUID ZERO_UUID = new UUID(0, 0);

    /** The default of byte fields. Nothing to read, nothing to fill. */
    ByteBuffer NO_BYTES = ByteBuffer.allocate(0).asReadOnlyBuffer();

    /** First version this message can be read and written in. */
    short lowestVersion();

    /** Last version this message can be read and written in, unstable ones included. */
    short highestVersion();

    /**
     * Replaces all fields by what the source holds.
     *
     * @throws MalformedMessage if the bytes are no such message; the fields are then in no particular state
     * @throws IllegalArgumentException if the message has no such version
     */
    void read(ByteSource in, short version);

    /**
     * Writes all that this version has.
     *
     * @throws IllegalStateException if a field cannot be expressed in this version
     * @throws IllegalArgumentException if the message has no such version
     */
    void write(ByteSink out, short version);

    /** Bytes that {@link #write} will write, payloads included. */
    default int size(short version) {
        var count = new CountingSink();
        write(count, version);
        return count.total();
    }

    /** This message as a list of parts in the order of sending: buffers of ours and the payloads it carries. */
    default List<Payload> toParts(short version) {
        return PartsSink.write(out -> write(out, version));
    }

    /** This message in one new buffer, ready for reading. Only for messages whose payloads are {@link Payload.Bytes}. */
    default ByteBuffer toBuffer(short version) {
        return Payload.join(toParts(version));
    }

    /** Called by generated code before it trusts a version. */
    default void requireVersion(short version) {
        if (version < lowestVersion() || version > highestVersion()) {
            throw new IllegalArgumentException(getClass().getSimpleName() + " has the versions " + lowestVersion()
                    + " to " + highestVersion() + ", not " + version);
        }
    }
}

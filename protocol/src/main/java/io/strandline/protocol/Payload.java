package io.strandline.protocol;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A stretch of bytes that a message carries and nobody copies: record batches, mostly. Here it is a slice of the request
 * it came in; the broker adds a form that is a slice of a file.
 */
public interface Payload {
    /** Bytes in this payload, 0 or more. */
    int length();

    /**
     * A payload in memory. The bytes are those between position and limit; nobody moves either, so take a
     * {@link ByteBuffer#duplicate() duplicate} to read.
     */
    record Bytes(ByteBuffer buffer) implements Payload {
        @Override
        public int length() {
            return buffer.remaining();
        }

        /** Never the contents: these are other people's records. */
        @Override
        public String toString() {
            return length() + " bytes";
        }
    }

    /**
     * All parts in one new buffer.
     *
     * @throws IllegalArgumentException if a part is not in memory
     */
    static ByteBuffer join(List<Payload> parts) {
        long length = 0;
        for (var part : parts) {
            length += part.length();
        }
        var joined = ByteBuffer.allocate(Math.toIntExact(length));
        for (var part : parts) {
            if (!(part instanceof Bytes(ByteBuffer buffer))) {
                throw new IllegalArgumentException("Not a payload in memory: " + part);
            }
            joined.put(buffer.duplicate());
        }
        return joined.flip();
    }
}

package io.strandline.protocol;

import java.nio.ByteBuffer;

/**
 * A tagged field (KIP-482) that our spec does not know: somebody newer wrote it, and it travels on unread. Holds its own
 * copy of the bytes, so that it does not keep a whole request alive.
 */
public final class TaggedField {
    private final int tag;
    private final byte[] value;

    public TaggedField(int tag, byte[] value) {
        if (tag < 0) {
            throw new IllegalArgumentException("A tag is 0 or more, not " + tag);
        }
        this.tag = tag;
        this.value = value.clone();
    }

    TaggedField(int tag, ByteBuffer source, int length) {
        this.tag = tag;
        this.value = new byte[length];
        source.get(value);
    }

    public int tag() {
        return tag;
    }

    /** Read-only, from the first byte to the last. */
    public ByteBuffer value() {
        return ByteBuffer.wrap(value).asReadOnlyBuffer();
    }

    void writeTo(ByteSink out) {
        out.unsignedVarint(tag);
        out.unsignedVarint(value.length);
        out.raw(ByteBuffer.wrap(value));
    }

    @Override
    public String toString() {
        return "tag " + tag + " (" + value.length + " bytes)";
    }
}

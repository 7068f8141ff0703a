package io.strandline.protocol;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Where generated messages write to. The same code that writes a message also counts its bytes beforehand, with another
 * sink, so size and contents cannot disagree.
 *
 * <p>A value that the wire cannot hold is our own mistake: {@link IllegalStateException}, naming field and value.
 */
public abstract sealed class ByteSink permits CountingSink, PartsSink {
    private static final int STRING_BYTES_MAX = Short.MAX_VALUE;

    ByteSink() {}

    public abstract void int8(byte value);

    public abstract void int16(short value);

    public abstract void int32(int value);

    public abstract void int64(long value);

    /** The characters in UTF-8, without length. */
    abstract void text(String value);

    /** The bytes between position and limit, copied; the buffer is not moved. */
    abstract void raw(ByteBuffer value);

    abstract void payload(Payload value);

    public void bool(boolean value) {
        int8((byte) (value ? 1 : 0));
    }

    public void uint16(String field, int value) {
        if (value < 0 || value > 0xffff) {
            throw new IllegalStateException(field + " is " + value + ", but takes 0 to 65535");
        }
        int16((short) value);
    }

    public void uint32(String field, long value) {
        if (value < 0 || value > 0xffff_ffffL) {
            throw new IllegalStateException(field + " is " + value + ", but takes 0 to 4294967295");
        }
        int32((int) value);
    }

    public void float64(double value) {
        int64(Double.doubleToRawLongBits(value));
    }

    public void uuid(String field, UUID value) {
        notNull(field, value);
        int64(value.getMostSignificantBits());
        int64(value.getLeastSignificantBits());
    }

    public void string(String field, @Nullable String value, boolean flexible, boolean nullable) {
        if (value == null) {
            nullLength(field, flexible, nullable, 2);
            return;
        }
        int length = utf8Length(value);
        if (length > STRING_BYTES_MAX) {
            throw new IllegalStateException(
                    field + " has " + length + " bytes, but " + STRING_BYTES_MAX + " is the most");
        }
        length(length, flexible, 2);
        text(value);
    }

    public void bytes(String field, @Nullable ByteBuffer value, boolean flexible, boolean nullable) {
        if (value == null) {
            nullLength(field, flexible, nullable, 4);
            return;
        }
        length(value.remaining(), flexible, 4);
        raw(value);
    }

    public void records(String field, @Nullable Payload value, boolean flexible, boolean nullable) {
        if (value == null) {
            nullLength(field, flexible, nullable, 4);
            return;
        }
        length(value.length(), flexible, 4);
        payload(value);
    }

    public void arrayLength(String field, @Nullable List<?> value, boolean flexible, boolean nullable) {
        if (value == null) {
            nullLength(field, flexible, nullable, 4);
            return;
        }
        length(value.size(), flexible, 4);
    }

    /** The byte before a nullable struct. Returns whether the struct is to follow. */
    public boolean structMarker(@Nullable Object value) {
        int8((byte) (value == null ? -1 : 1));
        return value != null;
    }

    /** The same inside a tagged field, where null is written as 0. */
    public boolean taggedStructMarker(@Nullable Object value) {
        int8((byte) (value == null ? 0 : 1));
        return value != null;
    }

    /** A null where the version has no way to say so. */
    public void notNull(String field, @Nullable Object value) {
        if (value == null) {
            throw new IllegalStateException(field + " is null, which this version cannot express");
        }
    }

    /** For a value that matters in a version that has no place for it. */
    public IllegalStateException absent(String field, short version) {
        return new IllegalStateException(
                field + " does not exist in version " + version + ", but is set to something other than its default");
    }

    /** Number of tagged fields of a struct, known and unknown. */
    public void tagCount(int known, List<TaggedField> unknown) {
        unsignedVarint(known + unknown.size());
    }

    /** Tag and size in front of the value that was counted. */
    public void tag(int tag, CountingSink value) {
        unsignedVarint(tag);
        unsignedVarint(value.total());
    }

    /**
     * Writes the unknown tagged fields below a tag: known and unknown ones share one ascending order.
     *
     * @param from index of the first that is not written yet
     * @return the index to go on from
     */
    public int unknownTagsBelow(int tag, List<TaggedField> unknown, int from) {
        int next = from;
        while (next < unknown.size() && unknown.get(next).tag() < tag) {
            unknownTag(unknown, next++);
        }
        if (next < unknown.size() && unknown.get(next).tag() == tag) {
            throw new IllegalStateException("Unknown " + unknown.get(next) + " is a tag that the message knows");
        }
        return next;
    }

    public void unknownTags(List<TaggedField> unknown, int from) {
        for (int i = from; i < unknown.size(); i++) {
            unknownTag(unknown, i);
        }
    }

    private void unknownTag(List<TaggedField> unknown, int index) {
        if (index > 0 && unknown.get(index - 1).tag() >= unknown.get(index).tag()) {
            throw new IllegalStateException("Unknown tagged fields are not in ascending order: " + unknown);
        }
        unknown.get(index).writeTo(this);
    }

    void unsignedVarint(int value) {
        int rest = value;
        while ((rest & ~0x7f) != 0) {
            int8((byte) (rest | 0x80));
            rest >>>= 7;
        }
        int8((byte) rest);
    }

    private void length(int length, boolean flexible, int fixedBytes) {
        if (flexible) {
            unsignedVarint(length + 1);
        } else if (fixedBytes == 2) {
            int16((short) length);
        } else {
            int32(length);
        }
    }

    private void nullLength(String field, boolean flexible, boolean nullable, int fixedBytes) {
        if (!nullable) {
            notNull(field, null);
        }
        length(-1, flexible, fixedBytes);
    }

    /** As many bytes as {@link String#getBytes} makes: half a surrogate pair becomes a question mark. */
    static int utf8Length(String value) {
        int length = value.length();
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < 0x80) {
                continue;
            }
            if (c < 0x800) {
                length += 1;
            } else if (!Character.isSurrogate(c)) {
                length += 2;
            } else if (Character.isHighSurrogate(c)
                    && i + 1 < value.length()
                    && Character.isLowSurrogate(value.charAt(i + 1))) {
                length += 2; // four bytes for two chars
                i++;
            }
        }
        return length;
    }
}

package io.strandline.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Where generated messages read from: a buffer and the suspicion that whoever filled it means harm.
 *
 * <p>Every length is held against the bytes that are left before anything is allocated for it, and the elements of all
 * arrays of one message together are limited, because an empty element costs a byte on the wire and an object in memory.
 * How deep messages nest is fixed by their specs, none of which is recursive. Each method takes the name of the field for
 * the {@link MalformedMessage} it may throw.
 *
 * <p>Lengths come in two forms: fixed width with -1 for null, and, in flexible versions, an unsigned varint one larger
 * than the length with 0 for null.
 */
public final class ByteSource {
    /** More array elements and unknown tagged fields than any sound request has, and few enough to hold in memory. */
    public static final int ELEMENTS_MAX = 1 << 20;

    private static final int STRING_BYTES_MAX = Short.MAX_VALUE;

    private final ByteBuffer bytes;
    private int elementsLeft;

    /** Reads from position to limit of a view of its own: the given buffer is not moved. */
    public ByteSource(ByteBuffer bytes) {
        this(bytes, ELEMENTS_MAX);
    }

    public ByteSource(ByteBuffer bytes, int elementsMax) {
        this.bytes = bytes.slice(); // and big-endian, whatever the given one is
        this.elementsLeft = elementsMax;
    }

    public int remaining() {
        return bytes.remaining();
    }

    public boolean bool(String field) {
        return int8(field) != 0;
    }

    public byte int8(String field) {
        require(field, 1);
        return bytes.get();
    }

    public short int16(String field) {
        require(field, 2);
        return bytes.getShort();
    }

    public int uint16(String field) {
        return int16(field) & 0xffff;
    }

    public int int32(String field) {
        require(field, 4);
        return bytes.getInt();
    }

    public long uint32(String field) {
        return int32(field) & 0xffff_ffffL;
    }

    public long int64(String field) {
        require(field, 8);
        return bytes.getLong();
    }

    public double float64(String field) {
        require(field, 8);
        return bytes.getDouble();
    }

    public UUID uuid(String field) {
        require(field, 16);
        return new UUID(bytes.getLong(), bytes.getLong());
    }

    public String string(String field, boolean flexible) {
        return text(length(field, flexible ? compact(field) : int16(field), STRING_BYTES_MAX));
    }

    public @Nullable String nullableString(String field, boolean flexible, boolean nullable) {
        int length = flexible ? compact(field) : int16(field);
        return isNull(field, length, nullable) ? null : text(length(field, length, STRING_BYTES_MAX));
    }

    /** A slice, not a copy. */
    public ByteBuffer bytes(String field, boolean flexible) {
        return take(length(field, flexible ? compact(field) : int32(field), Integer.MAX_VALUE));
    }

    /** A slice, not a copy. */
    public @Nullable ByteBuffer nullableBytes(String field, boolean flexible, boolean nullable) {
        int length = flexible ? compact(field) : int32(field);
        return isNull(field, length, nullable) ? null : take(length(field, length, Integer.MAX_VALUE));
    }

    /** A slice, not a copy. */
    public @Nullable Payload records(String field, boolean flexible, boolean nullable) {
        var slice = nullableBytes(field, flexible, nullable);
        return slice == null ? null : new Payload.Bytes(slice);
    }

    /**
     * Elements of the array that begins here, or -1 for null. As many elements do fit into the bytes that are left.
     *
     * @param elementBytesMin what an element takes at least, 1 or more
     */
    public int arrayLength(String field, boolean flexible, boolean nullable, int elementBytesMin) {
        int length = flexible ? compact(field) : int32(field);
        if (isNull(field, length, nullable)) {
            return -1;
        }
        if (length < 0) {
            throw new MalformedMessage(field, "array of " + length + " elements");
        }
        if (length > bytes.remaining() / elementBytesMin) {
            throw new MalformedMessage(
                    field,
                    "array of " + length + " elements of " + elementBytesMin + " bytes or more, but only "
                            + bytes.remaining() + " bytes follow");
        }
        charge(field, length);
        return length;
    }

    /** Whether a nullable struct follows: 1, or -1 for null. */
    public boolean structFollows(String field) {
        return isOneOr(field, int8(field), -1);
    }

    /** The same inside a tagged field, where null is written as 0. */
    public boolean taggedStructFollows(String field) {
        return isOneOr(field, unsignedVarint(field), 0);
    }

    /** Number of tagged fields at the end of a struct. Each takes two bytes at least. */
    public int tagCount(String struct) {
        int count = unsignedVarint(struct);
        if (count > bytes.remaining() / 2) {
            throw new MalformedMessage(
                    struct, count + " tagged fields, but only " + bytes.remaining() + " bytes follow");
        }
        return count;
    }

    public int tag(String struct) {
        return unsignedVarint(struct);
    }

    /** Size of the value of a tagged field; so many bytes do follow. */
    public int tagSize(String struct, int tag) {
        int size = unsignedVarint(struct);
        if (size > bytes.remaining()) {
            throw new MalformedMessage(
                    struct, "tag " + tag + " of " + size + " bytes, but only " + bytes.remaining() + " follow");
        }
        return size;
    }

    /** Hides what lies behind the value of a tagged field until {@link #leaveTag} gets back what this returns. */
    public int enterTag(int size) {
        int outerLimit = bytes.limit();
        bytes.limit(bytes.position() + size);
        return outerLimit;
    }

    public void leaveTag(String field, int outerLimit) {
        if (bytes.hasRemaining()) {
            throw new MalformedMessage(
                    field, "tagged field with " + bytes.remaining() + " bytes more than its value has");
        }
        bytes.limit(outerLimit);
    }

    /** For a tag that this version must not carry. */
    public MalformedMessage misplacedTag(String field, int tag, short version) {
        return new MalformedMessage(field, "tag " + tag + " does not exist in version " + version);
    }

    /** The tagged fields of a struct that knows none. */
    public List<TaggedField> unknownTags(String struct) {
        List<TaggedField> unknown = List.of();
        for (int i = tagCount(struct); i > 0; i--) {
            int tag = tag(struct);
            unknown = keepTag(struct, unknown, tag, tagSize(struct, tag));
        }
        return unknown;
    }

    /** Adds one tagged field to those kept, in the order of their tags. */
    public List<TaggedField> keepTag(String struct, List<TaggedField> unknown, int tag, int size) {
        charge(struct, 1);
        if (!unknown.isEmpty() && unknown.get(unknown.size() - 1).tag() >= tag) {
            throw new MalformedMessage(struct, "tag " + tag + " twice or out of order");
        }
        var kept = unknown.isEmpty() ? new ArrayList<TaggedField>(2) : unknown;
        kept.add(new TaggedField(tag, bytes, size));
        return kept;
    }

    /** 7 bits a byte, lowest first, the top bit says that more follow; never above {@link Integer#MAX_VALUE}. */
    int unsignedVarint(String field) {
        int value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            byte next = int8(field);
            if (shift == 28 && (next & 0xf8) != 0) {
                throw new MalformedMessage(field, "varint above " + Integer.MAX_VALUE);
            }
            value |= (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalStateException("Unreachable: the fifth byte ends a varint or is refused");
    }

    private int compact(String field) {
        return unsignedVarint(field) - 1;
    }

    private static boolean isNull(String field, int length, boolean nullable) {
        if (length == -1 && !nullable) {
            throw new MalformedMessage(field, "null, which this version does not allow");
        }
        return length == -1;
    }

    private int length(String field, int length, int max) {
        if (length < 0) {
            throw new MalformedMessage(field, length == -1 ? "null, which is not allowed" : "length " + length);
        }
        if (length > max) {
            throw new MalformedMessage(field, "length " + length + ", but " + max + " is the most");
        }
        if (length > bytes.remaining()) {
            throw new MalformedMessage(field, "length " + length + ", but only " + bytes.remaining() + " bytes follow");
        }
        return length;
    }

    private static boolean isOneOr(String field, int marker, int absent) {
        if (marker != 1 && marker != absent) {
            throw new MalformedMessage(field, "marker " + marker + " instead of 1 or " + absent);
        }
        return marker == 1;
    }

    private void require(String field, int count) {
        if (bytes.remaining() < count) {
            throw new MalformedMessage(
                    field, count + " bytes expected, but only " + bytes.remaining() + " bytes follow");
        }
    }

    private void charge(String field, int elements) {
        elementsLeft -= elements;
        if (elementsLeft < 0) {
            throw new MalformedMessage(field, "more elements in one message than are accepted");
        }
    }

    private ByteBuffer take(int length) {
        var slice = bytes.slice(bytes.position(), length);
        bytes.position(bytes.position() + length);
        return slice;
    }

    /** Bytes that are no UTF-8 become replacement characters, as in Kafka; names are checked where they mean something. */
    private String text(int length) {
        if (length == 0) {
            return "";
        }
        if (bytes.hasArray()) {
            int start = bytes.arrayOffset() + bytes.position();
            bytes.position(bytes.position() + length);
            return new String(bytes.array(), start, length, StandardCharsets.UTF_8);
        }
        var copy = new byte[length];
        bytes.get(copy);
        return new String(copy, StandardCharsets.UTF_8);
    }
}

package io.strandline.protocol.generator;

import java.util.Locale;

/** The type of a field as the specs write it: a primitive, a struct by name, or an array of either. */
record FieldType(Kind kind, String struct, boolean array) {
    /** What a value is when it is not an array. */
    enum Kind {
        BOOL("boolean", "Boolean", 1),
        INT8("byte", "Byte", 1),
        INT16("short", "Short", 2),
        UINT16("int", "Integer", 2),
        INT32("int", "Integer", 4),
        UINT32("long", "Long", 4),
        INT64("long", "Long", 8),
        FLOAT64("double", "Double", 8),
        UUID("UUID", "UUID", 16),
        STRING("String", "String", -1),
        BYTES("ByteBuffer", "ByteBuffer", -1),
        RECORDS("Payload", "Payload", -1),
        STRUCT("", "", -1);

        final String java;
        final String boxed;
        /** Bytes on the wire, -1 if that varies. */
        final int fixedBytes;

        Kind(String java, String boxed, int fixedBytes) {
            this.java = java;
            this.boxed = boxed;
            this.fixedBytes = fixedBytes;
        }

        boolean isNumber() {
            return this == INT8 || this == INT16 || this == UINT16 || this == INT32 || this == UINT32 || this == INT64;
        }

        boolean isPrimitive() {
            return isNumber() || this == BOOL || this == FLOAT64;
        }

        /** The method that reads and writes it. */
        String method() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static FieldType parse(String text) {
        boolean array = text.startsWith("[]");
        String element = array ? text.substring(2) : text;
        if (Character.isUpperCase(element.charAt(0))) {
            return new FieldType(Kind.STRUCT, element, array);
        }
        return new FieldType(Kind.valueOf(element.toUpperCase(Locale.ROOT)), "", array);
    }

    FieldType element() {
        return new FieldType(kind, struct, false);
    }

    boolean isStruct() {
        return kind == Kind.STRUCT && !array;
    }

    boolean isPrimitive() {
        return !array && kind.isPrimitive();
    }

    boolean is(Kind other) {
        return !array && kind == other;
    }

    String java() {
        return array ? "List<" + boxed() + ">" : kind == Kind.STRUCT ? struct : kind.java;
    }

    String boxed() {
        return kind == Kind.STRUCT ? struct : kind.boxed;
    }

    String inWords() {
        String element = kind == Kind.STRUCT ? struct : kind.method();
        return array ? "array of " + element : element;
    }
}

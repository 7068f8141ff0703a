package io.strandline.protocol;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Builds what a message says of itself in a log line. Never the contents of bytes or records: these hold passwords and
 * other people's data. Text is shortened and freed of control characters, lists show their first elements.
 */
public final class Description {
    private static final int TEXT_CHARS_MAX = 250;
    private static final int ELEMENTS_MAX = 10;

    private final StringBuilder text;
    private String separator = "";

    public Description(String message) {
        text = new StringBuilder(message).append('(');
    }

    public Description add(String field, long value) {
        begin(field).append(value);
        return this;
    }

    public Description add(String field, double value) {
        begin(field).append(value);
        return this;
    }

    public Description add(String field, boolean value) {
        begin(field).append(value);
        return this;
    }

    public Description add(String field, UUID value) {
        begin(field).append(value);
        return this;
    }

    public Description add(String field, @Nullable String value) {
        begin(field);
        quote(value);
        return this;
    }

    /** For text that may be a secret: only how long it is. */
    public Description addLength(String field, @Nullable String value) {
        begin(field).append(value == null ? "null" : value.length() + " characters");
        return this;
    }

    public Description add(String field, @Nullable ByteBuffer value) {
        begin(field).append(value == null ? "null" : value.remaining() + " bytes");
        return this;
    }

    public Description add(String field, @Nullable Payload value) {
        begin(field).append(value == null ? "null" : value.length() + " bytes");
        return this;
    }

    public Description add(String field, @Nullable List<?> value) {
        begin(field);
        if (value == null) {
            text.append("null");
            return this;
        }
        text.append('[');
        for (int i = 0; i < Math.min(value.size(), ELEMENTS_MAX); i++) {
            text.append(i == 0 ? "" : ", ");
            element(value.get(i));
        }
        text.append(value.size() > ELEMENTS_MAX ? ", and " + (value.size() - ELEMENTS_MAX) + " more]" : "]");
        return this;
    }

    /** A struct, by its own description. */
    public Description addStruct(String field, @Nullable Object value) {
        begin(field).append(value);
        return this;
    }

    @Override
    public String toString() {
        return text + ")";
    }

    private void element(Object value) {
        switch (value) {
            case String string -> quote(string);
            case ByteBuffer bytes -> text.append(bytes.remaining()).append(" bytes");
            default -> text.append(value);
        }
    }

    private StringBuilder begin(String field) {
        text.append(separator).append(field).append('=');
        separator = ", ";
        return text;
    }

    private void quote(@Nullable String value) {
        if (value == null) {
            text.append("null");
            return;
        }
        text.append('\'');
        for (int i = 0; i < Math.min(value.length(), TEXT_CHARS_MAX); i++) {
            char c = value.charAt(i);
            text.append(Character.isISOControl(c) ? '?' : c);
        }
        text.append(value.length() > TEXT_CHARS_MAX ? "...'" : "'");
    }
}

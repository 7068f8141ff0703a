package io.strandline;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Immutable ordered headers; a name may occur more than once. Text is UTF-8 in and out; bytes when you need them. */
public interface Headers extends Iterable<Headers.Header> {
    /**
     * One header.
     *
     * @param value as it is on the wire; may be null, which Kafka tells from empty. Not copied: do not change it.
     */
    @SuppressWarnings("ArrayRecordComponent") // equals and hashCode below look into it
    record Header(String name, byte @Nullable [] value) {
        /** The value as UTF-8 text, or null where the value is null. */
        public @Nullable String text() {
            return value == null ? null : new String(value, java.nio.charset.StandardCharsets.UTF_8);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Header that && name.equals(that.name) && java.util.Arrays.equals(value, that.value);
        }

        @Override
        public int hashCode() {
            return Objects.hash(name, java.util.Arrays.hashCode(value));
        }

        @Override
        public String toString() {
            return name + "=" + text();
        }
    }

    static Headers none() {
        return HeaderList.NONE;
    }

    static Headers of(String name, String value) {
        return none().with(name, value);
    }

    /** These headers and this one behind them. */
    Headers with(String name, String value);

    /** These headers and this one behind them. */
    Headers with(String name, byte @Nullable [] value);

    /** These headers without any of this name. */
    Headers without(String name);

    /** The last value of this name as text: the one that counts where a header was written twice. */
    Optional<String> last(String name);

    /** All values of this name as text, in order; null values are left out. */
    List<String> all(String name);

    boolean isEmpty();
}

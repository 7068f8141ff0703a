package io.strandline.broker.config;

import java.util.ArrayList;
import java.util.List;

/**
 * One setting: its name (Kafka's where Kafka has one), what values it takes, and which it has when nobody says anything.
 *
 * @param <T> the type of its values
 */
public abstract sealed class Setting<T> {
    private final String name;
    private final T defaultValue;
    private final String about;

    private Setting(String name, T defaultValue, String about) {
        this.name = name;
        this.defaultValue = defaultValue;
        this.about = about;
    }

    /** The types that DescribeConfigs knows, with their numbers on the wire. */
    public enum Kind {
        BOOLEAN(1),
        STRING(2),
        INT(3),
        LONG(5),
        DOUBLE(6),
        LIST(7);

        private final byte code;

        Kind(int code) {
            this.code = (byte) code;
        }

        public byte code() {
            return code;
        }
    }

    public static Setting<Boolean> flag(String name, boolean defaultValue, String about) {
        return new Flag(name, defaultValue, about);
    }

    public static Setting<Integer> integer(String name, int defaultValue, int min, int max, String about) {
        return new Int(name, defaultValue, min, max, about);
    }

    public static Setting<Long> number(String name, long defaultValue, long min, long max, String about) {
        return new Number(name, defaultValue, min, max, about);
    }

    public static Setting<Double> fraction(String name, double defaultValue, String about) {
        return new Fraction(name, defaultValue, about);
    }

    public static Setting<String> text(String name, String defaultValue, String about) {
        return new Text(name, defaultValue, List.of(), about);
    }

    public static Setting<String> oneOf(String name, String defaultValue, List<String> allowed, String about) {
        return new Text(name, defaultValue, allowed, about);
    }

    /** Words separated by commas; without {@code allowed} any word will do. */
    public static Setting<List<String>> words(
            String name, List<String> defaultValue, List<String> allowed, String about) {
        return new Words(name, defaultValue, allowed, about);
    }

    public String name() {
        return name;
    }

    public T defaultValue() {
        return defaultValue;
    }

    /** What it does, in a sentence. */
    public String about() {
        return about;
    }

    public abstract Kind kind();

    /**
     * The value that a text means.
     *
     * @throws InvalidSetting when it means none
     */
    public abstract T parse(String text);

    /** The text that means this value. */
    public String format(T value) {
        return String.valueOf(value);
    }

    @Override
    public String toString() {
        return name;
    }

    InvalidSetting invalid(String text, String expected) {
        return new InvalidSetting(name + " cannot be '" + text + "': expected " + expected);
    }

    private static final class Flag extends Setting<Boolean> {
        private Flag(String name, boolean defaultValue, String about) {
            super(name, defaultValue, about);
        }

        @Override
        public Kind kind() {
            return Kind.BOOLEAN;
        }

        @Override
        public Boolean parse(String text) {
            return switch (text.strip().toLowerCase(java.util.Locale.ROOT)) {
                case "true" -> true;
                case "false" -> false;
                default -> throw invalid(text, "true or false");
            };
        }
    }

    private static final class Int extends Setting<Integer> {
        private final int min;
        private final int max;

        private Int(String name, int defaultValue, int min, int max, String about) {
            super(name, defaultValue, about);
            this.min = min;
            this.max = max;
        }

        @Override
        public Kind kind() {
            return Kind.INT;
        }

        @Override
        public Integer parse(String text) {
            try {
                int value = Integer.parseInt(text.strip());
                if (value >= min && value <= max) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // Said below, together with the bounds.
            }
            throw invalid(text, "a whole number from " + min + " to " + max);
        }
    }

    private static final class Number extends Setting<Long> {
        private final long min;
        private final long max;

        private Number(String name, long defaultValue, long min, long max, String about) {
            super(name, defaultValue, about);
            this.min = min;
            this.max = max;
        }

        @Override
        public Kind kind() {
            return Kind.LONG;
        }

        @Override
        public Long parse(String text) {
            try {
                long value = Long.parseLong(text.strip());
                if (value >= min && value <= max) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // Said below, together with the bounds.
            }
            throw invalid(text, "a whole number from " + min + " to " + max);
        }
    }

    private static final class Fraction extends Setting<Double> {
        private Fraction(String name, double defaultValue, String about) {
            super(name, defaultValue, about);
        }

        @Override
        public Kind kind() {
            return Kind.DOUBLE;
        }

        @Override
        public Double parse(String text) {
            try {
                double value = Double.parseDouble(text.strip());
                if (value >= 0 && value <= 1) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // Said below, together with the bounds.
            }
            throw invalid(text, "a number from 0 to 1");
        }
    }

    private static final class Text extends Setting<String> {
        private final List<String> allowed;

        private Text(String name, String defaultValue, List<String> allowed, String about) {
            super(name, defaultValue, about);
            this.allowed = allowed;
        }

        @Override
        public Kind kind() {
            return Kind.STRING;
        }

        @Override
        public String parse(String text) {
            if (allowed.isEmpty() || allowed.contains(text.strip())) {
                return text.strip();
            }
            throw invalid(text, "one of " + String.join(", ", allowed));
        }
    }

    private static final class Words extends Setting<List<String>> {
        private final List<String> allowed;

        private Words(String name, List<String> defaultValue, List<String> allowed, String about) {
            super(name, defaultValue, about);
            this.allowed = allowed;
        }

        @Override
        public Kind kind() {
            return Kind.LIST;
        }

        @Override
        public List<String> parse(String text) {
            var words = new ArrayList<String>();
            int from = 0;
            while (from <= text.length()) {
                int comma = text.indexOf(',', from);
                int to = comma < 0 ? text.length() : comma;
                var word = text.substring(from, to).strip();
                if (!word.isEmpty()) {
                    words.add(word);
                }
                from = to + 1;
            }
            if (!allowed.isEmpty() && !allowed.containsAll(words)) {
                throw invalid(text, "a list of " + String.join(", ", allowed));
            }
            return List.copyOf(words);
        }

        @Override
        public String format(List<String> value) {
            return String.join(",", value);
        }
    }
}

package io.strandline.broker.topics;

import java.util.Optional;

/** Which names a topic may have: Kafka's rules. */
public final class TopicName {
    private static final int LENGTH_MAX = 249;

    private TopicName() {}

    /** What is wrong with a name, in a sentence; empty when nothing is. */
    public static Optional<String> fault(String name) {
        if (name.isEmpty()) {
            return Optional.of("A topic name cannot be empty");
        }
        if (name.equals(".") || name.equals("..")) {
            return Optional.of("A topic cannot be named '" + name + "'");
        }
        if (name.length() > LENGTH_MAX) {
            return Optional.of("A topic name has at most " + LENGTH_MAX + " characters; this one has " + name.length());
        }
        for (int i = 0; i < name.length(); i++) {
            if (!isLegal(name.charAt(i))) {
                return Optional.of("A topic name consists of letters, digits, '.', '_' and '-'; '" + name
                        + "' has another character at position " + (i + 1));
            }
        }
        return Optional.empty();
    }

    /** Names that differ only in '.' and '_' cannot both exist, because Kafka's metrics could not tell them apart. */
    static String collisionKey(String name) {
        return name.replace('.', '_');
    }

    private static boolean isLegal(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '.'
                || c == '_'
                || c == '-';
    }
}

package io.strandline;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where a message goes that will not be tried again here. Original key, value and headers are kept byte for byte, and
 * headers that say where it came from and why are added (names: KIP-1191's and ours, see {@code DeadLetterHeaders}).
 * The dead letter is acknowledged before the consumer's progress passes the message.
 *
 * @param otherwise for failures that no exception names
 * @param exceptions in order: the first type that fits decides
 * @param stackTraceChars how much of the stack trace is kept in the headers; 0 for none
 * @param keepsKeyOrder see {@link #inKeyOrder()}
 */
public record DeadLetter(Destination otherwise, List<For> exceptions, int stackTraceChars, boolean keepsKeyOrder) {
    public DeadLetter {
        exceptions = List.copyOf(exceptions);
        if (stackTraceChars < 0) {
            throw new IllegalArgumentException("stackTraceChars is 0 or more, not " + stackTraceChars);
        }
    }

    /** One of the places a message may go to. */
    public sealed interface Destination {
        record Named(String topic) implements Destination {
            public Named {
                if (topic.isBlank()) {
                    throw new IllegalArgumentException("A dead-letter topic has a name, not \"" + topic + "\"");
                }
            }
        }

        /** The source topic's name and this behind it. */
        record Suffix(String suffix) implements Destination {
            public Suffix {
                if (suffix.isBlank()) {
                    throw new IllegalArgumentException("The suffix \"" + suffix
                            + "\" makes no other name: dead letters would go back to their source. Try \".dlq\"");
                }
            }
        }

        record Discard() implements Destination {}
    }

    /** Failures of this type go there; subclasses included. */
    public record For(Class<? extends Throwable> type, Destination destination) {}

    public static DeadLetter topic(String name) {
        return of(new Destination.Named(name));
    }

    /** With {@code ".dlq"}: orders -> orders.dlq. */
    public static DeadLetter suffix(String suffix) {
        return of(new Destination.Suffix(suffix));
    }

    /** Throws it away, and says so in an {@link Event.Skipped}. */
    public static DeadLetter discard() {
        return of(new Destination.Discard());
    }

    private static DeadLetter of(Destination destination) {
        return new DeadLetter(destination, List.of(), 4096, false);
    }

    /** Failures of this type go to that topic. */
    public DeadLetter on(Class<? extends Throwable> type, String topic) {
        return on(type, new Destination.Named(topic));
    }

    public DeadLetter on(Class<? extends Throwable> type, Destination destination) {
        var longer = new ArrayList<>(exceptions);
        longer.add(new For(type, destination));
        return new DeadLetter(otherwise, longer, stackTraceChars, keepsKeyOrder);
    }

    public DeadLetter stackTrace(int maxChars) {
        return new DeadLetter(otherwise, exceptions, maxChars, keepsKeyOrder);
    }

    /**
     * The order of each key survives failure: behind a dead letter, later messages of its key, from the same partition,
     * follow it into its topic untried ({@link Event.Parked}), until it was sent home and handled, or was dropped
     * ({@link Kafka#deadLetters}). Other keys go on, and so do messages without a key. What is sent home comes back in
     * order, and before anything newer of its key.
     *
     * <p>Before the first message of a partition is handled, the letters that are there are read: each member knows them
     * whatever happened to the one before. Letters of this group count from before this was asked for as well. At most
     * 50,000 letters of a partition are kept in memory (some 100 bytes each, and the key); beyond, messages that would
     * become letters wait, and {@link Consumer#explain} says so.
     *
     * <p>The dead-letter topic may have any number of partitions, but no compaction, and what its retention deletes counts
     * as dropped. So does what was in it when it is deleted and made anew. Refused with {@link Retry#inTopics()}, {@link Concurrency#unordered} and eachBatch, which give up the
     * order that this keeps.
     */
    public DeadLetter inKeyOrder() {
        return new DeadLetter(otherwise, exceptions, stackTraceChars, true);
    }

    /** The topic for a message of this source that failed so, or empty if it is to be thrown away. */
    Optional<String> destination(String source, Throwable why) {
        for (var rule : exceptions) {
            if (rule.type().isInstance(why)) {
                return name(rule.destination(), source);
            }
        }
        return name(otherwise, source);
    }

    /** All topics that messages of this source may go to. */
    Set<String> topics(String source) {
        var topics = new LinkedHashSet<String>();
        name(otherwise, source).ifPresent(topics::add);
        exceptions.forEach(rule -> name(rule.destination(), source).ifPresent(topics::add));
        return topics;
    }

    /** All topics that messages of any source may go to, as regular expressions. */
    Set<String> names() {
        var names = new LinkedHashSet<String>();
        var all = new ArrayList<>(exceptions.stream().map(For::destination).toList());
        all.add(otherwise);
        for (var destination : all) {
            switch (destination) {
                case Destination.Named(String topic) -> names.add(Pattern.quote(topic));
                case Destination.Suffix(String suffix) -> names.add(".*" + Pattern.quote(suffix));
                case Destination.Discard() -> {}
            }
        }
        return names;
    }

    private static Optional<String> name(Destination destination, String source) {
        return switch (destination) {
            case Destination.Named(String topic) -> Optional.of(topic);
            case Destination.Suffix(String suffix) -> Optional.of(source + suffix);
            case Destination.Discard() -> Optional.empty();
        };
    }
}

package io.strandline;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a {@link Consumer.Builder} collected. */
record ConsumerSettings(
        String group,
        Map<String, Subscription<?, ?>> subscriptions,
        List<Matching<?, ?>> patterns,
        Retry retry,
        Optional<DeadLetter> deadLetter,
        Optional<Failure> failure,
        Concurrency concurrency,
        Commit commit,
        Position startAt,
        Optional<Position> alwaysStartAt,
        int maxInFlight,
        long maxInFlightBytes,
        Duration revokeWait,
        Duration drain,
        Duration stuckAfter) {
    private static final Map<Integer, String> FLAGS = Map.of(
            Pattern.CASE_INSENSITIVE, "i",
            Pattern.UNICODE_CASE, "u",
            Pattern.UNICODE_CHARACTER_CLASS, "U",
            Pattern.COMMENTS, "x",
            Pattern.DOTALL, "s",
            Pattern.MULTILINE, "m",
            Pattern.UNIX_LINES, "d");

    /**
     * A topic and what is done with its messages.
     *
     * @param ofRetries what is read is a retry topic of this topic
     */
    record Subscription<K, V>(Topic<K, V> topic, Work<K, V> work, boolean ofRetries) {
        Subscription(Topic<K, V> topic, Work<K, V> work) {
            this(topic, work, false);
        }
    }

    /** Progress in this topic is stored by transactions alone. */
    boolean transactional(String topic) {
        return subscription(topic)
                .filter(subscription -> subscription.work() instanceof Work.EachTransaction)
                .isPresent();
    }

    /** Names of those that are retry topics. */
    Set<String> retryTopics() {
        return subscriptions.entrySet().stream()
                .filter(entry -> entry.getValue().ofRetries())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /**
     * Where dead letters may go to of topics that are named, and of those that are assigned and read by pattern. Where
     * {@link #failure} sends them is not known.
     */
    Set<String> letterTopics(Set<String> assigned) {
        var sources = Stream.concat(
                subscriptions.values().stream()
                        .map(subscription -> subscription.topic().name()),
                assigned.stream().filter(topic -> !subscriptions.containsKey(topic)));
        return sources.flatMap(source -> deadLetter.stream().flatMap(places -> places.topics(source).stream()))
                .collect(Collectors.toSet());
    }

    /** These and the retry topics of these. */
    Set<String> andRetries(Set<String> topics) {
        return subscriptions.entrySet().stream()
                .filter(entry -> topics.contains(entry.getValue().topic().name()))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /** Topics by pattern, and what is done with their messages. */
    record Matching<K, V>(Pattern topics, Serde<K> key, Serde<V> value, Work<K, V> work) {
        private Subscription<K, V> subscription(String topic) {
            return new Subscription<>(Topic.of(topic, key, value), work);
        }

        @Override
        public String toString() {
            return topics.pattern();
        }
    }

    /** What is done with the messages of this topic: as said of its name, or of the first pattern that it matches. */
    Optional<Subscription<?, ?>> subscription(String topic) {
        Subscription<?, ?> named = subscriptions.get(topic);
        return named != null
                ? Optional.of(named)
                : patterns.stream()
                        .filter(matching -> matching.topics().matcher(topic).matches())
                        .findFirst()
                        .map(matching -> matching.subscription(topic));
    }

    /** Other than {@link #subscription}, false of dead letters' topics that only match: see {@link #allTopics}. */
    boolean reads(String topic) {
        return subscriptions.containsKey(topic)
                || allTopics().filter(all -> all.matcher(topic).matches()).isPresent();
    }

    /**
     * One pattern for everything that is read; empty if all topics are named. Dead letters of a topic that matches would
     * come again for ever if theirs matched as well, so it does not.
     */
    Optional<Pattern> allTopics() {
        if (patterns.isEmpty()) {
            return Optional.empty();
        }
        var named = subscriptions.keySet().stream().map(Pattern::quote);
        var matching = patterns.stream().map(m -> withItsFlags(m.topics())).collect(Collectors.joining("|"));
        var not = deadLetter.map(DeadLetter::names).orElse(Set.of()).stream()
                .map(name -> "(?!" + name + "$)")
                .collect(Collectors.joining());
        return Optional.of(Pattern.compile(
                Stream.concat(named, Stream.of(not + "(?:" + matching + ")")).collect(Collectors.joining("|"))));
    }

    private static String withItsFlags(Pattern pattern) {
        var text = pattern.pattern();
        int flags = pattern.flags();
        if ((flags & Pattern.LITERAL) != 0) {
            return "(?" + letters(flags) + ":" + Pattern.quote(text) + ")";
        }
        // Those that stand in the text are told as well, and may be meant for a part of it only.
        int comments = flags & Pattern.COMMENTS;
        int inText = Pattern.compile(text, comments).flags() & ~comments;
        return "(?" + letters(flags & ~inText) + ":" + text + (comments == 0 ? "" : "\n") + ")";
    }

    /** As they are written in a pattern. */
    private static String letters(int flags) {
        var letters = new StringBuilder();
        FLAGS.forEach((flag, letter) -> letters.append((flags & flag) == 0 ? "" : letter));
        return letters.toString();
    }

    /** The same with the retry topics of all topics. */
    static Map<String, Subscription<?, ?>> withRetries(Map<String, Subscription<?, ?>> subscriptions, Retry retry) {
        var all = new HashMap<>(subscriptions);
        if (retry.place() instanceof Retry.Place.InTopics) {
            subscriptions
                    .values()
                    .forEach(subscription -> RetryTopics.names(
                                    subscription.topic().name(), retry)
                            .forEach(name -> all.put(name, ofRetries(subscription))));
        }
        return Map.copyOf(all);
    }

    private static <K, V> Subscription<K, V> ofRetries(Subscription<K, V> subscription) {
        return new Subscription<>(subscription.topic(), subscription.work(), true);
    }

    /** What is done with messages. */
    sealed interface Work<K, V> {
        record EachMessage<K, V>(Handler<K, V> handler) implements Work<K, V> {}

        record EachBatch<K, V>(Handler.OfBatch<K, V> handler) implements Work<K, V> {}

        record EachTransaction<K, V>(Handler.InTransaction<K, V> handler, String transactionalId)
                implements Work<K, V> {}
    }
}

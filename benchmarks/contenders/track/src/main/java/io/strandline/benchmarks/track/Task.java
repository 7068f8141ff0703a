package io.strandline.benchmarks.track;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a contender is asked to do, from the arguments of its process.
 *
 * @param given its arguments, which are {@code name=value}
 */
public record Task(Map<String, String> given) {
    public Task {
        given = Map.copyOf(given);
    }

    public static Task of(String[] arguments) {
        return new Task(Arrays.stream(arguments)
                .map(argument -> argument.split("=", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1])));
    }

    /** Which of the things that this contender can do. */
    public String work() {
        return text("work");
    }

    public String bootstrap() {
        return text("bootstrap");
    }

    public String topic() {
        return text("topic");
    }

    /** Of consumers. */
    public String group() {
        return text("group");
    }

    /** Handlers, or senders, at once. */
    public int atOnce() {
        return number("at-once");
    }

    /** How long a handler waits for the world outside; zero: it does nothing but count. */
    public Duration handling() {
        return Duration.ofMillis(number("handling-ms"));
    }

    /** Of values. */
    public int bytes() {
        return number("bytes");
    }

    /** Messages before the clock starts. */
    public int lead() {
        return number("lead");
    }

    /** While the clock runs. */
    public int messages() {
        return number("messages");
    }

    /** Both. */
    public int all() {
        return lead() + messages();
    }

    /** The same with more, or other, arguments. */
    Task with(String[] arguments) {
        var both = new HashMap<>(given);
        both.putAll(of(arguments).given);
        return new Task(both);
    }

    /** A refusal, for whoever does not know the work that is asked for. */
    public IllegalArgumentException unknown() {
        return new IllegalArgumentException("work=" + work() + " is nothing that this contender does");
    }

    public String text(String name) {
        var value = given.get(name);
        if (value == null) {
            throw new IllegalArgumentException("there is no " + name + "= in " + given);
        }
        return value;
    }

    private int number(String name) {
        return Integer.parseInt(text(name));
    }
}

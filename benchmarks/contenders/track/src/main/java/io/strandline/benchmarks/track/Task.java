package io.strandline.benchmarks.track;

import java.time.Duration;
import java.util.Arrays;
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

    /** Of values to send. */
    public int bytes() {
        return number("bytes");
    }

    public int warmUp() {
        return number("warm-up");
    }

    /** After the warm-up. */
    public int messages() {
        return number("messages");
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

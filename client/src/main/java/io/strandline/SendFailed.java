package io.strandline;

import java.util.List;

/** A message, or some of a batch, are not known to be stored. The results say what became of each, in order. */
public final class SendFailed extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient List<Result> results;

    /** What became of one message. */
    public sealed interface Result {
        record Stored(Ack ack) implements Result {}

        /** It is certainly not stored. */
        record Refused(Outgoing<?, ?> message, Throwable why) implements Result {}

        /**
         * No answer in time: it may be stored, and sending it again may store it twice unless the consumer tells
         * duplicates apart.
         */
        record Unknown(Outgoing<?, ?> message, Throwable why) implements Result {}

        /**
         * It is in the {@link Spool}, safe on the disk of this machine, and is sent again until a broker has it: do not
         * send it again.
         */
        record Spooled(Outgoing<?, ?> message, Throwable why) implements Result {}
    }

    SendFailed(String message, List<Result> results, Throwable cause) {
        super(message, cause);
        this.results = List.copyOf(results);
    }

    /** Of one that is not stored. */
    static SendFailed of(Result result) {
        return switch (result) {
            case Result.Stored stored -> throw new IllegalArgumentException("this one is stored: " + stored);
            case Result.Refused(Outgoing<?, ?> message, Throwable why) ->
                new SendFailed("Not stored in " + topic(message) + ": " + Advice.of(why), List.of(result), why);
            case Result.Unknown(Outgoing<?, ?> message, Throwable why) ->
                new SendFailed(
                        "Not known to be stored in " + topic(message)
                                + " (no answer; sending it again may store it twice): " + Advice.of(why),
                        List.of(result),
                        why);
            case Result.Spooled(Outgoing<?, ?> message, Throwable why) ->
                new SendFailed(
                        "Not stored in " + topic(message) + " yet, but safe in the spool, which sends it again: "
                                + Advice.of(why),
                        List.of(result),
                        why);
        };
    }

    /** Of several, not all of which are stored. */
    static SendFailed of(List<Result> results) {
        var first = why(results.stream()
                .filter(result -> !(result instanceof Result.Stored))
                .findFirst()
                .orElseThrow());
        return new SendFailed(
                "Of " + results.size() + " messages " + count(results, Result.Refused.class) + " were refused, "
                        + count(results, Result.Unknown.class) + " are not known to be stored and "
                        + count(results, Result.Spooled.class) + " are in the spool; the first reason: "
                        + Advice.of(first),
                results,
                first);
    }

    private static long count(List<Result> results, Class<? extends Result> type) {
        return results.stream().filter(type::isInstance).count();
    }

    private static String topic(Outgoing<?, ?> message) {
        return message.topic().name();
    }

    static Throwable why(Result result) {
        return switch (result) {
            case Result.Stored stored -> throw new IllegalArgumentException("this one is stored: " + stored);
            case Result.Refused refused -> refused.why();
            case Result.Unknown unknown -> unknown.why();
            case Result.Spooled spooled -> spooled.why();
        };
    }

    /** In the order in which the messages were given. */
    public List<Result> results() {
        return results;
    }

    /** True if nothing is left to do for the sender: what is not stored is in the {@link Spool}. */
    public boolean spooled() {
        return results.stream().allMatch(result -> result instanceof Result.Spooled || result instanceof Result.Stored);
    }

    /** True if some message may be stored although this was thrown. */
    public boolean unknown() {
        return results.stream().anyMatch(Result.Unknown.class::isInstance);
    }
}

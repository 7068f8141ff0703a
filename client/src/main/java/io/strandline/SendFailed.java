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
    }

    SendFailed(String message, List<Result> results, Throwable cause) {
        super(message, cause);
        this.results = List.copyOf(results);
    }

    static SendFailed of(Result.Refused refused) {
        return new SendFailed(
                "Not stored in " + refused.message().topic().name() + ": "
                        + refused.why().getMessage(),
                List.of(refused),
                refused.why());
    }

    static SendFailed of(Result.Unknown unknown) {
        return new SendFailed(
                "Not known to be stored in " + unknown.message().topic().name()
                        + " (no answer; sending it again may store it twice): "
                        + unknown.why().getMessage(),
                List.of(unknown),
                unknown.why());
    }

    /** Of several, not all of which are stored. */
    static SendFailed of(List<Result> results) {
        long refused = results.stream().filter(Result.Refused.class::isInstance).count();
        long unknown = results.stream().filter(Result.Unknown.class::isInstance).count();
        Throwable first = results.stream()
                .<Throwable>mapMulti((result, out) -> {
                    switch (result) {
                        case Result.Stored stored -> {}
                        case Result.Refused r -> out.accept(r.why());
                        case Result.Unknown u -> out.accept(u.why());
                    }
                })
                .findFirst()
                .orElseThrow();
        return new SendFailed(
                "Of " + results.size() + " messages " + refused + " were refused and " + unknown
                        + " are not known to be stored; the first reason: " + first.getMessage(),
                results,
                first);
    }

    /** In the order in which the messages were given. */
    public List<Result> results() {
        return results;
    }

    /** True if some message may be stored although this was thrown. */
    public boolean unknown() {
        return results.stream().anyMatch(Result.Unknown.class::isInstance);
    }
}

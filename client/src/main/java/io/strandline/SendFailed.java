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

    /** In the order in which the messages were given. */
    public List<Result> results() {
        return results;
    }

    /** True if some message may be stored although this was thrown. */
    public boolean unknown() {
        return results.stream().anyMatch(Result.Unknown.class::isInstance);
    }
}

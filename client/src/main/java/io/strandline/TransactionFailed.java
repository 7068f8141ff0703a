package io.strandline;

/**
 * A transaction that did not commit, or is not known to have done so. Whether its work may be run again is the caller's
 * decision: with {@link Outcome#ABORTED} nothing of what it sent is visible, so as far as the messages go it may.
 */
public final class TransactionFailed extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Outcome outcome;

    /** What became of what was sent. */
    public enum Outcome {
        /** Nothing of it is visible, nor will be. The producer goes on with its next transaction. */
        ABORTED,

        /**
         * The commit was asked for, and there was no answer in time: it may be visible, all of it or nothing. Running the
         * work again may do it twice. The producer goes on: its next transaction first brings this one to its end. So look
         * inside that one whether the work is there: what is not visible when it has begun never will be.
         */
        UNKNOWN,

        /**
         * A newer producer with the same transactional id has taken over, and with it the broker has aborted what this one
         * had not committed. This producer is of no use any more.
         */
        FENCED
    }

    TransactionFailed(String message, Outcome outcome, Throwable cause) {
        super(message, cause);
        this.outcome = outcome;
    }

    public Outcome outcome() {
        return outcome;
    }
}

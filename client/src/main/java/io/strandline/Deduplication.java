package io.strandline;

/**
 * Remembers what was done, so that a message that comes again is passed over: {@link Consumer.Builder#deduplicate}.
 *
 * <p>It is asked to do the work rather than told before and after: so a store can make its mark and the handler's effect one
 * transaction, which two calls cannot. Two of them are there: {@link #inMemory}, and {@code JdbcDeduplication} of
 * {@code strandline-client-jdbc}. One of your own is a few lines:
 *
 * <pre>{@code
 *   (group, message, work) -> {
 *       if (redis.exists(key(group, message))) {
 *           return false;
 *       }
 *       work.run();
 *       redis.set(key(group, message));   // after the work: else a crash in between loses the message
 *       return true;
 *   }
 * }</pre>
 *
 * What that gives is <em>at least once, and seldom twice</em>: a crash between the work and its mark repeats the work. Only
 * a mark that commits together with the effect makes it exactly once.
 */
@FunctionalInterface
public interface Deduplication {
    /**
     * Does the work, unless it was done before for this group and message. Called on the handler's thread for each attempt;
     * may block. Where another thread or member has the same message in hand, it should wait for the outcome: if that one
     * fails, this one does the work.
     *
     * @param message as the handler gets it
     * @param work must run at most once, within this call and on its thread
     * @return true if the work was run now, and the mark is made; false if it was done before. An answer that does not fit
     *     to what happened is a failure of the message
     * @throws Exception what the work throws, as it is; then nothing may be marked. Or the store's own failure. Either is a
     *     failure of the message, which is tried again as its {@link Retry} says: a store that is out of reach loses
     *     nothing
     */
    boolean once(String group, Message<?, ?> message, Work work) throws Exception;

    /** The handler, with its message. */
    @FunctionalInterface
    interface Work {
        void run() throws Exception;
    }

    /** As {@link #inMemory(int, MessageId)}, by {@link MessageId#place()}. */
    static Deduplication inMemory(int entries) {
        return inMemory(entries, MessageId.place());
    }

    /**
     * Remembers the last messages that were done, on the heap of this process. It catches what comes again while the process
     * lives and within so many messages, over all consumers that share it: a sender's second try, a partition that goes
     * away and comes back. It does not catch what comes again after a restart or on another machine.
     *
     * @param entries 1 or more; each takes about 150 bytes and the length of its id
     */
    static Deduplication inMemory(int entries, MessageId by) {
        return new LastDone(entries, by);
    }
}

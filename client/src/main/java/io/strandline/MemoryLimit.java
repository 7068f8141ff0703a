package io.strandline;

import java.util.Collection;

/**
 * Says which partitions may fetch. Messages in memory are limited over all partitions together, in number and bytes; a
 * partition that holds more than its share stops first, so that a slow one does not stop the others. One poll may go
 * beyond the limit.
 *
 * <p>Where messages overtake each other, what is finished above the lowest unfinished one would come again after a crash,
 * and is kept in the books until then. So that has a limit, too: a partition that is so far ahead of an unfinished message
 * waits for it.
 */
final class MemoryLimit {
    private static final int AHEAD_MAX = 100_000;

    private final int messagesMax;
    private final long bytesMax;
    private int messages;
    private long bytes;
    private int partitions;

    /** As of the round before. */
    private int messagesBefore;

    MemoryLimit(int messagesMax, long bytesMax) {
        this.messagesMax = messagesMax;
        this.bytesMax = bytesMax;
    }

    /** Once per round, before the partitions are asked for. */
    void count(Collection<Tenure> tenures) {
        messagesBefore = messages;
        messages = 0;
        bytes = 0;
        partitions = Math.max(1, tenures.size());
        for (var tenure : tenures) {
            messages += tenure.messagesInMemory();
            bytes += tenure.bytesInMemory();
        }
    }

    /** While more than half of the limit is in use, none may hold more than its share; above the limit none fetches. */
    boolean mayFetch(Tenure tenure) {
        if (full() || tenure.span() > Math.max(AHEAD_MAX / partitions, messagesMax)) {
            return false;
        }
        return !crowded()
                || (tenure.messagesInMemory() <= messagesMax / 2 / partitions
                        && tenure.bytesInMemory() <= bytesMax / 2 / partitions);
    }

    private boolean crowded() {
        return messages > messagesMax / 2 || bytes > bytesMax / 2;
    }

    /** Somebody may be held back who has room again soon, for handlers are getting on. */
    boolean makesRoom() {
        return crowded() && messages != messagesBefore;
    }

    boolean full() {
        return messages >= messagesMax || bytes >= bytesMax;
    }

    int messages() {
        return messages;
    }

    long bytes() {
        return bytes;
    }
}

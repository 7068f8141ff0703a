package io.strandline;

import java.util.Collection;

/**
 * Says which partitions may fetch. Messages in memory are limited over all partitions together, in number and bytes; a
 * partition that holds more than its share stops first, so that a slow one does not stop the others. One poll may go
 * beyond the limit. What stays for long, since its partition is held back or its retry is due later, takes half of the limit
 * from the others at most, and fetches no more while more than that is in use.
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

    /** Of these, what takes room from those that go on. */
    private int messagesTaken;

    private long bytesTaken;

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
        int messagesResting = 0;
        long bytesResting = 0;
        for (var tenure : tenures) {
            int its = tenure.messagesInMemory();
            long itsBytes = tenure.bytesInMemory();
            messages += its;
            bytes += itsBytes;
            if (tenure.rests()) {
                messagesResting += its;
                bytesResting += itsBytes;
            }
        }
        messagesTaken = messages - Math.max(0, messagesResting - messagesMax / 2);
        bytesTaken = bytes - Math.max(0, bytesResting - bytesMax / 2);
    }

    /** While more than half of the limit is in use, none may hold more than its share; above the limit none fetches. */
    boolean mayFetch(Tenure tenure) {
        if (full() || tenure.span() > Math.max(AHEAD_MAX / partitions, messagesMax)) {
            return false;
        }
        if (tenure.rests() && (messages > messagesMax / 2 || bytes > bytesMax / 2)) {
            return false;
        }
        return !crowded()
                || (tenure.messagesInMemory() <= messagesMax / 2 / partitions
                        && tenure.bytesInMemory() <= bytesMax / 2 / partitions);
    }

    private boolean crowded() {
        return messagesTaken > messagesMax / 2 || bytesTaken > bytesMax / 2;
    }

    /** Somebody may be held back who has room again soon, for handlers are getting on. */
    boolean makesRoom() {
        return crowded() && messages != messagesBefore;
    }

    boolean full() {
        return messagesTaken >= messagesMax || bytesTaken >= bytesMax;
    }

    int messages() {
        return messages;
    }

    long bytes() {
        return bytes;
    }
}

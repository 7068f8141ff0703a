package io.strandline.broker.groups;

import java.util.List;

/** Where events go; {@code __consumer_offsets} in production. Safe for any thread, never waits for the disk. */
public interface EventLog {
    /** Takes all events, in order, or none. */
    Appended append(List<Event> events);

    /** What became of an append. */
    sealed interface Appended {
        /** @param endOffset the events will survive once the log is durable up to here */
        record At(long endOffset) implements Appended {}

        /** The log could not take them now (no space); nothing has changed. */
        record Refused(String reason) implements Appended {}
    }
}

package io.strandline.broker.groups;

import java.util.List;

/** Where events go; {@code __consumer_offsets} in production. Safe for any thread, never waits for the disk. */
public interface EventLog {
    /** Takes all events, in order, or none. */
    Appended append(List<Event> events);

    /** Events that a restart would have to read. */
    long length();

    /** One more than the offset of the last event. */
    long end();

    /** Whether everything below this offset survives a power cut. */
    boolean isDurable(long endOffset);

    /** Drops what lies before this offset: it has been said again behind it. */
    void forgetBefore(long offset);

    /** What became of an append. */
    sealed interface Appended {
        /** @param endOffset the events will survive once the log is durable up to here */
        record At(long endOffset) implements Appended {}

        /** The log could not take them now (no space); nothing has changed. */
        record Refused(String reason) implements Appended {}
    }
}

package io.strandline;

/** Takes events. Never blocks and never throws, so that it may be called under a lock. */
@FunctionalInterface
interface EventSink {
    void raise(Event event);

    /** False if nobody would see an event of this type: what is costly to make, or made often, need not be. */
    default boolean wanted(Class<? extends Event> type) {
        return true;
    }
}

package io.strandline;

/** Takes events. Never blocks and never throws, so that it may be called under a lock. */
@FunctionalInterface
interface EventSink {
    void raise(Event event);
}

package io.strandline;

/** Stores a message for a later attempt. */
@FunctionalInterface
interface RetryWriter {
    /** Returns when it is acknowledged; the source may be passed over only then. */
    Ack write(Task task, Task.Letter letter, Time time);

    /** For consumers whose messages wait in memory. */
    static RetryWriter none() {
        return (task, letter, time) -> {
            throw new IllegalStateException("A message for " + letter.topic() + " without a policy that says so");
        };
    }
}

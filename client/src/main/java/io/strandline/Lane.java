package io.strandline;

/** Messages that are handled one after the other. At any time one worker of the {@link Crew} at most is at it. */
interface Lane {
    /** Goes on until there is nothing more to do here, or something must be waited for. */
    void run(Crew.Worker worker);

    /** The message that waited may be tried again. */
    void due(Task task);
}

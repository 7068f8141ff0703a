package io.strandline.storage;

/** Decides by which way a range of a log reaches the disk. A pure function. */
@FunctionalInterface
public interface Router {

    /** The two ways. */
    enum Route {
        /** As a frame in the journal, where one force covers many logs; the bytes are written twice in the end. */
        JOURNAL,
        /** By forcing the segment files themselves, one force for each. */
        DIRECT
    }

    /** One busy log alone has no one to share a force with, so its bytes need not be written twice. */
    Router STANDARD = (bytes, dirtyLogs) -> dirtyLogs == 1 ? Route.DIRECT : Route.JOURNAL;

    /**
     * Asked only where there is a choice: a range that does not fit into a cycle goes directly, a range in a file whose
     * name is not on the disk yet and the parts of a bundle go through the journal.
     *
     * @param bytes length of the range
     * @param dirtyLogs logs that have something to make durable in this cycle
     */
    Route route(long bytes, int dirtyLogs);
}

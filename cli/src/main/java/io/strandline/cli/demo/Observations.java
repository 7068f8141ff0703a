package io.strandline.cli.demo;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What was seen during one run of the demo, each list in the order of seeing. An event is known by the number of its line in the
 * file: it travels in the header {@value #LINE_HEADER}, also into the dead letter.
 *
 * @param planned how many events the run was to publish
 */
record Observations(
        int planned,
        List<Published> published,
        List<Acknowledged> acknowledged,
        List<Delivered> delivered,
        List<Assigned> assigned,
        List<Committed> committed,
        List<Interrupted> interrupted,
        List<Stored> stored,
        List<Letter> letters) {

    static final String LINE_HEADER = "source-line";

    /**
     * An event was given to the producer.
     *
     * @param key null when the event has none; nothing is then promised about its order
     * @param readable false when its handler cannot read it, so that it must become a dead letter
     * @param checksum CRC-32C of the value's bytes
     */
    record Published(int line, @Nullable String key, boolean readable, int checksum) {}

    /** The broker said where the event is. */
    record Acknowledged(int line, int partition, long offset) {}

    /** A handler saw the event. */
    record Delivered(String member, int partition, long offset, int line, Instant at) {}

    /** A member was given partitions: from here on it may begin again at what was committed last. */
    record Assigned(String member, Set<Integer> partitions, Instant at) {}

    /** The broker said that the group's progress is stored: nothing below {@code next} may be handled again. */
    record Committed(int partition, long next, Instant at) {}

    /** The broker was killed, or its power was cut. */
    record Interrupted(Instant at) {}

    /** The event was found when the whole topic was read back. */
    record Stored(int partition, long offset, int line, int checksum) {}

    /** The event was found when the whole dead-letter topic was read back. */
    record Letter(int line) {}
}

package io.strandline.storage;

import java.util.Optional;
import java.util.UUID;

/**
 * Where each file of a store lies.
 *
 * <pre>
 *  store                     who this store is; written last when it is made
 *  lock                      held while it is open
 *  checkpoint                up to where each log is safe in its own files, and where the journal begins
 *  clean                     there only after a clean stop
 *  journal                   what is not safe in its own files yet
 *  reserve                   bytes given up when the disk is full
 *  topics/ID/name            the topic's name, for people
 *  topics/ID/PARTITION/
 *      BASE.GENERATION.log       batches, the first with offset BASE
 *      BASE.GENERATION.index     where some of them begin         (derived, may be missing)
 *      BASE.GENERATION.sum       a checksum for each 64 KiB       (may be missing)
 *      OFFSET.snapshot           producers and leader epochs as of OFFSET
 * </pre>
 */
final class Layout {
    static final String ROOT = "";
    static final String STORE = "store";
    static final String LOCK = "lock";
    static final String CHECKPOINT = "checkpoint";
    static final String CLEAN = "clean";
    static final String JOURNAL = "journal";
    static final String RESERVE = "reserve";
    static final String TOPICS = "topics";
    static final String NAME = "name";

    /** A small file while it is written; never read. */
    static final String NEW = ".new";

    private static final String LOG = ".log";
    private static final String SNAPSHOT = ".snapshot";

    private Layout() {}

    static String topic(UUID topicId) {
        return TOPICS + "/" + topicId;
    }

    static String log(LogId id) {
        return topic(id.topicId()) + "/" + id.partition();
    }

    /** The path of a segment's file without what follows the last dot. */
    static String segment(LogId id, SegmentName name) {
        return log(id) + "/" + digits(name.base()) + "." + name.generation();
    }

    static String segmentLog(LogId id, SegmentName name) {
        return segment(id, name) + LOG;
    }

    static String snapshotName(long offset) {
        return digits(offset) + SNAPSHOT;
    }

    static Optional<UUID> parseTopic(String name) {
        try {
            var id = UUID.fromString(name);
            return id.toString().equals(name) ? Optional.of(id) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // someone else's file
        }
    }

    static Optional<Integer> parsePartition(String name) {
        return parseNumber(name, 10).filter(n -> n <= Integer.MAX_VALUE).map(Long::intValue);
    }

    static Optional<SegmentName> parseSegment(String name) {
        int dot = name.indexOf('.');
        if (dot < 0 || !name.endsWith(LOG) || name.length() < dot + 1 + LOG.length()) {
            return Optional.empty();
        }
        var base = parseNumber(name.substring(0, dot), 20);
        var generation = parseNumber(name.substring(dot + 1, name.length() - LOG.length()), 10);
        if (base.isEmpty() || generation.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new SegmentName(base.get(), generation.get().intValue()));
    }

    static Optional<Long> parseSnapshot(String name) {
        return name.endsWith(SNAPSHOT)
                ? parseNumber(name.substring(0, name.length() - SNAPSHOT.length()), 20)
                : Optional.empty();
    }

    private static Optional<Long> parseNumber(String digits, int lengthMax) {
        if (digits.isEmpty() || digits.length() > lengthMax || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return Optional.empty();
        }
        try {
            return Optional.of(Long.parseLong(digits));
        } catch (NumberFormatException e) {
            return Optional.empty(); // twenty nines are no offset
        }
    }

    private static String digits(long number) {
        var digits = Long.toString(number);
        return "0".repeat(20 - digits.length()) + digits;
    }
}

package io.strandline;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.jspecify.annotations.Nullable;

/**
 * Which letters of a partition are done with: all below a frontier, and ranges above it; and how far into their sources
 * those went that were sent home. Kept as the committed offset of a group and its metadata, in parts with semicolons
 * between:
 *
 * <pre>
 *   done:  for each range in order, its distance from the end of the one before and its length, in base 36
 *   kept:  when this was written, in hours since 1970, in base 36: brokers forget what nobody renews
 *   home:  for each partition that letters went to, the last offset that one got; * if there are too many to be kept
 * </pre>
 */
final class HandledLetters {
    /** Brokers take 4096 bytes unless told otherwise. */
    private static final int METADATA_MAX = 4_000;

    private static final int HOME_MAX = 1_500;

    /** What is left of it for the letters, beside when this was written and that letters went anywhere. */
    private static final int DONE_MAX = METADATA_MAX - 30;

    /** Two numbers and their commas. */
    private static final int RANGE_MAX = 28;

    /** Of letters that are looked at one after the other only the gaps around the newest matter. */
    private static final int GAPS_MAX = 10_000;

    private static final String PREFIX = "done:";
    private static final String HOME = "home:";
    private static final String KEPT = "kept:";
    private static final Duration RENEWED_AFTER = Duration.ofDays(1);
    private static final String ANYWHERE = "*";
    private static final int BASE = 36;

    static final long NONE_WENT_HOME = -1;

    /** Only the end of the source's log is a limit. */
    static final long UNKNOWN_HOW_FAR = Long.MAX_VALUE;

    private long frontier;

    /** First offset to the one behind the last; none touches another or the frontier. */
    private final TreeMap<Long, Long> ranges = new TreeMap<>();

    /** As the ranges: known to be no letters. They join a letter beside them when that is done with. */
    private final TreeMap<Long, Long> gaps = new TreeMap<>();

    private final TreeMap<Partition, Long> home = new TreeMap<>();
    private boolean wentAnywhere;
    private long keptAtHour;

    /** @param begin the first offset that is still there */
    static HandledLetters of(@Nullable OffsetAndMetadata committed, long begin) {
        var handled = new HandledLetters();
        if (committed != null) {
            handled.frontier = committed.offset();
            handled.read(committed.metadata());
        }
        if (begin > handled.frontier) {
            handled.skipTo(begin);
        }
        return handled;
    }

    private void read(String metadata) {
        for (var part : metadata.split(";", -1)) {
            if (part.startsWith(PREFIX)) {
                readDone(part.substring(PREFIX.length()));
            } else if (part.startsWith(HOME)) {
                readHome(part.substring(HOME.length()));
            } else if (part.startsWith(KEPT)) {
                keptAtHour = Long.parseLong(part.substring(KEPT.length()), BASE);
            }
        }
    }

    private void readHome(String text) {
        wentAnywhere = text.equals(ANYWHERE);
        for (var place : wentAnywhere ? new String[0] : text.split(",", -1)) {
            int at = place.lastIndexOf('@');
            int dash = place.lastIndexOf('-', at);
            home.put(
                    Partition.of(place.substring(0, dash), Integer.parseInt(place.substring(dash + 1, at))),
                    Long.parseLong(place.substring(at + 1), BASE));
        }
    }

    private void readDone(String text) {
        long at = frontier;
        var numbers = text.split(",", -1);
        for (int i = 0; i + 1 < numbers.length; i += 2) {
            long first = at + Long.parseLong(numbers[i], BASE);
            at = first + Long.parseLong(numbers[i + 1], BASE);
            ranges.put(first, at);
        }
    }

    private void skipTo(long begin) {
        frontier = begin;
        while (!ranges.isEmpty() && ranges.firstKey() <= frontier) {
            frontier = Math.max(frontier, ranges.pollFirstEntry().getValue());
        }
    }

    long frontier() {
        return frontier;
    }

    boolean contains(long offset) {
        if (offset < frontier) {
            return true;
        }
        var range = ranges.floorEntry(offset);
        return range != null && offset < range.getValue();
    }

    void add(long offset) {
        addRange(beforeGaps(offset), behindGaps(offset + 1));
    }

    /** There is no letter in here: marks of transactions, what was aborted, what compaction took. */
    void gap(long from, long to) {
        if (from >= to) {
            return;
        }
        long first = beforeGaps(from);
        long end = behindGaps(to);
        if (first <= frontier) {
            addRange(first, end);
            return;
        }
        gaps.put(first, end);
        if (gaps.size() > GAPS_MAX) {
            var unused = gaps.firstKey() == first ? gaps.pollLastEntry() : gaps.pollFirstEntry();
        }
    }

    private long beforeGaps(long offset) {
        long first = offset;
        for (var gap = gaps.lowerEntry(first); gap != null && gap.getValue() == first; gap = gaps.lowerEntry(first)) {
            first = gap.getKey();
            gaps.remove(first);
        }
        return first;
    }

    private long behindGaps(long offset) {
        long end = offset;
        for (var next = gaps.remove(end); next != null; next = gaps.remove(end)) {
            end = next;
        }
        return end;
    }

    /**
     * Whether it can still be written when this letter is done with too, wherever it goes. Ask before: what cannot be
     * remembered would be done again.
     */
    boolean hasRoomFor(long offset) {
        int now = doneText().length();
        if (now + RANGE_MAX <= DONE_MAX) {
            return true;
        }
        var then = new HandledLetters();
        then.frontier = frontier;
        then.ranges.putAll(ranges);
        then.gaps.putAll(gaps);
        then.add(offset);
        return then.doneText().length() <= Math.max(now, DONE_MAX);
    }

    private void addRange(long from, long to) {
        long first = from;
        long end = to;
        var before = ranges.floorEntry(first);
        if (before != null && before.getValue() >= first) {
            first = before.getKey();
            end = Math.max(end, before.getValue());
        }
        while (true) {
            var behind = ranges.ceilingEntry(first);
            if (behind == null || behind.getKey() > end) {
                break;
            }
            end = Math.max(end, behind.getValue());
            ranges.remove(behind.getKey());
        }
        ranges.put(first, end);
        if (first <= frontier) {
            skipTo(frontier);
        }
    }

    /** A letter was sent home, and got this offset. */
    void wentHome(Partition source, long offset) {
        home.merge(source, offset, Math::max);
    }

    /**
     * The last offset of a source partition that a letter got when it was sent home; {@link #NONE_WENT_HOME} or
     * {@link #UNKNOWN_HOW_FAR} otherwise.
     */
    long home(Partition source) {
        return wentAnywhere ? UNKNOWN_HOW_FAR : home.getOrDefault(source, NONE_WENT_HOME);
    }

    private String homeText(int room) {
        var text = new StringBuilder();
        home.forEach((partition, offset) -> text.append(text.isEmpty() ? "" : ",")
                .append(partition)
                .append('@')
                .append(Long.toString(offset, BASE)));
        return wentAnywhere || text.length() > Math.min(HOME_MAX, room) ? ANYWHERE : text.toString();
    }

    /** It was written so long ago that it should be written again. */
    boolean isOld(Instant now) {
        return hour(now) - keptAtHour >= RENEWED_AFTER.toHours();
    }

    /** It is about to be written. */
    void renew(Instant now) {
        keptAtHour = hour(now);
    }

    private static long hour(Instant time) {
        return Duration.ofSeconds(time.getEpochSecond()).toHours();
    }

    private String doneText() {
        var text = new StringBuilder();
        long at = frontier;
        for (var range : ranges.entrySet()) {
            text.append(text.isEmpty() ? PREFIX : ",")
                    .append(Long.toString(range.getKey() - at, BASE))
                    .append(',')
                    .append(Long.toString(range.getValue() - range.getKey(), BASE));
            at = range.getValue();
        }
        return text.toString();
    }

    /** Empty if there are too many ranges to be kept; never if {@link #hasRoomFor} was asked before each. */
    Optional<OffsetAndMetadata> committed() {
        var metadata = new StringBuilder(doneText());
        if (keptAtHour > 0) {
            metadata.append(metadata.isEmpty() ? "" : ";").append(KEPT).append(Long.toString(keptAtHour, BASE));
        }
        var went = homeText(METADATA_MAX - metadata.length() - HOME.length() - 1);
        if (!went.isEmpty()) {
            metadata.append(metadata.isEmpty() ? "" : ";").append(HOME).append(went);
        }
        return metadata.length() > METADATA_MAX
                ? Optional.empty()
                : Optional.of(new OffsetAndMetadata(frontier, metadata.toString()));
    }
}

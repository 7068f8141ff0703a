package io.strandline;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The order in which letters go home where their keys are kept in order ({@link DeadLetter#inKeyOrder()}): of a key that
 * has followers, as its messages were sent, and none behind one that stays. They do not lie in that order: a message that
 * was sent home and failed again lies behind messages that were parked meanwhile.
 *
 * <p>All letters are looked at first ({@link #look}); then they come again, and each is told when its turn is.
 */
final class HomewardOrder {
    /** Beyond, the consumers alone keep the order: they park what comes too early again. */
    private static final int LOOKED_AT_MAX = 200_000;

    private static final int DEFERRED_MAX = 10_000;
    private static final long DEFERRED_BYTES_MAX = 64L * 1024 * 1024;

    private final int deferredMax;
    private final long deferredBytesMax;
    private final Map<Line, Letters> lines = new HashMap<>();
    private int lookedAt;
    private int deferred;
    private long deferredBytes;

    HomewardOrder() {
        this(DEFERRED_MAX, DEFERRED_BYTES_MAX);
    }

    /**
     * @param deferredMax letters that are kept until their turn comes
     * @param deferredBytesMax of all of these
     */
    HomewardOrder(int deferredMax, long deferredBytesMax) {
        this.deferredMax = deferredMax;
        this.deferredBytesMax = deferredBytesMax;
    }

    /** Letters that wait for each other. */
    private record Line(String group, Partition from, Lanes.Key key) {}

    /** The place of a letter in its line. */
    private record Place(long origin, Partition at, long offset) implements Comparable<Place> {
        private static final Comparator<Place> ORDER =
                Comparator.comparingLong(Place::origin).thenComparing(Place::at).thenComparingLong(Place::offset);

        @Override
        public int compareTo(Place other) {
            return ORDER.compare(this, other);
        }
    }

    /** A line, and how far it has come. */
    private static final class Letters {
        private final TreeSet<Place> ahead = new TreeSet<>();
        private final TreeMap<Place, DeadLetters.Letter> deferred = new TreeMap<>();
        private boolean followers;

        /** The first one that stays. Those before it may go. */
        private @Nullable Place firstThatStays;

        void keep(Place place) {
            if (firstThatStays == null || place.compareTo(firstThatStays) < 0) {
                firstThatStays = place;
            }
        }

        boolean staysBehindAnother(Place place) {
            return firstThatStays != null && place.compareTo(firstThatStays) > 0;
        }
    }

    /** What is to be done with a letter. */
    enum Turn {
        NOW,
        /** It is kept here until its turn comes. */
        LATER,
        /** It stays, since one before it does. */
        STAYS
    }

    /** First pass. */
    void look(DeadLetters.Letter letter) {
        var line = line(letter);
        if (line.isPresent() && lookedAt < LOOKED_AT_MAX) {
            lookedAt++;
            var letters = lines.computeIfAbsent(line.get(), absent -> new Letters());
            letters.followers |= !letter.follows().isEmpty();
            letters.ahead.add(place(letter));
        }
    }

    /** Between the passes. */
    void allLookedAt() {
        lines.values().removeIf(letters -> !letters.followers);
    }

    /** True if there were more letters than can be kept in order here. */
    boolean overflowed() {
        return lookedAt == LOOKED_AT_MAX;
    }

    private Optional<Letters> letters(DeadLetters.Letter letter) {
        return line(letter).map(lines::get).filter(letters -> letters.ahead.contains(place(letter)));
    }

    private static Optional<Line> line(DeadLetters.Letter letter) {
        byte[] key = letter.key();
        return key == null || letter.firstOffset().isEmpty()
                ? Optional.empty()
                : letter.from().map(from -> new Line(letter.group(), from, new Lanes.Key(key)));
    }

    private static Place place(DeadLetters.Letter letter) {
        return new Place(letter.firstOffset().orElse(0), letter.at(), letter.offset());
    }

    /** Second pass: a letter has come. */
    Turn turn(DeadLetters.Letter letter) {
        var found = letters(letter);
        if (found.isEmpty()) {
            return Turn.NOW;
        }
        var letters = found.get();
        var place = place(letter);
        if (letters.staysBehindAnother(place)) {
            return Turn.STAYS;
        } else if (letters.ahead.first().equals(place)) {
            return Turn.NOW;
        } else if (deferred == deferredMax || deferredBytes + bytes(letter) > deferredBytesMax) {
            letters.keep(place); // for another call; the one that all wait for may come yet
            return Turn.STAYS;
        }
        letters.deferred.put(place, letter);
        deferred++;
        deferredBytes += bytes(letter);
        return Turn.LATER;
    }

    private static long bytes(DeadLetters.Letter letter) {
        long bytes = length(letter.key()) + length(letter.value());
        for (var header : letter.headers()) {
            bytes += header.name().length() + length(header.value());
        }
        return bytes;
    }

    private static long length(byte @Nullable [] bytes) {
        return bytes == null ? 0 : bytes.length;
    }

    /**
     * A letter has had its turn.
     *
     * @param stays it is where it was
     * @return the one whose turn is now, if any; its turn must be asked for again
     */
    Optional<DeadLetters.Letter> after(DeadLetters.Letter letter, boolean stays) {
        var found = letters(letter);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        var letters = found.get();
        letters.ahead.remove(place(letter));
        if (stays) {
            letters.keep(place(letter));
        }
        var next = letters.deferred.firstEntry();
        if (next == null
                || (!letters.staysBehindAnother(next.getKey())
                        && !letters.ahead.first().equals(next.getKey()))) {
            return Optional.empty();
        }
        letters.deferred.remove(next.getKey());
        deferred--;
        deferredBytes -= bytes(next.getValue());
        return Optional.of(next.getValue());
    }

    /** At the end: those whose predecessors did not come, since they were deleted meanwhile; in order. */
    ArrayDeque<DeadLetters.Letter> left() {
        var left = new ArrayDeque<DeadLetters.Letter>();
        lines.values().forEach(letters -> {
            left.addAll(letters.deferred.values());
            letters.ahead.retainAll(letters.deferred.keySet());
            letters.deferred.clear();
        });
        deferred = 0;
        deferredBytes = 0;
        return left;
    }
}

package io.strandline;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** How a member learns which letters of its group hold back keys. Its methods ask brokers, and throw if none answers. */
interface LetterLog {
    int OPEN_MAX = 50_000;

    /** More letters of one partition that nobody has sent home or dropped are not kept in memory. */
    default int openMax() {
        return OPEN_MAX;
    }

    /**
     * More are not read. Handlers that fail at once, and crashes, which leave letters twice, may have written some more
     * than may be open.
     */
    static int readMax(int openMax) {
        return openMax + openMax / 10;
    }

    /**
     * Reads which letters hold back keys of a partition.
     *
     * @param asOf what was stored before this is found; see {@link Time#nanoTime}
     * @param from messages below this were handled, or are letters
     * @param read counts what was looked at
     */
    Letters read(Partition source, long asOf, long from, LongAdder read);

    /**
     * What became of letters.
     *
     * @param letters that are still there, as far as is known
     * @param asOf what was done before this is found; see {@link Time#nanoTime}
     * @return those that are not: each with the offset by which it can come back. A letter whose topic was deleted and made
     *     anew is one of them
     */
    List<OpenLetter> gone(Partition source, List<OpenLetter> letters, long asOf);

    /** A partition has left: what was read for it, and not asked for yet, need not be kept. Asks nobody. */
    void left(Partition source);

    /**
     * Those of one partition.
     *
     * @param stillThere how many there are; with more than {@link #readMax} the list is cut short
     */
    record Letters(List<OpenLetter> all, long stillThere) {}

    /** The last offset of a source partition that any letter of a topic got when it was sent home. */
    static long home(Map<Partition, HandledLetters> progress, Partition source) {
        return progress.values().stream()
                .mapToLong(handled -> handled.home(source))
                .max()
                .orElse(HandledLetters.NONE_WENT_HOME);
    }
}

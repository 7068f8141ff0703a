package io.strandline.broker.groups;

import io.strandline.broker.groups.EventLog.Appended;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Keeps the log of the groups short, so that a start does not read years of commits. When most of it is out of date, everything
 * that counts is said again at the end; once that is on the disk, the log may begin there:
 *
 * <pre>
 *   | old and older ... | said again, mixed with new events | new events ...
 *                       ^ from                              ^ end: durable, so all before "from" goes
 * </pre>
 *
 * It holds because each group is said again under its lock, and because a later event about anything outdoes the earlier ones.
 * Runs on one thread, the timer's.
 */
final class Rewriting {
    static final long INTERVAL_MS = 60_000;

    /** Below this a start reads it in a blink anyway. */
    private static final long LENGTH_MIN = 20_000;

    /** Rewriting pays when it makes the log this much shorter. */
    private static final int RATIO = 10;

    private final EventLog log;
    private final LongSupplier entries;
    private final Supplier<Appended> rewriteAll;
    private OptionalLong from = OptionalLong.empty();
    private long end;

    /**
     * @param entries events that say everything
     * @param rewriteAll says everything again
     */
    Rewriting(EventLog log, LongSupplier entries, Supplier<Appended> rewriteAll) {
        this.log = log;
        this.entries = entries;
        this.rewriteAll = rewriteAll;
    }

    /** Begins, or ends what was begun; never waits. */
    void step() {
        step(LENGTH_MIN);
    }

    void step(long lengthMin) {
        if (from.isPresent()) {
            finish(from.getAsLong());
        } else if (log.length() >= lengthMin && log.length() >= Math.min(RATIO, lengthMin) * entries.getAsLong()) {
            begin();
        }
    }

    private void begin() {
        long before = log.end();
        if (rewriteAll.get() instanceof Appended.At said) {
            from = OptionalLong.of(before);
            end = said.endOffset();
        }
    }

    private void finish(long begun) {
        if (log.isDurable(end)) {
            log.forgetBefore(begun);
            from = OptionalLong.empty();
        }
    }
}

package io.strandline;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the order of each key of one partition over failures ({@link DeadLetter#inKeyOrder()}): knows which letters hold
 * back keys, from the log of letters before the first message and from what happens here afterwards.
 *
 * <p>A message comes after a letter of its key whose message was sent before, until that was handled, or its letter was
 * dropped. That it was handled is seen here, when it comes back through the partition. That it was dropped is seen in the
 * progress of {@link DeadLetters}, which also says up to where letters went home: what is read beyond cannot be overtaken
 * any more by what comes back. All messages of a key pass here one after the other, in the order of the log.
 */
final class KeyOrder {
    /** Until reading that failed, or found too much, is tried again; and until a letter that has no room is. */
    static final Duration AGAIN_AFTER = Duration.ofSeconds(1);

    /** Each time that there are too many all of them are read: twice as long after the last time, up to this. */
    private static final Duration AGAIN_AFTER_MAX = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(DeadLetter.class);

    private final Partition source;
    private final MemberContext member;
    private final LetterLog log;
    private final int openMax;
    private final Runnable known;
    private final BooleanSupplier mayBegin;
    private final KeyLetters letters = new KeyLetters();

    /** Of the reading. Times as of {@link Time#nanoTime}. */
    private enum State {
        NOT_BEGUN,
        /** There are messages, and someone may write letters yet. */
        WAITING,
        READING,
        AGAIN,
        KNOWN
    }

    private volatile State state = State.NOT_BEGUN;
    private volatile long asOf;
    private volatile long from;
    private volatile long newest;

    /** Of the poll thread. */
    private boolean first = true;

    private volatile @Nullable Throwable failure;
    private volatile long tooMany;
    private volatile Duration againAfter = AGAIN_AFTER;
    private final LongAdder read = new LongAdder();

    /** There are as many letters as are kept in memory, so that no more may be written. */
    static final class Full extends RuntimeException {
        private static final long serialVersionUID = 1;

        final int open;

        Full(int open) {
            super(open + " letters are open", null, false, false);
            this.open = open;
        }
    }

    /**
     * @param known called once, when messages may be handed out; on any thread
     * @param mayBegin letters that are written here from now on are written through this one; asked by the poll thread
     */
    KeyOrder(
            Partition source,
            MemberContext member,
            LetterLog log,
            int openMax,
            Runnable known,
            BooleanSupplier mayBegin) {
        this.source = source;
        this.member = member;
        this.log = log;
        this.openMax = openMax;
        this.known = known;
        this.mayBegin = mayBegin;
        asOf = member.time().nanoTime();
    }

    /** Poll thread: messages are there, from this offset on. What became of letters before that matters to them. */
    void arrived(long offset) {
        newest = member.time().nanoTime();
        if (state == State.NOT_BEGUN) {
            from = offset;
            state = State.WAITING;
            begin();
        }
    }

    /** Poll thread: another one had the partition until now, and may have begun to write a letter. */
    void afterAnother() {
        first = false;
    }

    private void begin() {
        if (!mayBegin.getAsBoolean()) {
            return;
        }
        if (!first) {
            asOf = member.time().nanoTime(); // what was read before may lack its last letter
        }
        startReading();
    }

    /** Poll thread. */
    void tick(long now) {
        if (state == State.WAITING) {
            begin();
        } else if (state == State.AGAIN && now - asOf >= againAfter.toNanos()) {
            asOf = now;
            startReading();
        }
    }

    private void startReading() {
        state = State.READING;
        member.threads().start("strandline-letters-" + source, this::read);
    }

    private void read() {
        try {
            var found = log.read(source, asOf, from, read);
            failure = null;
            boolean triedBefore = tooMany > 0;
            tooMany = found.stillThere() > LetterLog.readMax(openMax) ? found.stillThere() : 0;
            if (tooMany > 0) {
                again(triedBefore ? doubled(againAfter) : AGAIN_AFTER);
            } else {
                found.all().forEach(letters::add);
                state = State.KNOWN;
                known.run();
            }
        } catch (RuntimeException e) {
            LOG.warn("Group {}: which letters hold back keys of {} is not known yet", member.group(), source, e);
            failure = e;
            again(AGAIN_AFTER);
        } catch (Error e) {
            member.crash().accept(e); // there is no other way to say why nothing moves
        }
    }

    private void again(Duration after) {
        asOf = member.time().nanoTime();
        againAfter = after;
        state = State.AGAIN;
    }

    private static Duration doubled(Duration after) {
        var twice = after.multipliedBy(2);
        return twice.compareTo(AGAIN_AFTER_MAX) < 0 ? twice : AGAIN_AFTER_MAX;
    }

    /** Poll thread: the partition has left, or reading goes on elsewhere in it. */
    void left() {
        log.left(source);
    }

    /** Worker: the letter that this message must follow, if any. Asks brokers only if there is one. */
    Optional<OpenLetter> before(Task task) {
        var key = task.record().key();
        if (letters.isEmpty() || key == null) {
            return Optional.empty();
        }
        var ours = new Lanes.Key(key);
        long origin = DeadLetterHeaders.origin(task.record());
        var found = letters.before(ours, origin, task.offset());
        if (found.isEmpty()) {
            return found;
        }
        lookAgain(letters.stillThere(ours), newest);
        return letters.before(ours, origin, task.offset());
    }

    /** Letters that were sent home or dropped meanwhile. If nobody answers, what is known may hold back too much. */
    private void lookAgain(List<OpenLetter> known, long newerThan) {
        try {
            log.gone(source, known, newerThan).forEach(letters::gone);
        } catch (RuntimeException e) {
            LOG.debug("Group {}: what became of the letters of {} is not known", member.group(), source, e);
        }
    }

    /**
     * Worker: false if this message cannot become a letter now.
     *
     * @param frontier the lowest offset that is not finished
     */
    boolean hasRoomFor(Task task, long frontier) {
        var key = task.record().key();
        if (key == null || letters.stillThere() < openMax) {
            return true;
        }
        lookAgain(letters.allStillThere(), member.time().nanoTime());
        letters.forgetBelow(frontier); // of keys that may never come again, and would stay
        return letters.stillThere() < openMax
                || letters.holds(new Lanes.Key(key), DeadLetterHeaders.origin(task.record()));
    }

    /** Keys that are held back, as far as is known. */
    int keys() {
        return letters.keys();
    }

    int open() {
        return letters.stillThere();
    }

    /** Worker: the message is this letter now. */
    void stored(Task task, Ack ack) {
        var key = task.record().key();
        if (key != null) {
            letters.replace(new OpenLetter(
                    new Lanes.Key(key),
                    DeadLetterHeaders.origin(task.record()),
                    Partition.of(ack.topic(), ack.partition()),
                    ack.offset(),
                    OpenLetter.STILL_THERE));
        }
    }

    /** Worker: the message was handled, or thrown away; nothing waits for it any more. */
    void done(Task task) {
        if (!letters.isEmpty()) {
            var key = task.record().key();
            if (key != null) {
                letters.remove(new Lanes.Key(key), DeadLetterHeaders.origin(task.record()));
            }
        }
    }

    /** Why nothing is handed out yet. */
    Reason unknown(Duration since) {
        return tooMany > 0
                ? new Reason.TooManyLetters(since, tooMany, openMax)
                : new Reason.LettersUnread(since, read.sum(), Optional.ofNullable(failure));
    }
}

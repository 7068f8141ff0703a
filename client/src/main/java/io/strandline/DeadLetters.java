package io.strandline;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The way back for the messages of a dead-letter topic: look at them, send them home, drop them. Reads what this client
 * writes, Kafka's share groups (KIP-1191) and Kafka Streams (KIP-1034), Kafka Connect, Spring, SmallRye, Karafka,
 * Wolverine and KPipe.
 *
 * <p>What was sent home or dropped stays in the topic, since a log gives up only its beginning, and is not shown again:
 * the consumer group {@code strandline-dead-letters-<topic>} remembers it. So each of these calls goes on where an
 * earlier one stopped or died; what it did in its last second may be done again. Two things follow. One such call at a
 * time for a topic. And brokers forget offsets that nobody renews ({@code offsets.retention.minutes}, 7 days): then all
 * letters are shown again. Sending home and dropping renew them, and so does, once a day, a consumer that runs with this
 * topic for its dead letters; where none does, {@link #purge} what is done with. Where what is done with lies scattered
 * among about a thousand letters of a partition that are not, it cannot be remembered any more: the call stops before that, and says so.
 *
 * <p>Letters of keys that are kept in order ({@link DeadLetter#inKeyOrder()}) go home in the order in which their messages
 * were sent; none goes that follows one which stays.
 *
 * <p>Every call reads to where the topic ended when it began. Not for use by several threads at once.
 */
public interface DeadLetters {
    /**
     * One message that was given up. Texts that its writer did not give are empty.
     *
     * @param key as the source had it
     * @param value as the source had it
     * @param headers as the source had them: what the dead letter says about itself is left out
     * @param from where it came from, if the letter says so
     * @param firstOffset the offset it had there when it was sent first; another than {@code fromOffset} if it was sent
     *     home since
     * @param timestamp the source message's, if the letter says so
     * @param firstFailed when the first attempt began
     * @param attempts 0 if unknown
     * @param group who gave it up; of Kafka Connect, the connector's name
     * @param exception the class of what the handler threw; of its wrapper, where the letter says no more
     * @param redriven how often it was sent home already
     * @param follows the letter that it was parked behind, such as {@code orders.dlq-0@17}; empty if it failed itself
     * @param dialect who wrote it
     */
    @SuppressWarnings("ArrayRecordComponent") // the bytes themselves are what matters; nobody compares letters
    record Letter(
            Partition at,
            long offset,
            byte @Nullable [] key,
            byte @Nullable [] value,
            Headers headers,
            Optional<Partition> from,
            OptionalLong fromOffset,
            OptionalLong firstOffset,
            Optional<Instant> timestamp,
            Optional<Instant> firstFailed,
            int attempts,
            String group,
            String exception,
            String message,
            String stackTrace,
            int redriven,
            String follows,
            String dialect) {}

    /**
     * What was done, or would be.
     *
     * @param seen letters that were looked at
     * @param moved sent home, or dropped
     * @param left not chosen, sent home too often already, or given up by another group than the one they were to go home
     *     for
     * @param failed could not be sent home; see the notes
     * @param retimed of those moved: sent home with the time of now, because they are older than half of the source's
     *     retention, which might have deleted them before anyone handled them, or because the letter does not tell it
     * @param notes what to know, in words; a hundred at most, and whether there would be more
     */
    record Report(long seen, long moved, long left, long failed, long retimed, List<String> notes) {
        public Report {
            notes = List.copyOf(notes);
        }
    }

    /** Partition by partition, oldest first. Close it. */
    Stream<Letter> browse();

    long count();

    /**
     * Sends letters back to where they came from: same partition, key, value and headers, one after the other, each
     * acknowledged before the next. Every group of the source topic sees them again.
     *
     * @param perSecond at most; {@link Integer#MAX_VALUE}: no limit
     */
    Report redrive(Predicate<? super Letter> which, int perSecond);

    /**
     * As {@link #redrive}, only for one group: other groups that use this client pass over them in that topic (a header
     * says so). What else reads the topic does see them. Letters of this client, or of
     * a share group, that another group gave up stay, for that group would never see them.
     *
     * @param group who gave them up; letters of other frameworks go home for any
     */
    Report redriveFor(String group, Predicate<? super Letter> which, int perSecond);

    /** They are done with: not shown again. Whoever shares the topic has its letters dropped as well: choose. */
    Report drop(Predicate<? super Letter> which);

    /**
     * Deletes what is done with from the topic for good, as far as everything before it is done with too.
     *
     * @return how many offsets were deleted
     */
    long purge();

    /** The same, changing nothing: reports what would be done. */
    DeadLetters dryRun();

    /** The loop guard: what was sent home so often stays. Default 3. */
    DeadLetters maxRedriven(int times);

    /** Where letters are from that do not say so. */
    DeadLetters from(String topic);
}

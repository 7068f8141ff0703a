package io.strandline;

import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A dead letter that holds back its key: it lies in its topic, or is on its way back from there.
 *
 * @param origin the offset that its message had when it was sent first: messages of the key above it come after it
 * @param at where it lies; on its way back, the partition it came from if its letter is not known
 * @param offset in that
 * @param backBy the last offset of the source partition at which it can come back; {@link #STILL_THERE} while nobody has
 *     sent it home or dropped it
 */
record OpenLetter(Lanes.Key key, long origin, Partition at, long offset, long backBy) {
    static final long STILL_THERE = Long.MAX_VALUE;

    /** Nobody has sent it home or dropped it. */
    boolean stillThere() {
        return backBy == STILL_THERE;
    }

    OpenLetter backBy(long last) {
        return new OpenLetter(key, origin, at, offset, last);
    }

    /**
     * True if a message of its key comes after it.
     *
     * @param messageOrigin the offset that the message had when it was sent first
     * @param messageOffset where the message was read
     */
    boolean holdsBack(long messageOrigin, long messageOffset) {
        return origin < messageOrigin && messageOffset <= backBy;
    }

    /**
     * The letter that this record of a dead-letter topic is; empty if it holds back no key of this group.
     *
     * @param group who wrote it
     */
    static Optional<Found> read(ConsumerRecord<byte[], byte[]> record, String group) {
        var key = record.key();
        if (key == null) {
            return Optional.empty();
        }
        var letter = Dialect.read(record, Optional.empty());
        if (!letter.group().equals(group)
                || !letter.dialect().equals(Dialect.OURS)
                || letter.from().isEmpty()
                || letter.firstOffset().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Found(
                letter.from().get(),
                new OpenLetter(
                        new Lanes.Key(key),
                        letter.firstOffset().getAsLong(),
                        letter.at(),
                        letter.offset(),
                        STILL_THERE)));
    }

    /** @param source the partition that its message was read from */
    record Found(Partition source, OpenLetter letter) {}

    /** The letter that comes back as this record of a source partition; empty if it is a message like any other. */
    static Optional<OpenLetter> comingBack(ConsumerRecord<byte[], byte[]> record, String group) {
        var key = record.key();
        long origin = DeadLetterHeaders.origin(record);
        if (key == null || origin == record.offset() || DeadLetterHeaders.isForAnother(record, group)) {
            return Optional.empty();
        }
        return Optional.of(new OpenLetter(
                new Lanes.Key(key),
                origin,
                Partition.of(record.topic(), record.partition()),
                record.offset(),
                record.offset()));
    }
}

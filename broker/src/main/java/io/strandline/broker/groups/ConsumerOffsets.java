package io.strandline.broker.groups;

import io.strandline.storage.Batch;
import io.strandline.storage.BatchBuilder;
import io.strandline.storage.Codec;
import io.strandline.storage.Durability;
import io.strandline.storage.FileSlice;
import io.strandline.storage.InvalidBatch;
import io.strandline.storage.PartitionLog;
import io.strandline.storage.Read;
import io.strandline.storage.Time;
import io.strandline.storage.Verdict;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The topic {@code __consumer_offsets} as the log of all groups. It is made when the first group has something to keep, and
 * clients may read it like any other topic.
 *
 * <p>It has one partition. Kafka's fifty spread groups over the brokers of a cluster; on one node they would only spread the
 * commits of one moment over fifty files, each of which has to be forced.
 *
 * <p>One append is one batch, so its events are in the log together or not at all.
 */
public final class ConsumerOffsets implements EventLog {
    public static final String TOPIC = "__consumer_offsets";

    private static final System.Logger LOG = System.getLogger(ConsumerOffsets.class.getName());
    private static final int READ_BYTES = 1 << 20;
    private static final int BATCH_LENGTH_AT = 8;
    private static final int LENGTH_COUNTS_FROM = 12;

    private final Supplier<Home> makeHome;
    private final Time time;
    private final ReentrantLock homeLock = new ReentrantLock();
    private volatile @Nullable Place place;

    /** Where the topic is. */
    public sealed interface Home {}

    /**
     * @param log its partition
     * @param created durable when no restart takes the topic back
     */
    public record Place(PartitionLog log, Durability created) implements Home {}

    /** The topic could not be made. */
    public record NoPlace(String reason) implements Home {}

    /** @param makeHome finds the topic or makes it; asked until it gives a {@link Place} */
    public ConsumerOffsets(Supplier<Home> makeHome, Time time) {
        this.makeHome = makeHome;
        this.time = time;
    }

    @Override
    public Appended append(List<Event> events) {
        return switch (home()) {
            case Place home -> append(events, home.log());
            case NoPlace none -> new Appended.Refused(none.reason());
        };
    }

    private Appended append(List<Event> events, PartitionLog log) {
        var batch = new BatchBuilder();
        long nowMs = time.wallMs();
        for (var event : events) {
            var entry = EventRecords.write(event);
            batch.add(nowMs, entry.key(), entry.value());
        }
        return switch (log.append(batch.build())) {
            case Verdict.Appended appended -> new Appended.At(appended.endOffset());
            case Verdict.Rejected rejected -> new Appended.Refused(rejected.reason());
            case Verdict.Duplicate duplicate ->
                throw new IllegalStateException("Without a producer id, and still a duplicate: " + duplicate);
        };
    }

    @Override
    public long length() {
        var home = place;
        return home == null ? 0 : home.log().endOffset() - home.log().view().logStartOffset();
    }

    @Override
    public long end() {
        var home = place;
        return home == null ? 0 : home.log().endOffset();
    }

    @Override
    public boolean isDurable(long endOffset) {
        return durable(endOffset).state() == Durability.State.DURABLE;
    }

    @Override
    public void forgetBefore(long offset) {
        var home = place;
        try {
            if (home != null && home.log().trim(offset) instanceof PartitionLog.Trim.OutOfRange range) {
                throw new IllegalStateException("Cannot drop up to " + offset + " of " + TOPIC + ": " + range.view());
            }
        } catch (IOException e) {
            // The log stays longer than it must; it is tried again when it has grown further.
            LOG.log(Level.WARNING, "The beginning of " + TOPIC + " could not be dropped", e);
        }
    }

    /** What an answer waits for that knows of events below this offset (W15). */
    public Durability durable(long endOffset) {
        var home = place;
        if (endOffset == 0 || home == null) {
            return Durability.all(List.of());
        }
        var events = home.log().durable(endOffset);
        return home.created().state() == Durability.State.DURABLE
                ? events
                : Durability.all(List.of(home.created(), events));
    }

    private Home home() {
        var known = place;
        if (known != null) {
            return known;
        }
        homeLock.lock();
        try {
            if (place instanceof Place found) {
                return found;
            }
            var made = makeHome.get();
            if (made instanceof Place found) {
                place = found;
            }
            return made;
        } finally {
            homeLock.unlock();
        }
    }

    /**
     * Reads what is there, in order, at the start of the broker.
     *
     * @param found the topic, which exists already
     */
    public void replay(Place found, Consumer<Event> to) throws IOException {
        place = found;
        var log = found.log();
        long offset = log.view().logStartOffset();
        while (offset < log.view().durableEnd()) {
            offset = switch (log.read(offset, READ_BYTES, true)) {
                case Read.Slices read -> replay(read.slices(), offset, to);
                case Read.OutOfRange range -> range.view().durableEnd();
                case Read.Damaged damaged -> {
                    LOG.log(
                            Level.ERROR,
                            TOPIC + " is damaged from offset " + damaged.fromOffset() + " to " + damaged.toOffset()
                                    + " (" + damaged.reason()
                                    + "): groups and offsets may be older than they should be");
                    yield damaged.toOffset();
                }
            };
        }
    }

    /** Says where to go on. */
    private static long replay(List<FileSlice> slices, long from, Consumer<Event> to) throws IOException {
        long next = from;
        for (var slice : slices) {
            var bytes = slice.read();
            while (bytes.remaining() >= LENGTH_COUNTS_FROM) {
                int size = LENGTH_COUNTS_FROM + bytes.getInt(bytes.position() + BATCH_LENGTH_AT);
                if (size > bytes.remaining()) {
                    break; // a slice may end inside a batch; it comes again, whole
                }
                next = replay(bytes.slice(bytes.position(), size), from, to);
                bytes.position(bytes.position() + size);
            }
        }
        if (next == from) {
            throw new IOException(TOPIC + " has no whole batch at offset " + from);
        }
        return next;
    }

    private static long replay(ByteBuffer bytes, long from, Consumer<Event> to) throws IOException {
        try {
            var batch = Batch.parse(bytes);
            var records = batch.records(Codec.JDK);
            while (!batch.isControl() && records.next()) {
                if (records.offset() >= from) {
                    EventRecords.read(records.key(), records.value()).ifPresent(to);
                }
            }
            return batch.endOffset();
        } catch (InvalidBatch e) {
            throw new IOException(TOPIC + " holds a batch that cannot be read: " + e.getMessage(), e);
        }
    }
}

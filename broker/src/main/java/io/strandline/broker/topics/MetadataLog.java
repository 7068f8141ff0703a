package io.strandline.broker.topics;

import io.strandline.storage.Batch;
import io.strandline.storage.BatchBuilder;
import io.strandline.storage.Codec;
import io.strandline.storage.Durability;
import io.strandline.storage.InvalidBatch;
import io.strandline.storage.PartitionLog;
import io.strandline.storage.Time;
import io.strandline.storage.Verdict;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The broker's own log of facts. Whoever appends holds the lock of the state that the event changes, so events of one state
 * are applied in the order of the log, now and at the next start.
 */
public final class MetadataLog {
    private final Time time;
    private volatile @Nullable PartitionLog log;

    public MetadataLog(Time time) {
        this.time = time;
    }

    /** From here on events can be appended: the store has been opened. */
    public void attach(PartitionLog metadata) {
        log = metadata;
    }

    /** What became of an append. */
    public sealed interface Appended {
        /** @param endOffset the event survives once the log is durable up to here */
        record At(long endOffset) implements Appended {}

        /** Nothing was appended. */
        record Refused(String reason) implements Appended {}
    }

    /** Takes the event into the log; does not wait for the disk. */
    public Appended append(Event event) {
        var batch = new BatchBuilder()
                .add(time.wallMs(), null, EventCodec.encode(event))
                .build();
        return switch (log().append(batch)) {
            case Verdict.Appended appended -> new Appended.At(appended.endOffset());
            case Verdict.Rejected rejected -> new Appended.Refused(rejected.reason());
            case Verdict.Duplicate duplicate ->
                throw new IllegalStateException("The metadata log has no producer, but sees a duplicate: " + duplicate);
        };
    }

    /** The events of one batch. */
    static List<Event> events(Batch batch) {
        var events = new ArrayList<Event>(batch.count());
        try {
            var records = batch.records(Codec.JDK);
            while (records.next()) {
                var value = records.value();
                if (value == null) {
                    throw new IllegalStateException("The metadata log holds an empty event in " + batch);
                }
                events.add(EventCodec.decode(value));
            }
        } catch (InvalidBatch e) {
            throw new IllegalStateException("The metadata log holds a batch that cannot be read: " + batch, e);
        }
        return events;
    }

    /** Whether everything below this offset is on the disk. Before the store is open everything that is told is. */
    public boolean isDurable(long endOffset) {
        var opened = log;
        return opened == null || endOffset == 0 || opened.view().durableEnd() >= endOffset;
    }

    /** What to wait for until everything below this offset is on the disk. */
    public Durability durable(long endOffset) {
        return log().durable(endOffset);
    }

    private PartitionLog log() {
        var opened = log;
        if (opened == null) {
            throw new IllegalStateException("The store has not been opened yet");
        }
        return opened;
    }
}

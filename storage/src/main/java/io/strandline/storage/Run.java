package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Neighbouring batches in one segment that are to become durable together. Grows under the log's lock until the
 * committer takes it, and belongs to the committer from then on.
 */
final class Run {
    private final Segment segment;
    private final int from;
    private int to;
    private long endOffset;
    private final CRC32C crc = new CRC32C();
    private final @Nullable Bundle bundle;
    private @Nullable ByteBuffer held;

    private Run(Segment segment, int from, @Nullable Bundle bundle) {
        this.segment = segment;
        this.from = from;
        this.to = from;
        this.bundle = bundle;
    }

    /** Bytes that are in the segment already. */
    static Run written(Segment segment, int from) {
        return new Run(segment, from, null);
    }

    /** A part of a bundle, kept in memory until the journal holds the whole bundle (W10). */
    static Run heldBack(Segment segment, int from, Bundle bundle, Batch batch) {
        var run = new Run(segment, from, bundle);
        run.held = ByteBuffer.allocate(batch.sizeInBytes()).put(batch.bytes()).flip();
        run.add(batch);
        return run;
    }

    void add(Batch batch) {
        crc.update(batch.bytes());
        to += batch.sizeInBytes();
        endOffset = batch.endOffset();
    }

    /** Whether a batch written at the end of {@code active} belongs to this run. */
    boolean continuesIn(Segment active) {
        return segment == active && bundle == null;
    }

    Segment segment() {
        return segment;
    }

    int from() {
        return from;
    }

    int to() {
        return to;
    }

    int length() {
        return to - from;
    }

    long endOffset() {
        return endOffset;
    }

    @Nullable
    Bundle bundle() {
        return bundle;
    }

    /**
     * Copies the bytes for the journal and compares them with the checksum made when they were appended: what went
     * wrong between memory and file since then must not be acknowledged.
     */
    void copyTo(JournalWriter target) throws IOException {
        var copied = new CRC32C();
        if (held != null) {
            copied.update(held.duplicate());
            target.put(held.duplicate());
        } else {
            target.putFrom(segment, from, length(), copied);
        }
        if (copied.getValue() != crc.getValue()) {
            throw new IOException("Bytes " + from + " to " + to + " of " + segment
                    + " are not those that were written a moment ago; the disk or the memory is failing.");
        }
    }

    /** Writes what was held back into its place in the segment: the journal has it now. */
    void fillIn() throws IOException {
        if (held != null) {
            segment.fill(from, held);
            held = null;
        }
    }

    /** Whether its bytes are still only in memory. */
    boolean isHeldBack() {
        return held != null;
    }
}

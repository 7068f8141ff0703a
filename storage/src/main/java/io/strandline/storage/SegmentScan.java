package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Walks over the headers of a segment's batches. Reads in pieces: small batches come many at a time, of large ones
 * mostly the header. Believes what it reads; who must not believe it parses the batch.
 */
final class SegmentScan {
    private static final int WINDOW_BYTES = 8 * 1024;

    private final Segment segment;
    private final int to;
    private final ByteBuffer window;
    private int windowAt;
    private int next;
    private int position;
    private Batch batch = Batch.header(ByteBuffer.allocate(Batch.HEADER_BYTES));

    /** @param from the start of a batch */
    SegmentScan(Segment segment, int from, int to) {
        this.segment = segment;
        this.next = from;
        this.to = to;
        this.window = ByteBuffer.allocate(Math.clamp((long) to - from, Batch.HEADER_BYTES, WINDOW_BYTES))
                .limit(0);
    }

    /** Goes to the next batch; false at the end, or where no batch header is. */
    boolean next() throws IOException {
        if (next + Batch.HEADER_BYTES > to) {
            return false;
        }
        int inWindow = next - windowAt;
        if (inWindow < 0 || inWindow + Batch.HEADER_BYTES > window.limit()) {
            window.clear();
            segment.read(next, window);
            window.flip();
            windowAt = next;
            inWindow = 0;
        }
        if (window.limit() - inWindow < Batch.HEADER_BYTES) {
            return false;
        }
        var header = Batch.header(window.slice(inWindow, Batch.HEADER_BYTES));
        int size = header.claimedSize();
        if (size < Batch.HEADER_BYTES || size > to - next || header.magic() != Batch.MAGIC) {
            return false;
        }
        batch = header;
        position = next;
        next += size;
        return true;
    }

    /** The header of the batch it stands at. */
    Batch batch() {
        return batch;
    }

    int position() {
        return position;
    }

    /** Where the batch ends. */
    int end() {
        return next;
    }
}

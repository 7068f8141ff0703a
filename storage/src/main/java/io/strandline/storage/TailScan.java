package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Walks over batches that may have been torn by a crash, and believes nothing: length, checksum, offset and epoch of
 * each must be what they have to be.
 */
final class TailScan {
    private static final int WINDOW_BYTES = 64 * 1024;

    private final DiskFile file;
    private final long size;
    private final int leaderEpochMax;
    private ByteBuffer window;
    private int windowAt;
    private int position;
    private long expectedOffset;
    private Batch batch = Batch.header(ByteBuffer.allocate(Batch.HEADER_BYTES));

    TailScan(DiskFile file, int from, long expectedOffset, int leaderEpochMax) throws IOException {
        this.file = file;
        this.size = file.size();
        this.leaderEpochMax = leaderEpochMax;
        this.position = from;
        this.windowAt = from;
        this.expectedOffset = expectedOffset;
        this.window = ByteBuffer.allocate((int) Math.min(WINDOW_BYTES, Math.max(size - from, 0)))
                .limit(0);
    }

    /** Goes over one more whole batch; false if none is there. */
    boolean next() throws IOException {
        if (size - position < Batch.HEADER_BYTES) {
            return false;
        }
        load(Batch.HEADER_BYTES);
        int claimed = Batch.header(window.slice(position - windowAt, Batch.HEADER_BYTES))
                .claimedSize();
        if (claimed < Batch.HEADER_BYTES || claimed > size - position) {
            return false;
        }
        load(claimed);
        try {
            var read = Batch.parse(window.slice(position - windowAt, claimed));
            if (read.baseOffset() != expectedOffset || read.leaderEpoch() > leaderEpochMax) {
                return false; // a sound batch of another place or time: the checksum covers neither
            }
            batch = read;
            expectedOffset = read.endOffset();
            position += claimed;
            return true;
        } catch (InvalidBatch e) {
            return false; // torn: that is how a log ends after a crash
        }
    }

    private void load(int bytes) throws IOException {
        int at = position - windowAt;
        if (at + bytes <= window.limit()) {
            return;
        }
        if (bytes > window.capacity()) {
            window = ByteBuffer.allocate(bytes);
        }
        window.clear();
        file.read(position, window);
        window.flip();
        windowAt = position;
        if (window.limit() < bytes) {
            throw new IOException("A file has become shorter while it was read: " + window.limit() + " bytes at "
                    + position + " instead of " + bytes);
        }
    }

    /** The batch it has just gone over; valid until the next step. */
    Batch batch() {
        return batch;
    }

    /** The end of the last whole batch. */
    int position() {
        return position;
    }
}

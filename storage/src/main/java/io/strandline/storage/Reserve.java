package io.strandline.storage;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;

/**
 * Bytes on the disk that are given up when it is full, so that what must not fail for lack of space does not: putting
 * journaled bytes into their segments, and writing the checkpoint that frees the journal (W12). Real bytes, written and
 * forced: a file system's promise of space is not kept by all of them.
 */
final class Reserve {
    private static final System.Logger LOG = System.getLogger(Reserve.class.getName());
    private static final int PIECE_BYTES = 1 << 20;

    private final Disk disk;
    private final long bytes;
    private volatile boolean spent;

    Reserve(Disk disk, long bytes) {
        this.disk = disk;
        this.bytes = bytes;
    }

    /** Something that may fail for lack of space once. */
    interface Writing {
        void run() throws IOException;
    }

    /** Does it; if there is no space, gives up the reserve and does it again. */
    void secure(Writing writing) throws IOException {
        try {
            writing.run();
        } catch (DiskFull e) {
            if (!disk.exists(Layout.RESERVE)) {
                throw e;
            }
            LOG.log(Level.WARNING, "The disk is full; the reserve of {0} bytes is used to go on.", bytes);
            spent = true;
            disk.delete(Layout.RESERVE);
            writing.run();
        }
    }

    /** Makes it, or makes it whole again. Without space it stays as it is. */
    void fill() throws IOException {
        try {
            if (!isWhole()) {
                fillWithZeros(disk, Layout.RESERVE, bytes);
                disk.forceDirectory(Layout.ROOT);
            }
            spent = false;
        } catch (DiskFull e) {
            spent = true;
            if (disk.exists(Layout.RESERVE)) {
                disk.delete(Layout.RESERVE); // half a reserve only takes space that others need now
            }
        }
    }

    /** Whether it is used up. Until it is whole again what can be refused is refused, or it would be gone in vain. */
    boolean isSpent() {
        return spent;
    }

    private boolean isWhole() throws IOException {
        if (!disk.exists(Layout.RESERVE)) {
            return false;
        }
        try (var file = disk.open(Layout.RESERVE)) {
            return file.size() >= bytes;
        }
    }

    /** A file of written and forced zeros; its name is not forced. */
    static void fillWithZeros(Disk disk, String path, long bytes) throws IOException {
        try (var file = disk.exists(path) ? disk.open(path) : disk.create(path)) {
            var zeros = ByteBuffer.allocate((int) Math.min(bytes, PIECE_BYTES));
            for (long at = file.size(); at < bytes; at += zeros.limit()) {
                zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - at));
                file.write(at, zeros);
            }
            file.force();
        }
    }
}

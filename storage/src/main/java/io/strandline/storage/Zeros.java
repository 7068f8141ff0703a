package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Space that is really there: zeros, written and forced. A size that was only set is not kept by all file systems. */
final class Zeros {
    private static final int PIECE_BYTES = 1 << 20;

    private Zeros() {}

    /** A new file of forced zeros, in the place of one that a crash may have left; its name is not forced. */
    static void write(Disk disk, String path, long bytes) throws IOException {
        if (disk.exists(path)) {
            disk.delete(path);
        }
        try (var file = disk.create(path)) {
            write(file, 0, bytes);
            file.force();
        }
    }

    /** Zeros from one position to another, not forced. */
    static void write(DiskFile file, long from, long to) throws IOException {
        var zeros = ByteBuffer.allocate((int) Math.min(to - from, PIECE_BYTES));
        for (long at = from; at < to; at += zeros.limit()) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), to - at));
            file.write(at, zeros);
        }
    }
}

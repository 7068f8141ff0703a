package io.strandline.storage;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.NoSuchFileException;

/**
 * Bytes on the disk that are given up when it is full, so that what must not fail for lack of space does not: putting
 * journaled bytes into their segments, and writing the checkpoint that frees the journal (W12). So it is as large as the
 * journal, and grows before the journal does. Real bytes, written and forced: a file system's promise of space is not
 * kept by all of them.
 */
final class Reserve {
    private static final System.Logger LOG = System.getLogger(Reserve.class.getName());

    private final Disk disk;
    private volatile boolean spent;

    Reserve(Disk disk) {
        this.disk = disk;
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
            LOG.log(Level.WARNING, "The disk is full; the reserve is used to go on.");
            spent = true;
            disk.delete(Layout.RESERVE);
            writing.run();
        }
    }

    /** Makes it, or makes it whole again, or cuts it to what is needed now. Without space there is none. */
    void fill(long bytes) throws IOException {
        try {
            if (size() < bytes) {
                Zeros.write(disk, Layout.RESERVE + Layout.NEW, bytes);
                disk.rename(Layout.RESERVE + Layout.NEW, Layout.RESERVE); // forced: under its name it is whole
                disk.forceDirectory(Layout.ROOT);
            }
            cut(bytes);
            spent = false;
        } catch (DiskFull e) {
            spent = true;
            remove(Layout.RESERVE + Layout.NEW); // half a reserve only takes space that others need now
            remove(Layout.RESERVE);
        }
    }

    /** Makes it larger without giving up what there is. False if there is no space, or no reserve any more. */
    boolean extend(long bytes) throws IOException {
        long before = size();
        if (before >= bytes) {
            return true;
        }
        try (var file = disk.open(Layout.RESERVE)) {
            Zeros.write(file, before, bytes);
            file.force();
            return true;
        } catch (DiskFull e) {
            cut(before);
            return false;
        } catch (NoSuchFileException e) {
            return false; // it was just given up
        }
    }

    /** Leaves at most so many bytes: after a crash what is behind them may be a size without a content. */
    void cut(long bytes) throws IOException {
        if (size() > bytes) {
            try (var file = disk.open(Layout.RESERVE)) {
                file.truncate(bytes);
            } catch (NoSuchFileException e) {
                return; // it was just given up
            }
        }
    }

    /** Whether it is used up. Until it is whole again what can be refused is refused, or it would be gone in vain. */
    boolean isSpent() {
        return spent;
    }

    private long size() throws IOException {
        try (var file = disk.open(Layout.RESERVE)) {
            return file.size();
        } catch (NoSuchFileException e) {
            return 0;
        }
    }

    private void remove(String path) throws IOException {
        if (disk.exists(path)) {
            disk.delete(path);
        }
    }
}

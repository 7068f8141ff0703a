package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One file of a log: batches one after the other, nothing else. Grows under the log's lock; is read by any thread
 * without it.
 *
 * <p>The file is opened at first use. It may be closed whenever all its bytes are forced (W6) and opens again.
 */
final class Segment {
    private final Disk disk;
    private final LogId log;
    private final SegmentName name;
    final SegmentIndex index;
    final BlockSums sums = new BlockSums();

    private final ReentrantLock opening = new ReentrantLock();
    private volatile @Nullable DiskFile file;
    private volatile int size;
    private final AtomicInteger forcedTo = new AtomicInteger();
    private volatile boolean born;
    private volatile boolean derivedWritten;
    private boolean derivedLoaded;

    private Segment(Disk disk, LogId log, SegmentName name, int indexIntervalBytes) {
        this.disk = disk;
        this.log = log;
        this.name = name;
        this.index = new SegmentIndex(indexIntervalBytes);
    }

    /** A new file, whose name is not on the disk yet. */
    static Segment create(Disk disk, LogId log, SegmentName name, int indexIntervalBytes) throws IOException {
        var segment = new Segment(disk, log, name, indexIntervalBytes);
        segment.file = disk.create(segment.path());
        segment.derivedLoaded = true;
        return segment;
    }

    /** A file that is there, all of it forced, name included. */
    static Segment existing(Disk disk, LogId log, SegmentName name, int size, int indexIntervalBytes) {
        var segment = new Segment(disk, log, name, indexIntervalBytes);
        segment.size = size;
        segment.forcedTo.set(size);
        segment.born = true;
        return segment;
    }

    String path() {
        return Layout.segmentLog(log, name);
    }

    SegmentName name() {
        return name;
    }

    long base() {
        return name.base();
    }

    LogId log() {
        return log;
    }

    /** Bytes that were appended, the holes of pending bundles included. */
    int size() {
        return size;
    }

    /**
     * Writes a batch at the end, into memory of the operating system. If there is no space the file is as it was before
     * (W12): what is left of a short write is cut off, and nobody has seen it. The cut is forced at once: the next batch
     * may begin another segment, and then a crash must not bring these bytes back between the two.
     *
     * @throws DiskFull if there is no space; nothing happened
     * @throws IOException if the disk failed; the caller must treat that as final
     */
    void append(Batch batch) throws IOException {
        try {
            file().write(size, batch.bytes());
        } catch (DiskFull e) {
            file().truncate(size);
            file().force();
            throw e;
        }
        grow(batch);
    }

    /** Makes room for a batch that is written later, by {@link #fill}. */
    void reserve(Batch batch) {
        grow(batch);
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer, under the log's lock; readers only look
    private void grow(Batch batch) {
        index.add(batch.baseOffset(), base(), size, batch.maxTimestamp());
        sums.append(batch.bytes());
        size += batch.sizeInBytes();
    }

    /** Writes bytes into the room that was reserved for them. */
    void fill(int position, ByteBuffer bytes) throws IOException {
        file().write(position, bytes.duplicate());
    }

    int read(int position, ByteBuffer target) throws IOException {
        try {
            return file().read(position, target);
        } catch (ClosedChannelException e) {
            return file().read(position, target); // it was closed as idle between the two calls; it opens again
        }
    }

    DiskFile file() throws IOException {
        var open = file;
        return open != null ? open : openFile();
    }

    private DiskFile openFile() throws IOException {
        opening.lock();
        try {
            var open = file;
            if (open == null) {
                open = disk.open(path());
                file = open;
            }
            return open;
        } finally {
            opening.unlock();
        }
    }

    /** Forces the file; what had been written up to {@code written} when this was called is then on the disk. */
    void force(int written) throws IOException {
        file().force();
        forcedTo.accumulateAndGet(written, Math::max);
    }

    /** Bytes from the beginning that a force has covered. Says nothing about the name, see {@link #isBorn}. */
    int forcedTo() {
        return forcedTo.get();
    }

    /** Whether the file's name, and those of the directories above it, are on the disk. */
    boolean isBorn() {
        return born;
    }

    /** Forces the directories, so that a crash cannot take the file whose contents were forced (W9). */
    void forceBirth() throws IOException {
        if (!born) {
            disk.forceDirectory(Layout.log(log));
            disk.forceDirectory(Layout.topic(log.topicId()));
            disk.forceDirectory(Layout.TOPICS);
            born = true;
        }
    }

    /** Reads index and sums, or computes them. Called before the segment is read or appended to; under {@code opening}. */
    void loadDerived() throws IOException {
        opening.lock();
        try {
            if (derivedLoaded) {
                return;
            }
            if (file == null) {
                file = disk.open(path());
            }
            sums.load(content(BlockSums.FILE, ".sum"), file, size);
            int covered = index.load(content(SegmentIndex.FILE, ".index"), size);
            indexFrom(covered);
            derivedLoaded = true;
        } finally {
            opening.unlock();
        }
    }

    private void indexFrom(int position) throws IOException {
        var scan = new SegmentScan(this, position, size);
        while (scan.next()) {
            index.add(
                    scan.batch().baseOffset(),
                    base(),
                    scan.position(),
                    scan.batch().maxTimestamp());
        }
    }

    private ByteBuffer content(SmallFile kind, String suffix) throws IOException {
        return switch (kind.read(disk, Layout.segment(log, name) + suffix)) {
            case SmallFile.Content.Found found -> found.bytes();
            case SmallFile.Content.Missing missing -> ByteBuffer.allocate(0);
            case SmallFile.Content.Broken broken -> ByteBuffer.allocate(0);
            case SmallFile.Content.Newer newer -> ByteBuffer.allocate(0);
        };
    }

    /** Writes index and sums beside the segment. Only when all of it is on the disk (W13). */
    void writeDerived() throws IOException {
        if (derivedWritten) {
            return;
        }
        if (forcedTo() < size) {
            throw new IllegalStateException("Index of " + path() + " would run ahead: " + forcedTo() + " of " + size);
        }
        String stem = digits();
        SegmentIndex.FILE.writeDerived(disk, Layout.log(log), stem + ".index", index.encode(size));
        BlockSums.FILE.writeDerived(disk, Layout.log(log), stem + ".sum", sums.encode());
        derivedWritten = true;
    }

    private String digits() {
        String stem = Layout.segment(log, name);
        return stem.substring(stem.lastIndexOf('/') + 1);
    }

    /** The first position from {@code from} on whose block is not as it was written. */
    OptionalInt firstDamaged(int from, int to) throws IOException {
        return sums.firstDamaged(file(), from, to);
    }

    /** Closes the file; all its bytes are forced. It opens again when it is read. */
    void close() throws IOException {
        opening.lock();
        try {
            var open = file;
            file = null;
            if (open != null) {
                open.close();
            }
        } finally {
            opening.unlock();
        }
    }

    /** Removes the file and what was derived from it. No live frame names it (W6). */
    void delete() throws IOException {
        close();
        for (String suffix : new String[] {".log", ".index", ".sum"}) {
            String path = Layout.segment(log, name) + suffix;
            if (disk.exists(path)) {
                disk.delete(path);
            }
        }
    }

    @Override
    public String toString() {
        return path();
    }
}

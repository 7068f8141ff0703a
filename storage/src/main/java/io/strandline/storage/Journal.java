package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One file, written in a circle, whose force makes bytes of many logs durable at once. A redo log beside the segments:
 * what it holds is in the segments' files too, or will be at once; it is read only after a crash.
 *
 * <pre>
 *  0     20  the head of a {@link SmallFile}: magic "SLJOURNL", version, no content
 *  20    16  store id
 *  512       groups, each at a multiple of 512 bytes: see {@link GroupHeader}
 * </pre>
 *
 * <p>Its bytes are written as zeros and forced before a group takes their place, so that no later write needs space or a
 * change of the file's size. It begins small and becomes larger with the load ({@link JournalGrowth}); up to where it may
 * be used stands in the checkpoint. The committer writes; the checkpointer gives space back ({@link #release}).
 */
final class Journal {
    static final SmallFile FILE = new SmallFile("SLJOURNL", 1);
    static final long START = GroupHeader.ALIGNMENT;
    private static final int BUFFER_BYTES_MAX = 1 << 20;

    private final DiskFile file;
    private final UUID storeId;
    private final int epoch;
    private final boolean forcing;
    private final int cycleBytesMax;
    private final JournalWriter writer;

    /** Guards what follows. */
    private final ReentrantLock lock = new ReentrantLock();

    private final ArrayDeque<Live> live = new ArrayDeque<>();
    private long capacity;
    private long nextSequence;
    private long tail;
    private Mark settled;
    private volatile long checkpointNumber;

    /** Up to where there are forced zeros, which no group may use yet. Of the checkpointer. */
    private volatile long preparedBytes;

    /** A group whose bytes may be needed after a crash. */
    private record Live(long sequence, long position, long bytes) {}

    /** A point between two groups: everything before it, and where the next one goes (or at the start of the file). */
    record Mark(long sequence, long position) {}

    /** @param last a durable checkpoint: the first group goes where it says */
    Journal(Disk disk, DiskFile file, StoreConfig config, Checkpoint last) {
        this.file = file;
        this.storeId = last.storeId();
        this.epoch = last.journalEpoch();
        this.forcing = config.durability() == DurabilityMode.FSYNC;
        this.cycleBytesMax = config.cycleBytesMax();
        this.capacity = last.journalBytes();
        this.preparedBytes = capacity;
        int bufferBytes = Math.min(config.cycleBytesMax() + 4096, BUFFER_BYTES_MAX);
        this.writer = new JournalWriter(file, disk.allocate(bufferBytes));
        this.nextSequence = last.sequence();
        this.tail = last.position();
        this.settled = new Mark(nextSequence, tail);
        this.checkpointNumber = last.number();
    }

    /** Makes the file: its head, and zeros that are really there. */
    static void make(Disk disk, UUID storeId, long bytes) throws IOException {
        Zeros.write(disk, Layout.JOURNAL, bytes);
        try (var file = disk.open(Layout.JOURNAL)) {
            file.write(0, head(storeId));
            file.force();
        }
    }

    private static ByteBuffer head(UUID storeId) {
        var content = ByteBuffer.allocate(16)
                .putLong(storeId.getMostSignificantBits())
                .putLong(storeId.getLeastSignificantBits())
                .flip();
        return FILE.encode(content);
    }

    /** Bytes of a group that holds these. */
    static long groupBytes(int ends, int frames, long frameBytes) {
        return GroupHeader.aligned(GroupHeader.BYTES
                + (long) ends * GroupHeader.END_BYTES
                + (long) frames * GroupHeader.FRAME_HEAD_BYTES
                + frameBytes);
    }

    /** Whether a group of this size could be written now. */
    boolean hasRoom(long bytes) {
        lock.lock();
        try {
            return place(bytes) >= 0;
        } finally {
            lock.unlock();
        }
    }

    /** Where a group of this size goes: behind the last one, else at the start of the file; -1 if live ones are there. */
    private long place(long bytes) {
        boolean behindFree = live.isEmpty() || live.getFirst().position < tail;
        long behindEnd = behindFree ? capacity : live.getFirst().position;
        if (tail + bytes <= behindEnd) {
            return tail;
        }
        long frontEnd = live.isEmpty() ? capacity : live.getFirst().position;
        return behindFree && START + bytes <= frontEnd ? START : -1;
    }

    /**
     * Writes one group. It is durable when {@link #force} has returned, and the one before it was forced (W4).
     *
     * @param ends durable ends that the journal does not know yet
     * @throws IllegalStateException if there is no room; see {@link #hasRoom}
     */
    void write(Map<LogId, Long> ends, List<Range> ranges) throws IOException {
        long position = claim(Range.groupBytes(ends.size(), ranges));
        writer.begin(position);
        for (var end : ends.entrySet()) {
            writer.putEnd(end.getKey(), end.getValue());
        }
        int frames = 0;
        for (var range : ranges) {
            for (var run : range.runs()) {
                writer.putFrame(run);
                frames++;
            }
        }
        int crc = writer.bodyCrc();
        writer.end(new GroupHeader(
                storeId,
                epoch,
                writer.bodyBytes(),
                nextSequence - 1,
                checkpointNumber,
                crc,
                !forcing,
                ends.size(),
                frames));
    }

    private long claim(long bytes) {
        lock.lock();
        try {
            long position = place(bytes);
            if (position < 0) {
                throw new IllegalStateException(
                        "No room for a group of " + bytes + " bytes behind " + tail + " of " + capacity);
            }
            live.add(new Live(nextSequence++, position, bytes));
            tail = position + bytes;
            return position;
        } finally {
            lock.unlock();
        }
    }

    /** Returns when the groups written so far survive a power cut. */
    void force() throws IOException {
        if (forcing) {
            file.force();
        }
    }

    /** All groups written so far are in their segments' files, bundles included, and published. */
    void settle() {
        lock.lock();
        try {
            settled = new Mark(nextSequence, tail);
        } finally {
            lock.unlock();
        }
    }

    /** The last point up to which a checkpoint may free the journal. */
    Mark settled() {
        lock.lock();
        try {
            return settled;
        } finally {
            lock.unlock();
        }
    }

    /** Sequence of the newest group. */
    long lastSequence() {
        lock.lock();
        try {
            return nextSequence - 1;
        } finally {
            lock.unlock();
        }
    }

    /**
     * A checkpoint is durable: gives back the space before its mark, which it says is not needed (W5), and takes into use
     * what it says is prepared.
     */
    void release(Checkpoint checkpoint) {
        lock.lock();
        try {
            while (!live.isEmpty() && live.getFirst().sequence < checkpoint.sequence()) {
                live.removeFirst();
            }
            checkpointNumber = checkpoint.number();
            capacity = checkpoint.journalBytes();
        } finally {
            lock.unlock();
        }
    }

    /** Bytes that live groups hold. */
    long liveBytes() {
        lock.lock();
        try {
            return live.stream().mapToLong(Live::bytes).sum();
        } finally {
            lock.unlock();
        }
    }

    /** Bytes that are in use: the file's, or fewer while it grows. */
    long capacity() {
        lock.lock();
        try {
            return capacity;
        } finally {
            lock.unlock();
        }
    }

    /** Whether a checkpoint is worth its cost, for the space it gives back. */
    boolean isHalfFull() {
        return liveBytes() >= capacity() / 2;
    }

    /** The most that the frames of one group take: so that a group fits whenever the journal is free. */
    int groupBytesMax() {
        return (int) Math.min(cycleBytesMax, capacity() / 4);
    }

    /** The most ends that one group carries. */
    int groupEndsMax() {
        return (int) Math.min(capacity() / 4 / GroupHeader.END_BYTES, Integer.MAX_VALUE);
    }

    /** How large the next checkpoint may say that the journal is. */
    long preparedBytes() {
        return preparedBytes;
    }

    /**
     * Writes and forces zeros behind the end. They are used once a checkpoint says so. False if there is no space.
     *
     * @throws IOException also when the force finds no space: then it is unknown what else of the file it did not write
     */
    boolean prepare(long bytes) throws IOException {
        try {
            Zeros.write(file, preparedBytes, bytes);
        } catch (DiskFull e) {
            file.truncate(preparedBytes);
            return false;
        }
        file.force();
        preparedBytes = bytes;
        return true;
    }

    int epoch() {
        return epoch;
    }

    void close() throws IOException {
        file.close();
    }
}

package io.strandline;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Messages on the disk, in the order in which they were appended. The file:
 *
 * <pre>
 *   0   8 bytes  53 4C 53 50 4F 4F 4C 0A  "SLSPOOL\n"
 *   8   int      version of the format, 1
 *   12  int      CRC-32C of the bytes before
 *   16  entries, see {@link SpoolEntry}
 * </pre>
 *
 * What was forced is there after a power cut. What was not may be torn, wherever the disk stopped: entries that are whole
 * are kept, also behind a torn one, and the rest is dropped.
 */
final class SpoolFile implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);

    static final int HEADER_BYTES = 16;
    private static final byte[] MAGIC = "SLSPOOL\n".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;

    /** Below this a file full of what was sent is not worth being written anew. */
    private static final long WASTE_MIN = 64 * 1024;

    private final SpoolDisk disk;
    private final Path path;
    private final long maxBytes;
    private final Closeable diskLock;

    /** Guards what follows, and the file; held during I/O, for which only the spool's own two threads wait. */
    private final ReentrantLock lock = new ReentrantLock();

    private final TreeMap<Long, Place> waiting = new TreeMap<>();
    private SpoolDisk.Open file;
    private long end;
    private long waitingBytes;
    private long nextNumber;

    /** Once a write or a force failed nothing can be promised any more. */
    private boolean broken;

    private record Place(long position, int bytes) {}

    static final long DID_NOT_FIT = -1;

    private SpoolFile(SpoolDisk disk, Path path, long maxBytes, Closeable diskLock) throws IOException {
        this.disk = disk;
        this.path = path;
        this.maxBytes = maxBytes;
        this.diskLock = diskLock;
        if (!disk.exists(path)) {
            create();
        }
        file = disk.open(path);
    }

    /**
     * @throws IllegalStateException if another one has it open, or it is no spool, or one of a newer version
     */
    static SpoolFile open(SpoolDisk disk, Path path, long maxBytes) throws IOException {
        var diskLock = disk.lock(sibling(path, ".lock"));
        try {
            var spool = new SpoolFile(disk, path, maxBytes, diskLock);
            spool.load();
            return spool;
        } catch (IOException | RuntimeException e) {
            diskLock.close();
            throw e;
        }
    }

    static Path sibling(Path path, String suffix) {
        return path.resolveSibling(path.getFileName() + suffix);
    }

    private static ByteBuffer header() {
        var header = ByteBuffer.allocate(HEADER_BYTES).put(MAGIC).putInt(VERSION);
        return header.putInt(SpoolEntry.crc(java.util.Arrays.copyOf(header.array(), 12)))
                .flip();
    }

    /** Under another name first, so that there never is half a header under this one. */
    private void create() throws IOException {
        var fresh = sibling(path, ".new");
        try (var open = disk.open(fresh)) {
            open.truncate(0);
            open.write(0, header());
            open.force();
        }
        disk.rename(fresh, path);
    }

    private void load() throws IOException {
        if (file.size() == 0) { // an empty file of the user's
            file.close();
            create();
            file = disk.open(path);
        }
        checkHeader();
        long size = file.size();
        long torn = 0;
        end = HEADER_BYTES;
        while (end < size) {
            long next = loadEntry(end, size);
            if (next < 0) {
                next = findMarker(end + 1, size);
                torn += next - end;
            }
            end = next;
        }
        if (torn > 0) {
            LOG.warn("Spool {}: {} bytes that were being written when the machine stopped are dropped", path, torn);
            rewrite();
        }
        if (!waiting.isEmpty()) {
            LOG.info("Spool {}: {} messages wait to be sent again", path, waiting.size());
        }
    }

    private void checkHeader() throws IOException {
        var found = ByteBuffer.allocate(HEADER_BYTES);
        file.read(0, found);
        if (!java.util.Arrays.equals(java.util.Arrays.copyOf(found.array(), MAGIC.length), MAGIC)) {
            throw new IllegalStateException(
                    path + " is no spool (it begins with other bytes). It is left as it is; name" + " another file.");
        }
        int version = found.getInt(8);
        if (version != VERSION || found.getInt(12) != header().getInt(12)) {
            throw new IllegalStateException(path + " is a spool of format version " + version
                    + ", or its header is damaged; this version of Strandline reads " + VERSION
                    + ". It is left as it is.");
        }
    }

    /** The position behind it, or -1 if there is no whole entry here. */
    private long loadEntry(long at, long size) throws IOException {
        if (size - at < SpoolEntry.HEAD_BYTES) {
            return -1;
        }
        var head = ByteBuffer.allocate(SpoolEntry.HEAD_BYTES);
        file.read(at, head);
        int length = head.getInt(4);
        if (head.getInt(0) != SpoolEntry.MARKER
                || length < SpoolEntry.BODY_BYTES_MIN
                || length > size - at - SpoolEntry.HEAD_BYTES) {
            return -1;
        }
        byte[] body = new byte[length];
        file.read(at + SpoolEntry.HEAD_BYTES, ByteBuffer.wrap(body));
        if (SpoolEntry.crc(body) != head.getInt(8)) {
            return -1;
        }
        apply(SpoolEntry.decode(body), at, SpoolEntry.HEAD_BYTES + length);
        return at + SpoolEntry.HEAD_BYTES + length;
    }

    private void apply(SpoolEntry entry, long at, int bytes) {
        nextNumber = Math.max(nextNumber, entry.number() + 1);
        switch (entry) {
            case SpoolEntry.Waiting message -> {
                waiting.put(message.number(), new Place(at, bytes));
                waitingBytes += bytes;
            }
            case SpoolEntry.Done(long number) -> forget(number);
        }
    }

    private void forget(long number) {
        var place = waiting.remove(number);
        if (place != null) {
            waitingBytes -= place.bytes;
        }
    }

    /** Where the next entry may begin, or the end. */
    private long findMarker(long from, long size) throws IOException {
        var window = ByteBuffer.allocate(64 * 1024);
        for (long at = from; at < size; at += window.capacity() - 3) {
            window.clear().limit((int) Math.min(window.capacity(), size - at));
            file.read(at, window);
            for (int i = 0; i + 4 <= window.limit(); i++) {
                if (window.getInt(i) == SpoolEntry.MARKER) {
                    return at + i;
                }
            }
        }
        return size;
    }

    /** In the order in which they were appended. */
    List<Long> numbers() {
        lock.lock();
        try {
            return List.copyOf(waiting.keySet());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Each with its number in the order of the argument, or {@link #DID_NOT_FIT}. What has a number is safe.
     *
     * @throws IOException if nothing is known of any of them; they may be there after a restart
     */
    List<Long> append(List<ProducerRecord<byte[], byte[]>> messages) throws IOException {
        lock.lock();
        try {
            refuseIfBroken();
            var numbers = new ArrayList<Long>();
            for (var message : messages) {
                var bytes = SpoolEntry.encode(new SpoolEntry.Waiting(nextNumber, message));
                boolean fits = makeRoom(bytes.length) && written(bytes);
                numbers.add(fits ? nextNumber : DID_NOT_FIT);
                if (fits) {
                    waiting.put(nextNumber, new Place(end - bytes.length, bytes.length));
                    waitingBytes += bytes.length;
                    nextNumber++;
                }
            }
            force();
            return numbers;
        } finally {
            lock.unlock();
        }
    }

    private boolean makeRoom(int bytes) throws IOException {
        if (HEADER_BYTES + waitingBytes + bytes > maxBytes) {
            return false;
        }
        if (end + bytes > maxBytes) {
            rewrite();
        }
        return end + bytes <= maxBytes;
    }

    /** A full disk is as good as a full spool: half an entry is written over by the next one, or dropped at a start. */
    private boolean written(byte[] bytes) {
        try {
            write(bytes);
            return true;
        } catch (IOException e) {
            LOG.error("Spool {}: a message could not be written", path, e);
            return false;
        }
    }

    /**
     * These are stored, or elsewhere: they will not be seen again. Safe when it returns.
     *
     * @throws IOException if they may be seen again after a restart
     */
    void done(Collection<Long> numbers) throws IOException {
        lock.lock();
        try {
            refuseIfBroken();
            numbers.forEach(this::forget);
            for (long number : numbers) {
                write(SpoolEntry.encode(new SpoolEntry.Done(number)));
            }
            force();
            if (end - HEADER_BYTES > 2 * waitingBytes + WASTE_MIN) {
                rewrite();
            }
        } finally {
            lock.unlock();
        }
    }

    ProducerRecord<byte[], byte[]> read(long number) throws IOException {
        lock.lock();
        try {
            var place = waiting.get(number);
            if (place == null) {
                throw new IOException("Message " + number + " is not in the spool " + path);
            }
            var bytes = ByteBuffer.allocate(place.bytes);
            file.read(place.position, bytes);
            var body = java.util.Arrays.copyOfRange(bytes.array(), SpoolEntry.HEAD_BYTES, place.bytes);
            if (SpoolEntry.crc(body) != bytes.getInt(8)
                    || !(SpoolEntry.decode(body) instanceof SpoolEntry.Waiting entry)) {
                throw new IOException("Spool " + path + ": the bytes at " + place.position + " have changed since");
            }
            return entry.message();
        } finally {
            lock.unlock();
        }
    }

    long waitingBytes() {
        lock.lock();
        try {
            return waitingBytes;
        } finally {
            lock.unlock();
        }
    }

    /** Only what waits, under another name, which then takes the place of this one. Where there is no room for that, nothing changes. */
    private void rewrite() throws IOException {
        var places = new TreeMap<Long, Place>();
        var fresh = disk.open(sibling(path, ".new"));
        long freshEnd;
        try {
            freshEnd = copy(fresh, places);
        } catch (IOException e) {
            LOG.error("Spool {} could not be written anew; it stays as it is", path, e);
            fresh.close();
            return;
        }
        try {
            disk.rename(sibling(path, ".new"), path);
        } catch (IOException e) {
            broken = true; // nobody knows which of the two has the name now
            fresh.close();
            throw e;
        }
        file.close();
        file = fresh;
        end = freshEnd;
        waiting.putAll(places);
    }

    private long copy(SpoolDisk.Open fresh, Map<Long, Place> places) throws IOException {
        fresh.truncate(0);
        fresh.write(0, header());
        long at = HEADER_BYTES;
        for (var entry : waiting.entrySet()) {
            var place = entry.getValue();
            var bytes = ByteBuffer.allocate(place.bytes);
            file.read(place.position, bytes);
            fresh.write(at, bytes.flip());
            places.put(entry.getKey(), new Place(at, place.bytes));
            at += place.bytes;
        }
        fresh.force();
        return at;
    }

    private void write(byte[] bytes) throws IOException {
        file.write(end, ByteBuffer.wrap(bytes));
        end += bytes.length;
    }

    private void force() throws IOException {
        try {
            file.force();
        } catch (IOException e) {
            broken = true;
            throw e;
        }
    }

    private void refuseIfBroken() throws IOException {
        if (broken) {
            throw new IOException(
                    "The spool " + path
                            + " failed before, so nothing can be promised any more. Look at the disk, then make a new producer.");
        }
    }

    Path path() {
        return path;
    }

    @Override
    public void close() throws IOException {
        lock.lock();
        try (diskLock) {
            file.close();
        } finally {
            lock.unlock();
        }
    }
}

package io.strandline.storage.simulation;

import io.strandline.storage.Disk;
import io.strandline.storage.DiskFile;
import io.strandline.storage.DiskFull;
import io.strandline.storage.DiskPath;
import io.strandline.storage.StoreRefused;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that loses, by seed, whatever a real one may lose when the power fails.
 *
 * <p>One object is one life of the machine: from power-on until {@link #crashAt the crash}. The life after that is
 * another object, made by {@link #afterPowerCut} or {@link #afterProcessKill}. Both leave this one as it is, so one
 * life can be tried with many cuts at each of its operations, without living it again:
 *
 * <pre>{@code
 * var disk = new SimulatedDisk(seed);
 * disk.onOperation(operation -> check(disk.afterPowerCut(seed + operation.number())));
 * run(disk);
 * }</pre>
 *
 * <h2>What it assumes of disks</h2>
 *
 * <ul>
 *   <li>A sector of 512 bytes that was written since the last successful {@link DiskFile#force} is, after a cut, as it
 *       was before or as it was after any of the writes; each sector by itself, or all of a page of 4 KiB together. So
 *       a later write may survive where an earlier one does not. With {@link #tearSectors} a sector may also be new in
 *       front and old behind. Bytes outside a write come to no harm.
 *   <li>The size of a file is, after a cut, the forced one, any that it has had since, or one in between; independent
 *       of its bytes: bytes behind the size are gone, what the size covers and no write has reached reads as zeros.
 *   <li>Of the names made, changed and deleted since {@link Disk#forceDirectory} of their directory any subset
 *       survives, each as one step. Forcing a file says nothing about its name. A renamed file can lose its contents.
 *   <li>A {@link Fault failed force} has written some sectors and takes the others for clean, see {@link Fault}.
 *   <li>After {@link #afterProcessKill} everything written can be read, and a cut can still take it.
 * </ul>
 *
 * <h2>Determinism</h2>
 *
 * The same operations in the same order with the same seeds give the same disk, byte for byte. Every method may be
 * called from any thread; with more than one the order is theirs.
 *
 * <p>A test instrument: nothing of it is durable.
 */
public final class SimulatedDisk implements Disk {
    private static final long UNLIMITED = 1L << 50;
    private static final int TRANSFER_MAX = 1 << 20;

    private final ReentrantLock lock = new ReentrantLock();
    private final SimulatedTree tree;
    private final SplittableRandom random;
    private final List<ArmedFault> faults = new ArrayList<>();
    private final Set<String> locked = new HashSet<>();
    private final Map<OperationKind, Long> counts = new EnumMap<>(OperationKind.class);
    private Consumer<Operation> observer = operation -> {};
    private long operations;
    private long crashAt = Long.MAX_VALUE;
    private @Nullable PowerCut powerCut;
    private long capacity;
    private boolean tornSectors;

    /** Never fewer than take space; not counted yet in a new life. */
    private long pagesAtMost = UNLIMITED;

    /** An empty disk without a limit of space; the seed decides what happens inside operations that fail or crash. */
    public SimulatedDisk(long seed) {
        this(new SimulatedTree(), seed, UNLIMITED, false);
    }

    private SimulatedDisk(SimulatedTree tree, long seed, long capacity, boolean tornSectors) {
        this.tree = tree;
        this.random = new SplittableRandom(seed);
        this.capacity = capacity;
        this.tornSectors = tornSectors;
    }

    // ---- what a test asks for ----

    /**
     * The power fails at this operation, or, if that is past, at the next. Whether the operation has had its effect,
     * or (a write) a part of it, is a matter of the seed. It and all later ones throw {@link PowerCut}; only closing
     * what is open does nothing then, so that a test can tidy up.
     */
    public void crashAt(long operation) {
        lock.lock();
        try {
            crashAt = operation;
        } finally {
            lock.unlock();
        }
    }

    /** The power fails now, whatever other threads are doing: all further operations throw {@link PowerCut}. */
    public void crashNow() {
        lock.lock();
        try {
            powerCut = new PowerCut("power cut after " + operations + " operations");
        } finally {
            lock.unlock();
        }
    }

    /** Whether the power has failed. */
    public boolean crashed() {
        lock.lock();
        try {
            return powerCut != null;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The disk as the machine finds it when the power comes back, if it failed now. Nothing is locked or waiting to be
     * forced there, it has no faults, and its operations are counted from 1. This disk stays as it is.
     *
     * @param seed decides what survives, and seeds the new life
     */
    public SimulatedDisk afterPowerCut(long seed) {
        lock.lock();
        try {
            var after = tree.afterPowerCut(new SplittableRandom(seed), tornSectors);
            return new SimulatedDisk(after, ~seed, capacity, tornSectors);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The disk as the next process finds it if this one died now: all that was written can be read, what was not
     * forced can still be lost. Faults end with the process. This disk stays as it is.
     */
    public SimulatedDisk afterProcessKill(long seed) {
        lock.lock();
        try {
            return new SimulatedDisk(tree.afterProcessKill(), seed, capacity, tornSectors);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Calls back during every operation, in the middle of it: a change is there but not durable, a force has not begun.
     * So the disk {@link #afterPowerCut} that the callback makes has had the operation done, half done or not at all,
     * as the seed decides. The callback uses this disk for nothing else.
     */
    public void onOperation(Consumer<Operation> callback) {
        lock.lock();
        try {
            observer = callback;
        } finally {
            lock.unlock();
        }
    }

    /** Adds a trouble to come. Of several that fit an operation the oldest one happens. */
    public void inject(Fault fault) {
        lock.lock();
        try {
            faults.add(new ArmedFault(fault));
        } finally {
            lock.unlock();
        }
    }

    /** No more troubles. What they have done stays done. */
    public void removeFaults() {
        lock.lock();
        try {
            faults.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Limits the space for all files together, counted in pages of 4 KiB; the disk may have more on it already. */
    public void capacity(long bytes) {
        lock.lock();
        try {
            capacity = bytes;
        } finally {
            lock.unlock();
        }
    }

    /** From now on power cuts may tear sectors at any byte (old disks without power-loss protection do that). */
    public void tearSectors() {
        lock.lock();
        try {
            tornSectors = true;
        } finally {
            lock.unlock();
        }
    }

    /** Drops from the page cache what is clean; what a failed force did not write is then lost for readers, too. */
    public void evictCleanPages() {
        lock.lock();
        try {
            tree.forEachFile(SimulatedFile::evictCleanPages);
        } finally {
            lock.unlock();
        }
    }

    /** Overwrites bytes on the medium, silently and durably: a rotten sector, a misdirected write. */
    public void damage(String path, long position, ByteBuffer bytes) throws IOException {
        lock.lock();
        try {
            tree.file(path).damage(position, bytes);
        } finally {
            lock.unlock();
        }
    }

    /** How many operations this life has had. */
    public long operations() {
        lock.lock();
        try {
            return operations;
        } finally {
            lock.unlock();
        }
    }

    /** How many of each kind; kinds that did not occur are absent. */
    public Map<OperationKind, Long> operationsByKind() {
        lock.lock();
        try {
            return new EnumMap<>(counts);
        } finally {
            lock.unlock();
        }
    }

    // ---- what the engine asks for ----

    @Override
    public DiskFile create(String path) throws IOException {
        return perform(OperationKind.CREATE, path, () -> new OpenFile(path, tree.create(path)));
    }

    @Override
    public DiskFile open(String path) throws IOException {
        return perform(OperationKind.OPEN, path, () -> new OpenFile(path, tree.file(path)));
    }

    @Override
    public void createDirectory(String path) throws IOException {
        perform(OperationKind.CREATE_DIRECTORY, path, () -> {
            tree.createDirectory(path);
            return true;
        });
    }

    @Override
    public boolean exists(String path) throws IOException {
        return perform(OperationKind.EXISTS, path, () -> tree.exists(path));
    }

    @Override
    public List<String> list(String directory) throws IOException {
        return perform(OperationKind.LIST, directory, () -> tree.list(directory));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        perform(OperationKind.RENAME, from, () -> {
            tree.rename(from, to);
            return true;
        });
    }

    @Override
    public void delete(String path) throws IOException {
        perform(OperationKind.DELETE, path, () -> {
            tree.delete(path);
            return true;
        });
    }

    @Override
    public void forceDirectory(String directory) throws IOException {
        perform(OperationKind.FORCE_DIRECTORY, directory, () -> {
            tree.force(tree.directory(directory));
            return true;
        });
    }

    @Override
    public long usableBytes() throws IOException {
        return perform(OperationKind.USABLE_BYTES, "", () -> Math.max(0, freePages()) * PageTable.PAGE_SIZE);
    }

    @Override
    public Lock lock(String path) throws IOException {
        return perform(OperationKind.LOCK, path, () -> {
            DiskPath.ofEntry(path);
            if (!tree.exists(path)) {
                tree.create(path);
            }
            if (!locked.add(path)) {
                throw new StoreRefused("the store on this simulated disk is in use: its " + path + " is locked");
            }
            return () -> unlock(path);
        });
    }

    @Override
    public ByteBuffer allocate(int capacity) {
        return ByteBuffer.allocate(capacity);
    }

    // ---- one operation ----

    private interface Action<T> {
        T run() throws IOException;
    }

    private static final Runnable NO_EFFECT = () -> {};

    private <T> T perform(OperationKind kind, String path, Action<T> action) throws IOException {
        return perform(kind, path, action, NO_EFFECT);
    }

    /** Counts, crashes, fails or does it; {@code failing} is what happens to the disk when it is told to fail. */
    private <T> T perform(OperationKind kind, String path, Action<T> action, Runnable failing) throws IOException {
        lock.lock();
        try {
            if (powerCut != null) {
                throw powerCut;
            }
            var operation = new Operation(++operations, kind, path);
            counts.merge(kind, 1L, Long::sum);
            if (operation.number() >= crashAt) {
                throw crash(operation, action, failing);
            }
            for (var fault : faults) {
                if (fault.strikes(kind, path)) {
                    failing.run();
                    throw fault.exception(operation);
                }
            }
            return kind.forces() ? observeThenDo(operation, action) : doThenObserve(operation, action);
        } finally {
            lock.unlock();
        }
    }

    private <T> T observeThenDo(Operation operation, Action<T> action) throws IOException {
        observer.accept(operation);
        return action.run();
    }

    private <T> T doThenObserve(Operation operation, Action<T> action) throws IOException {
        var result = action.run();
        observer.accept(operation);
        return result;
    }

    private PowerCut crash(Operation operation, Action<?> action, Runnable failing) {
        powerCut = new PowerCut("power cut at " + operation);
        try {
            switch (random.nextInt(3)) {
                case 0 -> action.run();
                case 1 -> {
                    // A force that ends halfway is one of the things that afterPowerCut may make of none at all.
                    if (operation.kind() == OperationKind.WRITE) {
                        failing.run();
                    }
                }
                default -> {
                    // The power was faster.
                }
            }
        } catch (IOException e) {
            powerCut.addSuppressed(e);
        }
        return powerCut;
    }

    private long freePages() {
        var used = new long[1];
        tree.forEachFile(file -> used[0] += file.pages());
        pagesAtMost = used[0];
        return capacity / PageTable.PAGE_SIZE - used[0];
    }

    /** Counts the pages only when so many were written since the last count that space could be short. */
    private boolean mayNotFit(long bytes) {
        long more = bytes / PageTable.PAGE_SIZE + 2;
        if (pagesAtMost + more > capacity / PageTable.PAGE_SIZE) {
            freePages();
        }
        pagesAtMost += more;
        return pagesAtMost > capacity / PageTable.PAGE_SIZE;
    }

    private void unlock(String path) {
        lock.lock();
        try {
            locked.remove(path);
        } finally {
            lock.unlock();
        }
    }

    private final class OpenFile implements DiskFile {
        private final String path;
        private final SimulatedFile file;
        private boolean closed;

        OpenFile(String path, SimulatedFile file) {
            this.path = path;
            this.file = file;
        }

        @Override
        public void write(long position, ByteBuffer... buffers) throws IOException {
            long length = 0;
            for (var buffer : buffers) {
                length += buffer.remaining();
            }
            long all = length;
            perform(
                    OperationKind.WRITE,
                    path,
                    () -> {
                        long fitting = mayNotFit(all) ? file.fitting(checked(position), all, freePages()) : all;
                        writePart(checked(position), fitting, buffers);
                        if (fitting < all) {
                            throw new DiskFull("no space left on the simulated disk: wrote " + fitting + " of " + all
                                    + " bytes to " + path);
                        }
                        return true;
                    },
                    () -> writePart(position, all == 0 ? 0 : random.nextLong(all), buffers));
        }

        private void writePart(long position, long length, ByteBuffer... buffers) {
            for (var buffer : buffers) {
                int part = (int) Math.min(length, buffer.remaining());
                file.write(position, buffer, part);
                position += part;
                length -= part;
            }
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            return perform(OperationKind.READ, path, () -> file.read(checked(position), target));
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel channel) throws IOException {
            var bytes = perform(OperationKind.TRANSFER, path, () -> {
                long available = Math.max(0, Math.min(count, file.size() - checked(position)));
                var target = ByteBuffer.allocate((int) Math.min(available, TRANSFER_MAX));
                file.read(position, target);
                return target.flip();
            });
            // The channel may keep its writer waiting for long: not under the lock.
            return channel.write(bytes);
        }

        @Override
        public void force() throws IOException {
            perform(
                    OperationKind.FORCE,
                    path,
                    () -> {
                        checked(0);
                        file.force();
                        return true;
                    },
                    () -> file.failForce(random));
        }

        @Override
        public void truncate(long size) throws IOException {
            perform(OperationKind.TRUNCATE, path, () -> {
                file.truncate(checked(size));
                return true;
            });
        }

        @Override
        public long size() throws IOException {
            return perform(OperationKind.SIZE, path, () -> {
                checked(0);
                return file.size();
            });
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (!closed && powerCut == null) {
                    perform(OperationKind.CLOSE, path, () -> true, () -> file.failForce(random));
                }
            } catch (IOException e) {
                // An injected fault: the bytes are lost, and the point of it is that nobody hears of it.
            } finally {
                closed = true;
                lock.unlock();
            }
        }

        private long checked(long position) throws ClosedChannelException {
            if (closed) {
                throw new ClosedChannelException();
            }
            if (position < 0) {
                throw new IllegalArgumentException("negative position or size: " + position);
            }
            return position;
        }
    }
}

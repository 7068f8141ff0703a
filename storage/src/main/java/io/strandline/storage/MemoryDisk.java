package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A disk on the Java heap, for {@code durability=memory}: it ends with the object. Forcing costs nothing and promises
 * nothing. Long runs of zeros, like a fresh journal, take no memory.
 *
 * <p>What a file holds lives until the file is deleted and nobody has it open.
 */
public final class MemoryDisk implements Disk {

    private sealed interface Node {}

    private record Directory(TreeMap<String, Node> names) implements Node {}

    private record File(MemoryFile content) implements Node {}

    private final ReentrantLock lock = new ReentrantLock();
    private final Directory root = new Directory(new TreeMap<>());
    private final Set<String> locked = new HashSet<>();
    private final MemorySpace space;

    /** Limited by the heap alone. */
    public MemoryDisk() {
        space = MemorySpace.heap();
    }

    /** @param capacityBytes what all files together may hold; more is a {@link DiskFull} */
    public MemoryDisk(long capacityBytes) {
        space = MemorySpace.limited(capacityBytes);
    }

    @Override
    public DiskFile create(String path) throws IOException {
        return locked(() -> {
            var entry = DiskPath.ofEntry(path);
            var file = new File(new MemoryFile(space));
            if (directory(entry.directory()).names.putIfAbsent(entry.name(), file) != null) {
                throw new FileAlreadyExistsException(path);
            }
            return new OpenFile(file.content);
        });
    }

    @Override
    public DiskFile open(String path) throws IOException {
        return locked(() -> switch (nodeOrThrow(path)) {
            case File file -> new OpenFile(file.content);
            case Directory directory -> throw new FileSystemException(path, null, "is a directory");
        });
    }

    @Override
    public void createDirectory(String path) throws IOException {
        locked(() -> {
            var entry = DiskPath.of(path);
            if (!(node(path) instanceof Directory)
                    && directory(entry.directory()).names.putIfAbsent(entry.name(), new Directory(new TreeMap<>()))
                            != null) {
                throw new FileAlreadyExistsException(path);
            }
            return true;
        });
    }

    @Override
    public boolean exists(String path) throws IOException {
        return locked(() -> node(path) != null);
    }

    @Override
    public List<String> list(String directory) throws IOException {
        return locked(() -> List.copyOf(directory(directory).names.keySet()));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        locked(() -> {
            var source = DiskPath.ofEntry(from);
            var target = DiskPath.ofEntry(to);
            var node = nodeOrThrow(from);
            var names = directory(target.directory()).names;
            if (!from.equals(to)) {
                if (names.get(target.name()) instanceof Directory) {
                    throw new FileAlreadyExistsException(to);
                }
                directory(source.directory()).names.remove(source.name());
                release(names.put(target.name(), node));
            }
            return true;
        });
    }

    @Override
    public void delete(String path) throws IOException {
        locked(() -> {
            var entry = DiskPath.ofEntry(path);
            if (nodeOrThrow(path) instanceof Directory directory && !directory.names.isEmpty()) {
                throw new DirectoryNotEmptyException(path);
            }
            release(directory(entry.directory()).names.remove(entry.name()));
            return true;
        });
    }

    @Override
    public void forceDirectory(String directory) throws IOException {
        locked(() -> directory(directory));
    }

    @Override
    public long usableBytes() {
        return space.usableBytes();
    }

    @Override
    public Lock lock(String path) throws IOException {
        return locked(() -> {
            var entry = DiskPath.ofEntry(path);
            if (!locked.add(path)) {
                throw new StoreRefused("this store in memory is in use already: its " + path
                        + " is locked. Close the broker that has it, or give each its own");
            }
            directory(entry.directory()).names.computeIfAbsent(entry.name(), name -> new File(new MemoryFile(space)));
            return () -> unlock(path);
        });
    }

    @Override
    public ByteBuffer allocate(int capacity) {
        return ByteBuffer.allocate(capacity);
    }

    private static void release(@Nullable Node node) {
        if (node instanceof File file) {
            file.content.release();
        }
    }

    private void unlock(String path) throws IOException {
        locked(() -> locked.remove(path));
    }

    private Directory directory(String path) throws IOException {
        return switch (nodeOrThrow(path)) {
            case Directory directory -> directory;
            case File file -> throw new NotDirectoryException(path);
        };
    }

    private Node nodeOrThrow(String path) throws NoSuchFileException {
        var node = node(path);
        if (node == null) {
            throw new NoSuchFileException(path);
        }
        return node;
    }

    private @Nullable Node node(String path) {
        var entry = DiskPath.of(path);
        if (entry.isRoot()) {
            return root;
        }
        return node(entry.directory()) instanceof Directory directory ? directory.names.get(entry.name()) : null;
    }

    private interface Step<T> {
        T run() throws IOException;
    }

    private <T> T locked(Step<T> step) throws IOException {
        lock.lock();
        try {
            return step.run();
        } finally {
            lock.unlock();
        }
    }

    private static final class OpenFile implements DiskFile {
        private final MemoryFile content;
        private volatile boolean closed;

        OpenFile(MemoryFile content) {
            this.content = content;
        }

        @Override
        public void write(long position, ByteBuffer... buffers) throws IOException {
            long at = checked(position);
            for (var buffer : buffers) {
                int length = buffer.remaining();
                content.write(at, buffer);
                at += length;
            }
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            return content.read(checked(position), target);
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel channel) throws IOException {
            return content.transferTo(checked(position), count, channel);
        }

        @Override
        public void force() throws IOException {
            checked(0);
        }

        @Override
        public void truncate(long size) throws IOException {
            content.truncate(checked(size));
        }

        @Override
        public long size() throws IOException {
            checked(0);
            return content.size();
        }

        @Override
        public void close() {
            // Who is reading has the bytes in hand: there is nothing to wait for.
            closed = true;
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

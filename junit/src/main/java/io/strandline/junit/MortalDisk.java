package io.strandline.junit;

import io.strandline.storage.Disk;
import io.strandline.storage.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The disk as one process sees it. When that process is dead, nothing of it reaches the disk any more. */
final class MortalDisk implements Disk {
    private final Disk disk;
    private final Sloth sloth;
    private final Set<AutoCloseable> open = ConcurrentHashMap.newKeySet();
    private volatile boolean dead;

    MortalDisk(Disk disk, Sloth sloth) {
        this.disk = disk;
        this.sloth = sloth;
    }

    void die() {
        dead = true;
    }

    /** What the operating system does for the dead: files are closed, the lock is free. */
    void release() {
        for (var one : open) {
            try {
                one.close();
            } catch (Exception e) {
                // It was only read and written; what is there is there.
                System.getLogger("io.strandline.junit").log(System.Logger.Level.DEBUG, "closing " + one, e);
            }
        }
        open.clear();
    }

    private void alive() throws IOException {
        if (dead) {
            throw new IOException("the test has killed this broker");
        }
    }

    private DiskFile opened(DiskFile file) {
        var mortal = new MortalFile(file);
        open.add(mortal);
        return mortal;
    }

    @Override
    public DiskFile create(String path) throws IOException {
        alive();
        return opened(disk.create(path));
    }

    @Override
    public DiskFile open(String path) throws IOException {
        alive();
        return opened(disk.open(path));
    }

    @Override
    public void createDirectory(String path) throws IOException {
        alive();
        disk.createDirectory(path);
    }

    @Override
    public boolean exists(String path) throws IOException {
        alive();
        return disk.exists(path);
    }

    @Override
    public List<String> list(String directory) throws IOException {
        alive();
        return disk.list(directory);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        alive();
        disk.rename(from, to);
    }

    @Override
    public void delete(String path) throws IOException {
        alive();
        disk.delete(path);
    }

    @Override
    public void forceDirectory(String directory) throws IOException {
        alive();
        sloth.await();
        alive();
        disk.forceDirectory(directory);
    }

    @Override
    public long usableBytes() throws IOException {
        alive();
        return disk.usableBytes();
    }

    @Override
    public Lock lock(String path) throws IOException {
        alive();
        var lock = disk.lock(path);
        open.add(lock);
        return () -> {
            open.remove(lock);
            lock.close();
        };
    }

    @Override
    public ByteBuffer allocate(int capacity) {
        return disk.allocate(capacity);
    }

    private final class MortalFile implements DiskFile {
        private final DiskFile file;

        MortalFile(DiskFile file) {
            this.file = file;
        }

        @Override
        public void write(long position, ByteBuffer... buffers) throws IOException {
            alive();
            file.write(position, buffers);
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            alive();
            return file.read(position, target);
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel channel) throws IOException {
            alive();
            return file.transferTo(position, count, channel);
        }

        @Override
        public void force() throws IOException {
            alive();
            sloth.await();
            alive();
            file.force();
        }

        @Override
        public void truncate(long size) throws IOException {
            alive();
            file.truncate(size);
        }

        @Override
        public long size() throws IOException {
            alive();
            return file.size();
        }

        @Override
        public void close() throws IOException {
            open.remove(this);
            file.close();
        }
    }
}

package io.strandline.cli.demo;

import io.strandline.storage.Disk;
import io.strandline.storage.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.List;

/** Says that it has forced, and has not. With it the demo must fail, or the demo proves nothing. */
record ForgetfulDisk(Disk disk) implements Disk {

    @Override
    public void forceDirectory(String directory) {
        // Forgotten.
    }

    @Override
    public DiskFile create(String path) throws IOException {
        return new ForgetfulFile(disk.create(path));
    }

    @Override
    public DiskFile open(String path) throws IOException {
        return new ForgetfulFile(disk.open(path));
    }

    @Override
    public void createDirectory(String path) throws IOException {
        disk.createDirectory(path);
    }

    @Override
    public boolean exists(String path) throws IOException {
        return disk.exists(path);
    }

    @Override
    public List<String> list(String directory) throws IOException {
        return disk.list(directory);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        disk.rename(from, to);
    }

    @Override
    public void delete(String path) throws IOException {
        disk.delete(path);
    }

    @Override
    public long usableBytes() throws IOException {
        return disk.usableBytes();
    }

    @Override
    public Lock lock(String path) throws IOException {
        return disk.lock(path);
    }

    @Override
    public ByteBuffer allocate(int capacity) {
        return disk.allocate(capacity);
    }

    private record ForgetfulFile(DiskFile file) implements DiskFile {

        @Override
        public void force() {
            // Forgotten.
        }

        @Override
        public void write(long position, ByteBuffer... buffers) throws IOException {
            file.write(position, buffers);
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            return file.read(position, target);
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel channel) throws IOException {
            return file.transferTo(position, count, channel);
        }

        @Override
        public void truncate(long size) throws IOException {
            file.truncate(size);
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}

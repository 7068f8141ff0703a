package io.strandline;

import io.strandline.storage.Disk;
import io.strandline.storage.DiskFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A spool on a disk that loses what a power cut may take. */
record SimulatedSpoolDisk(Disk disk) implements SpoolDisk {
    private static String name(Path path) {
        return path.getFileName().toString();
    }

    @Override
    public boolean exists(Path path) throws IOException {
        return disk.exists(name(path));
    }

    @Override
    public Open open(Path path) throws IOException {
        return new SimulatedOpen(exists(path) ? disk.open(name(path)) : disk.create(name(path)));
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        disk.rename(name(from), name(to));
        disk.forceDirectory("");
    }

    @Override
    public Closeable lock(Path path) {
        return () -> {};
    }

    private record SimulatedOpen(DiskFile file) implements Open {
        @Override
        public void write(long position, ByteBuffer bytes) throws IOException {
            file.write(position, bytes);
        }

        @Override
        public void read(long position, ByteBuffer into) throws IOException {
            file.read(position, into);
        }

        @Override
        public void force() throws IOException {
            file.force();
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

package io.strandline;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** What a spool asks of the disk, and nothing else, so that tests can cut the power at any of these calls. */
interface SpoolDisk {
    /** An open file. Written bytes survive a power cut when {@link #force} has returned. */
    interface Open extends Closeable {
        void write(long position, ByteBuffer bytes) throws IOException;

        /** Fills the buffer, or reads to the end of the file. */
        void read(long position, ByteBuffer into) throws IOException;

        /** A failure is final: what was written before may be lost, and no later force brings it back. */
        void force() throws IOException;

        void truncate(long size) throws IOException;

        long size() throws IOException;
    }

    boolean exists(Path path) throws IOException;

    /** Opens it, or makes an empty one, whose name is not safe yet. */
    Open open(Path path) throws IOException;

    /** In one step, and safe when it returns. */
    void rename(Path from, Path to) throws IOException;

    /**
     * Held until it is closed or the process ends.
     *
     * @throws IllegalStateException if someone else has it
     */
    Closeable lock(Path path) throws IOException;

    static SpoolDisk real() {
        return new Real();
    }

    /** The file system. */
    final class Real implements SpoolDisk {
        @Override
        public boolean exists(Path path) {
            return Files.exists(path);
        }

        @Override
        public Open open(Path path) throws IOException {
            return new RealOpen(FileChannel.open(
                    path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE));
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            if (java.io.File.separatorChar == '/') { // elsewhere a directory cannot be opened, nor need it be forced
                try (var directory = FileChannel.open(to.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
                    directory.force(true);
                }
            }
        }

        @Override
        public Closeable lock(Path path) throws IOException {
            var parent = path.toAbsolutePath().getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            var channel = FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
            try {
                if (channel.tryLock() != null) {
                    return channel;
                }
            } catch (OverlappingFileLockException e) {
                // held in this process
            }
            channel.close();
            throw new IllegalStateException("Another producer has the spool of " + path
                    + " open, in this process or another. Give each producer a spool of its own.");
        }
    }

    record RealOpen(FileChannel channel) implements Open {
        @Override
        public void write(long position, ByteBuffer bytes) throws IOException {
            long at = position;
            while (bytes.hasRemaining()) {
                at += channel.write(bytes, at);
            }
        }

        @Override
        public void read(long position, ByteBuffer into) throws IOException {
            long at = position;
            while (into.hasRemaining()) {
                int n = channel.read(into, at);
                if (n < 0) {
                    return;
                }
                at += n;
            }
        }

        @Override
        public void force() throws IOException {
            channel.force(false);
        }

        @Override
        public void truncate(long size) throws IOException {
            channel.truncate(size);
        }

        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}

package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One store, one broker. The lock is the operating system's, on a byte of the lock file, so it ends with the process
 * however that ends; the text in the file (the holder's process id) only helps the person who is refused.
 *
 * <p>In one process the system does not help: to it all brokers there are the same owner, and closing any channel of
 * the file gives the lock away. So there is a register of what this process holds, asked before the file is opened. It
 * is kept among the system properties, because two applications in one process can each have a copy of this class.
 */
final class DirectoryLock implements Disk.Lock {
    /** Far behind the text: on Windows a locked byte cannot be read by others. */
    private static final long LOCKED_BYTE = Long.MAX_VALUE - 1;

    private static final int TEXT_SIZE = 24;
    private static final String HELD = "io.strandline.storage.held:";
    /** Lock files that this process holds under another path: closing one of these would free that lock. */
    private static final Map<Path, FileChannel> NEVER_CLOSED = new ConcurrentHashMap<>();

    private final Path key;
    private final FileChannel channel;
    private final FileLock lock;

    private DirectoryLock(Path key, FileChannel channel, FileLock lock) {
        this.key = key;
        this.channel = channel;
        this.lock = lock;
    }

    static DirectoryLock acquire(Path directory, Path file) throws IOException {
        var key = directory.toRealPath().resolve(directory.relativize(file));
        if (System.getProperties().putIfAbsent(HELD + key, "true") != null) {
            throw inUse(directory, "another broker in this process");
        }
        boolean acquired = false;
        try {
            var lock = DiskTrouble.explained(file, () -> open(directory, key));
            acquired = true;
            return lock;
        } finally {
            if (!acquired) {
                System.clearProperty(HELD + key);
            }
        }
    }

    @Override
    public void close() throws IOException {
        if (!channel.isOpen()) {
            return;
        }
        try (channel) {
            DiskTrouble.explained(key, () -> {
                lock.release();
                return true;
            });
        } finally {
            System.clearProperty(HELD + key);
        }
    }

    private static DirectoryLock open(Path directory, Path file) throws IOException {
        var left = NEVER_CLOSED.remove(file);
        var channel = left != null
                ? left
                : FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = null;
        boolean ours = true;
        try {
            lock = channel.tryLock(LOCKED_BYTE, 1, false);
            if (lock == null) {
                throw inUse(directory, holder(channel));
            }
            sign(channel);
            return new DirectoryLock(file, channel, lock);
        } catch (OverlappingFileLockException e) {
            // Held by this process and not under this name: the directory is mounted twice.
            ours = false;
            NEVER_CLOSED.put(file, channel);
            throw inUse(directory, "another broker in this process");
        } finally {
            if (lock == null && ours) {
                channel.close();
            }
        }
    }

    private static void sign(FileChannel channel) {
        var text = String.format(
                Locale.ROOT,
                "%-" + (TEXT_SIZE - 1) + "d%n",
                ProcessHandle.current().pid());
        try {
            channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)), 0);
        } catch (IOException e) {
            // A full disk must not keep the broker from starting: who is refused later is told less, that is all.
        }
    }

    private static String holder(FileChannel channel) throws IOException {
        var text = ByteBuffer.allocate(TEXT_SIZE);
        channel.read(text, 0);
        var pid = StandardCharsets.US_ASCII.decode(text.flip()).toString().strip();
        return pid.matches("[0-9]{1,19}") ? "process " + pid : "another process";
    }

    private static StoreRefused inUse(Path directory, String holder) {
        return new StoreRefused("the data directory " + directory + " is in use by " + holder
                + "; stop that broker or name another directory");
    }
}

package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;

/**
 * A directory of the real file system.
 *
 * <p><b>What {@code force} means</b> depends on the system:
 *
 * <ul>
 *   <li><b>Linux</b>, where this is tested: {@code fdatasync} of files, {@code fsync} of directories.
 *   <li><b>macOS</b>: the JDK calls {@code fcntl(F_FULLFSYNC)} for either, which, other than {@code fsync} there, also
 *       empties the cache of the drive; it falls back to {@code fsync} on network volumes only.
 *   <li><b>Windows</b>: {@code FlushFileBuffers} for files. Java cannot open a directory there, so
 *       {@link #forceDirectory} does nothing, and names are as durable as NTFS makes them by its own journal: probably,
 *       but not when we say so.
 * </ul>
 *
 * All of them believe the drive. One that confirms what it has only in a volatile cache, or a network file system
 * mounted {@code async}, loses what was acknowledged, whatever this class does.
 *
 * <p><b>Interrupts.</b> Java closes a file channel when a thread inside it is interrupted, for all threads. So nothing
 * here is ever stopped by an interrupt, and who owns threads that come here must not interrupt them. One that arrives
 * with its interrupt flag set (an application thread that stops an embedded broker, say) does no harm: the flag is put
 * aside during the call and set again after it.
 */
public final class FileDisk implements Disk {
    private static final boolean WINDOWS =
            System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");

    private final Path root;

    /**
     * Opens the directory, and makes it when there is none: then only its owner can enter it (0700), and its own name
     * is durable when the constructor returns.
     *
     * @throws StoreRefused if it is not a directory, cannot be made, or may not be written to: the message is one
     *     sentence that says so and what to do
     */
    public FileDisk(Path root) throws IOException {
        this.root = root.toAbsolutePath().normalize();
        try {
            DiskTrouble.explained(this.root, () -> {
                makeDirectories(this.root);
                return true;
            });
        } catch (IOException e) {
            throw new StoreRefused("the data directory " + this.root + " cannot be made: " + e.getMessage(), e);
        }
        DiskTrouble.refuseUnusable(this.root);
    }

    /** The directory, as an absolute path. */
    public Path root() {
        return root;
    }

    /**
     * The kind of file system that it lies on, as the system calls it: {@code ext4}, {@code tmpfs}, {@code nfs}. What
     * an acknowledgement is worth depends on it.
     */
    public String fileSystem() throws IOException {
        return Files.getFileStore(root).type();
    }

    @Override
    public DiskFile create(String path) throws IOException {
        return openChannel(entry(path), StandardOpenOption.CREATE_NEW);
    }

    @Override
    public DiskFile open(String path) throws IOException {
        return openChannel(entry(path));
    }

    @Override
    public void createDirectory(String path) throws IOException {
        var directory = place(path);
        DiskTrouble.explained(directory, () -> {
            if (!Files.isDirectory(directory)) {
                Files.createDirectory(directory);
            }
            return true;
        });
    }

    @Override
    public boolean exists(String path) {
        return Files.exists(place(path));
    }

    @Override
    public List<String> list(String directory) throws IOException {
        var place = place(directory);
        return DiskTrouble.explained(place, () -> {
            try (var entries = Files.list(place)) {
                return entries.map(entry -> entry.getFileName().toString())
                        .sorted()
                        .toList();
            }
        });
    }

    @Override
    public void rename(String from, String to) throws IOException {
        var source = entry(from);
        var target = entry(to);
        DiskTrouble.explained(source, () -> {
            try {
                return Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                throw new IOException(
                        source + " and " + target + " are on different file systems; a store must lie on one", e);
            }
        });
    }

    @Override
    public void delete(String path) throws IOException {
        var place = entry(path);
        DiskTrouble.explained(place, () -> {
            Files.delete(place);
            return true;
        });
    }

    @Override
    public void forceDirectory(String directory) throws IOException {
        var place = place(directory);
        DiskTrouble.explained(place, () -> {
            force(place);
            return true;
        });
    }

    @Override
    public long usableBytes() throws IOException {
        return Files.getFileStore(root).getUsableSpace();
    }

    @Override
    public Lock lock(String path) throws IOException {
        return DirectoryLock.acquire(root, entry(path));
    }

    @Override
    public ByteBuffer allocate(int capacity) {
        return ByteBuffer.allocateDirect(capacity);
    }

    private static DiskFile openChannel(Path path, StandardOpenOption... more) throws IOException {
        var options = EnumSet.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
        options.addAll(List.of(more));
        return DiskTrouble.explained(path, () -> new ChannelFile(path, FileChannel.open(path, options)));
    }

    private Path place(String path) {
        DiskPath.of(path);
        return root.resolve(path);
    }

    private Path entry(String path) {
        DiskPath.ofEntry(path);
        return root.resolve(path);
    }

    /** Makes what is missing of the way there, from the top, and forces each new name. */
    private static void makeDirectories(Path directory) throws IOException {
        var missing = new ArrayDeque<Path>();
        for (var at = directory; at != null && !Files.exists(at); at = at.getParent()) {
            missing.addFirst(at);
        }
        for (var next : missing) {
            Files.createDirectory(next, ownerOnly(next));
            force(next.resolveSibling("."));
        }
        if (missing.isEmpty() && Files.isDirectory(directory)) {
            forceNameOf(directory);
        }
    }

    /** A process that was killed at the right moment may have made it and not forced it. */
    private static void forceNameOf(Path directory) throws IOException {
        try {
            force(directory.resolve(".."));
        } catch (AccessDeniedException e) {
            // Who may not read the parent has not made the directory: someone else did, well before.
        }
    }

    private static FileAttribute<?>[] ownerOnly(Path directory) {
        return directory.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
    }

    private static void force(Path directory) throws IOException {
        if (WINDOWS) {
            return;
        }
        try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}

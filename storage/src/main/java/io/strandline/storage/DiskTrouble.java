package io.strandline.storage;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What a failed call of the real file system means, in words for the person who runs the broker. Also keeps the
 * interrupt flag of the calling thread away from the channels, see {@link FileDisk}.
 */
final class DiskTrouble {
    private DiskTrouble() {}

    interface Call<T> {
        T run() throws IOException;
    }

    /** Runs the call; if it fails, says which file it was about and, where it is known, what to do. */
    static <T> T explained(Path path, Call<T> call) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            return call.run();
        } catch (ClosedByInterruptException e) {
            throw new IOException(
                    path + " was closed under all its users because thread \""
                            + Thread.currentThread().getName()
                            + "\" was interrupted while it used the file. Do not interrupt threads of the broker",
                    e);
        } catch (IOException e) {
            throw explain(path, e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Checks what can be checked without touching anything. */
    static void refuseUnusable(Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            throw new StoreRefused(root + " is not a directory; name another data directory or move the file away");
        }
        if (!Files.isWritable(root) || !Files.isReadable(root) || !Files.isExecutable(root)) {
            throw new StoreRefused(
                    Files.getFileStore(root).isReadOnly()
                            ? "the data directory " + root + " is on a file system that is mounted read-only;"
                                    + " mount it writable or name another directory"
                            : "the data directory " + root + " belongs to "
                                    + Files.getOwner(root).getName() + ", and user "
                                    + System.getProperty("user.name") + " may not read and write it;"
                                    + " change its owner or name another directory");
        }
    }

    private static IOException explain(Path path, IOException e) {
        if (e instanceof DiskFull || e instanceof StoreRefused) {
            return e;
        }
        var text = reason(e).toLowerCase(Locale.ROOT);
        if (isNoSpace(text) || isPlain(e) && isFull(path)) {
            return new DiskFull("no space left for " + path + " (" + reason(e) + ")", e);
        }
        if (text.contains("read-only file system")) {
            return new IOException(
                    path + " cannot be changed: its file system is, or has just become, read-only (a system does that"
                            + " after a disk error; see its log)",
                    e);
        }
        if (text.contains("too many open files")) {
            return new IOException(
                    path + " cannot be opened: too many open files; raise the limit (ulimit -n, LimitNOFILE)", e);
        }
        if (e instanceof AccessDeniedException) {
            return new IOException(
                    "no permission for " + path + " as user " + System.getProperty("user.name")
                            + "; its owner and mode do not allow it",
                    e);
        }
        return isPlain(e) && !reason(e).contains(path.toString()) ? new IOException(path + ": " + reason(e), e) : e;
    }

    private static boolean isNoSpace(String text) {
        return text.contains("no space left on device")
                || text.contains("disk quota exceeded")
                || text.contains("not enough space on the disk");
    }

    /** The system's text can be in another language; then the disk itself is asked (a quota is not found out so). */
    private static boolean isFull(Path path) {
        try {
            return Files.getFileStore(path).getUsableSpace() == 0;
        } catch (IOException e) {
            // The disk does not even tell that: what was reported stands.
            return false;
        }
    }

    /** Whether it is the system's own error and not one of Java's more telling subclasses. */
    private static boolean isPlain(IOException e) {
        return e.getClass() == IOException.class || e.getClass() == FileSystemException.class;
    }

    private static String reason(IOException e) {
        var reason = e instanceof FileSystemException named ? named.getReason() : e.getMessage();
        return reason == null ? e.getClass().getSimpleName() : reason;
    }
}

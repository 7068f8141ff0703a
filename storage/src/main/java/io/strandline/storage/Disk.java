package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Everything the log engine asks of a disk: one directory tree, reached only through this interface.
 *
 * <p>There are three of them: a directory of the real file system, memory, and, in tests, a simulated disk that loses
 * what a power cut may take. The engine never looks past this interface, so what holds on the simulated disk holds on
 * the real one as far as the simulation is honest.
 *
 * <p><b>Paths</b> are relative to the root of the store, with {@code /} between names, no leading or trailing slash,
 * no {@code .} or {@code ..}; the root itself is the empty string. An implementation refuses anything else with
 * {@link IllegalArgumentException}.
 *
 * <p><b>What a power cut may take.</b> Bytes written to a file are safe after {@link DiskFile#force}. A created,
 * renamed or deleted name is safe after {@link #forceDirectory} of the directory that holds it, and not before,
 * whatever was forced inside. (A new directory needs its parent forced as well.)
 *
 * <p><b>Threads.</b> Every method may be called from any thread. Calls on different files never wait for each other.
 * A thread that is inside one of these calls is never interrupted: an interrupt would close the file for everyone.
 *
 * <p><b>No space.</b> Where space or quota runs out, the exception is a {@link DiskFull}; every other failure of the
 * medium is another {@link IOException}.
 */
public interface Disk {

    /**
     * Makes a new, empty file for reading and writing.
     *
     * @throws java.nio.file.FileAlreadyExistsException if the name is taken
     * @throws java.nio.file.NoSuchFileException if its directory does not exist
     */
    DiskFile create(String path) throws IOException;

    /**
     * Opens an existing file for reading and writing. A file may be open several times at once.
     *
     * @throws java.nio.file.NoSuchFileException if there is none
     */
    DiskFile open(String path) throws IOException;

    /** Makes one directory; its parent must exist. Does nothing when the directory is there already. */
    void createDirectory(String path) throws IOException;

    /** Whether a file or directory of this name exists. */
    boolean exists(String path) throws IOException;

    /**
     * The names (not paths) of the files and directories in a directory, sorted.
     *
     * @throws java.nio.file.NoSuchFileException if there is no such directory
     */
    List<String> list(String directory) throws IOException;

    /**
     * Gives a file another name in one step; a file that had the new name is replaced. Readers of the replaced file
     * keep what they have open.
     */
    void rename(String from, String to) throws IOException;

    /**
     * Removes a file, or a directory that is empty. Who has the file open can go on reading it.
     *
     * @throws java.nio.file.NoSuchFileException if it does not exist
     * @throws java.nio.file.DirectoryNotEmptyException if a directory is not empty
     */
    void delete(String path) throws IOException;

    /** Returns when every name created, renamed or deleted in this directory so far would survive a power cut. */
    void forceDirectory(String directory) throws IOException;

    /** Bytes that can still be written, as far as the file system tells. A courtesy, never a promise. */
    long usableBytes() throws IOException;

    /**
     * Makes sure that nobody else has this store open, in this process or another, until the lock is closed or the
     * process ends. The file is made when it is missing.
     *
     * @throws StoreRefused if someone else has it; the sentence says so
     */
    Lock lock(String path) throws IOException;

    /** A buffer of the kind this disk moves fastest: direct for a real disk, on the heap for memory. */
    ByteBuffer allocate(int capacity);

    /** Held while a store is open. Closing it lets the next one in. */
    interface Lock extends AutoCloseable {
        @Override
        void close() throws IOException;
    }
}

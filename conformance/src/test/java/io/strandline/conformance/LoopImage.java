package io.strandline.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * A real ext4 file system in an image file in memory, mounted through a loop device: a disk whose power can be cut. What
 * the kernel has not written to the image when the image is copied is what a machine would have lost.
 *
 * <p>Needs the right to mount; elsewhere {@link #make} skips the test, or fails it with CI=true, unless {@code .ci/run}
 * has found out, too, that nothing can be mounted, and has said so.
 */
final class LoopImage implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final long MEMORY_MIN = 1L << 30;
    private static final int COPIES_MAX = 50;
    private static final String PREFIX = "strandline-power-cut-";
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final Path folder;
    private final Path image;
    private final Path mountPoint;

    private LoopImage() throws IOException {
        folder = Files.createDirectory(
                memory().resolve(PREFIX + ProcessHandle.current().pid() + "-" + NUMBER.incrementAndGet()));
        image = folder.resolve("image");
        mountPoint = Files.createDirectory(folder.resolve("mount"));
    }

    /** A fresh file system of so many MiB. Where mounting is not allowed, the test that asks for it is skipped. */
    static LoopImage make(int mebibytes) throws IOException {
        sweep();
        var result = new LoopImage();
        try {
            run("truncate", "-s", mebibytes + "M", result.image.toString());
            run("mkfs.ext4", "-q", "-F", result.image.toString());
            result.mount();
            return result;
        } catch (IllegalStateException | UncheckedIOException e) {
            result.close();
            return skip("no loop mounts here (needs Linux, root and mkfs.ext4)", e);
        }
    }

    /** Where the file system is mounted. */
    Path directory() {
        return mountPoint;
    }

    /**
     * Cuts the power: the file system as it would come back, on another image, mounted. This one goes on. Whoever
     * writes to it must be frozen meanwhile; the kernel may still be at it, so the image is copied until two copies in
     * a row are the same, which only a moment without writes can give.
     */
    LoopImage cutPower() throws IOException {
        var after = new LoopImage();
        var witness = after.folder.resolve("witness");
        copy(image, witness);
        for (int copies = 1; copies < COPIES_MAX; copies++) {
            copy(image, after.image);
            if (Files.mismatch(witness, after.image) < 0) {
                Files.delete(witness);
                after.mount();
                return after;
            }
            Files.move(after.image, witness, StandardCopyOption.REPLACE_EXISTING);
        }
        after.close();
        throw new IllegalStateException(image + " is written to all the time: was the writer frozen?");
    }

    /** Unmounts and deletes it. Nobody may have a file open there. */
    @Override
    public void close() throws IOException {
        remove(folder);
    }

    private void mount() {
        run("mount", "-t", "ext4", "-o", "loop", image.toString(), mountPoint.toString());
    }

    /** Image files have holes, and copies keep them. */
    private static void copy(Path from, Path to) {
        run("cp", "--sparse=always", from.toString(), to.toString());
    }

    private static LoopImage skip(String reason, Exception cause) {
        if ("true".equals(System.getenv("CI")) && !"true".equals(System.getenv("STRANDLINE_NO_MOUNTS"))) {
            return Assertions.fail(reason + "; with CI=true nothing is skipped", cause);
        }
        return Assumptions.abort(reason);
    }

    /** Removes what test runs that were killed have left mounted. */
    private static void sweep() throws IOException {
        try (var folders = Files.newDirectoryStream(memory(), PREFIX + "*")) {
            for (var left : folders) {
                var pid = Long.parseLong(
                        left.getFileName().toString().substring(PREFIX.length()).split("-", 2)[0]);
                if (ProcessHandle.of(pid).isEmpty()) {
                    remove(left);
                }
            }
        }
    }

    private static void remove(Path folder) throws IOException {
        var mountPoint = folder.resolve("mount");
        if (Files.readString(Path.of("/proc/mounts")).contains(" " + mountPoint + " ")) {
            run("umount", mountPoint.toString());
        }
        try (var entries = Files.walk(folder)) {
            for (var entry : entries.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(entry);
            }
        }
    }

    /** In memory where there is enough of it: containers have little at this place. */
    private static Path memory() throws IOException {
        var shared = Path.of("/dev/shm");
        return Files.isWritable(shared) && Files.getFileStore(shared).getUsableSpace() >= MEMORY_MIN
                ? shared
                : Path.of(System.getProperty("java.io.tmpdir"));
    }

    private static void run(String... command) {
        try (var child = Child.program(command[0], List.of(command), Map.of())) {
            child.await(LIMIT).orThrow();
        }
    }
}

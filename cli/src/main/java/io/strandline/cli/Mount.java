package io.strandline.cli;

import io.strandline.storage.DurabilityMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/**
 * The file system under a data directory: what an acknowledgement is worth there.
 *
 * @param fileSystem its kind, as the system calls it
 */
record Mount(Path directory, String fileSystem) {
    private static final Set<String> MEMORY = Set.of("tmpfs", "ramfs");
    private static final Set<String> NETWORK =
            Set.of("nfs", "nfs4", "cifs", "smb2", "smb3", "fuse.sshfs", "9p", "virtiofs");
    private static final Set<String> LAYERED = Set.of("overlay", "overlayfs", "aufs");

    private static final int ROUNDS = 9;
    private static final int BYTES = 4096;
    private static final Duration LONG_ENOUGH = Duration.ofMillis(500);

    static Mount of(Path directory) throws IOException {
        return new Mount(directory, Files.getFileStore(directory).type());
    }

    /** Why a forced write may not outlive a power cut here, if there is a reason. */
    Optional<String> doubt() {
        if (MEMORY.contains(fileSystem)) {
            return Optional.of(
                    fileSystem + " is memory: it survives the death of the process, not a power cut or a reboot");
        }
        if (NETWORK.contains(fileSystem)) {
            return Optional.of(
                    fileSystem + " is not a local disk: what is forced is as safe as the other side makes it");
        }
        if (LAYERED.contains(fileSystem)) {
            return Optional.of(fileSystem
                    + " is the layer of a container: data goes with the container; mount a volume for what must stay");
        }
        return Optional.empty();
    }

    /**
     * What an acknowledgement means here. Where a force may not hold, nothing is said of power cuts: the doubt follows.
     *
     * @param inWords what it means on a disk
     */
    String worth(DurabilityMode durability, String inWords) {
        return durability == DurabilityMode.FSYNC && doubt().isPresent()
                ? "acks=all means forced to this " + fileSystem + ", which is worth less than on a disk:"
                : inWords;
    }

    /** How long it takes to force 4 KiB here: the median of a few, in half a second at most. */
    Duration measuredForce() throws IOException {
        var file = Files.createTempFile(directory, ".force-", ".probe");
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            var nanos = new long[ROUNDS];
            var rounds = 0;
            var begin = System.nanoTime();
            while (rounds < ROUNDS && System.nanoTime() - begin < LONG_ENOUGH.toNanos()) {
                var before = System.nanoTime();
                channel.write(ByteBuffer.allocate(BYTES), (long) rounds * BYTES);
                channel.force(false);
                nanos[rounds++] = System.nanoTime() - before;
            }
            Arrays.sort(nanos, 0, rounds);
            return Duration.ofNanos(nanos[rounds / 2]);
        } finally {
            Files.delete(file);
        }
    }
}

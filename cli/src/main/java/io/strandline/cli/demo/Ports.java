package io.strandline.cli.demo;

import io.strandline.cli.Problem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Scanner;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports for brokers that must know theirs before they start, and keep it while they are down. Nobody takes one meanwhile: it
 * lies outside of the range from which the kernel takes the ports of outgoing connections, and it is given only once, to one
 * of all the JVMs of this user that ask here (a port is the byte of that number in a file, locked as long as the JVM lives).
 * Thread-safe.
 */
public final class Ports {
    private static final Range OURS = new Range(20_000, 32_000);

    /** Without privileges. */
    private static final Range ALL = new Range(1024, 65_535);

    private static final int ENOUGH = 500;
    private static final int ATTEMPTS = 1000;
    private static final Path KERNEL_RANGE = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
    private static final Range RANGE = besides(kernelRange());

    /** Empty where that file cannot be opened; then a port is only not given twice by chance. */
    private static final Optional<FileChannel> LOCKS = locks();

    /** Both ends are in it. */
    record Range(int lowest, int highest) {
        int size() {
            return highest - lowest + 1;
        }
    }

    private Ports() {}

    /**
     * On the loopback address, as long as this JVM lives.
     *
     * @throws Problem if none of a thousand that were tried is free
     */
    public static int free() {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(RANGE.lowest(), RANGE.highest() + 1);
            if (isFree(port) && reserve(port)) {
                return port;
            }
        }
        throw Problem.failed(
                "No free port between " + RANGE.lowest() + " and " + RANGE.highest() + " on the loopback address");
    }

    /** Those that are not the kernel's to give; ours all the same where it has nearly all. */
    static Range besides(Range kernel) {
        if (kernel.lowest() > OURS.highest() || kernel.highest() < OURS.lowest()) {
            return OURS;
        }
        var below = new Range(ALL.lowest(), kernel.lowest() - 1);
        var above = new Range(kernel.highest() + 1, ALL.highest());
        var larger = below.size() > above.size() ? below : above;
        return larger.size() < ENOUGH ? OURS : larger;
    }

    private static Range kernelRange() {
        // Not Files.readString: this file gives all at the first read, and that asks for one byte first.
        try (var numbers = new Scanner(KERNEL_RANGE, StandardCharsets.UTF_8)) {
            return new Range(numbers.nextInt(), numbers.nextInt());
        } catch (IOException e) {
            return new Range(49_152, ALL.highest()); // Not Linux: what other systems have.
        }
    }

    private static boolean isFree(int port) {
        try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether it is ours from now on. */
    static boolean reserve(int port) {
        if (LOCKS.isEmpty()) {
            return true;
        }
        try {
            var lock = LOCKS.get().tryLock(port, 1, false);
            return lock != null; // Else another JVM has it.
        } catch (OverlappingFileLockException e) {
            return false; // We have given it before.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Not in java.io.tmpdir, which Maven makes another one in each module. */
    private static Optional<FileChannel> locks() {
        var shared = Path.of("/tmp");
        var folder = Files.isDirectory(shared) ? shared : Path.of(System.getProperty("java.io.tmpdir"));
        try {
            return Optional.of(FileChannel.open(
                    folder.resolve("strandline-ports-of-" + System.getProperty("user.name")),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE));
        } catch (IOException e) {
            // Another user of this name has it, or the folder is not to be written: no reason to fail.
            return Optional.empty();
        }
    }
}

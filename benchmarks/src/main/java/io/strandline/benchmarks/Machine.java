package io.strandline.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;

/** What the figures were measured on. */
final class Machine {
    private static final int FORCES = 101;
    /** USER_HZ, which is 100 on every Linux that anyone runs. */
    private static final double TICKS_PER_SECOND = 100;

    private Machine() {}

    static String description() throws IOException {
        var cpu = Path.of("/proc/cpuinfo");
        var model = Files.exists(cpu)
                ? Files.readAllLines(cpu).stream()
                        .filter(line -> line.startsWith("model name"))
                        .map(line -> line.substring(line.indexOf(':') + 1).strip())
                        .findFirst()
                        .orElse("unknown processor")
                : System.getProperty("os.arch");
        return "%d cores (%s), %s %s, Java %s"
                .formatted(
                        Runtime.getRuntime().availableProcessors(),
                        model,
                        System.getProperty("os.name"),
                        System.getProperty("os.version"),
                        System.getProperty("java.version"));
    }

    /** Median time of forcing 4 KiB at the end of a file in {@code folder}: what an fsync costs there. */
    static Duration forceTime(Path folder) throws IOException {
        var file = folder.resolve("force-probe");
        var times = new long[FORCES];
        try (var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (int i = 0; i < FORCES; i++) {
                channel.write(ByteBuffer.allocate(4096));
                long begin = System.nanoTime();
                channel.force(false);
                times[i] = System.nanoTime() - begin;
            }
        } finally {
            Files.deleteIfExists(file);
        }
        Arrays.sort(times);
        return Duration.ofNanos(times[FORCES / 2]);
    }

    /** Processor time that a process has used so far, user and system. */
    static Duration cpu(long pid) throws IOException {
        var stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
        // Behind the name in brackets: state is the first field; utime and stime are the 12th and 13th.
        var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        double ticks = Double.parseDouble(fields[11]) + Double.parseDouble(fields[12]);
        return Duration.ofMillis((long) (ticks * 1000 / TICKS_PER_SECOND));
    }

    /** The file system of {@code folder}. */
    static String fileSystem(Path folder) throws IOException {
        return Files.getFileStore(folder).type();
    }

    /** How busy others keep the machine: processes that want a core, over the last minute. */
    static String load() throws IOException {
        var file = Path.of("/proc/loadavg");
        return Files.exists(file) ? Files.readString(file).split(" ", 2)[0] : "unknown";
    }
}

package io.strandline.benchmarks.track;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Counts messages as they are handled or acknowledged. The clock runs from the last one of the warm-up to the last one of
 * all: time, and the processor time of this whole process. Safe for use by all threads.
 */
public final class Lap {
    /** USER_HZ, which is 100 on every Linux that anyone runs. */
    private static final double TICKS_PER_SECOND = 100;

    private final int warmUp;
    private final int messages;
    private final Duration handling;
    private final AtomicLong passed = new AtomicLong();
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile @Nullable Reading begun;
    private volatile @Nullable Reading ended;

    private record Reading(long nanoTime, double cpuSeconds) {
        static Reading now() {
            return new Reading(System.nanoTime(), cpu());
        }
    }

    public Lap(Task task) {
        this(task, Duration.ZERO);
    }

    private Lap(Task task, Duration handling) {
        this.warmUp = task.warmUp();
        this.messages = task.messages();
        this.handling = handling;
    }

    /** One for consumers, whose handler is {@link #handle}. */
    public static Lap ofHandlers(Task task) {
        return new Lap(task, task.handling());
    }

    /** The handler of all contenders: waits as long as the task says, if at all, and counts. */
    public void handle(Object message) throws InterruptedException {
        Objects.requireNonNull(message);
        if (!handling.isZero()) {
            Thread.sleep(handling);
        }
        passed();
    }

    /** One message is done. */
    public void passed() {
        long count = passed.incrementAndGet();
        if (count == warmUp) {
            begun = Reading.now();
        } else if (count == (long) warmUp + messages) {
            ended = Reading.now();
            end.countDown();
        }
    }

    /** Waits for the last message, and says on standard output how it went. */
    public void report() throws InterruptedException {
        end.await();
        var first = begun;
        var last = ended;
        if (first == null || last == null) {
            throw new IllegalStateException("the lap ended before it began: a warm-up has 1 message or more");
        }
        System.out.printf(
                "lap messages=%d seconds=%.6f cpu=%.6f%n",
                messages, (last.nanoTime - first.nanoTime) / 1e9, last.cpuSeconds - first.cpuSeconds);
    }

    /** Processor time that this process has used so far, user and system. */
    private static double cpu() {
        try {
            var stat = Files.readString(Path.of("/proc/self/stat"));
            // Behind the name in brackets: state is the first field; utime and stime are the 12th and 13th.
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return (Double.parseDouble(fields[11]) + Double.parseDouble(fields[12])) / TICKS_PER_SECOND;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

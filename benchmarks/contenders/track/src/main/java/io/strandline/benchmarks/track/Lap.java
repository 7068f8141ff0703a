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
 * Counts messages as they are handled or acknowledged. The clock runs from the last one of the lead, in which
 * groups form and connections open, to the last one of all: time, and the processor time of this whole process. Safe for use by all threads.
 */
public final class Lap {
    /** USER_HZ, which is 100 on every Linux that anyone runs. */
    private static final double TICKS_PER_SECOND = 100;

    private final int lead;
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

    Lap(Task task) {
        lead = task.lead();
        messages = task.messages();
        handling = task.handling();
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
        if (count == lead) {
            begun = Reading.now();
        } else if (count == (long) lead + messages) {
            ended = Reading.now();
            end.countDown();
        }
    }

    /** Waits for the last message. */
    public void await() throws InterruptedException {
        end.await();
    }

    /** How it went, in one line. */
    String result() {
        var first = begun;
        var last = ended;
        if (first == null || last == null) {
            throw new IllegalStateException("the lap is not over, or had no message before the clock starts");
        }
        return "lap messages=%d seconds=%.6f cpu=%.6f"
                .formatted(messages, (last.nanoTime - first.nanoTime) / 1e9, last.cpuSeconds - first.cpuSeconds);
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

package io.strandline.cli.demo;

import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Tells a person how far the demo is: one line written over on a terminal, a plain line every two seconds elsewhere. */
final class Narrator implements AutoCloseable {
    private static final Duration ON_A_TERMINAL = Duration.ofMillis(150);
    private static final Duration ELSEWHERE = Duration.ofSeconds(2);

    private final PrintStream out;
    private final boolean terminal;
    private final Supplier<String> progress;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition over = lock.newCondition();
    private boolean closed;
    private @Nullable String shown;

    Narrator(PrintStream out, boolean terminal, Supplier<String> progress) {
        this.out = out;
        this.terminal = terminal;
        this.progress = progress;
        this.thread = Thread.ofPlatform().daemon().name("narrator").unstarted(this::run);
    }

    Narrator start() {
        thread.start();
        return this;
    }

    /** Something happened that is worth a line of its own. */
    void say(String line) {
        lock.lock();
        try {
            wipe();
            out.println(line);
            out.flush();
        } finally {
            lock.unlock();
        }
    }

    /** Shows the progress once more, and no more. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                over.signal();
                if (thread.isAlive()) {
                    showForTheLastTime();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        var pause = terminal ? ON_A_TERMINAL : ELSEWHERE;
        lock.lock();
        try {
            while (!closed) {
                show();
                over.awaitNanos(pause.toNanos());
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("Nothing interrupts this thread", e);
        } finally {
            lock.unlock();
        }
    }

    private void show() {
        var line = progress.get();
        if (line.equals(shown)) {
            return;
        }
        if (terminal) {
            wipe();
            out.print(line);
            out.flush();
        } else {
            out.println(line);
        }
        shown = line;
    }

    private void showForTheLastTime() {
        show();
        if (terminal) {
            out.println();
        }
        out.flush();
    }

    private void wipe() {
        if (terminal && shown != null) {
            out.print("\r\033[2K");
            shown = null;
        }
    }
}

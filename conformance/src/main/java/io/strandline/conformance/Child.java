package io.strandline.conformance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * A process that this JVM started, with every line it has written.
 *
 * <p>It is ended by {@link #close}, at the latest when this JVM ends; if this JVM is killed, a JVM on a {@link Leash}
 * ends by itself, and Linux ends any other program. All methods may be called from any thread.
 */
public final class Child implements AutoCloseable {
    private static final Set<Process> LIVING = ConcurrentHashMap.newKeySet();

    /** The thread that starts them lives as long as we do: to the kernel it is the parent with which they end. */
    private static final ExecutorService STARTER = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("child-starter").factory());

    private static final Path SETPRIV = Path.of("/usr/bin/setpriv");
    private static final long POLL_NANOS = 1_000_000;
    private static final Duration OUTPUT_ENDS_WITHIN = Duration.ofSeconds(20);

    static {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> LIVING.forEach(Process::destroyForcibly), "end-children"));
    }

    /** What a finished process left: its exit code (128 + n when killed by signal n) and its lines. */
    public record Finished(int exitCode, List<String> out, List<String> err) {
        /** This, if the exit code is 0; else an exception that shows all it wrote. */
        public Finished orThrow() {
            if (exitCode != 0) {
                throw new IllegalStateException("exit code " + exitCode + "\nout: " + String.join("\n", out) + "\nerr: "
                        + String.join("\n", err));
            }
            return this;
        }
    }

    private final String name;
    private final Process process;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<String> out = new ArrayList<>();
    private final List<String> err = new ArrayList<>();
    private boolean outEnded;
    private final Thread outReader;
    private final Thread errReader;

    private Child(String name, Process process) {
        this.name = name;
        this.process = process;
        LIVING.add(process);
        var unused = process.onExit().thenAccept(LIVING::remove);
        outReader = reader("out of " + name, process.getInputStream(), out);
        errReader = reader("err of " + name, process.getErrorStream(), err);
    }

    /** A JVM of the same JDK as ours, on a leash: {@code arguments} begin with the main class. */
    public static Child jvm(String name, String classPath, List<String> options, List<String> arguments) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", classPath, Leash.class.getName()));
        command.addAll(arguments);
        return start(name, command, Map.of());
    }

    /**
     * A program that is not ours and knows no leash: the kernel ends it with us, where there is setpriv(1). Its standard
     * input is open; see {@link #write} and {@link #endInput}.
     */
    public static Child program(String name, List<String> command, Map<String, String> environment) {
        var tied = new ArrayList<String>();
        if (Files.isExecutable(SETPRIV)) {
            tied.addAll(List.of(SETPRIV.toString(), "--pdeathsig", "KILL"));
        }
        tied.addAll(command);
        return start(name, tied, environment);
    }

    private static Child start(String name, List<String> command, Map<String, String> environment) {
        var builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        try {
            return new Child(name, STARTER.submit(builder::start).get());
        } catch (ExecutionException e) {
            throw new IllegalStateException("cannot start " + command, e.getCause());
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while starting " + name, e);
        }
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** The lines on standard output so far. */
    public List<String> lines() {
        return copy(out);
    }

    /** The lines on standard error so far. */
    public List<String> errorLines() {
        return copy(err);
    }

    /** Waits for a line on standard output, past or to come. Throws when the process ends, or the time, before it. */
    public String awaitLine(Predicate<String> wanted, Duration limit) {
        return awaitLines(1, wanted, limit).getFirst();
    }

    /** As {@link #awaitLine}, on standard error. */
    public String awaitErrorLine(Predicate<String> wanted, Duration limit) {
        return awaitLines(err, 1, wanted, limit).getFirst();
    }

    /** Waits until {@code count} lines on standard output are wanted ones, and returns all of these so far. */
    public List<String> awaitLines(int count, Predicate<String> wanted, Duration limit) {
        return awaitLines(out, count, wanted, limit);
    }

    private List<String> awaitLines(List<String> lines, int count, Predicate<String> wanted, Duration limit) {
        long remaining = limit.toNanos();
        lock.lock();
        try {
            while (true) {
                var found = lines.stream().filter(wanted).toList();
                if (found.size() >= count) {
                    return found;
                }
                if (remaining <= 0 || outEnded) {
                    throw new IllegalStateException("%s wrote %d of %d wanted lines%s%n%s"
                            .formatted(name, found.size(), count, outEnded ? " and ended" : "", everything()));
                }
                remaining = changed.awaitNanos(remaining);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while waiting for " + name, e);
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the end of the process; kills it and throws when that takes longer than {@code limit}. */
    public Finished await(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException(name + " did not end within " + limit + "\n" + everything());
            }
            if (!outReader.join(OUTPUT_ENDS_WITHIN) || !errReader.join(OUTPUT_ENDS_WITHIN)) {
                throw new IllegalStateException(
                        name + " ended, and its output did not: who else has it?\n" + everything());
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while waiting for " + name, e);
        }
        return new Finished(process.exitValue(), lines(), errorLines());
    }

    /** Writes to the standard input of a {@link #program}. */
    public Child write(byte[] bytes) {
        try {
            process.getOutputStream().write(bytes);
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(name + " does not read its input\n" + everything(), e);
        }
        return this;
    }

    /** Ends the standard input of a {@link #program}. */
    public Child endInput() {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            throw new UncheckedIOException(name + " does not read its input\n" + everything(), e);
        }
        return this;
    }

    /** SIGTERM. */
    public void terminate() {
        // Not Process.destroy, which closes our end of the standard input too: a leash would take it for our death.
        process.toHandle().destroy();
    }

    /** SIGKILL, and waits until the process is gone. */
    public void kill() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while killing " + name, e);
        }
    }

    /** SIGSTOP, and waits until every thread of the process stands. Linux only. */
    public void freeze() {
        signal("STOP");
        var tasks = Path.of("/proc", Long.toString(pid()), "task");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!stands(tasks)) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException(name + " does not stand still");
            }
            LockSupport.parkNanos(POLL_NANOS); // Nothing announces it.
        }
    }

    /** SIGCONT. */
    public void thaw() {
        signal("CONT");
    }

    @Override
    public void close() {
        kill();
    }

    @Override
    public String toString() {
        return name + " (pid " + pid() + ")\n" + everything();
    }

    private static boolean stands(Path tasks) {
        try (var threads = Files.list(tasks)) {
            for (var thread : threads.toList()) {
                var stat = Files.readString(thread.resolve("stat"));
                // The name in brackets may contain anything; the state is the first word behind it.
                if (stat.charAt(stat.lastIndexOf(')') + 2) != 'T') {
                    return false;
                }
            }
            return true;
        } catch (NoSuchFileException e) {
            return false; // A thread ended while we looked.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void signal(String signal) {
        program("kill", List.of("kill", "-" + signal, Long.toString(pid())), Map.of())
                .await(Duration.ofSeconds(30))
                .orThrow();
    }

    /** Not a virtual thread: reading a pipe holds its carrier, and there are as few of those as there are cores. */
    private Thread reader(String title, InputStream stream, List<String> lines) {
        return Thread.ofPlatform().daemon().name(title).start(() -> collect(stream, lines));
    }

    @SuppressWarnings("ReferenceEquality") // which of the two lists it is, not what is in it
    private void collect(InputStream stream, List<String> lines) {
        try (var reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lock.lock();
                try {
                    lines.add(line);
                    changed.signalAll();
                } finally {
                    lock.unlock();
                }
            }
        } catch (IOException e) {
            // The process was killed while it wrote: there is no more to read.
        } finally {
            lock.lock();
            try {
                outEnded |= lines == out;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private List<String> copy(List<String> lines) {
        lock.lock();
        try {
            return List.copyOf(lines);
        } finally {
            lock.unlock();
        }
    }

    private String everything() {
        return "out: " + String.join("\n     ", lines()) + "\nerr: " + String.join("\n     ", errorLines());
    }
}

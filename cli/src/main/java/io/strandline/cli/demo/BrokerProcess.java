package io.strandline.cli.demo;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.cli.Problem;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A broker in a process of its own: {@code strandline serve} on the class path of this one. It ends when this process ends,
 * however that happens: it watches the pipe to its standard input, which the system closes.
 */
final class BrokerProcess implements DemoBroker {
    /** Small, so that the demo needs little space and starts fast. */
    private static final long JOURNAL_BYTES = 16 << 20;

    private static final Duration START_ATMOST = Duration.ofSeconds(30);
    private static final Duration STOP_ATMOST = Duration.ofSeconds(10);
    private static final int LINES_KEPT = 20;

    private final Path directory;
    private final boolean temporary;
    private final List<String> serve;
    private final int port;
    private @Nullable Process process;

    private BrokerProcess(Path directory, boolean temporary, List<String> serve) {
        this.directory = directory;
        this.temporary = temporary;
        this.serve = serve;
        this.port = Ports.free();
    }

    /** On a directory that is made for it and deleted in the end. */
    static BrokerProcess onTemporaryDirectory(int messageBytesMax) throws IOException {
        return new BrokerProcess(Files.createTempDirectory("strandline-demo-"), true, serveCommand(messageBytesMax));
    }

    /** On a directory that stays. */
    static BrokerProcess on(Path directory, int messageBytesMax) {
        return new BrokerProcess(directory, false, serveCommand(messageBytesMax));
    }

    private static List<String> serveCommand(int messageBytesMax) {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return List.of(
                java,
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.strandline.cli.Strandline",
                "serve",
                "--config",
                "message.max.bytes=" + messageBytesMax);
    }

    @Override
    public String address() {
        return "127.0.0.1:" + port;
    }

    @Override
    public String description() {
        return "process " + (process == null ? "?" : process.pid()) + " on " + address() + ", data in " + directory
                + (temporary ? " (deleted at the end; --dir keeps it)" : "");
    }

    @Override
    public void start() throws IOException, InterruptedException {
        var command = new ArrayList<>(serve);
        command.addAll(List.of(
                "--dir",
                directory.toString(),
                "--port",
                String.valueOf(port),
                "--config",
                BrokerConfig.JOURNAL_BYTES.name() + "=" + JOURNAL_BYTES,
                "--stop-when-stdin-ends"));
        var child = new ProcessBuilder(command).redirectErrorStream(true).start();
        process = child;
        var said = new Said();
        Thread.ofPlatform().daemon().name("broker-output").start(() -> said.collect(child));
        var deadline = System.nanoTime() + START_ATMOST.toNanos();
        while (!accepts()) {
            if (!child.isAlive()) {
                throw Problem.failed("The broker did not start (exit code " + child.exitValue() + "). It said: "
                        + said.lines().replaceFirst("^strandline: ", ""));
            }
            if (System.nanoTime() > deadline) {
                throw Problem.failed("The broker took no connection on " + address() + " within "
                        + START_ATMOST.toSeconds() + " s. It said: " + said.lines());
            }
            child.waitFor(20, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void kill() throws InterruptedException {
        var child = running();
        child.destroyForcibly();
        child.waitFor();
    }

    @Override
    public String killed() {
        return "Killed the broker with SIGKILL";
    }

    @Override
    public void close() throws IOException {
        var child = process;
        if (child != null) {
            child.destroy();
            // onExit, because close() must not be interruptible: the directory is deleted only when nobody writes to
            // it.
            child.onExit()
                    .completeOnTimeout(child, STOP_ATMOST.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
            child.destroyForcibly().onExit().join();
        }
        if (temporary) {
            delete(directory);
        }
    }

    private Process running() {
        if (process == null) {
            throw new IllegalStateException("The broker was not started");
        }
        return process;
    }

    private boolean accepts() {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            // Not yet.
            return false;
        }
    }

    private static void delete(Path directory) throws IOException {
        try (var paths = Files.walk(directory)) {
            for (var path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /** The last lines that the child wrote: why it did not start. */
    private static final class Said {
        private final ArrayDeque<String> last = new ArrayDeque<>();

        void collect(Process child) {
            try (var reader =
                    new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
                for (var line = reader.readLine(); line != null; line = reader.readLine()) {
                    add(line);
                }
            } catch (IOException e) {
                // The child is gone, and with it what it had to say.
            }
        }

        private synchronized void add(String line) {
            last.addLast(line);
            if (last.size() > LINES_KEPT) {
                last.removeFirst();
            }
        }

        synchronized String lines() {
            return last.isEmpty() ? "nothing" : String.join(" | ", last);
        }
    }
}

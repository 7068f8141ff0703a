package io.strandline.benchmarks;

import io.strandline.conformance.Child;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** One that takes part in a discipline: a process that does laps, one at a time, when it is told to. */
final class Contestant implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final Pattern LAP = Pattern.compile("lap messages=(\\d+) seconds=([0-9.]+) cpu=([0-9.]+)");

    private final Discipline.Entry entry;
    private final Child process;
    private final Socket socket;
    private final BufferedReader in;
    private final PrintWriter out;

    /**
     * What a lap showed.
     *
     * @param rate messages a second
     * @param cpu microseconds of processor time a message
     */
    record Result(double rate, double cpu) {}

    private Contestant(Discipline.Entry entry, Child process, Socket socket) throws IOException {
        this.entry = entry;
        this.process = process;
        this.socket = socket;
        in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        out = new PrintWriter(socket.getOutputStream(), true, StandardCharsets.UTF_8);
    }

    /** Starts its process, which does nothing yet. */
    static Contestant start(Discipline.Entry entry, Map<String, String> always) {
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout((int) LIMIT.toMillis());
            var task = new HashMap<>(always);
            task.put("runner", Integer.toString(server.getLocalPort()));
            var process = entry.program().start(Program.JVM, task);
            var socket = server.accept();
            socket.setSoTimeout((int) LIMIT.toMillis());
            return new Contestant(entry, process, socket);
        } catch (IOException e) {
            throw new UncheckedIOException(entry.title() + " does not start", e);
        }
    }

    Discipline.Entry entry() {
        return entry;
    }

    /** Has it do one lap, and waits for the end. */
    Result lap(Map<String, String> task) {
        out.println(task.entrySet().stream()
                .map(argument -> argument.getKey() + "=" + argument.getValue())
                .collect(Collectors.joining(" ")));
        try {
            var line = in.readLine();
            var found = LAP.matcher(line == null ? "" : line);
            if (!found.matches()) {
                throw new IllegalStateException("no lap, but " + line + ": " + process);
            }
            long messages = Long.parseLong(found.group(1));
            return new Result(
                    messages / Double.parseDouble(found.group(2)), Double.parseDouble(found.group(3)) * 1e6 / messages);
        } catch (IOException e) {
            throw new UncheckedIOException("no lap: " + process, e);
        }
    }

    @Override
    public void close() {
        process.kill();
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package io.strandline.jdbc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** What a database of this machine's packages needs to run for the tests of one JVM. */
final class LocalServer {
    private LocalServer() {}

    /** Skips the test where the server is not installed; with CI=true it fails. */
    static <S> S orSkip(Optional<S> server, String name) {
        if (server.isEmpty()) {
            var reason = name + " is absent (run scripts/test-tools)";
            if ("true".equals(System.getenv("CI"))) {
                Assertions.fail(reason + "; with CI=true nothing is skipped");
            }
            Assumptions.abort(reason);
        }
        return server.orElseThrow();
    }

    /** Of this user where we are root, whom servers refuse. Not below the build's folder, where that user may not go. */
    static Path folder(String name, String user) throws IOException {
        var folder = Files.createTempDirectory(Path.of("/tmp"), "strandline-" + name + "-");
        if (isRoot()) {
            run(List.of("chown", user, folder.toString()));
        }
        return folder;
    }

    static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Its output is thrown away: a server that it starts would inherit ours, and who reads that would wait for the server. */
    static Process begin(List<String> command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    static void run(List<String> command) {
        try {
            int code = begin(command).waitFor();
            if (code != 0) {
                throw new IllegalStateException(command + " ended with " + code);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}

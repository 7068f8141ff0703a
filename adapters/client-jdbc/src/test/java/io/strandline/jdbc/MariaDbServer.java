package io.strandline.jdbc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * A MariaDB of this machine's package, started once for all tests of a JVM, on loopback and an empty directory. Where it is
 * not installed its tests are skipped; with CI=true they fail.
 */
final class MariaDbServer {
    private static final Path PROGRAM = Path.of("/usr/sbin/mariadbd");
    private static final Path INSTALL = Path.of("/usr/bin/mariadb-install-db");
    private static final Duration STARTED_WITHIN = Duration.ofSeconds(60);

    private final Path folder;
    private final int port;
    private final Process process;

    private static final class Only {
        static final Optional<MariaDbServer> SERVER =
                Files.isExecutable(PROGRAM) && Files.isExecutable(INSTALL) ? Optional.of(start()) : Optional.empty();
    }

    private MariaDbServer(Path folder, int port, Process process) {
        this.folder = folder;
        this.port = port;
        this.process = process;
    }

    /** Of the one server, and this database there. */
    static String url(String database) {
        if (Only.SERVER.isEmpty()) {
            var reason = "MariaDB is absent (run scripts/test-tools)";
            if ("true".equals(System.getenv("CI"))) {
                Assertions.fail(reason + "; with CI=true nothing is skipped");
            }
            Assumptions.abort(reason);
        }
        return url(Only.SERVER.orElseThrow().port, database);
    }

    private static String url(int port, String database) {
        return "jdbc:mariadb://127.0.0.1:" + port + "/" + database + "?user=strandline&sslMode=disable";
    }

    /** What the tests kill is never the server, so nothing need be forced. */
    private static MariaDbServer start() {
        try {
            // Not below the build's folder, where the user that it runs as may not go.
            var folder = Files.createTempDirectory(Path.of("/tmp"), "strandline-mariadb-");
            var asUser = new ArrayList<String>();
            if ("root".equals(System.getProperty("user.name"))) {
                run(List.of("chown", "mysql", folder.toString()));
                asUser.add("--user=mysql");
            }
            var install = new ArrayList<>(
                    List.of(INSTALL.toString(), "--no-defaults", "--datadir=" + folder + "/data", "--skip-test-db"));
            install.addAll(asUser);
            run(install);
            var users = folder.resolve("users.sql");
            Files.writeString(
                    users, "create user strandline@'127.0.0.1';\ngrant all on *.* to strandline@'127.0.0.1';");
            int port = freePort();
            var command = new ArrayList<>(List.of(
                    PROGRAM.toString(),
                    "--no-defaults",
                    "--datadir=" + folder + "/data",
                    "--socket=" + folder + "/socket",
                    "--pid-file=" + folder + "/pid",
                    "--bind-address=127.0.0.1",
                    "--port=" + port,
                    "--skip-name-resolve",
                    "--init-file=" + users,
                    "--innodb-flush-log-at-trx-commit=0",
                    "--innodb-buffer-pool-size=32M"));
            command.addAll(asUser);
            var server = new MariaDbServer(folder, port, begin(command));
            Runtime.getRuntime().addShutdownHook(new Thread(server::stop));
            server.await();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void await() {
        long begun = System.nanoTime();
        while (true) {
            try {
                DriverManager.getConnection(url(port, "")).close();
                return;
            } catch (SQLException e) {
                if (!process.isAlive() || System.nanoTime() - begun > STARTED_WITHIN.toNanos()) {
                    throw new IllegalStateException("MariaDB did not start in " + folder, e);
                }
                LockSupport.parkNanos(20_000_000);
            }
        }
    }

    private void stop() {
        try {
            process.destroyForcibly().waitFor(20, TimeUnit.SECONDS);
            run(List.of("rm", "-rf", folder.toString()));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Process begin(List<String> command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static void run(List<String> command) {
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

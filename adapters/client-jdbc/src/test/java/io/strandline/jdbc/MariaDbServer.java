package io.strandline.jdbc;

import java.io.IOException;
import java.io.UncheckedIOException;
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
        return url(LocalServer.orSkip(Only.SERVER, "MariaDB").port, database);
    }

    private static String url(int port, String database) {
        return "jdbc:mariadb://127.0.0.1:" + port + "/" + database + "?user=strandline&sslMode=disable";
    }

    /** What the tests kill is never the server, so nothing need be forced. */
    private static MariaDbServer start() {
        try {
            var folder = LocalServer.folder("mariadb", "mysql");
            var asUser = LocalServer.isRoot() ? List.of("--user=mysql") : List.<String>of();
            var install = new ArrayList<>(
                    List.of(INSTALL.toString(), "--no-defaults", "--datadir=" + folder + "/data", "--skip-test-db"));
            install.addAll(asUser);
            LocalServer.run(install);
            var users = folder.resolve("users.sql");
            Files.writeString(
                    users, "create user strandline@'127.0.0.1';\ngrant all on *.* to strandline@'127.0.0.1';");
            int port = LocalServer.freePort();
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
            var server = new MariaDbServer(folder, port, LocalServer.begin(command));
            Runtime.getRuntime().addShutdownHook(new Thread(server::stop));
            server.await();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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
            LocalServer.run(List.of("rm", "-rf", folder.toString()));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}

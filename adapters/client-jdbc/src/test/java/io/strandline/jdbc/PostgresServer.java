package io.strandline.jdbc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A PostgreSQL of this machine's package, started once for all tests of a JVM, on loopback and an empty directory. Where it
 * is not installed its tests are skipped; with CI=true they fail.
 */
final class PostgresServer {
    private final Path programs;
    private final Path folder;
    private final int port;

    private static final class Only {
        static final Optional<PostgresServer> SERVER = programs().map(PostgresServer::start);
    }

    private PostgresServer(Path programs, Path folder, int port) {
        this.programs = programs;
        this.folder = folder;
        this.port = port;
    }

    /** Of the one server. */
    static String url() {
        return "jdbc:postgresql://127.0.0.1:" + LocalServer.orSkip(Only.SERVER, "PostgreSQL").port
                + "/postgres?user=strandline&sslmode=disable&gssEncMode=disable";
    }

    /** Where Debian keeps those of a server: not on the PATH. */
    private static Optional<Path> programs() {
        var places = Path.of("/usr/lib/postgresql");
        if (!Files.isDirectory(places)) {
            return Optional.empty();
        }
        try (var versions = Files.list(places)) {
            return versions.map(version -> version.resolve("bin"))
                    .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
                    .max(Comparator.naturalOrder());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static PostgresServer start(Path programs) {
        try {
            var folder = LocalServer.folder("postgres", "postgres");
            var server = new PostgresServer(programs, folder, LocalServer.freePort());
            Runtime.getRuntime().addShutdownHook(new Thread(server::stop));
            server.runProgram(
                    "initdb", "-D", server.data(), "-U", "strandline", "-A", "trust", "--no-sync", "-E", "UTF8");
            server.runProgram(
                    "pg_ctl", "-D", server.data(), "-w", "-l", folder + "/log", "-o", server.options(), "start");
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String data() {
        return folder + "/data";
    }

    /** What the tests kill is never the server, so nothing need be forced. */
    private String options() {
        return "-p " + port + " -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off";
    }

    private void stop() {
        runProgram("pg_ctl", "-D", data(), "-m", "immediate", "-w", "stop");
        LocalServer.run(List.of("rm", "-rf", folder.toString()));
    }

    /** PostgreSQL refuses to run as root. */
    private void runProgram(String program, String... arguments) {
        var command = new ArrayList<String>();
        if (LocalServer.isRoot()) {
            command.addAll(List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"));
        }
        command.add(programs.resolve(program).toString());
        Stream.of(arguments).forEach(command::add);
        LocalServer.run(command);
    }
}

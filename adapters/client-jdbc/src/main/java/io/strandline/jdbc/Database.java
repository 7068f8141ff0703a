package io.strandline.jdbc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** In what databases differ. */
enum Database {
    /** A statement that fails spoils its whole transaction, so an insert must not fail over a row that is there. */
    POSTGRESQL("postgresql"),
    MYSQL("mysql"),
    H2("h2"),
    OTHER("");

    /** Integrity constraint violation, of the SQL standard. */
    private static final String CONSTRAINT_CLASS = "23";

    private final String script;

    Database(String script) {
        this.script = script;
    }

    static Database of(Connection connection) throws SQLException {
        var name = connection.getMetaData().getDatabaseProductName().toLowerCase(Locale.ROOT);
        return switch (name) {
            case "postgresql" -> POSTGRESQL;
            case "mysql", "mariadb" -> MYSQL;
            case "h2" -> H2;
            default -> OTHER;
        };
    }

    /** The statements that make the tables, where they are not there; empty where we do not know how. */
    Optional<List<String>> tables() {
        return this == OTHER ? Optional.empty() : Optional.of(statements(script + ".sql"));
    }

    static List<String> statements(String resource) {
        try (var in = Database.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("The resource " + resource + " is missing in this jar");
            }
            var text = new String(in.readAllBytes(), StandardCharsets.UTF_8).replaceAll("(?m)--.*$", "");
            return Arrays.stream(text.split(";", -1))
                    .map(String::strip)
                    .filter(statement -> !statement.isEmpty())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Tells whether a row is there: in the transaction in which its insert failed. */
    @FunctionalInterface
    interface Lookup {
        boolean isThere() throws SQLException;
    }

    /**
     * Inserts a row unless one with its key is there. Where another transaction is about to insert it, this waits for that
     * one's end.
     *
     * @param insert for this database, see {@link #unlessThere}
     * @return whether it was inserted
     */
    boolean insert(PreparedStatement insert, Lookup lookup) throws SQLException {
        try {
            return insert.executeUpdate() == 1;
        } catch (SQLException e) {
            // Class 23 is also said of other constraints, and those must not pass for "it is there".
            if (this != POSTGRESQL
                    && e.getSQLState() != null
                    && e.getSQLState().startsWith(CONSTRAINT_CLASS)
                    && lookup.isThere()) {
                return false;
            }
            throw e;
        }
    }

    /** The insert, such that {@link #insert} can tell what became of it. */
    String unlessThere(String insert) {
        return this == POSTGRESQL ? insert + " on conflict do nothing" : insert;
    }
}

package io.strandline.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * The tables of this package: {@code strandline_done}, {@code strandline_outbox} and {@code strandline_outbox_lane}. Their SQL
 * is in this jar as {@code io/strandline/jdbc/postgresql.sql}, {@code mysql.sql} and {@code h2.sql}, for those who have a tool
 * that makes tables.
 */
public final class Tables {
    private Tables() {}

    /**
     * Makes those that are not there, in the schema that connections of this source are in. Meant for one caller at a time,
     * as at a deployment: databases differ in what two of them do to each other.
     *
     * @throws IllegalStateException if this is none of PostgreSQL, MySQL, MariaDB and H2; make them by hand then
     */
    public static void create(DataSource source) throws SQLException {
        try (var connection = source.getConnection()) {
            boolean automatic = connection.getAutoCommit();
            connection.setAutoCommit(true); // some databases commit at each of these anyway
            try {
                create(connection);
            } finally {
                connection.setAutoCommit(automatic);
            }
        }
    }

    private static void create(Connection connection) throws SQLException {
        var product = connection.getMetaData().getDatabaseProductName();
        var statements = Database.of(connection)
                .tables()
                .orElseThrow(() -> new IllegalStateException("No SQL for the tables of " + product
                        + " is here; make them like those of io/strandline/jdbc/postgresql.sql"));
        try (var statement = connection.createStatement()) {
            for (var sql : statements) {
                statement.execute(sql);
            }
        }
        var database = Database.of(connection);
        var sql = database.unlessThere("insert into strandline_outbox_lane (lane) values (?)");
        try (var insert = connection.prepareStatement(sql)) {
            for (int lane = 0; lane < OutboxRow.LANES; lane++) {
                insert.setInt(1, lane);
                int number = lane;
                database.insert(insert, () -> laneIsThere(connection, number));
            }
        }
    }

    private static boolean laneIsThere(Connection connection, int lane) throws SQLException {
        try (var select = connection.prepareStatement("select 1 from strandline_outbox_lane where lane = ?")) {
            select.setInt(1, lane);
            try (var rows = select.executeQuery()) {
                return rows.next();
            }
        }
    }
}

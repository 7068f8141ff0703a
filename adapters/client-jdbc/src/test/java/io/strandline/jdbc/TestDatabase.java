package io.strandline.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.UUID;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.mariadb.jdbc.MariaDbDataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** What the tests run on. */
enum TestDatabase {
    H2 {
        @Override
        DataSource empty() {
            var source = new JdbcDataSource();
            source.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=20000");
            return source;
        }
    },
    POSTGRESQL {
        @Override
        DataSource empty() throws SQLException {
            var schema = "s" + UUID.randomUUID().toString().replace("-", "");
            var source = new PGSimpleDataSource();
            source.setUrl(PostgresServer.url());
            execute(source, "create schema " + schema);
            source.setCurrentSchema(schema);
            return source;
        }
    },
    MARIADB {
        @Override
        DataSource empty() throws SQLException {
            var database = "s" + UUID.randomUUID().toString().replace("-", "");
            execute(new MariaDbDataSource(MariaDbServer.url("")), "create database " + database);
            return new MariaDbDataSource(MariaDbServer.url(database));
        }
    };

    abstract DataSource empty() throws SQLException;

    /** With our tables, and one of the application: {@code effect(text)}. */
    DataSource fresh() throws SQLException {
        var source = empty();
        Tables.create(source);
        execute(source, "create table effect (text varchar(100) not null)");
        return source;
    }

    /** For who waits for others: the common pool may have one thread only. */
    static void inAThread(Runnable task) {
        Thread.ofPlatform().daemon().start(task);
    }

    static void execute(DataSource source, String sql) throws SQLException {
        try (var connection = source.getConnection()) {
            execute(connection, sql);
        }
    }

    static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Has an effect: the text is there once more. */
    static void effect(Connection connection, String text) throws SQLException {
        try (var insert = connection.prepareStatement("insert into effect (text) values (?)")) {
            insert.setString(1, text);
            insert.executeUpdate();
        }
    }

    static java.util.List<String> effects(DataSource source) throws SQLException {
        try (var connection = source.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("select text from effect order by text")) {
            var texts = new java.util.ArrayList<String>();
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
            return texts;
        }
    }

    static long count(DataSource source, String table) throws SQLException {
        try (var connection = source.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("select count(*) from " + table)) {
            rows.next();
            return rows.getLong(1);
        }
    }
}

package io.strandline.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** One transaction for each call: committed when the work returns, rolled back when it throws. */
record Transactions(DataSource source) {
    @FunctionalInterface
    interface Work<T> {
        T in(Connection connection) throws Exception;
    }

    /** Of work that does nothing but talk to the database. */
    @FunctionalInterface
    interface Sql<T> {
        T in(Connection connection) throws SQLException;
    }

    <T> T run(Work<T> work) throws Exception {
        try (var connection = source.getConnection()) {
            return run(connection, work);
        }
    }

    /**
     * The same, in which each statement sees what was committed before it began: for a lock that says what may be read behind
     * it. At higher levels what is read may be older than the lock.
     */
    <T> T readCommitted(Work<T> work) throws Exception {
        try (var connection = source.getConnection()) {
            boolean automatic = connection.getAutoCommit();
            connection.setAutoCommit(
                    true); // asking for the level may begin a transaction, in which it cannot be changed
            int level = connection.getTransactionIsolation();
            connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            T result = run(connection, work);
            connection.setTransactionIsolation(level);
            connection.setAutoCommit(automatic);
            return result;
        }
    }

    private static <T> T run(Connection connection, Work<T> work) throws Exception {
        boolean automatic = connection.getAutoCommit();
        connection.setAutoCommit(false);
        T result;
        try {
            result = work.in(connection);
            connection.commit();
        } catch (Throwable e) {
            rollBack(connection, automatic, e);
            throw e;
        }
        if (automatic) {
            connection.setAutoCommit(true); // its pool expects it as it was
        }
        return result;
    }

    <T> T sql(Sql<T> work) throws SQLException {
        try {
            return run(work::in);
        } catch (SQLException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("Work that throws only SQLException threw another", e);
        }
    }

    /** A connection that cannot even do this is rolled back by its database, which sees it go. */
    private static void rollBack(Connection connection, boolean automatic, Throwable why) {
        try {
            connection.rollback();
            if (automatic) {
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            why.addSuppressed(e);
        }
    }
}

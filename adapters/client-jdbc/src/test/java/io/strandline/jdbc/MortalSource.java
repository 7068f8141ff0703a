package io.strandline.jdbc;

import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Logger;
import javax.sql.DataSource;

/**
 * Connections of a process that dies at a given call: that call is or is not carried out, but not answered, and from then on
 * every call fails. The database sees it go and rolls back.
 */
final class MortalSource implements DataSource {
    private final DataSource source;
    private final List<Connection> open = new ArrayList<>();
    private long callsLeft;
    private final boolean lastIsCarriedOut;
    private boolean dead;

    /** @param calls of connections and statements, the last of which is fatal */
    MortalSource(DataSource source, long calls, boolean lastIsCarriedOut) {
        this.source = source;
        callsLeft = calls;
        this.lastIsCarriedOut = lastIsCarriedOut;
    }

    synchronized boolean dead() {
        return dead;
    }

    /** For calls of others in this process. */
    synchronized void refuseIfDead() throws SQLException {
        if (dead) {
            throw new SQLNonTransientConnectionException("this process is dead");
        }
    }

    private synchronized void die() {
        dead = true;
        for (var connection : open) {
            try {
                connection.rollback();
                connection.close();
            } catch (SQLException e) {
                // Closed already.
            }
        }
    }

    private interface Call {
        Object now() throws Throwable;
    }

    private Object counted(String method, Call call) throws Throwable {
        refuseIfDead();
        boolean last;
        synchronized (this) {
            last = --callsLeft == 0;
        }
        if (!last) {
            return call.now();
        }
        try {
            if (lastIsCarriedOut) {
                call.now();
            }
        } finally {
            die();
        }
        throw new SQLNonTransientConnectionException("died in " + method);
    }

    private <T> T proxy(Class<T> type, T of) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) -> counted(method.getName(), () -> {
                    try {
                        var result = method.invoke(of, arguments);
                        return result instanceof java.sql.PreparedStatement statement
                                ? proxy(java.sql.PreparedStatement.class, statement)
                                : result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                })));
    }

    @Override
    public Connection getConnection() throws SQLException {
        refuseIfDead();
        var connection = source.getConnection();
        synchronized (this) {
            open.add(connection);
        }
        return proxy(Connection.class, connection);
    }

    @Override
    public Connection getConnection(String user, String password) {
        throw new UnsupportedOperationException();
    }

    @Override
    public PrintWriter getLogWriter() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setLogWriter(PrintWriter out) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setLoginTimeout(int seconds) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int getLoginTimeout() {
        return 0;
    }

    @Override
    public Logger getParentLogger() {
        throw new UnsupportedOperationException();
    }

    @Override
    public <T> T unwrap(Class<T> type) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }
}

package io.strandline.jdbc;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** A connection whose transaction is not its user's to end: a commit in between would part the effect from its mark. */
record HandlersConnection(Connection connection) implements InvocationHandler {
    static Connection of(Connection connection) {
        return (Connection) Proxy.newProxyInstance(
                Connection.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                new HandlersConnection(connection));
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        boolean withArguments = arguments != null && arguments.length > 0;
        switch (method.getName()) {
            case "commit", "abort", "setAutoCommit" -> throw refused(method);
            case "rollback" -> {
                if (!withArguments) {
                    throw refused(method); // back to a savepoint is the handler's own affair
                }
            }
            case "close" -> {
                return null; // frameworks close by habit
            }
            default -> {}
        }
        try {
            return method.invoke(connection, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }

    private static SQLException refused(Method method) {
        return new SQLException(
                method.getName() + "() is not the handler's: returning commits its effects together with the"
                        + " mark that the message is done, throwing rolls both back");
    }
}

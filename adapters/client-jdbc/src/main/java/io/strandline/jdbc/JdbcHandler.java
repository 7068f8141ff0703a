package io.strandline.jdbc;

import io.strandline.Message;
import java.sql.Connection;

/** Does what a message asks for within a transaction that is open. Returning commits it, throwing rolls it back. */
@FunctionalInterface
public interface JdbcHandler<K, V> {
    /**
     * @param connection its transaction ends when this returns: committing, rolling back and changing auto-commit fail,
     *     closing does nothing. Savepoints are free. Of this call and thread
     */
    void handle(Message<K, V> message, Connection connection) throws Exception;
}

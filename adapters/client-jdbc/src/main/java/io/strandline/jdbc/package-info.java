/**
 * Messages and a database's transactions, over {@code java.sql} alone: {@link JdbcDeduplication} makes a handler's effect and
 * its mark one transaction, {@link Outbox} a message and the change that it tells of.
 */
@NullMarked
package io.strandline.jdbc;

import org.jspecify.annotations.NullMarked;

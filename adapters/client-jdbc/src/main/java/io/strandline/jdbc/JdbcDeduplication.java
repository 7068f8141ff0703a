package io.strandline.jdbc;

import io.strandline.Deduplication;
import io.strandline.Handler;
import io.strandline.Message;
import io.strandline.MessageId;
import io.strandline.Time;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers in a database what was done, in the same transaction as the effect. Both are there or none, so a message has its
 * effect in the database exactly once, whatever crashes: the process, the broker, the database, or the answer to the commit.
 *
 * <pre>{@code
 *   var done = JdbcDeduplication.in(dataSource);
 *   kafka.consumer("billing")
 *           .eachMessage(ORDERS, done.once((message, connection) -> charge(connection, message.value())))
 *           .start();
 * }</pre>
 *
 * <p>The mark is inserted first. Its unique key makes a second member that has the same message wait until the first one's
 * transaction has ended, and then either pass over the message or do the work: at every isolation level, though from
 * "repeatable read" on some databases end the waiting one with an error instead, after which it is tried again. Whatever else
 * fails is a failure of the message under the consumer's {@link io.strandline.Retry}.
 *
 * <p>A handler holds a connection while it runs, so there can be no more at once than the pool has. Effects outside of the
 * database (a mail, a call) are not undone by a roll-back: put them into an {@link Outbox}.
 *
 * <p>It can also be given to {@link io.strandline.Consumer.Builder#deduplicate}, for handlers that do not use the connection;
 * the mark is then as durable, and commits after the work.
 *
 * <p>The table {@code strandline_done} must be there, see {@link Tables}. Marks are kept for {@link #keep} and then deleted
 * as messages go by. Immutable and safe for use by all threads.
 */
public final class JdbcDeduplication implements Deduplication {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcDeduplication.class);
    private static final Duration KEEP = Duration.ofDays(14);
    private static final Duration SWEEP_MIN = Duration.ofMinutes(1);
    private static final Duration SWEEP_MAX = Duration.ofHours(1);

    /** So that one deletion takes away the marks of a short time only. */
    private static final int SLICES = 100;

    private static final int GROUP_CHARS_MAX = 255;

    private final Transactions transactions;
    private final MessageId by;
    private final Duration keep;
    private final Time time;
    private final AtomicLong nextSweep;

    /** Of the handler that this thread runs. Of this object, for there may be one for each database. */
    @SuppressWarnings("ThreadLocalUsage")
    private final ThreadLocal<@Nullable Connection> open = new ThreadLocal<>();

    private JdbcDeduplication(DataSource source, MessageId by, Duration keep, Time time) {
        if (keep.isNegative() || keep.isZero()) {
            throw new IllegalArgumentException("Marks are kept for longer than 0, not " + keep);
        }
        transactions = new Transactions(source);
        this.by = by;
        this.keep = keep;
        this.time = time;
        nextSweep = new AtomicLong(time.nanoTime());
    }

    /** In the schema that connections of this source are in; by {@link MessageId#place()}, kept for 14 days. */
    public static JdbcDeduplication in(DataSource source) {
        return new JdbcDeduplication(source, MessageId.place(), KEEP, Time.system());
    }

    /**
     * The same with other ids; {@code MessageId.header(Outbox.MESSAGE_ID)} for messages that came through an {@link Outbox}.
     */
    public JdbcDeduplication by(MessageId id) {
        return new JdbcDeduplication(transactions.source(), id, keep, time);
    }

    /** The same that forgets a message so long after it was done. Choose more than the topic's retention. */
    public JdbcDeduplication keep(Duration time) {
        return new JdbcDeduplication(transactions.source(), by, time, this.time);
    }

    /** The same with another clock. For tests. */
    public JdbcDeduplication time(Time clock) {
        return new JdbcDeduplication(transactions.source(), by, keep, clock);
    }

    /** A handler that does its work, and has it marked as done, in one transaction. */
    public <K, V> Handler<K, V> once(JdbcHandler<K, V> handler) {
        return (message, context) -> {
            var outer = open.get();
            if (outer != null) {
                handler.handle(message, outer); // deduplicate(..) has opened the transaction
            } else if (!once(context.group(), message, connection -> handler.handle(message, connection))) {
                context.duplicate(message);
            }
        };
    }

    @Override
    public boolean once(String group, Message<?, ?> message, Work work) throws Exception {
        return once(group, message, connection -> {
            open.set(connection);
            try {
                work.run();
            } finally {
                open.remove();
            }
        });
    }

    @FunctionalInterface
    private interface Effect {
        void in(Connection connection) throws Exception;
    }

    private boolean once(String group, Message<?, ?> message, Effect effect) throws Exception {
        var mark = mark(group, by.within(message));
        boolean now = transactions.run(connection -> {
            if (!insert(connection, group, mark)) {
                return false;
            }
            effect.in(HandlersConnection.of(connection));
            return true;
        });
        sweepIfDue();
        return now;
    }

    /** Of fixed length, whatever an id looks like, and not at the mercy of a collation that takes A for a. */
    private static String mark(String group, String id) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            digest.update(group.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
            return HexFormat.of().formatHex(digest.digest(id.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }

    private boolean insert(Connection connection, String group, String mark) throws SQLException {
        var database = Database.of(connection);
        var sql = database.unlessThere("insert into strandline_done (mark, group_name, done_at) values (?, ?, ?)");
        try (var insert = connection.prepareStatement(sql)) {
            insert.setString(1, mark);
            insert.setString(2, shortened(group));
            insert.setLong(3, time.now().toEpochMilli());
            return database.insert(insert, () -> isThere(connection, mark));
        }
    }

    private static boolean isThere(Connection connection, String mark) throws SQLException {
        try (var select = connection.prepareStatement("select 1 from strandline_done where mark = ?")) {
            select.setString(1, mark);
            try (var rows = select.executeQuery()) {
                return rows.next();
            }
        }
    }

    private static String shortened(String group) {
        return group.length() <= GROUP_CHARS_MAX ? group : group.substring(0, GROUP_CHARS_MAX);
    }

    private void sweepIfDue() {
        long now = time.nanoTime();
        long due = nextSweep.get();
        if (now - due < 0 || !nextSweep.compareAndSet(due, now + sweepEvery().toNanos())) {
            return;
        }
        try {
            expire();
        } catch (SQLException e) {
            LOG.warn("Old marks of messages that were done could not be deleted; tried again in {}", sweepEvery(), e);
        }
    }

    private Duration sweepEvery() {
        var part = keep.dividedBy(SLICES);
        return part.compareTo(SWEEP_MIN) < 0 ? SWEEP_MIN : part.compareTo(SWEEP_MAX) > 0 ? SWEEP_MAX : part;
    }

    /**
     * Deletes marks, of all groups, that are older than {@link #keep}. Called by itself while messages are handled, once a
     * minute to once an hour.
     *
     * @return how many
     */
    public long expire() throws SQLException {
        long end = time.now().minus(keep).toEpochMilli();
        long step = Math.max(1, keep.toMillis() / SLICES);
        long deleted = 0;
        for (long oldest = oldest(); oldest < end; oldest = oldest()) {
            deleted += deleteBefore(Math.min(end, oldest + step));
        }
        return deleted;
    }

    /** Later than all times where there is none. */
    private long oldest() throws SQLException {
        return transactions.sql(connection -> {
            try (var select = connection.prepareStatement("select min(done_at) from strandline_done");
                    var rows = select.executeQuery()) {
                rows.next();
                long oldest = rows.getLong(1);
                return rows.wasNull() ? Long.MAX_VALUE : oldest;
            }
        });
    }

    private long deleteBefore(long end) throws SQLException {
        return transactions.sql(connection -> {
            try (var delete = connection.prepareStatement("delete from strandline_done where done_at < ?")) {
                delete.setLong(1, end);
                return (long) delete.executeUpdate();
            }
        });
    }

    /**
     * Forgets everything that this group has done, so that it may do it again: before a reset of the group, while none of its
     * members runs. Groups whose names begin with the same 255 characters are forgotten together.
     *
     * @return how many messages
     */
    public long forget(String group) throws SQLException {
        return transactions.sql(connection -> {
            try (var delete = connection.prepareStatement("delete from strandline_done where group_name = ?")) {
                delete.setString(1, shortened(group));
                return (long) delete.executeUpdate();
            }
        });
    }
}

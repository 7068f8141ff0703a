package io.strandline.jdbc;

import io.strandline.Acks;
import io.strandline.Kafka;
import io.strandline.Outgoing;
import io.strandline.Producer;
import io.strandline.Time;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * Messages that are sent if, and only if, a transaction of a database commits. {@link #send} writes the message into a table,
 * within the caller's transaction; a {@link OutboxRelay relay} sends what is there, and deletes it when it is acknowledged.
 *
 * <pre>{@code
 *   var outbox = Outbox.in(dataSource);
 *   try (var relay = outbox.relay(kafka)) {            // while the application runs
 *       ...
 *       insertOrder(connection, order);
 *       outbox.send(connection, Outgoing.to(ORDERS, order.customer(), order));
 *       connection.commit();                           // both, or neither
 *   }
 * }</pre>
 *
 * <p>Nothing is lost by a crash of the application, the broker or the database. After a crash between the acknowledgement and
 * the deletion a message is sent again: so each carries an id in the header {@link #MESSAGE_ID}, by which
 * {@link io.strandline.Deduplication} tells it. <b>Order:</b> messages of a key arrive in the order of their {@code send}s, if
 * the transactions that sent them came one after the other, as they do where each first changes (and so locks) what the key
 * stands for. Of transactions that overlap no order is promised.
 *
 * <p>The tables must be there, see {@link Tables}. The relay needs {@code FOR UPDATE SKIP LOCKED}: PostgreSQL, MySQL 8,
 * MariaDB 10.6, H2 2.2 and later. Immutable and safe for use by all threads.
 */
public final class Outbox {
    /** The header that holds the id of a message. One that the caller gave is kept, so that retries of the caller have it too. */
    public static final String MESSAGE_ID = "message-id";

    static final int ID_CHARS_MAX = 255;

    /** A relay sends within a transaction, which should not be open for longer. */
    private static final Duration DELIVERY = Duration.ofSeconds(15);

    private static final Duration BLOCK_MAX = Duration.ofSeconds(5);

    private final Transactions transactions;
    private final Time time;

    private Outbox(DataSource source, Time time) {
        transactions = new Transactions(source);
        this.time = time;
    }

    /**
     * In the schema that connections of this source are in.
     *
     * @param source for the relay and questions; {@link #send} uses the caller's connection
     */
    public static Outbox in(DataSource source) {
        return new Outbox(source, Time.system());
    }

    /** The same with another clock. For tests. */
    public Outbox time(Time clock) {
        return new Outbox(transactions.source(), clock);
    }

    /**
     * Has the message sent once this connection's transaction has committed. Its key and value are made into bytes here: what
     * their serdes throw, the caller gets.
     *
     * @param connection in a transaction
     * @param message without a timestamp it gets the time at which it is sent to the broker; its id may have 255 characters
     * @return the id of the message, see {@link #MESSAGE_ID}
     * @throws IllegalStateException if the connection is in auto-commit mode: there would be no transaction to be part of
     */
    public <K, V> String send(Connection connection, Outgoing<K, V> message) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalStateException("The connection commits by itself, so the message to " + message.topic()
                    + " would be sent whatever becomes of the rest; call setAutoCommit(false) before");
        }
        return OutboxRow.insert(connection, message, time.now());
    }

    /**
     * What waits to be sent.
     *
     * @param oldest how long the oldest one waits; empty if there is none
     */
    public record Backlog(long messages, Optional<Duration> oldest) {}

    /** Asks the database: for a gauge, or an alarm on the age of the oldest one. */
    public Backlog backlog() throws SQLException {
        return transactions.sql(connection -> {
            try (var select = connection.prepareStatement("select count(*), min(stored_at) from strandline_outbox");
                    var rows = select.executeQuery()) {
                rows.next();
                long messages = rows.getLong(1);
                long oldest = rows.getLong(2);
                long age = Math.max(0, time.now().toEpochMilli() - oldest);
                return new Backlog(messages, messages == 0 ? Optional.empty() : Optional.of(Duration.ofMillis(age)));
            }
        });
    }

    /**
     * A message that is not sent yet.
     *
     * @param id see {@link #MESSAGE_ID}
     * @param storedAt when {@link Outbox#send} was called
     * @param message as bytes, with all its headers
     */
    public record Stored(String id, Instant storedAt, Outgoing<byte[], byte[]> message) {}

    /**
     * Looks at a message that is not sent yet, such as one of which {@link OutboxRelay.Waiting.Unsent} says that no broker
     * takes it. The table has no index on ids: all of it may be read.
     *
     * @return empty if it is not there (any more); the one that was stored first if several have this id
     */
    public Optional<Stored> find(String messageId) throws SQLException {
        return transactions.sql(connection -> OutboxRow.find(connection, messageId));
    }

    /**
     * Deletes a message unsent, so that what waits behind it in its key is sent: for one that no broker will ever take. Waits
     * until no relay works on its lane, some 15 s at most while brokers are slow. All that have this id are deleted.
     *
     * @return false if it is not there, since it was sent meanwhile
     */
    public boolean drop(String messageId) throws SQLException {
        return transactions.sql(connection -> {
            for (int lane : OutboxRow.lanes(connection, messageId)) {
                OutboxRow.awaitLane(connection, lane); // so that none is deleted which is being sent
            }
            return OutboxRow.drop(connection, messageId);
        });
    }

    /**
     * Starts to send, by a producer of its own, which gives up sooner than others: a message that is not acknowledged within
     * 15 s is tried again later.
     */
    public OutboxRelay relay(Kafka kafka) {
        var producer = kafka.producerBuilder()
                .deliveryTimeout(DELIVERY)
                .set("max.block.ms", BLOCK_MAX.toMillis())
                .build();
        return start(producer.with(Acks.ALL)::sendAsync, producer::close);
    }

    /**
     * Starts to send, by this producer and with {@link Acks#ALL}. The relay does not close it. A transaction is
     * open while it sends, so choose short time-outs.
     */
    public OutboxRelay relay(Producer producer) {
        return start(producer.with(Acks.ALL)::sendAsync, () -> {});
    }

    OutboxRelay start(OutboxRelay.Sender sender, Runnable atEnd) {
        var relay = new OutboxRelay(transactions, sender, time, atEnd);
        relay.begin();
        return relay;
    }
}

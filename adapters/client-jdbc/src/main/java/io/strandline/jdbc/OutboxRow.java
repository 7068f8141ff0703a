package io.strandline.jdbc;

import io.strandline.Headers;
import io.strandline.Outgoing;
import io.strandline.Topic;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One message in the outbox's table.
 *
 * @param id its place: rows of one key are sent in this order
 */
record OutboxRow(long id, String messageId, Outgoing<byte[], byte[]> message) {
    /** So many relays can work at once, and a message that no broker takes holds back so small a part of the others. */
    static final int LANES = 8;

    private static final String COLUMNS =
            "message_id, topic, partition_number, message_time, message_key, message_value, headers";

    /** What waits for each other: messages of one key, or those of one partition without a key. */
    private record Ordered(String topic, Object keyOrPartition) {}

    /** Equal for messages whose order counts. */
    Object order() {
        return order(message, messageId);
    }

    private static Object order(Outgoing<byte[], byte[]> message, String messageId) {
        var topic = message.topic().name();
        var key = message.key();
        if (key != null) {
            return new Ordered(topic, new Key(key));
        }
        return message.partition() != null ? new Ordered(topic, message.partition()) : messageId;
    }

    /** A key by its bytes. */
    @SuppressWarnings("ArrayRecordComponent") // equals and hashCode look into it
    private record Key(byte[] bytes) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key that && Arrays.equals(bytes, that.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }
    }

    /** What is stored of it here says the same in every JVM, now and later: instances of several versions share a table. */
    private static int lane(Outgoing<byte[], byte[]> message, String messageId) {
        var key = message.key();
        int hash = key != null
                ? Arrays.hashCode(key)
                : message.partition() != null ? message.partition() : messageId.hashCode();
        return Math.floorMod(31 * message.topic().name().hashCode() + hash, LANES);
    }

    int bytes() {
        return length(message.key()) + length(message.value());
    }

    private static int length(byte @Nullable [] bytes) {
        return bytes == null ? 0 : bytes.length;
    }

    /**
     * Into the caller's transaction.
     *
     * @return its id: that of its header, or a new one
     */
    static <K, V> String insert(Connection connection, Outgoing<K, V> message, Instant now) throws SQLException {
        var given = message.headers().last(Outbox.MESSAGE_ID);
        var id = given.orElseGet(() -> UUID.randomUUID().toString());
        if (id.length() > Outbox.ID_CHARS_MAX) {
            throw new IllegalArgumentException("The header " + Outbox.MESSAGE_ID + " has " + id.length()
                    + " characters, " + Outbox.ID_CHARS_MAX + " are the limit: " + id);
        }
        var bytes = bytes(given.isPresent() ? message : message.header(Outbox.MESSAGE_ID, id));
        var sql = "insert into strandline_outbox (lane, stored_at, " + COLUMNS + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        try (var insert = connection.prepareStatement(sql)) {
            insert.setInt(1, lane(bytes, id));
            insert.setLong(2, now.toEpochMilli());
            insert.setString(3, id);
            insert.setString(4, bytes.topic().name());
            insert.setObject(5, bytes.partition(), java.sql.Types.INTEGER);
            insert.setObject(
                    6, bytes.timestamp() == null ? null : bytes.timestamp().toEpochMilli(), java.sql.Types.BIGINT);
            insert.setBytes(7, bytes.key());
            insert.setBytes(8, bytes.value());
            insert.setBytes(9, HeaderBytes.write(bytes.headers()));
            insert.executeUpdate();
        }
        return id;
    }

    private static <K, V> Outgoing<byte[], byte[]> bytes(Outgoing<K, V> message) {
        var topic = message.topic();
        K key = message.key();
        V value = message.value();
        return new Outgoing<>(
                Topic.bytes(topic.name()),
                key == null ? null : topic.key().serialize(topic.name(), key, message.headers()),
                value == null ? null : topic.value().serialize(topic.name(), value, message.headers()),
                message.headers(),
                message.partition(),
                message.timestamp());
    }

    /** Where {@link #read} finds its columns, and the query goes on with a condition. */
    static String select() {
        return "select id, " + COLUMNS + " from strandline_outbox";
    }

    static OutboxRow read(ResultSet rows) throws SQLException {
        var partition = rows.getObject("partition_number", Integer.class);
        var time = rows.getObject("message_time", Long.class);
        Headers headers = HeaderBytes.read(Objects.requireNonNull(rows.getBytes("headers")));
        return new OutboxRow(
                rows.getLong("id"),
                rows.getString("message_id"),
                new Outgoing<>(
                        Topic.bytes(rows.getString("topic")),
                        rows.getBytes("message_key"),
                        rows.getBytes("message_value"),
                        headers,
                        partition,
                        time == null ? null : Instant.ofEpochMilli(time)));
    }

    static void delete(Connection connection, List<OutboxRow> rows) throws SQLException {
        if (rows.isEmpty()) {
            return;
        }
        try (var delete = connection.prepareStatement("delete from strandline_outbox where id = ?")) {
            for (var row : rows) {
                delete.setLong(1, row.id);
                delete.addBatch();
            }
            delete.executeBatch();
        }
    }

    /** The first one that has this id. */
    static Optional<Outbox.Stored> find(Connection connection, String messageId) throws SQLException {
        var sql = "select id, stored_at, " + COLUMNS + " from strandline_outbox where message_id = ? order by id";
        try (var select = connection.prepareStatement(sql)) {
            select.setString(1, messageId);
            select.setMaxRows(1);
            try (var rows = select.executeQuery()) {
                return rows.next()
                        ? Optional.of(new Outbox.Stored(
                                messageId, Instant.ofEpochMilli(rows.getLong("stored_at")), read(rows).message))
                        : Optional.empty();
            }
        }
    }

    /** Those that have messages of this id, in order: who locks them so does not meet another one that does. */
    static List<Integer> lanes(Connection connection, String messageId) throws SQLException {
        try (var select = connection.prepareStatement(
                "select distinct lane from strandline_outbox where message_id = ? order by lane")) {
            select.setString(1, messageId);
            var lanes = new ArrayList<Integer>();
            try (var rows = select.executeQuery()) {
                while (rows.next()) {
                    lanes.add(rows.getInt(1));
                }
            }
            return lanes;
        }
    }

    /** Until the end of the transaction no relay works on it. */
    static void awaitLane(Connection connection, int lane) throws SQLException {
        try (var select =
                connection.prepareStatement("select lane from strandline_outbox_lane where lane = ? for update")) {
            select.setInt(1, lane);
            select.executeQuery().close();
        }
    }

    /** True if one was there. */
    static boolean drop(Connection connection, String messageId) throws SQLException {
        try (var delete = connection.prepareStatement("delete from strandline_outbox where message_id = ?")) {
            delete.setString(1, messageId);
            return delete.executeUpdate() > 0;
        }
    }
}

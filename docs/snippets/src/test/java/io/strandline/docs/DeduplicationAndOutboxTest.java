package io.strandline.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.Deduplication;
import io.strandline.Event;
import io.strandline.Kafka;
import io.strandline.MessageId;
import io.strandline.Outgoing;
import io.strandline.Producer;
import io.strandline.Topic;
import io.strandline.jdbc.JdbcDeduplication;
import io.strandline.jdbc.Outbox;
import io.strandline.jdbc.OutboxRelay;
import io.strandline.jdbc.Tables;
import io.strandline.junit.StrandlineBroker;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What docs/client/deduplication-and-outbox.md shows. */
@Timeout(60)
class DeduplicationAndOutboxTest {
    private record Order(String id, String customer, long cents) {}

    private static final Topic<String, Order> ORDERS = Topic.json("orders", Order.class);
    private static final Order ORDER = new Order("o-1", "c-17", 4_200);

    private final BlockingQueue<Order> charged = new LinkedBlockingQueue<>();
    private final BlockingQueue<Event.Duplicate> passedOver = new LinkedBlockingQueue<>();
    private StrandlineBroker broker;
    private Kafka kafka;
    private Producer producer;
    private DataSource dataSource;

    @BeforeEach
    void start() throws SQLException {
        broker = StrandlineBroker.inMemory();
        kafka = Kafka.connect(broker.bootstrapServers());
        kafka.admin().ensure(ORDERS);
        kafka.events().on(Event.Duplicate.class, passedOver::add);
        producer = kafka.producer();
        var h2 = new JdbcDataSource();
        h2.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
        dataSource = h2;
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("create table bill (order_id varchar(20), cents bigint)");
        }
    }

    @AfterEach
    void stop() {
        kafka.close();
        broker.close();
    }

    private void charge(Order order) {
        charged.add(order);
    }

    private static void bill(Connection connection, Order order) throws SQLException {
        try (var insert = connection.prepareStatement("insert into bill values (?, ?)")) {
            insert.setString(1, order.id());
            insert.setLong(2, order.cents());
            insert.executeUpdate();
        }
    }

    private long bills() throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("select count(*) from bill")) {
            rows.next();
            return rows.getLong(1);
        }
    }

    @Test
    void inMemory() throws Exception {
        // tag::deduplicate
        kafka.consumer("billing")
                .deduplicate(Deduplication.inMemory(100_000, MessageId.header("message-id")))
                .eachMessage(ORDERS, m -> charge(m.value()))
                .start();
        // end::deduplicate
        // tag::message-id
        var message = Outgoing.to(ORDERS, "c-17", ORDER).header("message-id", ORDER.id());
        producer.send(message);
        producer.send(message); // as after a failure that was none
        // end::message-id
        assertThat(passedOver.poll(30, TimeUnit.SECONDS)).isNotNull();
        assertThat(charged).containsExactly(ORDER);
    }

    @Test
    void byValue() throws Exception {
        // tag::by-value
        kafka.consumer("billing")
                .deduplicate(Deduplication.inMemory(100_000, MessageId.value(ORDERS, Order::id)))
                .eachMessage(ORDERS, m -> charge(m.value()))
                .start();
        // end::by-value
        producer.send(ORDERS, "c-17", ORDER);
        producer.send(ORDERS, "c-17", ORDER);
        assertThat(passedOver.poll(30, TimeUnit.SECONDS)).isNotNull();
        assertThat(charged).containsExactly(ORDER);
    }

    @Test
    void ownStore() throws Exception {
        Set<String> redis = ConcurrentHashMap.newKeySet();
        // tag::own-store
        Deduplication store = (group, message, work) -> {
            var key = group + " " + message.key();
            if (redis.contains(key)) {
                return false; // done before: the message is passed over
            }
            work.run();
            redis.add(key); // only now; a crash before it repeats the work, and loses nothing
            return true;
        };
        // end::own-store
        kafka.consumer("billing")
                .deduplicate(store)
                .eachMessage(ORDERS, m -> charge(m.value()))
                .start();
        producer.send(ORDERS, "c-17", ORDER);
        producer.send(ORDERS, "c-17", ORDER);
        assertThat(passedOver.poll(30, TimeUnit.SECONDS)).isNotNull();
        assertThat(charged).containsExactly(ORDER);
    }

    @Test
    void exactlyOnceInTheDatabase() throws Exception {
        // tag::jdbc-once
        Tables.create(dataSource); // once; or give the SQL in the jar to your migration tool
        var done = JdbcDeduplication.in(dataSource)
                .by(MessageId.header("message-id"))
                .keep(Duration.ofDays(30)); // longer than the topic keeps messages
        kafka.consumer("billing")
                .eachMessage(ORDERS, done.once((m, connection) -> bill(connection, m.value())))
                .start();
        // end::jdbc-once
        var message = Outgoing.to(ORDERS, "c-17", ORDER).header("message-id", "1");
        producer.send(message);
        producer.send(message);
        assertThat(passedOver.poll(30, TimeUnit.SECONDS)).isNotNull();
        assertThat(bills()).isEqualTo(1);
    }

    @Test
    void outbox() throws Exception {
        Tables.create(dataSource);
        kafka.consumer("shipping").eachMessage(ORDERS, m -> charge(m.value())).start();
        var order = ORDER;
        // tag::outbox
        var outbox = Outbox.in(dataSource);
        var relay = outbox.relay(kafka); // in each instance of the application; close it before kafka
        try (var connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            bill(connection, order);
            outbox.send(connection, Outgoing.to(ORDERS, order.customer(), order));
            connection.commit(); // both, or neither
        }
        // end::outbox
        assertThat(charged.poll(30, TimeUnit.SECONDS)).isEqualTo(ORDER);
        // tag::outbox-why
        var backlog = outbox.backlog(); // how many wait, and how long the oldest one does
        relay.explain().forEach(waiting -> System.out.println(waiting.text()));
        // end::outbox-why
        assertThat(backlog.messages()).isLessThan(2);
        relay.close();
    }

    @Test
    void whatNoBrokerWillTake() throws Exception {
        Tables.create(dataSource);
        var outbox = Outbox.in(dataSource);
        var kept = new ArrayList<Outbox.Stored>();
        try (var connection = dataSource.getConnection();
                var relay = outbox.relay(kafka)) {
            connection.setAutoCommit(false);
            outbox.send(connection, Outgoing.to(ORDERS, "c-17", new Order("x".repeat(2_000_000), "c-17", 1)));
            connection.commit();
            while (relay.explain().isEmpty()) {
                Thread.onSpinWait();
            }
            // tag::outbox-drop
            for (var waiting : relay.explain()) {
                if (waiting instanceof OutboxRelay.Waiting.Unsent unsent
                        && unsent.why() instanceof RecordTooLargeException) {
                    outbox.find(unsent.messageId()).ifPresent(kept::add); // topic, key, value, headers, since when
                    outbox.drop(unsent.messageId()); // unsent; what waits behind it in its key goes on
                }
            }
            // end::outbox-drop
        }
        assertThat(kept)
                .singleElement()
                .satisfies(stored -> assertThat(stored.message().value()).hasSizeGreaterThan(2_000_000));
        assertThat(outbox.backlog().messages()).isZero();
    }

    @Test
    void consumeTransformProduce() throws Exception {
        Tables.create(dataSource);
        var bills = Topic.json("bills", Order.class);
        kafka.admin().ensure(bills);
        kafka.consumer("mails").eachMessage(bills, m -> charge(m.value())).start();
        try (var relay = Outbox.in(dataSource).relay(kafka)) {
            var done = JdbcDeduplication.in(dataSource);
            var outbox = Outbox.in(dataSource);
            // tag::once-and-outbox
            kafka.consumer("billing")
                    .eachMessage(ORDERS, done.once((m, connection) -> {
                        bill(connection, m.value());
                        outbox.send(connection, Outgoing.to(bills, m.key(), m.value()));
                    }))
                    .start();
            // end::once-and-outbox
            producer.send(ORDERS, "c-17", ORDER);
            assertThat(charged.poll(30, TimeUnit.SECONDS)).isEqualTo(ORDER);
            assertThat(relay.health().ready()).isTrue();
        }
    }
}

package io.strandline.jdbc;

import static io.strandline.jdbc.TestDatabase.count;
import static io.strandline.jdbc.TestDatabase.effect;
import static io.strandline.jdbc.TestDatabase.effects;
import static io.strandline.jdbc.TestDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.Commit;
import io.strandline.Event;
import io.strandline.Handler;
import io.strandline.Headers;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.MessageId;
import io.strandline.Partition;
import io.strandline.Pause;
import io.strandline.Retry;
import io.strandline.Topic;
import io.strandline.junit.BootstrapServers;
import io.strandline.junit.StrandlineTest;
import io.strandline.junit.TestTopic;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
@StrandlineTest
class JdbcDeduplicationTest {
    private final List<Message<?, ?>> duplicates = new ArrayList<>();
    private final Handler.Context context = new Handler.Context() {
        @Override
        public Partition partition() {
            return new Partition("orders", 0);
        }

        @Override
        public String group() {
            return "billing";
        }

        @Override
        public Pause pause() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Pause pause(Duration atMost) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean stopping() {
            return false;
        }

        @Override
        public boolean stale() {
            return false;
        }

        @Override
        public void duplicate(Message<?, ?> message) {
            duplicates.add(message);
        }
    };

    private static Message<String, String> message(long offset) {
        return new Message<>(
                Topic.strings("orders"),
                new Partition("orders", 0),
                offset,
                Instant.EPOCH,
                "k",
                "v" + offset,
                Headers.none(),
                1);
    }

    private static final JdbcHandler<String, String> EFFECT =
            (message, connection) -> effect(connection, String.valueOf(message.value()));

    @ParameterizedTest
    @EnumSource
    void aMessageThatComesAgainHasItsEffectOnce(TestDatabase database) throws Exception {
        var source = database.fresh();
        var handler = JdbcDeduplication.in(source).once(EFFECT);
        handler.handle(message(0), context);
        handler.handle(message(1), context);
        handler.handle(message(0), context);
        assertThat(effects(source)).containsExactly("v0", "v1");
        assertThat(duplicates).extracting(Message::offset).containsExactly(0L);
    }

    @ParameterizedTest
    @EnumSource
    void aFailureTakesTheEffectBackAndTheMarkWithIt(TestDatabase database) throws Exception {
        var source = database.fresh();
        var done = JdbcDeduplication.in(source);
        Handler<String, String> failing = done.once((message, connection) -> {
            effect(connection, "half");
            throw new IllegalStateException("on purpose");
        });
        assertThatThrownBy(() -> failing.handle(message(0), context)).hasMessage("on purpose");
        assertThat(effects(source)).isEmpty();
        done.once(EFFECT).handle(message(0), context);
        assertThat(effects(source)).containsExactly("v0");
        assertThat(duplicates).isEmpty();
    }

    /** Also where another member had the mark in its transaction, and this one waited for it. */
    @ParameterizedTest
    @CsvSource({"H2, true", "H2, false", "POSTGRESQL, true", "POSTGRESQL, false", "MARIADB, true", "MARIADB, false"})
    void ofTwoMembersWithTheSameMessageOneDoesIt(TestDatabase database, boolean firstFails) throws Exception {
        var source = database.fresh();
        var done = JdbcDeduplication.in(source);
        var begun = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var first = CompletableFuture.runAsync(
                () -> {
                    Handler<String, String> slow = done.once((message, connection) -> {
                        effect(connection, "first");
                        begun.countDown();
                        goOn.await();
                        if (firstFails) {
                            throw new IllegalStateException("on purpose");
                        }
                    });
                    unchecked(slow, message(0));
                },
                TestDatabase::inAThread);
        assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
        Handler<String, String> other = done.once((message, connection) -> effect(connection, "second"));
        var second = CompletableFuture.runAsync(() -> unchecked(other, message(0)), TestDatabase::inAThread);
        // Its connection is there, so that its insert is next; whether it is there before the first one ends is open.
        assertThat(second).isNotDone();
        goOn.countDown();
        assertThat(first.handle((ok, why) -> why != null).get(30, TimeUnit.SECONDS))
                .isEqualTo(firstFails);
        second.get(30, TimeUnit.SECONDS);
        assertThat(effects(source)).containsExactly(firstFails ? "second" : "first");
        assertThat(duplicates).hasSize(firstFails ? 0 : 1);
    }

    private void unchecked(Handler<String, String> handler, Message<String, String> message) {
        try {
            handler.handle(message, context);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anotherConstraintDoesNotPassForDoneBefore(TestDatabase database) throws Exception {
        var source = database.fresh();
        execute(source, "alter table strandline_done add constraint no_guests check (group_name <> 'guests')");
        execute(source, "alter table effect add constraint short check (text <> 'v1')");
        var done = JdbcDeduplication.in(source);
        assertThatThrownBy(() -> done.once("guests", message(0), () -> {})).isInstanceOf(SQLException.class);
        assertThatThrownBy(() -> done.once(EFFECT).handle(message(1), context)).isInstanceOf(SQLException.class);
        assertThat(count(source, "strandline_done")).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void theTransactionIsNotTheHandlersToEnd(TestDatabase database) throws Exception {
        var source = database.fresh();
        var refused = new ArrayList<String>();
        Handler<String, String> handler = JdbcDeduplication.in(source).once((message, connection) -> {
            for (var end : List.<Ending>of(
                    Connection::commit,
                    Connection::rollback,
                    c -> c.setAutoCommit(true),
                    c -> c.abort(Runnable::run))) {
                try {
                    end.of(connection);
                } catch (SQLException e) {
                    refused.add(String.valueOf(e.getMessage()));
                }
            }
            effect(connection, "kept");
            var savepoint = connection.setSavepoint();
            effect(connection, "taken back");
            connection.rollback(savepoint);
            connection.close();
            effect(connection, "kept");
        });
        handler.handle(message(0), context);
        assertThat(refused).hasSize(4).allMatch(text -> text.contains("is not the handler's"));
        assertThat(effects(source)).containsExactly("kept", "kept");
    }

    @FunctionalInterface
    private interface Ending {
        void of(Connection connection) throws SQLException;
    }

    @ParameterizedTest
    @EnumSource
    void marksAreForgottenWhenTheyAreOld(TestDatabase database) throws Exception {
        var source = database.fresh();
        var time = new SettableTime();
        var done = JdbcDeduplication.in(source).keep(Duration.ofDays(10)).time(time);
        for (long offset = 0; offset < 20; offset++) {
            done.once("billing", message(offset), () -> {});
            time.pass(Duration.ofDays(1));
        }
        // It is day 20. The last sweep was on day 19, and left those of day 9 and later.
        assertThat(count(source, "strandline_done")).isEqualTo(11);
        assertThat(done.expire()).isEqualTo(1);
        assertThat(done.once("billing", message(10), () -> {})).isFalse();
        assertThat(done.once("billing", message(9), () -> {})).isTrue();
        assertThatThrownBy(() -> done.keep(Duration.ZERO)).hasMessageContaining("longer than 0");
    }

    @ParameterizedTest
    @EnumSource
    void aGroupCanBeForgotten(TestDatabase database) throws Exception {
        var source = database.fresh();
        var done = JdbcDeduplication.in(source);
        var long1 = "g".repeat(300);
        assertThat(done.once("billing", message(0), () -> {})).isTrue();
        assertThat(done.once("shipping", message(0), () -> {})).isTrue();
        assertThat(done.once(long1, message(0), () -> {})).isTrue();
        assertThat(done.once(long1 + "h", message(0), () -> {})).isTrue();
        assertThat(done.forget("billing")).isEqualTo(1);
        assertThat(done.once("billing", message(0), () -> {})).isTrue();
        assertThat(done.once("shipping", message(0), () -> {})).isFalse();
        assertThat(done.forget(long1)).isEqualTo(2);
    }

    /** The database has committed, and its answer is lost: whether it has, the next attempt finds out. */
    @ParameterizedTest
    @EnumSource
    void aCommitWithoutAnAnswerIsFoundOutByTheNextAttempt(TestDatabase database) throws Exception {
        var source = database.fresh();
        for (boolean carriedOut : new boolean[] {true, false}) {
            var offset = carriedOut ? 1 : 2;
            int calls = 1;
            for (boolean died = true; died; calls++) {
                var mortal = new MortalSource(source, calls, carriedOut);
                try {
                    JdbcDeduplication.in(mortal).once(EFFECT).handle(message(offset), context);
                } catch (SQLException e) {
                    assertThat(e.getMessage()).contains("died");
                }
                died = mortal.dead();
            }
            assertThat(calls).isGreaterThan(8);
        }
        assertThat(effects(source)).containsExactly("v1", "v2");
    }

    /** Processes die at any call, and the next one begins at an older place, as after an offset that was not committed. */
    @ParameterizedTest
    @EnumSource
    void whateverDiesEachEffectIsThereOnce(TestDatabase database) throws Exception {
        long first = Long.getLong("seed", 1);
        long seed = "random".equals(System.getProperty("seed"))
                ? ThreadLocalRandom.current().nextLong()
                : first;
        System.out.println("JdbcDeduplicationTest seed " + seed);
        var random = new SplittableRandom(seed);
        var source = database.fresh();
        int messages = database == TestDatabase.H2 ? 200 : 40; // its connections take longer
        int deaths = 0;
        for (int next = 0; next < messages; ) {
            var mortal = new MortalSource(source, random.nextInt(1, 150), random.nextBoolean());
            var handler = JdbcDeduplication.in(mortal).once(EFFECT);
            int at = Math.max(0, next - random.nextInt(5));
            try {
                for (; at < messages; at++) {
                    handler.handle(message(at), context);
                }
            } catch (SQLException e) {
                deaths++;
            }
            next = Math.max(next, at);
        }
        assertThat(effects(source))
                .as("seed " + seed)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, messages).mapToObj(i -> "v" + i).toList());
        assertThat(deaths).isGreaterThan(3);
        assertThat(duplicates).isNotEmpty();
    }

    /** The handler's commit is there, the group's is not: everything comes again. */
    @ParameterizedTest
    @EnumSource
    void deathBetweenTheDatabasesCommitAndTheGroupsRepeatsNoEffect(
            TestDatabase database,
            @BootstrapServers String servers,
            @TestTopic(value = "orders", partitions = 3) Topic<String, String> orders)
            throws Exception {
        var source = database.fresh();
        var done = JdbcDeduplication.in(source);
        var group = "billing-" + database;
        var passedOver = new CountDownLatch(50);
        try (var kafka = Kafka.connect(servers)) {
            for (int i = 0; i < 50; i++) {
                var unused = kafka.producer().sendAsync(orders, "k" + i % 7, "v" + i);
            }
            kafka.producer().flush();
            try (var dying = kafka.consumer(group)
                    .commit(Commit.manual()) // as one that is killed before it commits
                    .eachMessage(orders, done.once(EFFECT))
                    .start()) {
                assertThat(dying.awaitIdle(Duration.ofSeconds(30))).isTrue();
            }
            assertThat(effects(source)).hasSize(50);
            kafka.events().on(Event.Duplicate.class, e -> passedOver.countDown());
            kafka.consumer(group).eachMessage(orders, done.once(EFFECT)).start();
            assertThat(passedOver.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(effects(source)).hasSize(50).doesNotHaveDuplicates();
        }
    }

    /** One transaction, wherever the store was named. */
    @Test
    void aHandlerWithATransactionGoesWithDeduplicateOfTheSameStore(
            @BootstrapServers String servers, @TestTopic("orders") Topic<String, String> orders) throws Exception {
        var source = TestDatabase.H2.fresh();
        var done = JdbcDeduplication.in(source).by(MessageId.value(orders, value -> value));
        var passedOver = new CountDownLatch(1);
        var failures = new CountDownLatch(1);
        try (var kafka = Kafka.connect(servers)) {
            kafka.events().on(Event.Duplicate.class, e -> passedOver.countDown());
            kafka.producer().send(orders, "k", "v0");
            kafka.producer().send(orders, "k", "v0");
            kafka.consumer("billing")
                    .deduplicate(done)
                    .retry(Retry.fixed(Duration.ofMillis(1)).forever())
                    .eachMessage(orders, done.once((message, connection) -> {
                        effect(connection, String.valueOf(message.value()));
                        if (failures.getCount() > 0) {
                            failures.countDown();
                            throw new IllegalStateException("on purpose");
                        }
                    }))
                    .start();
            assertThat(passedOver.await(30, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(effects(source)).containsExactly("v0");
    }

    @ParameterizedTest
    @EnumSource
    void theTablesAreMadeWhereTheyAreNotThere(TestDatabase database) throws Exception {
        var source = database.empty();
        Tables.create(source);
        Tables.create(source);
        assertThat(count(source, "strandline_outbox_lane")).isEqualTo(OutboxRow.LANES);
    }

    /** Where no MariaDB is installed either: H2 understands the dialect, and so at least the SQL is well-formed. */
    @Test
    void theSqlForMySqlIsUnderstood() throws Exception {
        var source = new org.h2.jdbcx.JdbcDataSource();
        source.setURL("jdbc:h2:mem:mysql;MODE=MySQL;DB_CLOSE_DELAY=-1");
        for (var statement : Database.statements("mysql.sql")) {
            execute(source, statement);
        }
        assertThat(count(source, "strandline_outbox")).isZero();
    }
}

package io.strandline.jdbc;

import io.strandline.Health;
import io.strandline.Outgoing;
import io.strandline.SendFailed;
import io.strandline.Time;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what is in an {@link Outbox}, on a thread of its own. Any number of them may run on one table, in one or many
 * processes: each of its eight lanes is worked on by one at a time, which holds a lock on the lane's row for the transaction
 * in which it reads, sends and deletes. So there is no lease that could run out under a relay that was asleep; when its
 * process dies, the database ends the transaction and the next one takes over.
 *
 * <p>Of a key one message is on its way at a time, so a message that fails is not overtaken: it, and what is behind it in its
 * key, waits and is tried again for ever, with growing pauses. {@link #explain} says what waits and why. Memory is bounded:
 * 500 messages or 8 MiB, and one message, at once.
 *
 * <p>All methods may be called by all threads; none but {@link #close} and {@link #stop} waits, and none asks the database.
 */
public final class OutboxRelay implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OutboxRelay.class);

    static final Duration LOOK_EVERY = Duration.ofMillis(250);
    private static final Duration NAP = Duration.ofMillis(20);
    private static final Duration REST_FIRST = Duration.ofMillis(200);
    private static final Duration REST_MAX = Duration.ofSeconds(30);
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(20);
    private static final int PAGE_ROWS = 500;
    private static final long PAGE_BYTES = 8L << 20;
    private static final int FETCH_ROWS = 50;

    private final Transactions transactions;
    private final Sender sender;
    private final Time time;
    private final Runnable atEnd;
    private final Thread thread =
            Thread.ofPlatform().name("strandline-outbox").daemon().unstarted(this::run);

    private volatile boolean stopping;
    private volatile boolean awake;
    private volatile List<Waiting> seen = List.of();
    private volatile @Nullable Throwable died;

    /** What rests and is not tried meanwhile: topics by their names, messages by the ids of their rows. */
    private final Map<Object, Rest> rests = new HashMap<>();

    private Optional<Rest> databaseRests = Optional.empty();

    /** @param messageId of the one that failed; empty where none is to blame */
    private record Rest(String topic, String messageId, int failed, long due, Throwable why) {}

    /** To a broker. */
    @FunctionalInterface
    interface Sender {
        /** Completes when it is acknowledged by all, or has failed; may throw instead. */
        CompletableFuture<?> send(Outgoing<byte[], byte[]> message);
    }

    /** Why something in the table is not sent yet. */
    public sealed interface Waiting {
        /** A sentence for people. */
        String text();

        /**
         * The broker did not take this message; what is behind it in its key waits with it. Where it never will,
         * {@link Outbox#find} shows the message and {@link Outbox#drop} deletes it, which is to be seen here up to a minute
         * later.
         */
        record Unsent(String topic, String messageId, int failed, Duration next, Throwable why) implements Waiting {
            @Override
            public String text() {
                return "message " + messageId + " to " + topic + " failed " + failed + " times (" + why
                        + ") and is tried again in " + next + "; its key waits with it";
            }
        }

        /** No broker took this topic's messages, which may be true of others as well. */
        record TopicUnreachable(String topic, int failed, Duration next, Throwable why) implements Waiting {
            @Override
            public String text() {
                return "topic " + topic + " could not be reached " + failed + " times (" + why
                        + ") and is tried again in " + next;
            }
        }

        /** The database failed. What was sent and not deleted is sent again. */
        record DatabaseFailed(int failed, Duration next, Throwable why) implements Waiting {
            @Override
            public String text() {
                return "the database failed " + failed + " times (" + why + ") and is asked again in " + next;
            }
        }

        /** Another relay has these lanes in hand. */
        record Elsewhere(List<Integer> lanes) implements Waiting {
            @Override
            public String text() {
                return "another relay sends lanes " + lanes;
            }
        }
    }

    OutboxRelay(Transactions transactions, Sender sender, Time time, Runnable atEnd) {
        this.transactions = transactions;
        this.sender = sender;
        this.time = time;
        this.atEnd = atEnd;
    }

    void begin() {
        thread.start();
    }

    /** Looks now rather than within 250 ms: after a commit that put something in. */
    public void wake() {
        awake = true;
    }

    /** As of the last look; empty if nothing waits, or all that waits is being sent. */
    public List<Waiting> explain() {
        return seen;
    }

    /** Down if the relay has ended, degraded while something cannot be sent. */
    public Health health() {
        var check = check();
        return new Health(check.status(), List.of(check));
    }

    private Health.Check check() {
        var why = died;
        if (why != null) {
            return new Health.Check("live.outbox", Health.Status.DOWN, "ended by itself: " + why);
        } else if (stopping) {
            return new Health.Check("outbox", Health.Status.DOWN, "stopped by request");
        }
        var troubles = seen.stream()
                .filter(waiting -> !(waiting instanceof Waiting.Elsewhere))
                .map(Waiting::text)
                .toList();
        return troubles.isEmpty()
                ? new Health.Check("outbox", Health.Status.UP, "nothing is held up")
                : new Health.Check("outbox", Health.Status.DEGRADED, String.join("; ", troubles));
    }

    /** {@link #stop} with 20 s, which is more than a message takes to be acknowledged or to fail. */
    @Override
    public void close() {
        stop(CLOSE_WAIT);
    }

    /**
     * Begins to send nothing more, and waits for what is on its way. What is left in the table another relay sends, or the
     * next one.
     *
     * @return true if all that was sent is deleted; else some of it may be sent again
     */
    public boolean stop(Duration atMost) {
        stopping = true;
        boolean ended = false;
        try {
            ended = thread.join(atMost);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        atEnd.run();
        return ended && died == null;
    }

    // The relay's thread.

    private void run() {
        try {
            while (!stopping) {
                awake = false;
                if (!look()) {
                    nap();
                }
            }
        } catch (Throwable e) {
            died = e;
            LOG.error("The outbox's relay ended by itself; what is in the table stays there", e);
        }
    }

    /** Returns true if something was sent, so that more may be there. */
    private boolean look() throws InterruptedException {
        if (databaseRests.isPresent() && rests(databaseRests.get())) {
            tell(List.of());
            return false;
        }
        boolean sent = false;
        var elsewhere = new ArrayList<Integer>();
        try {
            for (int lane : transactions.sql(this::lanes)) {
                if (stopping) {
                    break;
                }
                var result = work(lane);
                sent |= result == Result.SENT;
                if (result == Result.ELSEWHERE) {
                    elsewhere.add(lane);
                }
            }
            databaseRests = Optional.empty();
        } catch (SQLException | RuntimeException e) { // a pool may throw what it likes
            databaseRests = Optional.of(rest(databaseRests.orElse(null), "", "", e));
            LOG.warn("The outbox's database failed; what was sent and not deleted is sent again", e);
        }
        tell(elsewhere);
        return sent;
    }

    private void tell(List<Integer> elsewhere) {
        long now = time.nanoTime();
        // What was due long ago and was not tried is not there any more: others sent it, or somebody took it out.
        rests.values().removeIf(rest -> now - rest.due > REST_MAX.toNanos());
        var waiting = new ArrayList<Waiting>();
        databaseRests.ifPresent(
                rest -> waiting.add(new Waiting.DatabaseFailed(rest.failed, left(rest, now), rest.why)));
        rests.forEach((of, rest) -> waiting.add(
                of instanceof String topic
                        ? new Waiting.TopicUnreachable(topic, rest.failed, left(rest, now), rest.why)
                        : new Waiting.Unsent(rest.topic, rest.messageId, rest.failed, left(rest, now), rest.why)));
        if (!elsewhere.isEmpty()) {
            waiting.add(new Waiting.Elsewhere(List.copyOf(elsewhere)));
        }
        seen = List.copyOf(waiting);
    }

    private static Duration left(Rest rest, long now) {
        return Duration.ofNanos(Math.max(0, rest.due - now));
    }

    private boolean rests(Rest rest) {
        return rest.due - time.nanoTime() > 0;
    }

    private Rest rest(@Nullable Rest before, String topic, String messageId, Throwable why) {
        int failed = before == null ? 1 : before.failed + 1;
        long nanos = Math.min(REST_MAX.toNanos(), REST_FIRST.toNanos() << Math.min(failed - 1, 10));
        return new Rest(topic, messageId, failed, time.nanoTime() + nanos, why);
    }

    private void nap() throws InterruptedException {
        long until = time.nanoTime() + LOOK_EVERY.toNanos();
        while (!stopping && !awake && until - time.nanoTime() > 0) {
            time.sleep(NAP);
        }
    }

    /** Those that have something in them that need not rest. */
    private List<Integer> lanes(Connection connection) throws SQLException {
        var resting = restingTopics();
        var sql = "select l.lane from strandline_outbox_lane l where exists (select 1 from strandline_outbox o"
                + " where o.lane = l.lane" + except(resting) + ") order by l.lane";
        try (var select = connection.prepareStatement(sql)) {
            for (int i = 0; i < resting.size(); i++) {
                select.setString(i + 1, resting.get(i));
            }
            var lanes = new ArrayList<Integer>();
            try (var rows = select.executeQuery()) {
                while (rows.next()) {
                    lanes.add(rows.getInt(1));
                }
            }
            return lanes;
        }
    }

    private List<String> restingTopics() {
        var resting = new ArrayList<String>();
        rests.forEach((of, rest) -> {
            if (of instanceof String topic && rests(rest)) {
                resting.add(topic);
            }
        });
        return resting;
    }

    private static String except(List<String> topics) {
        return topics.isEmpty()
                ? ""
                : " and topic not in (" + String.join(", ", Collections.nCopies(topics.size(), "?")) + ")";
    }

    private enum Result {
        SENT,
        NOTHING,
        ELSEWHERE
    }

    /** One transaction: the lane is locked until what was acknowledged is deleted. */
    private Result work(int lane) throws SQLException, InterruptedException {
        try {
            return transactions.readCommitted(connection -> {
                if (!lock(connection, lane)) {
                    return Result.ELSEWHERE;
                }
                var acknowledged = send(page(connection, lane));
                OutboxRow.delete(connection, acknowledged);
                return acknowledged.isEmpty() ? Result.NOTHING : Result.SENT;
            });
        } catch (SQLException | InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("Nothing in here throws this", e);
        }
    }

    /** A lane whose row is missing is nobody's yet: {@link Tables} makes them. */
    private static boolean lock(Connection connection, int lane) throws SQLException {
        try (var select = connection.prepareStatement(
                "select lane from strandline_outbox_lane where lane = ? for update skip locked")) {
            select.setInt(1, lane);
            try (var rows = select.executeQuery()) {
                return rows.next();
            }
        }
    }

    private List<OutboxRow> page(Connection connection, int lane) throws SQLException {
        var resting = restingTopics();
        var sql = OutboxRow.select() + " where lane = ?" + except(resting) + " order by id";
        try (var select = connection.prepareStatement(sql)) {
            select.setInt(1, lane);
            for (int i = 0; i < resting.size(); i++) {
                select.setString(i + 2, resting.get(i));
            }
            select.setMaxRows(PAGE_ROWS);
            select.setFetchSize(FETCH_ROWS);
            var page = new ArrayList<OutboxRow>();
            long bytes = 0;
            try (var rows = select.executeQuery()) {
                while (bytes < PAGE_BYTES && rows.next()) {
                    var row = OutboxRow.read(rows);
                    page.add(row);
                    bytes += row.bytes();
                }
            }
            return page;
        }
    }

    private record Outcome(OutboxRow row, @Nullable Throwable failure) {}

    /**
     * Sends the first of each key, and the next of a key when the one before it is acknowledged.
     *
     * @return those that are
     */
    private List<OutboxRow> send(List<OutboxRow> page) throws InterruptedException {
        var keys = new LinkedHashMap<Object, ArrayDeque<OutboxRow>>();
        page.forEach(row ->
                keys.computeIfAbsent(row.order(), key -> new ArrayDeque<>()).add(row));
        var outcomes = new LinkedBlockingQueue<Outcome>();
        var acknowledged = new ArrayList<OutboxRow>();
        int onTheirWay = 0;
        for (var rows : keys.values()) {
            onTheirWay += begin(rows.peek(), outcomes);
        }
        while (onTheirWay > 0) {
            var outcome = outcomes.take();
            onTheirWay--;
            var row = outcome.row;
            if (outcome.failure == null) {
                acknowledged.add(row);
                rests.remove(row.id());
                rests.remove(row.message().topic().name());
                var behind = keys.get(row.order());
                if (behind != null) {
                    behind.remove();
                    onTheirWay += begin(behind.peek(), outcomes);
                }
            } else {
                failed(row, outcome.failure);
            }
        }
        return acknowledged;
    }

    /** Returns 1 if there will be an outcome. */
    private int begin(@Nullable OutboxRow row, BlockingQueue<Outcome> outcomes) {
        if (row == null
                || stopping
                || restsNow(row.id())
                || restsNow(row.message().topic().name())) {
            return 0;
        }
        try {
            var unused =
                    sender.send(row.message()).whenComplete((ack, failure) -> outcomes.add(new Outcome(row, failure)));
        } catch (RuntimeException e) {
            outcomes.add(new Outcome(row, e));
        }
        return 1;
    }

    private boolean restsNow(Object of) {
        var rest = rests.get(of);
        return rest != null && rests(rest);
    }

    private void failed(OutboxRow row, Throwable failure) {
        var why = reason(failure);
        var topic = row.message().topic().name();
        // What a broker may take later is not this message's fault: its whole topic rests.
        Object of = why instanceof RetriableException ? topic : row.id();
        var before = rests.get(of);
        if (before == null || !rests(before)) {
            rests.put(of, rest(before, topic, row.messageId(), why));
        }
        LOG.debug("The message {} to {} stays in the outbox", row.messageId(), topic, why);
    }

    private static Throwable reason(Throwable failure) {
        var why = failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return why instanceof SendFailed && why.getCause() != null ? why.getCause() : why;
    }
}

package io.strandline.conformance;

import io.strandline.Commit;
import io.strandline.Concurrency;
import io.strandline.Consumer;
import io.strandline.DeadLetter;
import io.strandline.Event;
import io.strandline.GroupProtocol;
import io.strandline.Handler;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.Outgoing;
import io.strandline.Partition;
import io.strandline.Position;
import io.strandline.Retry;
import io.strandline.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;

/**
 * A random life of a group on a real broker in real time. Two to five members join, leave, crash, and lose their
 * connection for longer than the session time-out; handlers take their time, stall and fail; the broker is killed and
 * comes back; partitions are sought back and paused. Keyed messages are published all the while. In the end:
 *
 * <ul>
 *   <li>each acknowledged message was handled or is a dead letter, is in the log once, and is committed past
 *   <li>none was handled twice without a rebalance, a crash or a seek to explain it: never twice in one tenure of a
 *       partition, which one of these has ended where a message comes again. A restart of the broker is no excuse, unless
 *       it made the group rebalance
 *   <li>none began before all earlier ones of its key were handled or given up
 * </ul>
 *
 * <p>The seed decides what is done, not how threads meet: a seed that failed is likely, not certain, to fail again.
 */
final class Chaos implements AutoCloseable {
    private static final int KEYS = 10;
    private static final int MEMBERS_MAX = 5;
    private static final int ATTEMPTS = 3;
    private static final Duration SETTLED_WITHIN = Duration.ofSeconds(60);
    private static final int VIOLATIONS_KEPT = 20;
    private static final byte[] UNREADABLE = {(byte) 0xff};

    /** What a life runs on. */
    interface World {
        String bootstrap();

        /** As the death of its process, and back on the same data after so long. */
        void killAndRestart(Duration down);
    }

    /**
     * How long and how hard.
     *
     * @param session of members, in lives that are not peaceful; with the consumer protocol the broker's own
     * @param restarts of the broker, at most
     */
    record Weather(GroupProtocol protocol, Duration length, Duration session, int restarts) {}

    private record Id(String key, int number) {
        @Override
        public String toString() {
            return key + "#" + number;
        }
    }

    /** A member, and the only way from it to the broker. */
    private final class Member {
        final String name = "m" + names++;
        final Wire wire = new Wire(world.bootstrap());
        final Kafka kafka =
                Kafka.builder().bootstrap(wire.address()).clientId(name).build();
        final Consumer consumer;

        /** Guarded by the life's lock: nothing of what it does counts any more. */
        boolean dead;

        Member() {
            kafka.events().on(Event.Assigned.class, e -> note(name + " has got " + e.partitions()));
            kafka.events().on(Event.Revoked.class, e -> {
                count(e.lost() ? "lost" : "revoked");
                note(name + (e.lost() ? " has lost " : " gave back ") + e.partitions());
            });
            kafka.events().on(Event.CommitFailed.class, e -> {
                count("commits refused");
                note(name + " may not commit " + e.offsets() + ": " + e.why());
            });
            consumer = builder(this).start();
        }
    }

    private final long began = System.nanoTime();
    private final World world;
    private final Weather weather;
    private final SplittableRandom random;
    private final long seed;
    private final boolean peaceful;
    private final boolean retryTopics;
    private final Concurrency concurrency;
    private final Kafka outside;
    private final Topic<String, String> topic;
    private final String group = JavaClient.name("chaos");
    private final List<Member> members = new ArrayList<>();
    private final List<CompletableFuture<?>> underWay = new CopyOnWriteArrayList<>();
    private int names;
    private int restartsLeft;
    private volatile boolean publishing = true;

    /** Guards what follows. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Map<Id, Integer> handled = new HashMap<>();
    private final Set<Id> passable = new HashSet<>();
    private final Map<String, Integer> published = new HashMap<>();
    private final Set<Id> acknowledged = new HashSet<>();
    private final Set<String> finishedInTenure = new HashSet<>();
    private final List<String> violations = new ArrayList<>();
    private final List<String> history = new ArrayList<>();
    private final Map<String, Integer> counts = new TreeMap<>();

    Chaos(World world, Weather weather, long seed) {
        this.world = world;
        this.weather = weather;
        this.seed = seed;
        random = new SplittableRandom(seed);
        peaceful = random.nextInt(4) == 0;
        retryTopics = random.nextInt(3) == 0;
        concurrency = random.nextBoolean() ? Concurrency.perPartition() : Concurrency.perKey(random.nextInt(2, 20));
        restartsLeft = peaceful ? 0 : weather.restarts();
        outside =
                Kafka.builder().bootstrap(world.bootstrap()).clientId("outside").build();
        topic = Topic.strings(JavaClient.name("chaos"))
                .partitions(random.nextInt(2, 5))
                .replication(1);
        outside.admin().ensure(topic);
    }

    /** What it is, and what happened. */
    @Override
    public String toString() {
        return "seed " + seed + (peaceful ? ", peaceful" : "") + (retryTopics ? ", with retry topics" : "") + ", "
                + concurrency + ", " + weather.protocol() + ": " + counts();
    }

    Map<String, Integer> counts() {
        lock.lock();
        try {
            return new TreeMap<>(counts);
        } finally {
            lock.unlock();
        }
    }

    private void count(String what) {
        lock.lock();
        try {
            counts.merge(what, 1, Integer::sum);
        } finally {
            lock.unlock();
        }
    }

    /** Done to a member. */
    private void happens(String what, Member member) {
        count(what);
        note(member.name + " " + what);
    }

    private void note(String what) {
        lock.lock();
        try {
            history.add(Duration.ofNanos(System.nanoTime() - began).toMillis() + " ms: " + what);
        } finally {
            lock.unlock();
        }
    }

    /** What happened, in order, for whoever has to understand a violation. */
    String history() {
        lock.lock();
        try {
            return String.join("\n", history);
        } finally {
            lock.unlock();
        }
    }

    private void broken(String what) {
        lock.lock();
        try {
            if (violations.size() < VIOLATIONS_KEPT) {
                violations.add(what);
                note("VIOLATION " + what);
            }
        } finally {
            lock.unlock();
        }
    }

    /** All of it; returns what must never have happened. */
    List<String> live() throws InterruptedException {
        var publisher = Thread.ofPlatform().name("publisher").start(this::publish);
        try {
            long end = System.nanoTime() + weather.length().toNanos();
            join();
            join();
            while (System.nanoTime() < end) {
                disturb();
                pass(Duration.ofMillis(random.nextInt(50, 400)));
            }
        } finally {
            publishing = false;
            publisher.join();
        }
        settle();
        account();
        lock.lock();
        try {
            return List.copyOf(violations);
        } finally {
            lock.unlock();
        }
    }

    private static void pass(Duration d) throws InterruptedException {
        Thread.sleep(d);
    }

    private void publish() {
        var order = new SplittableRandom(seed + 1);
        var producer = outside.producer();
        while (publishing) {
            for (int i = order.nextInt(1, 20); i > 0; i--) {
                var id = next("k" + order.nextInt(KEYS));
                boolean unreadable = order.nextInt(100) == 0;
                if (unreadable) {
                    mayBePassed(id);
                }
                var ack = unreadable
                        ? producer.sendAsync(withNumber(
                                Outgoing.to(
                                        Topic.of(
                                                topic.name(),
                                                topic.key(),
                                                Topic.bytes("any").value()),
                                        id.key,
                                        UNREADABLE),
                                id))
                        : producer.sendAsync(withNumber(Outgoing.to(topic, id.key, "v"), id));
                underWay.add(ack.thenRun(() -> acknowledged(id)));
            }
            LockSupport.parkNanos(20_000_000);
        }
        producer.flush();
    }

    private static <V> Outgoing<String, V> withNumber(Outgoing<String, V> message, Id id) {
        return message.header("n", Integer.toString(id.number));
    }

    private Id next(String key) {
        lock.lock();
        try {
            return new Id(key, published.merge(key, 1, Integer::sum) - 1);
        } finally {
            lock.unlock();
        }
    }

    private void mayBePassed(Id id) {
        lock.lock();
        try {
            passable.add(id);
        } finally {
            lock.unlock();
        }
    }

    private void acknowledged(Id id) {
        lock.lock();
        try {
            acknowledged.add(id);
        } finally {
            lock.unlock();
        }
    }

    private void disturb() throws InterruptedException {
        switch (random.nextInt(peaceful ? 3 : 12)) {
            case 0, 1, 3 -> join();
            case 2 -> leave();
            case 4, 5 -> crash();
            case 6, 7 -> silence();
            case 8 -> any().wire.drop();
            case 9 -> seekBack();
            case 10 -> pauseForAMoment();
            default -> restart();
        }
    }

    private Member any() {
        return members.get(random.nextInt(members.size()));
    }

    private void join() {
        if (members.size() < MEMBERS_MAX) {
            var member = new Member();
            members.add(member);
            happens("joined", member);
        }
    }

    private Consumer.Builder builder(Member member) {
        var retry = retryTopics
                ? Retry.steps(Duration.ofMillis(50), Duration.ofMillis(150)).inTopics()
                : Retry.fixed(Duration.ofMillis(random.nextInt(1, 100))).attempts(ATTEMPTS);
        var builder = member.kafka
                .consumer(group)
                .groupProtocol(weather.protocol())
                .concurrency(concurrency)
                .commit(random.nextBoolean() ? Commit.eachMessage() : Commit.every(Duration.ofMillis(200)))
                .retry(retry)
                .deadLetter(DeadLetter.suffix(".dlq"))
                .revokeWait(Duration.ofSeconds(peaceful ? 10 : 1))
                .eachMessage(topic, (message, context) -> handle(member, message, context));
        if (weather.protocol() == GroupProtocol.CLASSIC) {
            builder.sessionTimeout(peaceful ? Duration.ofSeconds(10) : weather.session())
                    .heartbeat(
                            peaceful
                                    ? Duration.ofMillis(200)
                                    : weather.session().dividedBy(5));
        }
        return builder;
    }

    private void leave() {
        if (members.size() > 1) {
            var member = members.remove(random.nextInt(members.size()));
            boolean drained = member.consumer.stop(Duration.ofMillis(peaceful ? 10_000 : random.nextInt(500)));
            happens(drained ? "left" : "left with handlers running", member);
            closeSoon(member);
        }
    }

    /** Its power is gone: first the wire, for what was handled before may count, and what comes after may not arrive. */
    private void crash() {
        if (members.size() > 1) {
            var member = members.remove(random.nextInt(members.size()));
            member.wire.close();
            lock.lock();
            try {
                member.dead = true;
            } finally {
                lock.unlock();
            }
            happens("crashed", member);
            closeSoon(member);
        }
    }

    /** Nobody waits for one that has no wire. */
    private static void closeSoon(Member member) {
        Thread.ofPlatform().daemon().name("close-" + member.name).start(() -> {
            member.consumer.stop(Duration.ZERO);
            member.kafka.close();
            member.wire.close();
        });
    }

    /** For longer than its session; the others go on meanwhile, and so do we. */
    private void silence() {
        var member = any();
        member.wire.freeze();
        happens("silenced", member);
        var time = Duration.ofNanos((long) ((double) weather.session().toNanos() * random.nextDouble(1.2, 2.5)));
        later(time, member.wire::thaw);
    }

    private void later(Duration time, Runnable what) {
        underWay.add(CompletableFuture.runAsync(
                what, CompletableFuture.delayedExecutor(time.toMillis(), TimeUnit.MILLISECONDS)));
    }

    /** Not waited for: a member whose wire is silent answers when it has it back. */
    private void seekBack() {
        var member = any();
        var consumer = member.consumer;
        int by = random.nextInt(1, 40);
        happens("sought back", member);
        for (var partition : consumer.assignment()) {
            var place = consumer.position(partition);
            if (partition.topic().equals(topic.name()) && place.isPresent()) {
                var to = Position.offset(Math.max(0, place.getAsLong() - by));
                Thread.ofVirtual().start(() -> seek(consumer, partition, to));
            }
        }
    }

    private static void seek(Consumer consumer, Partition partition, Position to) {
        try {
            consumer.seek(partition, to);
        } catch (IllegalStateException | KafkaException e) {
            // It has just left, or no broker answers: then it is where it was.
        }
    }

    private void pauseForAMoment() {
        var member = any();
        var pause = member.consumer.pause(topic.name());
        happens("paused", member);
        later(Duration.ofMillis(random.nextInt(50, 1_000)), pause::resume);
    }

    private void restart() {
        if (restartsLeft > 0) {
            restartsLeft--;
            count("broker restarts");
            note("the broker is killed");
            world.killAndRestart(Duration.ofMillis(random.nextInt(500)));
            note("the broker is back");
        }
    }

    /** On a thread of the member's handlers. */
    private void handle(Member member, Message<String, String> message, Handler.Context context)
            throws InterruptedException {
        var id = new Id(
                Objects.requireNonNull(message.key()),
                Integer.parseInt(message.headers().last("n").orElseThrow()));
        begins(member, id);
        var fate = new SplittableRandom(seed + id.hashCode() * 31L + message.attempt());
        switch (fate.nextInt(100)) {
            case 0 -> pass(Duration.ofMillis(fate.nextInt(200, 1_200)));
            case 1, 2, 3, 4, 5, 6, 7, 8 -> pass(Duration.ofMillis(fate.nextInt(30)));
            default -> {}
        }
        boolean hopeless = id.hashCode() % 97 == 0;
        if (!peaceful && (hopeless || fate.nextInt(20) == 0)) {
            fails(member, id, message.attempt());
            throw new IllegalStateException("on purpose");
        }
        done(member, id, message.attempt(), member.name + "/" + System.identityHashCode(context));
    }

    private void begins(Member member, Id id) {
        lock.lock();
        try {
            for (int before = id.number - 1; before >= 0 && !member.dead; before--) {
                var earlier = new Id(id.key, before);
                if (!handled.containsKey(earlier) && !passable.contains(earlier)) {
                    broken(id + " was begun by " + member.name + " before " + earlier + " was done");
                    return;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** It may be overtaken once it has been given up, or waits in a retry topic. */
    private void fails(Member member, Id id, int attempt) {
        lock.lock();
        try {
            if (!member.dead && (retryTopics || attempt == ATTEMPTS)) {
                passable.add(id);
            }
        } finally {
            lock.unlock();
        }
    }

    private void done(Member member, Id id, int attempt, String tenure) {
        lock.lock();
        try {
            if (member.dead) {
                return;
            }
            count("handled");
            // A message that its topic gave twice, with a reason, may fail twice and be twice in a retry topic.
            boolean fromRetryTopic = retryTopics && attempt > 1;
            if (!fromRetryTopic && !finishedInTenure.add(tenure + " " + id)) {
                broken(id + " was handled twice in one tenure of " + tenure);
            }
            if (handled.merge(id, 1, Integer::sum) > 1) {
                count("handled again");
            }
        } finally {
            lock.unlock();
        }
    }

    /** No more trouble: all must come to its end. */
    private void settle() throws InterruptedException {
        members.forEach(member -> member.wire.thaw());
        members.forEach(member -> member.consumer.resume());
        underWay.forEach(one ->
                one.orTimeout(SETTLED_WITHIN.toMillis(), TimeUnit.MILLISECONDS).join());
        long deadline = System.nanoTime() + SETTLED_WITHIN.toNanos();
        while (!allCommitted()) {
            if (System.nanoTime() > deadline) {
                broken("not all is committed within " + SETTLED_WITHIN + ": ends " + ends() + ", committed "
                        + outside.admin().committed(group) + "\n" + explain());
                return;
            }
            pass(Duration.ofMillis(20));
        }
        for (var member : members) {
            if (member.consumer.state() != Consumer.State.RUNNING) {
                broken(member.name + " ended by itself: " + member.consumer.explain());
            }
        }
    }

    private boolean allCommitted() {
        var committed = outside.admin().committed(group);
        return ends().entrySet().stream()
                .allMatch(end -> committed.getOrDefault(end.getKey(), 0L).equals(end.getValue()));
    }

    /** Also of the retry topics. */
    private Map<Partition, Long> ends() {
        var ends = new TreeMap<Partition, Long>();
        for (var name : outside.admin().topics()) {
            if (name.equals(topic.name()) || name.startsWith(topic.name() + ".retry.")) {
                ends.putAll(outside.admin().offsets(name, Position.latest()));
            }
        }
        return ends;
    }

    private String explain() {
        return members.stream()
                .map(member -> member.name + " " + member.consumer.explain())
                .collect(Collectors.joining("\n"));
    }

    private void account() {
        var stored = new HashMap<Id, Integer>();
        replay(topic.name(), id -> stored.merge(id, 1, Integer::sum));
        var letters = new HashSet<Id>();
        try (var browse = outside.deadLetters(topic.name() + ".dlq").browse()) {
            browse.forEach(letter -> letters.add(new Id(
                    new String(Objects.requireNonNull(letter.key()), java.nio.charset.StandardCharsets.UTF_8),
                    Integer.parseInt(letter.headers().last("n").orElseThrow()))));
        }
        lock.lock();
        try {
            counts.put("published", published.values().stream().mapToInt(n -> n).sum());
            counts.put("acknowledged", acknowledged.size());
            counts.put("dead letters", letters.size());
            for (var id : acknowledged) {
                if (!stored.containsKey(id)) {
                    broken(id + " was acknowledged and is not in the log");
                }
                if (!handled.containsKey(id) && !letters.contains(id)) {
                    broken(id + " is lost: neither handled nor a dead letter");
                }
            }
            stored.forEach((id, times) -> {
                if (times > 1) {
                    broken(id + " is in the log " + times + " times");
                }
            });
            if (acknowledged.size() != counts.get("published")) {
                broken("not all that was published was acknowledged");
            }
        } finally {
            lock.unlock();
        }
    }

    private void replay(String name, java.util.function.Consumer<Id> each) {
        var raw = Topic.of(name, topic.key(), Topic.bytes("any").value());
        try {
            outside.replay(raw).each(m -> {
                lock.lock();
                try {
                    each.accept(new Id(
                            Objects.requireNonNull(m.key()),
                            Integer.parseInt(m.headers().last("n").orElseThrow())));
                } finally {
                    lock.unlock();
                }
            });
        } catch (Exception e) {
            throw new AssertionError("the log cannot be read", e);
        }
    }

    @Override
    public void close() {
        var closing = members.stream()
                .map(member -> Thread.ofPlatform().start(() -> {
                    member.kafka.close();
                    member.wire.close();
                }))
                .toList();
        for (var one : closing) {
            try {
                one.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
        outside.close();
    }
}

package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * A random life of a group in virtual time: two to five members that join, leave, crash and sleep beyond the session
 * time-out; a broker that is away for a while; partitions that are sought back; handlers that take their time, stall and
 * fail; dead letters and commits that are refused. One thread runs at a time and the seed decides which, so a seed is a
 * life. What must never happen is noted as a violation.
 */
final class GroupLife {
    private static final int STEPS = 300;
    private static final int MEMBERS_MAX = 5;
    private static final Duration SESSION = Duration.ofSeconds(30);

    /** Where a message waits for its second attempt, and for its third. */
    private static final List<String> RETRY_TOPICS = List.of("orders.retry.10s", "orders.retry.1m");

    private static final Retry IN_TOPICS =
            Retry.steps(Duration.ofSeconds(10), Duration.ofMinutes(1)).inTopics();

    /** What must hold, whatever happens. */
    enum Rule {
        FRONTIER_PASSES_NOTHING_UNFINISHED,
        NOTHING_COMMITTED_BY_WHO_DOES_NOT_OWN_IT,
        LATE_RESULT_CHANGES_NOTHING,
        DEAD_LETTER_BEFORE_SOURCE_IS_PASSED,
        STOP_KEEPS_ITS_LIMIT_AND_SAYS_WHAT_IT_LEFT,
        NOTHING_LOST,
        NOTHING_TWICE_WITHOUT_A_REASON,
        ORDER_KEPT
    }

    /** A rule that was broken. */
    record Violation(Rule rule, String what) {}

    private final SplittableRandom random;
    private final FakeGroup group;
    private final VirtualTime time = new VirtualTime();
    private final List<Member> members = new ArrayList<>();
    private final List<Member> gone = new ArrayList<>();
    private final Order order;
    private final Concurrency concurrency;
    private final boolean peaceful;
    private final boolean retryTopics;
    private final List<TopicPartition> sources;

    /** Handled, or stored elsewhere: as a dead letter or in a retry topic. Also of the retry topics. */
    private final Map<TopicPartition, TreeSet<Long>> done = new HashMap<>();

    private final Map<TopicPartition, TreeSet<Long>> lettersStored = new HashMap<>();
    private final Map<TopicPartition, TreeSet<Long>> handledWell = new HashMap<>();
    private final Map<TopicPartition, List<String>> keys = new HashMap<>();
    private final Set<String> finishedInTenure = new HashSet<>();
    private final List<String> history = Collections.synchronizedList(new ArrayList<>());
    final List<Violation> violations = Collections.synchronizedList(new ArrayList<>());

    /** How often each thing happened that a rule is about, so that a test can demand that it did. */
    final Map<String, Integer> counts = new TreeMap<>();

    private boolean calm;
    private long brokerReturns;
    private int names;

    /** What a member does with messages. */
    private enum Order {
        BY_PARTITION,
        BY_KEY,
        NONE,
        BATCHES
    }

    /** A member, and its handlers. */
    private final class Member {
        final String name = "m" + names++;
        final HandlerGate gate = new HandlerGate();
        final Rig rig;
        final Map<Partition, Integer> tenures = new HashMap<>();
        long sleepsUntil = Long.MIN_VALUE;
        boolean expelled;
        boolean stopping;
        int eventsSeen;

        Member() {
            gate.shut();
            rig = new Rig(group, choices(this), time, gate);
            rig.kafka.answersAtOnce = random.nextBoolean();
            rig.kafka.recordsPerPoll = random.nextInt(1, 20);
            rig.kafka.tellsLate = random.nextBoolean();
        }

        boolean awake() {
            return time.nanoTime() >= sleepsUntil;
        }

        /** The tenure that a message begun now belongs to. */
        String tenure(Partition partition) {
            return name + "/"
                    + rig.loop.tenure(partition).map(System::identityHashCode).orElse(0);
        }
    }

    GroupLife(SplittableRandom random) {
        this(random, false);
    }

    /** @param retryTopics what failed waits in a retry topic, and is overtaken */
    GroupLife(SplittableRandom random, boolean retryTopics) {
        this.random = random;
        this.retryTopics = retryTopics;
        int partitions = random.nextInt(1, 5);
        group = new FakeGroup("orders", partitions);
        sources = List.copyOf(group.partitions());
        if (retryTopics) {
            RETRY_TOPICS.forEach(topic -> group.addPartitions(topic, 0, partitions));
        }
        group.watch = this::committed;
        time.duringSleep(() -> {
            if (calm || random.nextInt(100) == 0) {
                letOneThrough();
            }
        });
        order = Order.values()[random.nextInt(Order.values().length - (retryTopics ? 1 : 0))];
        concurrency = switch (order) {
            case BY_PARTITION, BATCHES -> Concurrency.perPartition();
            case BY_KEY -> Concurrency.perKey(random.nextInt(1, 20));
            case NONE -> Concurrency.unordered(random.nextInt(1, 20));
        };
        peaceful = random.nextInt(5) == 0;
    }

    /** All of it, to an end at which everything must be done and committed. */
    void live() {
        for (int i = random.nextInt(2, 4); i > 0; i--) {
            join();
        }
        for (int i = 0; i < STEPS && violations.isEmpty(); i++) {
            step();
        }
        settleDown();
        for (var member : members) {
            var crash = member.rig.crash.get();
            if (crash != null) {
                throw new AssertionError(member.name + " crashed", crash);
            }
        }
    }

    /** What happened, in order; the same for the same seed. */
    List<String> history() {
        return List.copyOf(history);
    }

    private void step() {
        switch (random.nextInt(12)) {
            case 0, 1 -> append();
            case 2, 3, 4 -> letOneThrough();
            case 5 -> pass(Duration.ofMillis(random.nextInt(20_000)));
            case 6 -> {
                if (!peaceful && random.nextInt(3) == 0) {
                    disturb();
                }
            }
            default -> pollOne();
        }
    }

    private void pass(Duration d) {
        time.pass(d);
        group.away &= time.nanoTime() < brokerReturns;
        for (var member : members) {
            if (!member.awake() && !member.expelled && time.nanoTime() - member.sleepsUntil > -SESSION.toNanos()) {
                member.expelled = true; // it has not been heard of for a session
                group.expel(member.rig.kafka);
                count("expelled");
                reassign();
            }
        }
    }

    private void disturb() {
        switch (random.nextInt(10)) {
            case 0 -> join();
            case 1, 9 -> stopOne();
            case 2 -> crashOne();
            case 3 -> sendOneToSleep();
            case 4 -> expelOne();
            case 5 -> reassign();
            case 6 -> seekBack();
            case 7 -> restartBroker();
            default -> {
                var member = any(members);
                member.rig.kafka.refusesCommits = !member.rig.kafka.refusesCommits;
            }
        }
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private void count(String what) {
        counts.merge(what, 1, Integer::sum);
        history.add(what);
    }

    private void append() {
        for (var partition : sources) {
            for (int i = random.nextInt(4); i > 0; i--) {
                var value = random.nextInt(10) == 0 ? new byte[] {(byte) 0xff} : "v".getBytes(UTF_8);
                var key = "k" + random.nextInt(4);
                keys.computeIfAbsent(partition, p -> new ArrayList<>()).add(key);
                group.append(partition, key.getBytes(UTF_8), value);
            }
        }
    }

    private void join() {
        if (members.size() < MEMBERS_MAX) {
            members.add(new Member());
            count("joined");
            reassign();
        }
    }

    private Rig.Choices choices(Member member) {
        var choices = new Rig.Choices();
        choices.seed = random.nextLong();
        choices.retry = Retry.exponential(Duration.ofMillis(100), Duration.ofSeconds(30))
                .attempts(random.nextInt(1, 4));
        if (retryTopics) {
            choices.retry = IN_TOPICS;
            choices.retryIsWritten = task -> {
                count("put into a retry topic");
                of(done, task.tenure().partition().toKafka()).add(task.offset());
            };
        }
        choices.commit = random.nextBoolean() ? Commit.eachMessage() : Commit.every(Duration.ofSeconds(5), 3);
        choices.maxInFlight = random.nextInt(1, 60);
        choices.revokeWait = Duration.ofMillis(random.nextInt(1, 500));
        choices.concurrency = concurrency;
        if (order == Order.BATCHES) {
            choices.batchHandler = Optional.of(batch -> {
                var tenure = member.tenure(batch.partition());
                for (var message : batch) {
                    handle(member, tenure, message);
                    batch.resolve(message);
                }
            });
        } else {
            choices.handler = (message, context) -> handle(member, member.tenure(message.partition()), message);
        }
        choices.gated = false;
        choices.stopping = () -> member.stopping;
        choices.writer = (source, topic, givenUp, noStack) -> writeDeadLetter(member, source, topic, givenUp);
        return choices;
    }

    private void reassign() {
        var able = members.stream().filter(member -> !member.expelled).toList();
        for (var partition : group.partitions()) {
            if (!able.isEmpty()) {
                group.assign(any(able).rig.kafka, List.of(partition));
            }
        }
    }

    private void expelOne() {
        group.expel(any(members).rig.kafka);
        count("expelled");
        reassign();
    }

    private void sendOneToSleep() {
        var member = any(members);
        if (member.awake()) {
            count("slept");
            member.sleepsUntil =
                    time.nanoTime() + Duration.ofSeconds(random.nextInt(5, 90)).toNanos();
        }
    }

    /** A message that is done may be done again then, in another tenure. */
    private void seekBack() {
        var rig = any(members).rig;
        for (var tenure : rig.loop.tenures()) {
            var frontier = tenure.frontier(); // beyond it is what would be passed over
            if (frontier.isPresent() && random.nextBoolean()) {
                var to = Position.offset(random.nextLong(frontier.getAsLong() + 1));
                count("sought back");
                var unused = rig.commands.ask(() -> rig.loop.seek(tenure.partition()::equals, to));
            }
        }
    }

    /** It keeps what it has stored, and nobody reaches it for a while. */
    private void restartBroker() {
        count("broker restarts");
        group.away = true;
        brokerReturns =
                time.nanoTime() + Duration.ofSeconds(random.nextInt(1, 40)).toNanos();
    }

    /** Power off: nothing of it is ever heard of again, and the group learns of that a session later. */
    private void crashOne() {
        if (members.size() > 1) {
            var member = members.remove(random.nextInt(members.size()));
            count("crashed");
            group.leave(member.rig.kafka);
            reassign();
        }
    }

    private void stopOne() {
        if (members.size() < 2) {
            return;
        }
        var member = members.remove(random.nextInt(members.size()));
        var limit = Duration.ofMillis(random.nextInt(300));
        long before = time.nanoTime();
        member.stopping = true;
        boolean drained = member.rig.loop.drain(limit);
        var took = Duration.ofNanos(time.nanoTime() - before);
        look(member);
        // A revocation that comes while it drains has a limit of its own.
        if (took.compareTo(limit.plus(member.rig.settings.revokeWait()).plusMillis(20)) > 0) {
            broken(Rule.STOP_KEEPS_ITS_LIMIT_AND_SAYS_WHAT_IT_LEFT, member.name + " took " + took + " of " + limit);
        }
        var running = member.gate.waiting();
        if (drained != running.isEmpty()) {
            broken(
                    Rule.STOP_KEEPS_ITS_LIMIT_AND_SAYS_WHAT_IT_LEFT,
                    member.name + " drained: " + drained + ", " + running);
        }
        boolean said = member.rig.events(Event.Revoked.class).stream()
                .anyMatch(event -> !event.unfinished().isEmpty());
        if (!drained && !said) {
            broken(Rule.STOP_KEEPS_ITS_LIMIT_AND_SAYS_WHAT_IT_LEFT, member.name + " left " + running + " unsaid");
        }
        count(drained ? "stopped" : "stopped with handlers running");
        member.rig.loop.close();
        gone.add(member);
        reassign();
    }

    private void pollOne() {
        var member = any(members);
        if (!member.awake()) {
            return;
        }
        if (random.nextBoolean() && !member.rig.kafka.unanswered.isEmpty()) {
            member.rig.kafka.unanswered.removeFirst().run();
        }
        poll(member);
    }

    private void poll(Member member) {
        member.rig.step();
        if (member.expelled && member.awake()) {
            member.expelled = false; // it has been told, and joins again
        }
        look(member);
    }

    /** Events of a partition come from members that have it. */
    private void look(Member member) {
        var events = member.rig.events;
        for (; member.eventsSeen < events.size(); member.eventsSeen++) {
            if (events.get(member.eventsSeen) instanceof Event.Revoked revoked && revoked.lost()) {
                count("lost");
            }
        }
    }

    /** On a thread of the member's handlers; waits at the gate, and what comes after that may be late. */
    private void handle(Member member, String tenure, Message<String, String> message) {
        var partition = message.partition().toKafka();
        begins(partition, message);
        member.gate.enter(message);
        history.add(member.name + " handled " + partition + "@" + message.offset());
        // One that its topic gave twice, with a reason, may fail twice and be twice in a retry topic.
        boolean fromRetryTopic = retryTopics && message.attempt() > 1;
        if (!fromRetryTopic && !finishedInTenure.add(tenure + " " + message.offset())) {
            broken(Rule.NOTHING_TWICE_WITHOUT_A_REASON, partition + "@" + message.offset() + " twice by " + tenure);
        }
        if (!of(handledWell, partition).add(message.offset())) {
            count("handled again");
            if (peaceful) {
                broken(Rule.NOTHING_TWICE_WITHOUT_A_REASON, partition + "@" + message.offset() + " in a peaceful life");
            }
        }
        done(partition, message.offset(), message.attempt());
    }

    /** Whatever waits where this attempt was read from. */
    private void done(TopicPartition source, long offset, int attempt) {
        var from = readFrom(source, attempt);
        if (from.equals(source)) {
            of(done, source).add(offset);
            return;
        }
        group.records(from).stream()
                .filter(record ->
                        RetryHeaders.origin(record).orElseThrow().record().offset() == offset)
                .forEach(record -> of(done, from).add(record.offset()));
    }

    private TopicPartition readFrom(TopicPartition source, int attempt) {
        return retryTopics && attempt > 1
                ? new TopicPartition(RETRY_TOPICS.get(attempt - 2), source.partition())
                : source;
    }

    private static TreeSet<Long> of(Map<TopicPartition, TreeSet<Long>> sets, TopicPartition partition) {
        return sets.computeIfAbsent(partition, p -> new TreeSet<>());
    }

    private void begins(TopicPartition partition, Message<String, String> message) {
        var ofPartition = keys.getOrDefault(partition, List.of());
        for (int before = 0; before < message.offset(); before++) {
            boolean together = switch (order) {
                case BY_PARTITION -> true;
                case BY_KEY -> ofPartition.get(before).equals(message.key());
                case NONE, BATCHES -> false; // an unreadable message of a batch is overtaken
            };
            if (together && !of(done, partition).contains((long) before)) {
                broken(Rule.ORDER_KEPT, partition + "@" + message.offset() + " begun before " + before + " was done");
            }
        }
    }

    private Ack writeDeadLetter(Member by, ConsumerRecord<byte[], byte[]> source, String topic, GivenUp givenUp) {
        var partition = new TopicPartition(source.topic(), source.partition());
        if (by.rig
                .loop
                .tenure(Partition.of(readFrom(partition, givenUp.attempts())))
                .isEmpty()) {
            broken(Rule.LATE_RESULT_CHANGES_NOTHING, "a dead letter of " + partition + " begun by " + by.name);
        }
        by.gate.enter("dead letter " + partition + "@" + source.offset());
        of(lettersStored, partition).add(source.offset());
        done(partition, source.offset(), givenUp.attempts());
        count("dead letters");
        return new Ack(topic, 0, 0, Instant.EPOCH);
    }

    /** Also of members that have left: their handlers go on. */
    private void letOneThrough() {
        var all = new ArrayList<>(members);
        all.addAll(gone);
        Collections.shuffle(all, new java.util.Random(random.nextLong()));
        for (var member : all) {
            var waiting = member.gate.waiting();
            if (!waiting.isEmpty()) {
                letThrough(member, any(waiting));
                return;
            }
        }
    }

    private void letThrough(Member member, HandlerGate.Waiting one) {
        var partition = one.who() instanceof Message<?, ?> message
                ? Optional.of(Partition.of(readFrom(message.partition().toKafka(), message.attempt())))
                : Optional.<Partition>empty();
        boolean late = partition.map(p -> member.rig.loop.tenure(p).isEmpty()).orElse(false);
        var committed = Map.copyOf(group.committed);
        int events = member.rig.events.size();
        if (!calm && random.nextInt(4) == 0) {
            member.gate.fail(one, new IllegalStateException("on purpose"));
        } else {
            member.gate.pass(one);
        }
        if (late) {
            count("late results");
            boolean told = member.rig.events.size() > events
                    && member.rig.events.subList(events, member.rig.events.size()).stream()
                            .anyMatch(event -> event instanceof Event.Retrying || event instanceof Event.Skipped);
            if (told || !committed.equals(group.committed)) {
                broken(Rule.LATE_RESULT_CHANGES_NOTHING, one.who() + " of " + member.name);
            }
        }
    }

    private void committed(FakeGroup.Member by, Map<TopicPartition, OffsetAndMetadata> offsets) {
        count("commits");
        offsets.forEach((partition, offset) -> {
            if (group.owners.get(partition) != by) {
                broken(
                        Rule.NOTHING_COMMITTED_BY_WHO_DOES_NOT_OWN_IT,
                        partition + " committed at " + offset.offset() + " by a member that does not own it");
            }
            for (long below = 0; below < offset.offset(); below++) {
                if (!of(done, partition).contains(below)) {
                    var rule = isUnreadable(partition, below)
                            ? Rule.DEAD_LETTER_BEFORE_SOURCE_IS_PASSED
                            : Rule.FRONTIER_PASSES_NOTHING_UNFINISHED;
                    broken(rule, partition + " committed at " + offset.offset() + " past " + below);
                    return;
                }
            }
        });
    }

    private boolean isUnreadable(TopicPartition partition, long offset) {
        return group.value(partition, offset)[0] == (byte) 0xff;
    }

    private void broken(Rule rule, String what) {
        violations.add(new Violation(rule, what));
    }

    /** No more trouble: all must come to its end. */
    private void settleDown() {
        calm = true;
        group.away = false;
        members.forEach(member -> {
            member.rig.kafka.refusesCommits = false;
            member.sleepsUntil = Long.MIN_VALUE;
        });
        for (int i = 0; i < 5_000 && !allCommitted() && violations.isEmpty(); i++) {
            time.pass(Duration.ofSeconds(10));
            for (var member : members) {
                for (var waiting = member.gate.waiting(); !waiting.isEmpty(); waiting = member.gate.waiting()) {
                    letThrough(member, waiting.getFirst());
                }
                while (!member.rig.kafka.unanswered.isEmpty()) {
                    member.rig.kafka.unanswered.removeFirst().run();
                }
                poll(member);
            }
            if (i == 3) {
                reassign(); // those that slept are back
            }
        }
        if (violations.isEmpty() && (!allDone() || !allCommitted())) {
            broken(Rule.NOTHING_LOST, "done " + done + ", committed " + group.committed + ", " + explain());
        }
    }

    private String explain() {
        return members.stream()
                .flatMap(member -> member.rig.loop.tenures().stream())
                .map(tenure -> tenure.explain(time.nanoTime()).toString())
                .collect(Collectors.joining("; "));
    }

    private boolean allDone() {
        return group.partitions().stream()
                        .allMatch(partition -> of(done, partition).size() == group.end(partition))
                && sources.stream().allMatch(this::allHandledOrLetters);
    }

    private boolean allHandledOrLetters(TopicPartition partition) {
        var all = new TreeSet<>(of(handledWell, partition));
        all.addAll(of(lettersStored, partition));
        return all.size() == group.end(partition);
    }

    private boolean allCommitted() {
        return group.partitions().stream().allMatch(partition -> {
            var committed = group.committed.get(partition);
            return (committed == null ? 0 : committed.offset()) == group.end(partition);
        });
    }

    /** Those of this rule; anything if it is another's, so that nothing is overlooked. */
    Collection<Violation> broken() {
        return List.copyOf(violations);
    }
}

package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * A random life of a group whose dead letters keep the order of keys, in virtual time: handlers that fail, members that
 * come, go and crash, letters that are sent home (all or some, by someone who may die in between), dropped and purged. A
 * seed is a life. Each message says which of its key it is: 7th of k2.
 */
final class KeyOrderLife {
    private static final int STEPS = 400;

    private final SplittableRandom random;
    private final FakeGroup group;
    private final FakeLetters letters;
    private final VirtualTime time = new VirtualTime();
    private final Concurrency concurrency;
    private final List<Member> members = new ArrayList<>();
    private final List<Member> gone = new ArrayList<>();
    private final List<TopicPartition> sources;
    private final Map<String, Integer> sent = new TreeMap<>();
    private final Map<String, Set<Integer>> handled = new TreeMap<>();
    private final Map<String, Set<Integer>> dropped = new TreeMap<>();
    private FakeLetters.@Nullable Redrive redrive;
    private boolean calm;

    final List<String> violations = new ArrayList<>();
    final Map<String, Integer> counts = new TreeMap<>();

    private final class Member {
        final HandlerGate gate = new HandlerGate();
        final Rig rig;
        int eventsSeen;

        Member() {
            gate.shut();
            var choices = new Rig.Choices();
            choices.seed = random.nextLong();
            choices.retry = Retry.fixed(Duration.ofSeconds(1)).attempts(random.nextInt(1, 3));
            choices.deadLetter = Optional.of(DeadLetter.suffix(".dlq").inKeyOrder());
            choices.keyOrder = Optional.of(letters);
            choices.commit = random.nextBoolean() ? Commit.eachMessage() : Commit.every(Duration.ofSeconds(5), 5);
            choices.maxInFlight = random.nextInt(1, 60);
            choices.revokeWait = Duration.ofMillis(random.nextInt(1, 300));
            choices.concurrency = concurrency;
            choices.handler = (message, context) -> done(message);
            choices.writer = (source, topic, givenUp, noStack) -> {
                gate.enter("letter");
                return letters.write(source, topic, givenUp, noStack);
            };
            rig = new Rig(group, choices, time, gate);
            rig.kafka.recordsPerPoll = random.nextInt(1, 20);
        }
    }

    KeyOrderLife(SplittableRandom random) {
        this.random = random;
        group = new FakeGroup("orders", random.nextInt(1, 4));
        sources = List.copyOf(group.partitions());
        letters = new FakeLetters(group, random.nextInt(1, 4));
        letters.openMax = random.nextInt(4) == 0 ? random.nextInt(2, 6) : 1_000;
        concurrency = random.nextBoolean() ? Concurrency.perPartition() : Concurrency.perKey(random.nextInt(1, 8));
        time.duringSleep(() -> {
            if (calm || random.nextInt(50) == 0) {
                letOneThrough();
            }
        });
    }

    void live() {
        join();
        for (int i = 0; i < STEPS && violations.isEmpty(); i++) {
            step();
        }
        settleDown();
    }

    private void step() {
        switch (random.nextInt(16)) {
            case 0, 1 -> append();
            case 2, 3, 4, 5 -> letOneThrough();
            case 6 -> time.pass(Duration.ofMillis(random.nextInt(3_000)));
            case 7 -> disturb();
            case 8, 9 -> sendSomeHome();
            case 10 -> drop();
            default -> poll(any(members));
        }
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private void count(String what) {
        counts.merge(what, 1, Integer::sum);
    }

    private void append() {
        for (int i = random.nextInt(4); i > 0; i--) {
            var partition = any(sources);
            boolean keyed = random.nextInt(12) > 0;
            var key = keyed ? partition.partition() + "/k" + random.nextInt(3) : "none";
            int number = sent.merge(key, 1, Integer::sum);
            group.append(partition, keyed ? key.getBytes(UTF_8) : null, (key + ":" + number).getBytes(UTF_8));
        }
    }

    private void join() {
        members.add(new Member());
        reassign();
    }

    private void reassign() {
        for (var partition : sources) {
            group.assign(any(members).rig.kafka, List.of(partition));
        }
    }

    private void disturb() {
        switch (random.nextInt(7)) {
            case 0 -> {
                if (members.size() < 3) {
                    join();
                    count("joined");
                }
            }
            case 1 -> {
                if (members.size() > 1) {
                    group.leave(members.remove(random.nextInt(members.size())).rig.kafka);
                    count("crashed");
                    reassign();
                }
            }
            case 2 -> {
                var member = any(members); // loses all, and its handlers go on
                group.expel(member.rig.kafka);
                count("expelled");
                reassign();
            }
            case 3 -> reassign();
            case 4 -> {
                letters.answers = !letters.answers;
                count("letters cannot be read");
            }
            case 5 -> {
                var handled = letters.handled();
                handled.forEach((partition, done) -> {
                    if (done.frontier() > group.begin(partition.toKafka())) {
                        group.truncate(partition.toKafka(), done.frontier());
                        count("purged");
                    }
                });
            }
            default -> {
                var member = any(members);
                member.rig.kafka.refusesCommits = !member.rig.kafka.refusesCommits;
            }
        }
    }

    /** Begins, goes on with, or ends a redrive; ending before it remembered is dying. */
    private void sendSomeHome() {
        if (redrive == null) {
            int share = random.nextInt(1, 5);
            var choice = new SplittableRandom(random.nextLong());
            redrive = letters.new Redrive(letter -> choice.nextInt(4) < share);
            return;
        }
        boolean ended = false;
        for (int i = random.nextInt(4); i > 0 && !ended; i--) {
            ended = redrive.step().isEmpty();
            count("sent home");
        }
        if (ended || random.nextInt(3) > 0) {
            redrive.remember();
        } else if (random.nextInt(4) == 0) {
            redrive = null;
            count("redrive died");
        }
        if (ended) {
            redrive = null;
        }
    }

    private void drop() {
        if (redrive == null && random.nextInt(3) == 0) {
            letters.drop(letter -> {
                if (random.nextInt(3) > 0) {
                    return false;
                }
                note(dropped, text(letter.value()));
                count("dropped");
                return true;
            });
        }
    }

    private static String text(byte @Nullable [] bytes) {
        return new String(java.util.Objects.requireNonNull(bytes), UTF_8);
    }

    private static void note(Map<String, Set<Integer>> in, String message) {
        int colon = message.indexOf(':');
        in.computeIfAbsent(message.substring(0, colon), k -> new HashSet<>())
                .add(Integer.parseInt(message.substring(colon + 1)));
    }

    /** On a handler's thread, after the gate: it succeeds. */
    private void done(Message<String, String> message) {
        var value = String.valueOf(message.value());
        var key = message.key();
        int number = Integer.parseInt(value.substring(value.indexOf(':') + 1));
        if (key != null && !of(handled, key).contains(number)) {
            for (int before = 1; before < number; before++) {
                if (!of(handled, key).contains(before) && !of(dropped, key).contains(before)) {
                    violations.add(value + " was handled before " + before);
                }
            }
        }
        note(handled, value);
        count("handled");
    }

    private static Set<Integer> of(Map<String, Set<Integer>> all, String key) {
        return all.getOrDefault(key, Set.of());
    }

    private void letOneThrough() {
        var all = new ArrayList<>(members);
        all.addAll(gone);
        all.removeIf(member -> member.gate.waiting().isEmpty());
        if (all.isEmpty()) {
            return;
        }
        var member = any(all);
        var one = any(member.gate.waiting());
        boolean fails = !calm && random.nextInt(one.who().equals("letter") ? 8 : 4) == 0;
        if (fails) {
            member.gate.fail(one, new IllegalStateException("on purpose"));
            count("failed");
        } else {
            member.gate.pass(one);
        }
    }

    private void poll(Member member) {
        member.rig.step();
        var events = member.rig.events;
        for (; member.eventsSeen < events.size(); member.eventsSeen++) {
            switch (events.get(member.eventsSeen)) {
                case Event.Parked parked -> count("parked");
                case Event.DeadLettered letter -> count("given up");
                default -> {}
            }
        }
        for (var tenure : member.rig.loop.tenures()) {
            switch (tenure.explain(time.nanoTime()).why()) {
                case Reason.LettersFull full -> count("waited for room");
                case Reason.TooManyLetters many -> count("waited for fewer letters");
                case Reason.LettersUnread unread -> count("waited for letters to be read");
                default -> {}
            }
        }
        var crash = member.rig.crash.get();
        if (crash != null) {
            throw new AssertionError("crashed", crash);
        }
    }

    /** No more trouble, and all that is given up is sent home: everything must come to its end. */
    private void settleDown() {
        calm = true;
        letters.answers = true;
        redrive = null;
        members.forEach(member -> member.rig.kafka.refusesCommits = false);
        for (int i = 0; i < 3_000 && violations.isEmpty() && !over(); i++) {
            time.pass(Duration.ofSeconds(2));
            for (var member : members) {
                for (var waiting = member.gate.waiting(); !waiting.isEmpty(); waiting = member.gate.waiting()) {
                    member.gate.pass(waiting.getFirst());
                }
                poll(member);
            }
            if (i % 10 == 9) {
                letters.redriveAll();
            }
        }
        if (violations.isEmpty() && !over()) {
            violations.add("not over: sent " + sent + ", handled " + handled + ", dropped " + dropped + ", open "
                    + letters.open().size() + ", " + explain());
        }
        sent.forEach((key, last) -> {
            for (int number = 1; number <= last && violations.isEmpty(); number++) {
                if (!of(handled, key).contains(number) && !of(dropped, key).contains(number)) {
                    violations.add("lost: " + key + ":" + number);
                }
            }
        });
    }

    private boolean over() {
        return letters.open().isEmpty()
                && sources.stream().allMatch(partition -> {
                    var committed = group.committed.get(partition);
                    return (committed == null ? 0 : committed.offset()) == group.end(partition);
                });
    }

    private String explain() {
        return members.stream()
                .flatMap(member -> member.rig.loop.tenures().stream())
                .map(tenure -> tenure.explain(time.nanoTime()).toString())
                .collect(Collectors.joining("; "));
    }
}

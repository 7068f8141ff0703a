package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/**
 * Random lives of a group that reads, writes and commits in transactions, in virtual time: members join, crash, are thrown out
 * and lose partitions in the middle of one; handlers fail; commits are not heard of. Whoever reads committed messages sees
 * each message's effect once and in the order of its key. One thread runs at a time and the seed decides which, so a seed
 * is a life. (A commit whose answer is lost has tests of its own: there a handler waits for the poll thread.)
 */
class TransactionLivesTest {
    private static final int LIVES = 60;
    private static final int STEPS = 250;
    private static final int MEMBERS_MAX = 4;
    private static final Topic<String, String> OUT = Topic.strings("out");

    private final Map<String, Integer> counts = new TreeMap<>();

    @Test
    void whateverHappensEachMessageHasItsEffectOnceAndInTheOrderOfItsKey() {
        Seeds.run(LIVES, random -> new Life(random).live());
        System.out.println(counts);
        if (Seeds.all()) {
            for (var what : List.of("crashed", "expelled", "failed", "offsets not heard of", "dead letters", "late")) {
                assertThat(counts.getOrDefault(what, 0)).as(what).isGreaterThan(10);
            }
        }
    }

    private final class Life {
        private final SplittableRandom random;
        private final FakeGroup group;
        private final FakeTransactions broker;
        private final VirtualTime time = new VirtualTime();
        private final List<Member> members = new ArrayList<>();
        private final List<Member> gone = new ArrayList<>();
        private final Map<String, Integer> numbers = new HashMap<>();
        private boolean calm;
        private int appended;

        private final class Member {
            final HandlerGate gate = new HandlerGate();
            final Rig rig;

            Member() {
                gate.shut();
                var self = new AtomicReference<Rig>();
                var choices = new Rig.Choices();
                choices.seed = random.nextLong();
                choices.retry =
                        Retry.fixed(Duration.ofMillis(random.nextInt(1, 5_000))).attempts(random.nextInt(1, 4));
                choices.revokeWait = Duration.ofMillis(random.nextInt(1, 200));
                choices.maxInFlight = random.nextInt(1, 60);
                choices.gated = false;
                var limits = new Transactions.Limits(random.nextInt(1, 12), Duration.ofSeconds(random.nextInt(1, 60)));
                choices.transactions = broker.transactions(() -> self.get().kafka, limits, new EventBus(time), time);
                choices.transactionHandler = Optional.of((m, tx) -> {
                    boolean sendsFirst = m.offset() % 2 == 0;
                    if (sendsFirst) {
                        tx.send(OUT, m.key(), m.value());
                    }
                    gate.enter(m);
                    if (!sendsFirst) {
                        tx.send(OUT, m.key(), m.value());
                    }
                });
                rig = new Rig(group, choices, time, gate);
                self.set(rig);
                rig.kafka.recordsPerPoll = random.nextInt(1, 20);
            }
        }

        Life(SplittableRandom random) {
            this.random = random;
            group = new FakeGroup("orders", random.nextInt(1, 4));
            broker = new FakeTransactions(group);
            broker.faults = this::fault;
            time.duringSleep(() -> {
                if (calm || random.nextInt(20) == 0) {
                    letOneThrough();
                }
            });
        }

        private FakeTransactions.Fault fault(String at) {
            if (!calm && !at.equals("commit") && random.nextInt(12) == 0) {
                count(at + " not heard of");
                return FakeTransactions.Fault.NOT_SENT;
            }
            return FakeTransactions.Fault.NONE;
        }

        void live() {
            join();
            join();
            for (int i = 0; i < STEPS; i++) {
                step();
            }
            settleDown();
            check();
        }

        private void step() {
            switch (random.nextInt(12)) {
                case 0, 1 -> append();
                case 2, 3, 4, 5 -> letOneThrough();
                case 6 -> time.pass(Duration.ofMillis(random.nextInt(3_000)));
                case 7 -> {
                    if (random.nextInt(3) == 0) {
                        disturb();
                    }
                }
                default -> any(members).rig.step();
            }
        }

        private void disturb() {
            switch (random.nextInt(5)) {
                case 0 -> join();
                case 1 -> crash();
                case 2 -> {
                    group.expel(any(members).rig.kafka);
                    count("expelled");
                    reassign();
                }
                default -> reassign();
            }
        }

        private void join() {
            if (members.size() < MEMBERS_MAX) {
                members.add(new Member());
                reassign();
            }
        }

        /** Its handlers may come back to life, and must not be heard. */
        private void crash() {
            if (members.size() > 1) {
                var member = members.remove(random.nextInt(members.size()));
                gone.add(member);
                group.leave(member.rig.kafka);
                count("crashed");
                reassign();
            }
        }

        private void reassign() {
            for (var partition : group.partitions()) {
                group.assign(any(members).rig.kafka, List.of(partition));
            }
        }

        private void append() {
            for (var partition : group.partitions()) {
                for (int i = random.nextInt(4); i > 0; i--) {
                    var key = "k" + partition.partition() + random.nextInt(3);
                    var value = key + ":" + numbers.merge(key, 1, Integer::sum);
                    group.append(partition, key.getBytes(UTF_8), value.getBytes(UTF_8));
                    appended++;
                }
            }
        }

        private void letOneThrough() {
            var all = new ArrayList<>(members);
            all.addAll(gone);
            all.removeIf(member -> member.gate.waiting().isEmpty());
            if (all.isEmpty()) {
                return;
            }
            var member = any(all);
            if (gone.contains(member)) {
                count("late");
            }
            var one = any(member.gate.waiting());
            if (!calm && random.nextInt(5) == 0) {
                count("failed");
                member.gate.fail(one, new IllegalStateException("on purpose"));
            } else {
                member.gate.pass(one);
            }
        }

        private void settleDown() {
            calm = true;
            for (int i = 0; i < 3_000 && !allCommitted(); i++) {
                time.pass(Duration.ofSeconds(10));
                for (var member : members) {
                    member.rig.step();
                    letOneThrough();
                }
                if (i == 3) {
                    reassign();
                }
            }
        }

        private boolean allCommitted() {
            return group.partitions().stream().allMatch(partition -> committed(partition) == group.end(partition));
        }

        private long committed(TopicPartition partition) {
            var offset = group.committed.get(partition);
            return offset == null ? 0 : offset.offset();
        }

        private void check() {
            for (var member : members) {
                assertThat(member.rig.crash.get()).isNull();
            }
            assertThat(broker.violations).isEmpty();
            var letters = broker.committed("orders.dlq");
            letters.forEach(letter -> count("dead letters"));
            var all = new ArrayList<>(broker.committed("out"));
            all.addAll(letters);
            assertThat(all).as("each once").doesNotHaveDuplicates().hasSize(appended);
            var last = new HashMap<String, Integer>();
            broker.log.stream()
                    .filter(sent -> sent.state == FakeTransactions.State.COMMITTED)
                    .forEach(sent -> {
                        int number = Integer.parseInt(sent.value.substring(sent.value.indexOf(':') + 1));
                        assertThat(number).as("order of %s", sent.key).isGreaterThan(last.getOrDefault(sent.key, 0));
                        last.put(sent.key, number);
                    });
        }

        private <T> T any(List<T> list) {
            return list.get(random.nextInt(list.size()));
        }

        private void count(String what) {
            counts.merge(what, 1, Integer::sum);
        }
    }
}

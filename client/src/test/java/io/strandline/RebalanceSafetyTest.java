package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random lives of a group: members join, leave, are thrown out; handlers take their time, fail, pause; dead letters and
 * commits are refused. One seed is one life, in virtual time.
 */
class RebalanceSafetyTest {
    @Test
    void whateverHappensNothingIsPassedOverAndNothingIsCommittedByWhoDoesNotOwnIt() {
        Seeds.run(60, random -> new Life(random).live());
    }

    @Test
    @Tag("long")
    void whateverHappensInManyLives() {
        Seeds.roam(3_000, random -> new Life(random).live());
    }

    private static final class Life {
        private static final int STEPS = 250;

        private final SplittableRandom random;
        private final FakeGroup group;
        private final VirtualTime time = new VirtualTime();
        private final HandlerGate gate = new HandlerGate();
        private final List<Rig> members = new ArrayList<>();
        private final Map<TopicPartition, ConcurrentSkipListSet<Long>> done = new ConcurrentHashMap<>();
        private final Map<TopicPartition, Integer> finishedTwice = new ConcurrentHashMap<>();
        private final Map<TopicPartition, List<String>> keys = new HashMap<>();
        private final List<String> violations = Collections.synchronizedList(new ArrayList<>());
        private final Concurrency concurrency;
        private boolean disturbed;
        private boolean calm;

        Life(SplittableRandom random) {
            this.random = random;
            group = new FakeGroup("orders", random.nextInt(1, 5));
            group.watch = this::committed;
            time.duringSleep(() -> {
                if (calm || random.nextInt(200) == 0) {
                    letOneThrough();
                }
            });
            concurrency = switch (random.nextInt(3)) {
                case 0 -> Concurrency.perPartition();
                case 1 -> Concurrency.perKey(random.nextInt(1, 20));
                default -> Concurrency.unordered(random.nextInt(1, 20));
            };
            gate.shut();
        }

        private ConcurrentSkipListSet<Long> done(TopicPartition partition) {
            return done.computeIfAbsent(partition, p -> new ConcurrentSkipListSet<>());
        }

        void live() {
            join();
            boolean peaceful = random.nextInt(4) == 0;
            for (int i = 0; i < STEPS; i++) {
                step(peaceful);
                assertThat(violations).isEmpty();
            }
            settleDown();
            assertThat(violations).isEmpty();
            assertThat(members).allSatisfy(m -> assertThat(m.crash.get()).isNull());
            if (!disturbed) {
                assertThat(finishedTwice)
                        .as("handled twice without a rebalance")
                        .isEmpty();
            }
        }

        private void step(boolean peaceful) {
            switch (random.nextInt(12)) {
                case 0, 1, 2 -> append();
                case 3, 4 -> letOneThrough();
                case 5 -> time.pass(Duration.ofMillis(random.nextInt(40_000)));
                case 6 -> {
                    if (!peaceful && random.nextInt(4) == 0) {
                        disturb();
                    }
                }
                default -> pollOne();
            }
        }

        private void disturb() {
            disturbed = true;
            switch (random.nextInt(5)) {
                case 0 -> join();
                case 1 -> {
                    if (members.size() > 1) {
                        stop(members.remove(random.nextInt(members.size())));
                    }
                }
                case 2 -> expelOne();
                case 3 -> reassign();
                default -> {
                    var member = members.get(random.nextInt(members.size()));
                    member.kafka.refusesCommits = !member.kafka.refusesCommits;
                }
            }
        }

        private void append() {
            for (var partition : group.partitions()) {
                for (int i = random.nextInt(4); i > 0; i--) {
                    var value = random.nextInt(10) == 0 ? new byte[] {(byte) 0xff} : "v".getBytes(UTF_8);
                    var key = "k" + random.nextInt(4);
                    keys.computeIfAbsent(partition, p -> new ArrayList<>()).add(key);
                    group.append(partition, key.getBytes(UTF_8), value);
                }
            }
        }

        private void join() {
            if (members.size() == 4) {
                return;
            }
            var choices = new Rig.Choices();
            choices.seed = random.nextLong();
            choices.retry = Retry.exponential(Duration.ofMillis(100), Duration.ofSeconds(30))
                    .attempts(random.nextInt(1, 4));
            choices.commit = random.nextBoolean() ? Commit.eachMessage() : Commit.every(Duration.ofSeconds(5), 3);
            choices.maxInFlight = random.nextInt(1, 60);
            choices.revokeWait = Duration.ofMillis(random.nextInt(1, 500));
            var self = new AtomicReference<Rig>();
            choices.concurrency = concurrency;
            choices.begins = this::begins;
            choices.handler = (m, ctx) -> handled(m);
            choices.writer = (source, topic, givenUp, noStack) -> writeDeadLetter(self.get(), source, topic);
            var rig = new Rig(group, choices, time, gate);
            self.set(rig);
            rig.kafka.answersAtOnce = random.nextBoolean();
            rig.kafka.recordsPerPoll = random.nextInt(1, 20);
            members.add(rig);
            reassign();
        }

        private void reassign() {
            for (var partition : group.partitions()) {
                group.assign(members.get(random.nextInt(members.size())).kafka, List.of(partition));
            }
        }

        private void expelOne() {
            group.expel(members.get(random.nextInt(members.size())).kafka);
            reassign();
        }

        private void stop(Rig member) {
            member.loop.drain(Duration.ofMillis(random.nextInt(300)));
            member.loop.close();
            if (!members.isEmpty()) {
                reassign();
            }
        }

        private void pollOne() {
            var member = members.get(random.nextInt(members.size()));
            if (random.nextBoolean() && !member.kafka.unanswered.isEmpty()) {
                member.kafka.unanswered.removeFirst().run();
            }
            member.step();
        }

        /** Whoever has to wait for others does: all before it (of its key) are done. */
        private void begins(Message<String, String> message) {
            var partition = message.partition().toKafka();
            var ofPartition = keys.getOrDefault(partition, List.of());
            for (int before = 0; before < message.offset(); before++) {
                boolean together = switch (concurrency) {
                    case Concurrency.PerPartition() -> true;
                    case Concurrency.PerKey(int n) -> ofPartition.get(before).equals(message.key());
                    case Concurrency.Unordered(int n) -> false;
                };
                if (together && !done(partition).contains((long) before)) {
                    violations.add(partition + "@" + message.offset() + " begun before " + before + " was done");
                }
            }
        }

        /** Runs after the gate let it through. */
        private void handled(Message<String, String> message) {
            if (!done(message.partition().toKafka()).add(message.offset())) {
                finishedTwice.merge(message.partition().toKafka(), 1, Integer::sum);
            }
        }

        private Ack writeDeadLetter(Rig by, ConsumerRecord<byte[], byte[]> source, String topic) {
            var partition = new TopicPartition(source.topic(), source.partition());
            if (by.loop.tenure(Partition.of(partition)).isEmpty()) {
                violations.add("a dead letter of " + partition + " by a member that was told it is not its own");
            }
            gate.enter("dead letter " + partition + "@" + source.offset());
            done(partition).add(source.offset());
            return new Ack(topic, 0, 0, Instant.EPOCH);
        }

        private void letOneThrough() {
            var waiting = gate.waiting();
            if (waiting.isEmpty()) {
                return;
            }
            var one = waiting.get(random.nextInt(waiting.size()));
            if (!calm && random.nextInt(5) == 0) {
                gate.fail(one, new IllegalStateException("on purpose"));
            } else {
                gate.pass(one);
            }
        }

        private void committed(FakeGroup.Member by, Map<TopicPartition, OffsetAndMetadata> offsets) {
            offsets.forEach((partition, offset) -> {
                if (group.owners.get(partition) != by) {
                    violations.add(
                            partition + " committed at " + offset.offset() + " by a member that does not own it");
                }
                for (long below = 0; below < offset.offset(); below++) {
                    if (!done(partition).contains(below)) {
                        violations.add(partition + " committed at " + offset.offset() + " past unfinished " + below);
                        return;
                    }
                }
            });
        }

        /** No more trouble: all must come to its end. */
        private void settleDown() {
            calm = true;
            members.forEach(member -> member.kafka.refusesCommits = false);
            for (int i = 0; i < 20_000 && !allCommitted(); i++) {
                time.pass(Duration.ofSeconds(10));
                gate.waiting().forEach(gate::pass);
                for (var member : members) {
                    while (!member.kafka.unanswered.isEmpty()) {
                        member.kafka.unanswered.removeFirst().run();
                    }
                    member.step();
                }
            }
            var open = new HashMap<TopicPartition, TreeSet<Long>>();
            for (var partition : group.partitions()) {
                for (long offset = 0; offset < group.end(partition); offset++) {
                    if (!done(partition).contains(offset)) {
                        open.computeIfAbsent(partition, p -> new TreeSet<>()).add(offset);
                    }
                }
            }
            assertThat(open).as("neither handled nor dead-lettered").isEmpty();
            assertThat(allCommitted()).as("all committed: " + group.committed).isTrue();
        }

        private boolean allCommitted() {
            return group.partitions().stream().allMatch(partition -> {
                var committed = group.committed.get(partition);
                return (committed == null ? 0 : committed.offset()) == group.end(partition);
            });
        }
    }
}

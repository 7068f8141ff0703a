package io.strandline.broker.groups;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.protocol.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One life of a broker with one group, drawn by a seed: clients join, leave, fall silent, come back, commit; the disk is slow,
 * full, or loses its power. After every step the promises are checked.
 */
final class GroupsLife {
    private static final int PARTITIONS = 6;
    private static final long REBALANCE_MS_MAX = 60_000;

    private final Random random;
    private final int clientsMax;
    private final Stage stage = new Stage();
    private final List<Client> clients = new ArrayList<>();
    private final List<Waiting> waiting = new ArrayList<>();

    /** Who was told to read a partition in a generation: by generation and partition. */
    private final Map<String, String> owners = new HashMap<>();

    /** All commits that were accepted, with the end of the log that makes each durable. */
    private final List<Accepted> accepted = new ArrayList<>();

    private final Map<Integer, Long> toldCommits = new HashMap<>();
    private boolean diskWasFull;
    private int highestAssigned;
    private int highestInThisLife;
    private long nextOffset;
    private int started;
    final Map<String, Integer> seen = new LinkedHashMap<>();

    private record Accepted(int partition, long offset, long durableFrom) {}

    private record Waiting(String what, PendingAnswer<?> answer, long sinceNanos) {}

    GroupsLife(long seed) {
        random = new Random(seed);
        clientsMax = 1 + random.nextInt(6);
    }

    void live(int steps) {
        for (int i = 0; i < steps; i++) {
            step();
            checkPromises();
        }
        end();
    }

    private void step() {
        int dice = random.nextInt(1000);
        if (dice < 3) {
            cutPower();
        } else if (dice < 6) {
            kill();
        } else if (dice < 16) {
            boolean full = random.nextInt(4) == 0;
            diskWasFull |= full;
            stage.log.full(full);
        } else if (dice < 20) {
            stage.groups().rewriteNow();
            count("rewriting");
        } else if (dice < 30) {
            if (clients.size() < clientsMax) {
                clients.add(new Client());
            }
        } else if (dice < 34) {
            if (!clients.isEmpty()) {
                clients.remove(random.nextInt(clients.size()));
                count("client lost");
            }
        } else if (dice < 134) {
            stage.time.advanceMs(random.nextInt(random.nextInt(10) == 0 ? 12_000 : 1_500));
        } else if (dice < 300) {
            stage.log.force(random.nextInt(5));
        } else if (!clients.isEmpty()) {
            clients.get(random.nextInt(clients.size())).act();
        }
    }

    // ---- The world fails ----

    private void cutPower() {
        count("power cut");
        stage.cutPowerAndRestart();
        accepted.removeIf(commit -> !stage.log.isDurable(commit.durableFrom()));
        brokerWasAway();
    }

    private void kill() {
        count("kill");
        var before = stage.groups().describe(Stage.GROUP).value();
        var offsets = stage.groups().offsets(Stage.GROUP).value();
        stage.restart();
        var after = stage.groups().describe(Stage.GROUP).value();
        var state = before.map(GroupDescription::state).orElse(GroupState.DEAD);
        if (state == GroupState.STABLE) {
            assertThat(after).as("the stable group after a restart").isEqualTo(before);
        }
        if (state == GroupState.EMPTY && !diskWasFull) {
            assertThat(after.map(GroupDescription::members).orElse(List.of()))
                    .as("members of an empty group after a restart")
                    .isEmpty();
        }
        assertThat(stage.groups().offsets(Stage.GROUP).value()).isEqualTo(offsets);
        brokerWasAway();
    }

    private void brokerWasAway() {
        waiting.clear();
        highestInThisLife = 0;
        clients.forEach(Client::lostConnection);
    }

    // ---- Promises ----

    private void checkPromises() {
        for (int partition = 0; partition < PARTITIONS; partition++) {
            checkCommitted(partition);
        }
        for (var one : List.copyOf(waiting)) {
            if (one.answer().answer().isPresent()) {
                waiting.remove(one);
                if (one.answer().answer().get().value() instanceof JoinAnswer.Joined joined) {
                    checkGeneration(joined);
                }
            } else {
                assertThat((stage.time.nanos() - one.sinceNanos()) / 1_000_000)
                        .as("milliseconds that a %s has waited", one.what())
                        .isLessThanOrEqualTo(REBALANCE_MS_MAX);
            }
        }
    }

    private void checkCommitted(int partition) {
        long expected = accepted.stream()
                .filter(commit -> commit.partition() == partition)
                .mapToLong(Accepted::offset)
                .reduce(-5, (earlier, later) -> later);
        long actual = Optional.ofNullable(stage.groups()
                        .offsets(Stage.GROUP, List.of(new TopicPartition("user-events", partition)))
                        .value()
                        .get(new TopicPartition("user-events", partition)))
                .map(CommittedOffset::offset)
                .orElse(-5L);
        assertThat(actual).as("the committed offset of partition %d", partition).isEqualTo(expected);
        assertThat(actual)
                .as("a commit that was acknowledged for partition %d", partition)
                .isGreaterThanOrEqualTo(toldCommits.getOrDefault(partition, -5L));
    }

    private void checkOwners(Client client, Bytes assignment) {
        var text = StandardCharsets.UTF_8.decode(assignment.buffer()).toString();
        if (text.isEmpty()) {
            return;
        }
        count("assignment");
        highestAssigned = Math.max(highestAssigned, client.generation);
        for (var partition : text.split(",")) {
            var owner = owners.putIfAbsent(client.generation + "/" + partition, client.place());
            assertThat(owner == null ? client.place() : owner)
                    .as("owner of partition %s in generation %d", partition, client.generation)
                    .isEqualTo(client.place());
        }
    }

    private void checkGeneration(JoinAnswer.Joined joined) {
        assertThat(joined.generation()).as("generations grow").isGreaterThanOrEqualTo(highestInThisLife);
        assertThat(joined.generation())
                .as("a generation in which somebody reads is never forgotten")
                .isGreaterThanOrEqualTo(highestAssigned);
        highestInThisLife = joined.generation();
    }

    /** Everybody goes home: all that waits is answered, nothing is left running. */
    private void end() {
        stage.log.full(false);
        clients.clear();
        for (int i = 0; i < 400 && (!waiting.isEmpty() || stage.time.scheduledTasks() > 2); i++) {
            stage.time.advanceMs(1_000);
            checkPromises();
        }
        assertThat(waiting).isEmpty();
        assertThat(stage.time.scheduledTasks())
                .as("only the expiry of offsets and the rewriting are left")
                .isEqualTo(2);
        stage.groups()
                .describe(Stage.GROUP)
                .value()
                .ifPresent(group -> assertThat(group.state()).isEqualTo(GroupState.EMPTY));
    }

    private void count(String what) {
        seen.merge(what, 1, Integer::sum);
    }

    /** A client that believes only what is on the disk, as a real one cannot help doing. */
    private final class Client {
        private final boolean isStatic = random.nextInt(3) == 0;
        private final boolean modern = random.nextInt(3) > 0;
        private final Optional<String> instanceId =
                isStatic ? Optional.of("instance-" + random.nextInt(3)) : Optional.empty();
        private final int sessionMs = 6_000 + random.nextInt(20_000);
        private final int rebalanceMs = random.nextInt(5) == 0 ? 0 : 10_000 + random.nextInt(50_001);
        private String memberId = "";
        private int generation = -1;
        private List<Protocol> protocols = protocols();
        private @Nullable PendingAnswer<JoinAnswer> join;
        private @Nullable PendingAnswer<SyncAnswer> sync;
        private JoinAnswer.@Nullable Joined joined;
        private boolean reads;
        private final String name = "client-" + started++;

        private List<Protocol> protocols() {
            var topics = random.nextInt(6) == 0 ? new String[] {"user-events", "orders"} : new String[] {"user-events"};
            return random.nextBoolean()
                    ? List.of(Consumer.subscribedTo("range", topics))
                    : List.of(Consumer.subscribedTo("range", topics), Consumer.subscribedTo("sticky", topics));
        }

        /** A static member keeps its place when its process changes. */
        String place() {
            return instanceId.orElse(memberId);
        }

        void act() {
            if (join != null) {
                lookAtJoin(join);
            } else if (sync != null) {
                lookAtSync(sync);
            } else if (joined != null && !reads) {
                sendSync(joined);
            } else if (reads) {
                work();
            } else {
                sendJoin();
            }
        }

        void lostConnection() {
            join = null;
            sync = null;
            if (!reads) {
                joined = null;
            }
        }

        private void startAgain(boolean forgetId) {
            joined = null;
            reads = false;
            if (forgetId) {
                memberId = "";
                generation = -1;
            }
        }

        private void sendJoin() {
            if (random.nextInt(10) == 0) {
                protocols = protocols();
            }
            joined = null;
            reads = false;
            join = new PendingAnswer<>(() -> {});
            waiting.add(new Waiting("join", join, stage.time.nanos()));
            stage.groups()
                    .join(
                            new JoinRequest(
                                    Stage.GROUP,
                                    memberId,
                                    instanceId,
                                    name,
                                    "/127.0.0.1",
                                    sessionMs,
                                    rebalanceMs,
                                    "consumer",
                                    protocols,
                                    "",
                                    modern,
                                    modern),
                            join);
        }

        private void lookAtJoin(PendingAnswer<JoinAnswer> pending) {
            var answer = pending.answer();
            if (answer.isEmpty() || !stage.log.isDurable(answer.get().durableFrom())) {
                if (random.nextInt(20) == 0) {
                    count("join given up");
                    join = null; // the client's own timeout; it asks again
                }
                return;
            }
            join = null;
            switch (answer.get().value()) {
                case JoinAnswer.Joined is -> {
                    memberId = is.memberId();
                    generation = is.generation();
                    joined = is;
                    count("joined");
                }
                case JoinAnswer.Refused is -> {
                    count("join " + is.error());
                    startAgain(is.error() != ErrorCode.REBALANCE_IN_PROGRESS);
                    if (is.error() == ErrorCode.MEMBER_ID_REQUIRED) {
                        memberId = is.memberId();
                    }
                }
            }
        }

        private void sendSync(JoinAnswer.Joined as) {
            var assignments = new HashMap<String, Bytes>();
            boolean leads = as.leader().filter(memberId::equals).isPresent() && !as.skipAssignment();
            if (leads && !as.members().isEmpty()) {
                var shares = new HashMap<String, TreeSet<String>>();
                for (int partition = 0; partition < PARTITIONS; partition++) {
                    var member = as.members().get(partition % as.members().size());
                    shares.computeIfAbsent(member.memberId(), id -> new TreeSet<>())
                            .add(String.valueOf(partition));
                }
                shares.forEach((member, share) -> assignments.put(member, Consumer.text(String.join(",", share))));
            }
            sync = new PendingAnswer<>(() -> {});
            waiting.add(new Waiting("sync", sync, stage.time.nanos()));
            stage.groups()
                    .sync(
                            new SyncRequest(
                                    Stage.GROUP,
                                    memberId,
                                    instanceId,
                                    generation,
                                    as.protocolType(),
                                    as.protocol(),
                                    assignments),
                            sync);
        }

        private void lookAtSync(PendingAnswer<SyncAnswer> pending) {
            var answer = pending.answer();
            if (answer.isEmpty() || !stage.log.isDurable(answer.get().durableFrom())) {
                return;
            }
            sync = null;
            switch (answer.get().value()) {
                case SyncAnswer.Assigned is -> {
                    checkOwners(this, is.assignment());
                    reads = true;
                }
                case SyncAnswer.Refused is -> {
                    count("sync " + is.error());
                    startAgain(is.error() != ErrorCode.REBALANCE_IN_PROGRESS
                            && is.error() != ErrorCode.COORDINATOR_NOT_AVAILABLE);
                }
            }
        }

        private void work() {
            switch (random.nextInt(40)) {
                case 0 -> leave();
                case 1 -> startAgain(false); // a leader that has seen new partitions, for example
                case 2 -> {
                    // Its process is restarted and forgets its id.
                    startAgain(true);
                    count("process restarted");
                }
                case 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 -> commit();
                default -> heartbeat();
            }
        }

        private void leave() {
            stage.groups()
                    .leave(new LeaveRequest(
                            Stage.GROUP, List.of(new LeaveRequest.Leaver(memberId, instanceId, "random"))));
            startAgain(true);
            count("left");
        }

        private void heartbeat() {
            obey(stage.groups()
                    .heartbeat(new Heartbeat(Stage.GROUP, memberId, instanceId, generation))
                    .value());
        }

        private void commit() {
            int partition = random.nextInt(PARTITIONS);
            long offset = ++nextOffset;
            var answer = stage.groups()
                    .commit(new CommitRequest(
                            Stage.GROUP,
                            memberId,
                            instanceId,
                            generation,
                            OptionalLong.empty(),
                            List.of(Consumer.offset(partition, offset, ""))));
            switch (answer.value()) {
                case CommitAnswer.Committed ignored -> {
                    accepted.add(new Accepted(partition, offset, answer.durableFrom()));
                    if (stage.log.isDurable(answer.durableFrom()) || random.nextBoolean()) {
                        stage.log.force();
                        toldCommits.put(partition, offset);
                    }
                    count("commit");
                }
                case CommitAnswer.Refused refused -> obey(refused.error());
            }
        }

        private void obey(ErrorCode error) {
            count("told " + error);
            switch (error) {
                case NONE, COORDINATOR_NOT_AVAILABLE -> {}
                case REBALANCE_IN_PROGRESS, ILLEGAL_GENERATION -> startAgain(false);
                default -> startAgain(true);
            }
        }
    }
}

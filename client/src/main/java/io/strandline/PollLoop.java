package io.strandline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the poll thread does: polls, hands messages to lanes, commits, lets partitions go. It runs no handler and waits
 * for one only while a partition leaves, with a limit; so heartbeats never depend on how long a handler takes.
 *
 * <p>{@link #step} is one round; a test may call it instead of a thread.
 */
final class PollLoop implements ConsumerRebalanceListener {
    private static final Logger LOG = LoggerFactory.getLogger(io.strandline.Consumer.class);

    /** A command, a retry that is due or a partition that may fetch again waits for a poll to end; so polls are short. */
    private static final Duration POLL_BUSY = Duration.ofMillis(10);

    /** Handlers that take no time are through with all that may be in memory before a longer poll ends. */
    private static final Duration POLL_CROWDED = Duration.ofMillis(1);

    private static final Duration POLL_IDLE = Duration.ofMillis(50);
    private static final Duration AFTER_FAILURE = Duration.ofMillis(100);
    private static final Duration HANDLER_CHECK_EVERY = Duration.ofMillis(1);

    /** What a stop may not store while the group rebalances. */
    private static final Duration STORE_AGAIN_AFTER = Duration.ofMillis(100);

    private static final Duration OBSERVE_EVERY = Duration.ofMillis(100);
    private static final Duration TOPICS_CHECK_EVERY = Duration.ofSeconds(5);

    /** For all topics together: no message is handed out meanwhile, but nothing is assigned either. */
    private static final Duration TOPICS_CHECK_WAIT = Duration.ofSeconds(5);

    private static final Duration REFUSED_ASKS_AGAIN_AFTER = Duration.ofSeconds(1);

    /** A refusal may be seen only when kafka-clients asks for metadata again, so one that is older counts no more. */
    private static final Duration REFUSAL_LASTS = Duration.ofSeconds(10);

    private static final Duration CLOSE_WAIT = Duration.ofSeconds(10);

    /** Nobody is there to hear that we leave. */
    private static final Duration CLOSE_WAIT_UNREACHABLE = Duration.ofMillis(500);

    private static final Duration COMMITTED_WAIT = Duration.ofSeconds(5);
    private static final int LOST_OFFSETS_KEPT = 100;

    private final Consumer<byte[], byte[]> kafka;
    private final ConsumerSettings settings;
    private final MemberContext member;
    private final Commands commands;
    private final OutsidePauses pauses;
    private final StopLimit stopLimit;
    private final Commits commits;
    private final StartPositions starts;
    private final MemoryLimit memory;
    private final Connectivity connectivity;
    private final Crew crew;
    private final ForTenures forTenures = new ForTenures();
    private final boolean transactional;

    /** Written by the poll thread; null until a partition has come. */
    private volatile @Nullable ConsumerGroupMetadata membership;

    /** Changed by the poll thread alone. */
    private final Map<TopicPartition, Tenure> tenures = new ConcurrentHashMap<>();

    private final Set<TopicPartition> pausedFetches = new HashSet<>();

    /** Begins where {@link ConsumerSettings#alwaysStartAt} says, which must be asked for first. */
    private final Set<TopicPartition> unplaced = new HashSet<>();

    private final Set<TopicPartition> everAssigned = new HashSet<>();
    private final AtomicReference<Observed> observed;
    private long lastObservation;
    private long lastTopicsCheck;
    private final Set<Task> reportedStuck = new HashSet<>();

    /** A broker did not let us in, or not do something; the time is that of the first and of the newest time. */
    record Refusal(KafkaException why, long since, long last) {
        Refusal again(KafkaException newest, long now) {
            return new Refusal(newest, since, now);
        }

        Reason reason(long now) {
            var lasts = Duration.ofNanos(now - since);
            return why instanceof AuthenticationException
                    ? new Reason.CredentialsRefused(lasts, why)
                    : new Reason.NotAuthorized(lasts, why);
        }
    }

    /** While nothing is assigned: topics that are named and not there, and patterns that no topic matches. */
    record Missing(Set<String> topics, List<String> patterns) {
        static final Missing NOTHING = new Missing(Set.of(), List.of());
    }

    /** What other threads may know about this member. Replaced as a whole by the poll thread. */
    record Observed(
            boolean joined,
            long rebalancingSince,
            boolean rebalancing,
            long assignedSince,
            Missing missing,
            List<Reason.OffsetLost> lostOffsets,
            Optional<Reason.MemoryFull> memoryFull,
            Optional<Refusal> refusal,
            long lastStep) {
        Observed step(long now, Optional<Reason.MemoryFull> full) {
            return new Observed(
                    joined, rebalancingSince, rebalancing, assignedSince, missing, lostOffsets, full, refusal, now);
        }

        Observed assigned(long now) {
            return new Observed(true, now, false, now, missing, lostOffsets, memoryFull, refusal, lastStep);
        }

        Observed revoked(long now) {
            return new Observed(joined, now, true, assignedSince, missing, lostOffsets, memoryFull, refusal, lastStep);
        }

        Observed missing(Missing those) {
            return new Observed(
                    joined,
                    rebalancingSince,
                    rebalancing,
                    assignedSince,
                    those,
                    lostOffsets,
                    memoryFull,
                    refusal,
                    lastStep);
        }

        Observed lost(Reason.OffsetLost lost) {
            var kept = new ArrayList<>(lostOffsets);
            kept.add(lost);
            var newest = List.copyOf(kept.subList(Math.max(0, kept.size() - LOST_OFFSETS_KEPT), kept.size()));
            return new Observed(
                    joined,
                    rebalancingSince,
                    rebalancing,
                    assignedSince,
                    missing,
                    newest,
                    memoryFull,
                    refusal,
                    lastStep);
        }

        Observed refused(Optional<Refusal> by) {
            return new Observed(
                    joined,
                    rebalancingSince,
                    rebalancing,
                    assignedSince,
                    missing,
                    lostOffsets,
                    memoryFull,
                    by,
                    lastStep);
        }
    }

    PollLoop(
            Consumer<byte[], byte[]> kafka,
            ConsumerSettings settings,
            MemberContext member,
            Commands commands,
            OutsidePauses pauses) {
        this.kafka = kafka;
        this.settings = settings;
        this.member = member;
        this.commands = commands;
        this.pauses = pauses;
        long now = member.time().nanoTime();
        stopLimit = new StopLimit(member.time());
        commits = new Commits(kafka, settings.commit(), member, stopLimit);
        starts = new StartPositions(kafka, settings.startAt(), settings.retryTopics());
        memory = new MemoryLimit(settings.maxInFlight(), settings.maxInFlightBytes());
        connectivity = new Connectivity(kafka.metrics(), now);
        crew = new Crew(member, settings.concurrency().limit());
        transactional = settings.subscriptions().keySet().stream().anyMatch(settings::transactional);
        observed = new AtomicReference<>(new Observed(
                false, now, true, now, Missing.NOTHING, List.of(), Optional.empty(), Optional.empty(), now));
        lastObservation = now;
        lastTopicsCheck = now - TOPICS_CHECK_EVERY.toNanos();
    }

    void subscribe() {
        settings.allTopics()
                .ifPresentOrElse(
                        pattern -> kafka.subscribe(pattern, this),
                        () -> kafka.subscribe(settings.subscriptions().keySet(), this));
    }

    /** One round. Throws what ends the consumer. */
    void step() {
        lookAtMembership();
        commands.run();
        var nearest = tick();
        try {
            if (asksAgainIn() > 0 && !someTopicsOnly()) {
                sleep(shorter(pollTime(nearest), Duration.ofNanos(asksAgainIn())));
            } else {
                place();
                steerFetches();
                poll(pollTime(nearest));
            }
            commits.tick(tenures.values());
        } catch (AuthorizationException e) {
            refused(e); // rights are given while programs run
        } catch (AuthenticationException e) {
            if (!observed.get().joined()) {
                throw e; // a wrong password does not mend itself
            }
            refused(e);
        }
        observe();
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /** Nanoseconds; 0 or less: now. */
    private long asksAgainIn() {
        long now = member.time().nanoTime();
        return observed.get()
                .refusal()
                .map(refusal -> refusal.last() + REFUSED_ASKS_AGAIN_AFTER.toNanos() - now)
                .orElse(0L);
    }

    /** The others go on. */
    private boolean someTopicsOnly() {
        return !tenures.isEmpty() && !refusedTopics().isEmpty();
    }

    private Set<String> refusedTopics() {
        return observed.get()
                .refusal()
                .map(Refusal::why)
                .filter(TopicAuthorizationException.class::isInstance)
                .map(why -> ((TopicAuthorizationException) why).unauthorizedTopics())
                .orElse(Set.of());
    }

    private void refused(KafkaException why) {
        long now = member.time().nanoTime();
        var before = observed.get().refusal();
        if (before.isEmpty()) {
            LOG.warn("Group {}: {}; trying again", member.group(), Advice.of(why));
            member.events().raise(new Event.AccessRefused(member.time().now(), member.group(), why));
        }
        var refusal = before.map(earlier -> earlier.again(why, now)).orElseGet(() -> new Refusal(why, now, now));
        observed.updateAndGet(o -> o.refused(Optional.of(refusal)));
    }

    /** What works shows that a refusal is over; of topics only that nobody has said it again. */
    private void letIn() {
        if (observed.get()
                .refusal()
                .filter(refusal -> !(refusal.why() instanceof TopicAuthorizationException))
                .isPresent()) {
            observed.updateAndGet(o -> o.refused(Optional.empty()));
        }
    }

    private void forgetRefusal(long now) {
        if (observed.get()
                .refusal()
                .filter(refusal -> now - refusal.last() > REFUSAL_LASTS.toNanos())
                .isPresent()) {
            observed.updateAndGet(o -> o.refused(Optional.empty()));
        }
    }

    /** Lets go what waits for time; says how long until the next is due. */
    private long tick() {
        long now = member.time().nanoTime();
        long nearest = Long.MAX_VALUE;
        for (var tenure : tenures.values()) {
            nearest = Math.min(nearest, tenure.tick(now).orElse(Long.MAX_VALUE));
        }
        return nearest;
    }

    private Duration pollTime(long nearest) {
        var longest = memory.makesRoom() ? POLL_CROWDED : memory.messages() > 0 ? POLL_BUSY : POLL_IDLE;
        return nearest >= longest.toNanos() ? longest : Duration.ofMillis(Math.max(1, nearest / 1_000_000));
    }

    /** kafka-clients fetches what is not paused; who is held back or has too much in memory is. */
    private void steerFetches() {
        memory.count(tenures.values());
        var refused = asksAgainIn() > 0 ? refusedTopics() : Set.of();
        var pause = new ArrayList<TopicPartition>();
        var resume = new ArrayList<TopicPartition>();
        tenures.forEach((partition, tenure) -> {
            boolean stop = tenure.paused()
                    || unplaced.contains(partition)
                    || refused.contains(partition.topic())
                    || !memory.mayFetch(tenure)
                    || member.stopping().getAsBoolean();
            if (stop && pausedFetches.add(partition)) {
                pause.add(partition);
            } else if (!stop && pausedFetches.remove(partition)) {
                resume.add(partition);
            }
        });
        if (!pause.isEmpty()) {
            kafka.pause(pause);
        }
        if (!resume.isEmpty()) {
            kafka.resume(resume);
        }
    }

    private void poll(Duration atMost) {
        try {
            long begun = member.time().nanoTime();
            var records = kafka.poll(atMost);
            polled(records.count(), begun);
            for (var partition : records.partitions()) {
                take(partition, records.records(partition));
            }
        } catch (NoOffsetForPartitionException e) {
            begin(e.partitions());
        } catch (OffsetOutOfRangeException e) {
            offsetsLost(e.offsetOutOfRangePartitions());
        } catch (InterruptException e) {
            throw e;
        } catch (RetriableException e) {
            LOG.warn("Group {}: {}; trying again", member.group(), e.toString());
            sleep(AFTER_FAILURE);
        }
    }

    private void polled(int messages, long begun) {
        if (messages > 0) {
            letIn();
            var took = Duration.ofNanos(member.time().nanoTime() - begun);
            if (member.events().wanted(Event.Polled.class)) {
                member.events().raise(new Event.Polled(member.time().now(), member.group(), messages, took));
            }
        }
    }

    private void take(TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records) {
        var tenure = tenures.get(partition);
        if (tenure == null) {
            throw new IllegalStateException(records.size() + " messages of " + partition
                    + " came, which is not assigned to this member; passing over them would lose them");
        }
        if (tenure.frontier().isEmpty()) {
            tenure.committed(records.getFirst().offset()); // where it begins needs no commit before the first message
        }
        see(partition, (position, lag) -> tenure.seenEnd(position + lag));
        tenure.add(records);
    }

    /** Handlers ask the poll thread. */
    private final class ForTenures implements Tenure.PollThread {
        /** Stores nothing for a partition that has left. */
        @Override
        public void commit(Tenure tenure) {
            Commands.answer(commands.ask(() -> {
                if (tenures.containsValue(tenure)) {
                    commits.now(tenure);
                }
                return true;
            }));
        }

        @Override
        public ConsumerGroupMetadata membership() {
            return Objects.requireNonNull(membership, "no partition was assigned yet");
        }

        @Override
        public OptionalLong committed(Tenure tenure) {
            var partition = tenure.partition().toKafka();
            return Commands.answer(commands.ask(() -> Optional.ofNullable(
                            kafka.committed(Set.of(partition), COMMITTED_WAIT).get(partition))
                    .map(offset -> OptionalLong.of(offset.offset()))
                    .orElseGet(OptionalLong::empty)));
        }
    }

    /** Before a partition comes, before one goes, and in each round: so those who commit in transactions know it. */
    private void lookAtMembership() {
        if (transactional) {
            membership = kafka.groupMetadata();
        }
    }

    /**
     * Nothing is committed for these. A broker that does not answer leaves them as they are, and the next poll asks again.
     * With the consumer protocol a poll may tell what an earlier one found out, when a seek has placed the partition since.
     */
    private void begin(Set<TopicPartition> asked) {
        var partitions = new HashSet<TopicPartition>();
        for (var partition : asked) {
            var tenure = tenures.get(partition);
            if (tenure != null) {
                tenure.next().ifPresentOrElse(next -> kafka.seek(partition, next), () -> partitions.add(partition));
            }
        }
        if (!partitions.isEmpty()) {
            beginAnew(partitions);
        }
    }

    private void beginAnew(Set<TopicPartition> partitions) {
        try {
            var found = starts.find(partitions);
            if (starts.pins()) {
                commits.pin(found.entrySet().stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, e -> StartPositions.pin(e.getValue()))));
            }
            found.forEach((partition, start) -> {
                kafka.seek(partition, start.offset());
                var tenure = tenures.get(partition);
                if (tenure != null) {
                    tenure.commitMetadata(start.commitMetadata());
                    tenure.readTo(start.offset());
                    // Nothing was handled: what is not pinned needs no commit before the first message.
                    tenure.committed(start.offset());
                }
            });
        } catch (RetriableException | RebalanceInProgressException | CommitFailedException e) {
            // The last two: the places are known, but the group does not keep them while it rebalances.
            LOG.warn("Group {}: where {} begin is not known yet: {}", member.group(), partitions, e.toString());
            sleep(AFTER_FAILURE);
        }
    }

    /** The places are gone. Going on at the oldest message passes over nothing that is still there. */
    private void offsetsLost(Map<TopicPartition, Long> wanted) {
        try {
            kafka.beginningOffsets(wanted.keySet())
                    .forEach((partition, beginning) ->
                            goOnAt(partition, wanted.getOrDefault(partition, -1L), beginning));
        } catch (RetriableException e) {
            LOG.warn("Group {}: where {} go on is not known yet: {}", member.group(), wanted.keySet(), e.toString());
            sleep(AFTER_FAILURE);
        }
    }

    private void goOnAt(TopicPartition partition, long wanted, long beginning) {
        kafka.seek(partition, beginning);
        var tenure = tenures.get(partition);
        if (tenure != null && beginning < wanted) {
            tenure.restart(beginning); // the log was made anew: all in it is unseen
        } else if (tenure != null) {
            tenure.readTo(beginning);
        }
        var ours = Partition.of(partition);
        var now = member.time().now();
        LOG.warn(
                "Group {}: offset {} of {} is gone (retention, deletion, or a new log); going on at {}",
                member.group(),
                wanted,
                ours,
                beginning);
        member.events().raise(new Event.OffsetLost(now, member.group(), ours, wanted, beginning));
        observed.updateAndGet(o -> o.lost(new Reason.OffsetLost(ours, wanted, beginning, now)));
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        lookAtMembership();
        var now = member.time().nanoTime();
        for (var partition : partitions) {
            var tenure = tenure(partition);
            tenures.put(partition, tenure);
            pauses.applyTo(tenure); // after it can be seen: a pause that comes now finds one or the other
            tenure.begin();
            boolean first = everAssigned.add(partition);
            if (first
                    && settings.alwaysStartAt().isPresent()
                    && !settings.retryTopics().contains(partition.topic())) {
                unplaced.add(partition);
                pausedFetches.add(partition);
                kafka.pause(Set.of(partition)); // this very poll may fetch
            }
        }
        keepCommitMetadata(partitions);
        observed.updateAndGet(o -> o.assigned(now));
        if (!partitions.isEmpty()) {
            letIn();
            member.events().raise(new Event.Assigned(member.time().now(), member.group(), ours(partitions)));
        }
    }

    private Tenure tenure(TopicPartition partition) {
        var subscription = settings.subscription(partition.topic())
                .orElseThrow(() -> new IllegalStateException(
                        "Partition " + partition + " was assigned, but its topic has no handler here"));
        return new Tenure(Partition.of(partition), subscription, settings.concurrency(), member, crew, forTenures);
    }

    /** Command: the partitions that were placed. A broker that does not answer leaves all as it was. */
    Set<Partition> seek(Predicate<Partition> which, Position to) {
        var partitions = tenures.keySet().stream()
                .filter(partition -> which.test(Partition.of(partition)))
                .collect(Collectors.toSet());
        if (!partitions.isEmpty()) {
            starts.now(partitions, to).forEach((partition, start) -> goOn(partition, start.offset()));
        }
        return ours(partitions);
    }

    private void goOn(TopicPartition partition, long offset) {
        var before = tenures.get(partition);
        if (before == null) {
            return;
        }
        kafka.seek(partition, offset);
        var after = tenure(partition);
        before.succeededBy(after, offset);
        tenures.put(partition, after);
        after.begin();
        unplaced.remove(partition);
        var ours = Partition.of(partition);
        LOG.info("Group {}: {} goes on at {}", member.group(), ours, offset);
        member.events().raise(new Event.Sought(member.time().now(), member.group(), ours, offset));
    }

    private void place() {
        if (unplaced.isEmpty()) {
            return;
        }
        try {
            var position = settings.alwaysStartAt().orElseThrow();
            starts.now(Set.copyOf(unplaced), position).forEach((partition, start) -> goOn(partition, start.offset()));
        } catch (RetriableException e) {
            LOG.warn("Group {}: where {} begin is not known yet: {}", member.group(), unplaced, e.toString());
            sleep(AFTER_FAILURE);
        }
    }

    private void keepCommitMetadata(Collection<TopicPartition> partitions) {
        try {
            starts.commitMetadata(partitions).forEach((partition, text) -> {
                var tenure = tenures.get(partition);
                if (tenure != null) {
                    tenure.commitMetadata(text);
                }
            });
        } catch (RetriableException | AuthorizationException | AuthenticationException e) {
            // The other partitions of the topic carry it as well; a refusal is told by what asks next.
            LOG.debug("Group {}: the metadata of the commits of {} is not known", member.group(), partitions, e);
        }
    }

    /**
     * Rule: takes nothing new, waits for what runs, commits, lets go; afterwards nothing is committed for these.
     *
     * <p>It commits once. A commit that is refused here stays refused: the broker takes commits of the generation that we
     * know until all its members have joined the next one, and we join only after this call. So a refusal means that the
     * group has given us up, and only a poll could change that. With the consumer protocol kafka-clients itself sends the
     * commit again under a newer epoch.
     */
    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        lookAtMembership();
        observed.updateAndGet(o -> o.revoked(member.time().nanoTime()));
        var leaving = leaving(partitions);
        leaving.forEach(Tenure::markStale);
        awaitHandlers(leaving, settings.revokeWait());
        commits.last(leaving);
        letGo(partitions, leaving, false);
    }

    /** They are somebody else's already: nothing may be committed, and what handlers still do here does not count. */
    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        observed.updateAndGet(o -> o.revoked(member.time().nanoTime()));
        var leaving = leaving(partitions);
        leaving.forEach(Tenure::markStale);
        letGo(partitions, leaving, true);
    }

    private List<Tenure> leaving(Collection<TopicPartition> partitions) {
        return partitions.stream()
                .flatMap(partition -> Optional.ofNullable(tenures.get(partition)).stream())
                .toList();
    }

    private void letGo(Collection<TopicPartition> partitions, List<Tenure> leaving, boolean lost) {
        leaving.forEach(Tenure::letGo); // before the generation changes: see TransactionLane.commit
        var unfinished = unfinished(leaving);
        for (var partition : partitions) {
            tenures.remove(partition);
            member.transactions().left(Partition.of(partition), member.threads());
            pausedFetches.remove(partition);
            if (unplaced.remove(partition)) {
                everAssigned.remove(partition);
            }
        }
        if (!leaving.isEmpty()) {
            member.events()
                    .raise(new Event.Revoked(member.time().now(), member.group(), ours(partitions), lost, unfinished));
        }
        if (!unfinished.isEmpty()) {
            LOG.warn(
                    "Group {}: {} left while handlers were busy with offsets {}; what they do does not count, and these are"
                            + " delivered again unless a seek has passed over them",
                    member.group(),
                    ours(partitions),
                    unfinished);
        }
    }

    /** Commands are served meanwhile: a handler may be waiting for one. */
    private void awaitHandlers(Collection<Tenure> leaving, Duration atMost) {
        long begun = member.time().nanoTime();
        while (anyRunning(leaving) && member.time().nanoTime() - begun < atMost.toNanos() && !stopLimit.over()) {
            commands.run();
            sleep(HANDLER_CHECK_EVERY);
        }
    }

    private static boolean anyRunning(Collection<Tenure> tenures) {
        return tenures.stream().anyMatch(Tenure::busy);
    }

    private static Map<Partition, Long> unfinished(Collection<Tenure> tenures) {
        var unfinished = new TreeMap<Partition, Long>();
        for (var tenure : tenures) {
            tenure.lowestUnderWay().ifPresent(offset -> unfinished.put(tenure.partition(), offset));
        }
        return unfinished;
    }

    private static Set<Partition> ours(Collection<TopicPartition> partitions) {
        return partitions.stream().map(Partition::of).collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * Takes nothing new, lets handlers finish (also those whose partition has left), stores the progress. Goes on polling,
     * so that the group sees a living member, and so that a rebalance that refuses the progress comes to its end while there
     * is time.
     *
     * @param within if nobody has said so before, see {@link #stopLimit}
     * @return true if all had finished in time
     */
    boolean drain(Duration within) {
        stopLimit.ask(within);
        var atMost = stopLimit.left(within);
        long begun = member.time().nanoTime();
        pollUntil(() -> !crew.busy(), begun, atMost);
        while (!storeLast() && inTime(begun, atMost)) {
            long tried = member.time().nanoTime();
            pollUntil(() -> !inTime(tried, STORE_AGAIN_AFTER), begun, atMost);
        }
        boolean drained = !crew.busy();
        letGo(List.copyOf(tenures.keySet()), List.copyOf(tenures.values()), false);
        return drained;
    }

    private boolean inTime(long begun, Duration atMost) {
        return member.time().nanoTime() - begun < atMost.toNanos();
    }

    private void pollUntil(BooleanSupplier enough, long begun, Duration atMost) {
        tenures.values().forEach(Tenure::takeNothingNew);
        while (!enough.getAsBoolean() && inTime(begun, atMost)) {
            commands.run();
            tenures.values().forEach(Tenure::takeNothingNew); // also those that came just now
            steerFetches();
            pollWhileDraining();
            sleep(HANDLER_CHECK_EVERY);
        }
    }

    /** Of all that are this member's now; false if a later poll may change that the broker refused it. */
    private boolean storeLast() {
        tenures.values().forEach(Tenure::markStale);
        return commits.last(tenures.values());
    }

    private void pollWhileDraining() {
        try {
            poll(Duration.ZERO);
        } catch (AuthorizationException | AuthenticationException e) {
            LOG.debug("Group {}: refused while stopping, which goes on", member.group(), e);
        }
    }

    /** Leaves the group, except as a static member. After a crash what was finished before is committed if it can be. */
    void close() {
        tenures.values().forEach(Tenure::markStale);
        try {
            commits.last(tenures.values());
        } finally {
            letGo(List.copyOf(tenures.keySet()), List.copyOf(tenures.values()), false);
            kafka.close(
                    CloseOptions.timeout(unreachable() || commits.unanswered() ? CLOSE_WAIT_UNREACHABLE : CLOSE_WAIT));
            commands.end();
        }
    }

    private boolean unreachable() {
        long now = member.time().nanoTime();
        connectivity.sample(now);
        return connectivity.unreachableFor(now).isPresent();
    }

    private void observe() {
        long now = member.time().nanoTime();
        var full = memory.full()
                ? Optional.of(new Reason.MemoryFull(memory.messages(), memory.bytes()))
                : Optional.<Reason.MemoryFull>empty();
        observed.updateAndGet(o -> o.step(now, full));
        if (now - lastObservation >= OBSERVE_EVERY.toNanos()) {
            lastObservation = now;
            tenures.forEach(this::observe);
            reportStuck(now);
            reportConnection(now);
            forgetRefusal(now);
            findMissingTopics(now);
        }
    }

    private void observe(TopicPartition partition, Tenure tenure) {
        see(partition, (position, lag) -> observe(tenure, position, lag));
    }

    /** What there is to know about a partition. */
    @FunctionalInterface
    private interface Sight {
        void seen(long position, long lag);
    }

    /**
     * Neither waits for the broker: where there is a lag there is a position, and the lag is that of the last fetch. But
     * both may fail (after a change of leaders a position is to be confirmed, and what was refused meanwhile is told here,
     * of any topic), and then nothing is seen; messages that were fetched must not be lost with it.
     */
    private void see(TopicPartition partition, Sight sight) {
        try {
            var lag = kafka.currentLag(partition);
            if (lag.isPresent()) {
                sight.seen(kafka.position(partition, Duration.ZERO), lag.getAsLong());
            }
        } catch (RetriableException | InvalidOffsetException | AuthorizationException | AuthenticationException e) {
            LOG.debug("Group {}: the position in {} is not known", member.group(), partition, e);
        }
    }

    private static void observe(Tenure tenure, long position, long lag) {
        tenure.seenEnd(position + lag);
        if (tenure.frontier().isEmpty()) {
            tenure.committed(position);
        }
        tenure.readTo(position); // beyond what is no message, such as the marks of transactions
    }

    private void reportStuck(long now) {
        var underWay = new HashSet<Task>();
        tenures.values().forEach(tenure -> underWay.addAll(tenure.underWay()));
        reportedStuck.removeIf(task -> task.finished() || (task.tenure().stale() && !underWay.contains(task)));
        for (var tenure : tenures.values()) {
            for (var task : tenure.underWay()) {
                var busy = Duration.ofNanos(now - task.since());
                if (task.letter() == null && busy.compareTo(settings.stuckAfter()) > 0 && reportedStuck.add(task)) {
                    member.events()
                            .raise(new Event.HandlerStuck(
                                    member.time().now(), member.group(), tenure.partition(), task.offset(), busy));
                }
            }
        }
    }

    private void reportConnection(long now) {
        switch (connectivity.sample(now)) {
            case NONE -> {}
            case CONNECTED ->
                member.events().raise(new Event.ConsumerConnected(member.time().now(), member.group()));
            case DISCONNECTED ->
                member.events()
                        .raise(new Event.ConsumerDisconnected(member.time().now(), member.group()));
        }
    }

    private void findMissingTopics(long now) {
        if (!tenures.isEmpty() || !observed.get().joined()) {
            observed.updateAndGet(o -> o.missing(Missing.NOTHING));
        } else if (now - lastTopicsCheck >= TOPICS_CHECK_EVERY.toNanos()) {
            lastTopicsCheck = now;
            var missing = settings.subscriptions().keySet().stream()
                    .filter(topic -> missing(
                            topic, TOPICS_CHECK_WAIT.toNanos() - (member.time().nanoTime() - now)))
                    .collect(Collectors.toCollection(TreeSet::new));
            observed.updateAndGet(o -> o.missing(new Missing(missing, unmatched())));
        }
    }

    /** Asks nobody: kafka-clients keeps which topics its pattern matches. */
    private List<String> unmatched() {
        var matched = settings.patterns().isEmpty() ? Set.<String>of() : kafka.subscription();
        return settings.patterns().stream()
                .filter(matching -> matched.stream()
                        .noneMatch(topic -> matching.topics().matcher(topic).matches()))
                .map(ConsumerSettings.Matching::toString)
                .toList();
    }

    /** @param nanos what is left of the time for all topics; who is not asked in it is not called missing */
    private boolean missing(String topic, long nanos) {
        try {
            var partitions = kafka.partitionsFor(topic, Duration.ofNanos(Math.max(0, nanos)));
            return partitions == null || partitions.isEmpty();
        } catch (RetriableException | AuthorizationException e) {
            LOG.debug("Whether {} exists is not known", topic, e);
            return false;
        }
    }

    Collection<Tenure> tenures() {
        return tenures.values();
    }

    Optional<Tenure> tenure(Partition partition) {
        return Optional.ofNullable(tenures.get(partition.toKafka()));
    }

    /** For all threads. */
    StopLimit stopLimit() {
        return stopLimit;
    }

    boolean calledByHandler() {
        return crew.calledByHandler();
    }

    Observed observed() {
        return observed.get();
    }

    Connectivity connectivity() {
        return connectivity;
    }

    /** Command: where the logs of the assigned partitions end now. Asks the broker. */
    Map<Partition, Long> ends() {
        var ends = new TreeMap<Partition, Long>();
        if (!tenures.isEmpty()) {
            kafka.endOffsets(tenures.keySet()).forEach((partition, end) -> ends.put(Partition.of(partition), end));
        }
        return ends;
    }

    /** Command: the group as it is now, while all of these are this member's. */
    ConsumerGroupMetadata metadataFor(Set<Partition> partitions) {
        for (var partition : partitions) {
            if (!tenures.containsKey(partition.toKafka())) {
                throw new IllegalStateException(partition + " is not this member's, but " + ours(tenures.keySet())
                        + " are: its progress is somebody else's");
            }
        }
        return kafka.groupMetadata();
    }

    /** Command. */
    void commit(Map<Partition, Long> nextOffsets) {
        commits.store(nextOffsets);
    }

    private void sleep(Duration d) {
        try {
            member.time().sleep(d);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
    }
}

package io.strandline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A consumer as its users see it: tells the poll thread what is wanted, and everyone else what happens. */
final class GroupMember implements Consumer {
    private static final Logger LOG = LoggerFactory.getLogger(Consumer.class);

    /** After the drain: the last commit and leaving the group. */
    private static final Duration GOODBYE = Duration.ofSeconds(20);

    private static final Duration POLL_THREAD_SILENT = Duration.ofSeconds(60);

    private final ConsumerSettings settings;
    private final MemberContext member;
    private final Diagnosis diagnosis;
    private final Commands commands = new Commands();
    private final OutsidePauses pauses = new OutsidePauses();
    private final PollLoop loop;
    private final Thread thread;
    private final Runnable onEnd;

    private final AtomicReference<@Nullable Throwable> crash = new AtomicReference<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Rounds rounds = new Rounds();
    private volatile State state = State.STARTING;
    private volatile boolean drained;

    /**
     * @param make the rest of what its partitions share, once the parts that are this consumer's own are there
     * @param onEnd runs when it has ended, whatever the reason
     */
    GroupMember(
            org.apache.kafka.clients.consumer.Consumer<byte[], byte[]> kafka,
            ConsumerSettings settings,
            Function<GroupMember, MemberContext> make,
            Diagnosis diagnosis,
            Runnable onEnd) {
        this.settings = settings;
        this.diagnosis = diagnosis;
        this.onEnd = onEnd;
        member = make.apply(this);
        loop = new PollLoop(kafka, settings, member, commands, pauses);
        thread = Thread.ofPlatform().name("strandline-poll-" + settings.group()).unstarted(this::run);
    }

    void begin() {
        thread.start();
    }

    PollLoop loop() {
        return loop;
    }

    boolean stopping() {
        return state == State.DRAINING || loop.stopLimit().asked();
    }

    void crash(Throwable why) {
        crash.compareAndSet(null, why);
    }

    /** The poll thread. */
    private void run() {
        try {
            loop.subscribe();
            while (!loop.stopLimit().asked()) {
                loop.step();
                rounds.done();
                throwCrash();
                long now = member.time().nanoTime();
                diagnosis.watch(loop.connectivity().unreachableFor(now).isPresent(), now);
                if (state == State.STARTING && loop.observed().joined()) {
                    state = State.RUNNING;
                }
            }
            state = State.DRAINING;
            drained = loop.drain(Duration.ZERO);
            throwCrash();
        } catch (Throwable thrown) {
            var e = thrown instanceof OutOfMemoryError full && !loop.observed().joined()
                    ? diagnosis.behind(full)
                    : thrown;
            crash(e);
            LOG.error("The consumer of group {} ended by itself: {}", settings.group(), Advice.of(e), e);
        } finally {
            end();
        }
    }

    private void throwCrash() throws Throwable {
        var why = crash.get();
        if (why != null) {
            throw why;
        }
    }

    private void end() {
        try {
            loop.close();
        } catch (KafkaException e) {
            // It is over either way, and what was not committed is delivered again. The log is all that is left to
            // tell.
            LOG.warn("The consumer of group {} did not leave its group in order", settings.group(), e);
        } finally {
            tellThatItEnded();
        }
    }

    /** Whatever fails in here: nobody may wait for ever. */
    private void tellThatItEnded() {
        try {
            var why = crash.get();
            state = why == null ? State.STOPPED : State.CRASHED;
            member.events()
                    .raise(
                            why == null
                                    ? new Event.Stopped(member.time().now(), settings.group(), drained)
                                    : new Event.Crashed(member.time().now(), settings.group(), why));
            onEnd.run();
        } finally {
            ended.countDown();
            rounds.end();
        }
    }

    @Override
    public String group() {
        return settings.group();
    }

    @Override
    public Pause pause(String... topics) {
        return pause(new OutsidePauses.Covered(named(topics), Set.of()));
    }

    @Override
    public Pause pause(Partition... partitions) {
        for (var partition : partitions) {
            refuseUnread(partition.topic());
        }
        return pause(new OutsidePauses.Covered(OutsidePauses.Topics.NONE, Set.of(partitions)));
    }

    private Pause pause(OutsidePauses.Covered covered) {
        var pause = new FromOutside(covered);
        pauses.add(pause, covered); // before the assigned ones: what is assigned in between finds it
        var stopped = new TreeSet<Partition>();
        for (var tenure : loop.tenures()) {
            if (covered.covers(tenure.partition()) && tenure.hold(pause, Tenure.By.OUTSIDE, Optional.empty())) {
                stopped.add(tenure.partition());
            }
        }
        if (!stopped.isEmpty()) {
            member.events().raise(new Event.Paused(member.time().now(), settings.group(), stopped, "from outside"));
        }
        return pause;
    }

    private OutsidePauses.Topics named(String... topics) {
        for (var topic : topics) {
            refuseUnread(topic);
        }
        if (topics.length == 0) {
            return OutsidePauses.Topics.ALL;
        }
        var named = new HashSet<>(List.of(topics)); // also those that only a pattern matches
        named.addAll(settings.andRetries(named));
        return new OutsidePauses.Topics.Named(named);
    }

    /** That are not ended. */
    int pauses() {
        return pauses.size();
    }

    private void refuseUnread(String topic) {
        if (!settings.reads(topic)) {
            throw new IllegalArgumentException("This consumer does not read topic " + topic + ", but "
                    + settings.subscriptions().keySet() + settings.patterns()
                    + (settings.subscription(topic).isPresent() ? ", from which its dead letters are left out" : ""));
        }
    }

    private final class FromOutside implements Pause {
        private final OutsidePauses.Covered covered;

        FromOutside(OutsidePauses.Covered covered) {
            this.covered = covered;
        }

        @Override
        public Set<Partition> partitions() {
            return loop.tenures().stream()
                    .map(Tenure::partition)
                    .filter(covered::covers)
                    .collect(Collectors.toCollection(TreeSet::new));
        }

        @Override
        public void resume() {
            pauses.remove(this);
            raiseResumed(loop.tenures().stream().filter(tenure -> tenure.release(this)));
        }
    }

    @Override
    public void resume(String... topics) {
        var freed = named(topics);
        pauses.free(freed);
        raiseResumed(loop.tenures().stream()
                .filter(tenure -> freed.contain(tenure.partition().topic()))
                .filter(Tenure::releaseAll));
    }

    private void raiseResumed(java.util.stream.Stream<Tenure> moving) {
        var partitions = moving.map(Tenure::partition).collect(Collectors.toCollection(TreeSet::new));
        if (!partitions.isEmpty()) {
            member.events().raise(new Event.Resumed(member.time().now(), settings.group(), partitions));
        }
    }

    @Override
    public Set<Partition> paused() {
        return loop.tenures().stream()
                .filter(Tenure::paused)
                .map(Tenure::partition)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Override
    public void seek(Partition partition, Position to) {
        var moved = Commands.answer(commands.ask(() -> loop.seek(partition::equals, to)));
        if (moved.isEmpty()) {
            throw new IllegalStateException(
                    partition + " is not assigned to this member, but " + assignment() + " are");
        }
    }

    @Override
    public void seek(String topic, Position to) {
        named(topic);
        Commands.answer(
                commands.ask(() -> loop.seek(partition -> partition.topic().equals(topic), to)));
    }

    @Override
    public void commit(Map<Partition, Long> nextOffsets) {
        var offsets = Map.copyOf(nextOffsets);
        for (var partition : offsets.keySet()) {
            if (settings.transactional(partition.topic())) {
                throw new IllegalStateException("The progress of " + partition
                        + " is stored with the transactions of eachTransaction(..) alone: a commit beside them could take it"
                        + " back. To go on elsewhere there is seek(..)");
            }
        }
        Commands.answer(commands.ask(() -> {
            loop.commit(offsets);
            return true;
        }));
    }

    /**
     * What binds an offset to this member and the group as it is now.
     *
     * @throws IllegalStateException if one of these partitions is not this member's, or the member commits by itself
     */
    ConsumerGroupMetadata metadataFor(Set<Partition> partitions) {
        if (!(settings.commit() instanceof Commit.Manual)) {
            throw new IllegalStateException("The consumer of group " + settings.group()
                    + " commits by itself, and could take back what a transaction has stored: give it commit(Commit.manual()),"
                    + " or have it do all this by itself with eachTransaction(..)");
        }
        return Commands.answer(commands.ask(() -> loop.metadataFor(partitions)));
    }

    @Override
    public Set<Partition> assignment() {
        return loop.tenures().stream().map(Tenure::partition).collect(Collectors.toCollection(TreeSet::new));
    }

    @Override
    public Map<Partition, Long> lag() {
        var lag = new TreeMap<Partition, Long>();
        for (var progress : explain().partitions()) {
            progress.lag().ifPresent(messages -> lag.put(progress.partition(), messages));
        }
        return lag;
    }

    @Override
    public OptionalLong position(Partition partition) {
        return loop.tenure(partition).map(Tenure::frontier).orElseGet(OptionalLong::empty);
    }

    @Override
    public Explanation explain() {
        long now = member.time().nanoTime();
        var partitions = loop.tenures().stream()
                .map(tenure -> tenure.explain(now))
                .sorted(java.util.Comparator.comparing(Explanation.Progress::partition))
                .toList();
        return new Explanation(settings.group(), state, reasons(now), partitions);
    }

    private List<Reason> reasons(long now) {
        var reasons = new ArrayList<Reason>();
        var seen = loop.observed();
        switch (state) {
            case CRASHED -> {
                var why = Optional.ofNullable(crash.get()).orElseGet(() -> new IllegalStateException("unknown"));
                if (why instanceof AuthenticationException refused) {
                    reasons.add(new Reason.CredentialsRefused(Duration.ofNanos(now - seen.lastStep()), refused));
                }
                reasons.add(new Reason.Crashed(why));
            }
            case DRAINING, STOPPED -> reasons.add(new Reason.Stopping());
            case STARTING, RUNNING -> {
                loop.connectivity().unreachableFor(now).ifPresent(since -> reasons.add(unreachable(since)));
                seen.refusal().ifPresent(refusal -> reasons.add(refusal.reason(now)));
                seen.missing().topics().forEach(topic -> reasons.add(new Reason.TopicMissing(topic)));
                seen.missing().patterns().forEach(pattern -> reasons.add(new Reason.NothingMatches(pattern)));
                if (seen.rebalancing()) {
                    reasons.add(new Reason.Rebalancing(Duration.ofNanos(now - seen.rebalancingSince())));
                } else if (loop.tenures().isEmpty() && isThereToRead(seen.missing())) {
                    reasons.add(new Reason.NoAssignment(Duration.ofNanos(now - seen.assignedSince())));
                }
                seen.memoryFull().ifPresent(reasons::add);
            }
        }
        reasons.addAll(seen.lostOffsets());
        return reasons;
    }

    /** So that other members may have it. */
    private boolean isThereToRead(PollLoop.Missing missing) {
        boolean named = !settings.subscriptions().isEmpty();
        boolean matched = missing.patterns().size() < settings.patterns().size();
        return missing.topics().isEmpty() && (named || matched);
    }

    @Override
    public Health health() {
        long now = member.time().nanoTime();
        var name = "consumer." + settings.group();
        var checks = new ArrayList<Health.Check>();
        switch (state) {
            case CRASHED -> checks.add(new Health.Check("live." + name, Health.Status.DOWN, crashed()));
            case STOPPED -> checks.add(new Health.Check(name, Health.Status.DOWN, "stopped by request"));
            case DRAINING -> checks.add(new Health.Check(name, Health.Status.DOWN, "stopping by request"));
            case STARTING, RUNNING -> {
                checks.add(pollThread("live." + name + ".poll", now));
                checks.add(connection(name + ".connection", now));
                checks.add(handlers(name + ".handlers", now));
            }
        }
        return Health.of(checks);
    }

    private Health.Check pollThread(String name, long now) {
        var silent = Duration.ofNanos(now - loop.observed().lastStep());
        return silent.compareTo(POLL_THREAD_SILENT) > 0
                ? new Health.Check(name, Health.Status.DOWN, "the poll thread has not come round for " + silent)
                : new Health.Check(name, Health.Status.UP, "polling");
    }

    private Health.Check connection(String name, long now) {
        return loop.connectivity()
                .unreachableFor(now)
                .<Reason>map(this::unreachable)
                .or(() -> loop.observed().refusal().map(refusal -> refusal.reason(now)))
                .map(reason -> new Health.Check(name, Health.Status.DOWN, reason.text()))
                .orElseGet(() ->
                        new Health.Check(name, Health.Status.UP, loop.observed().joined() ? "joined" : "joining"));
    }

    private Reason.BrokerUnreachable unreachable(Duration since) {
        return new Reason.BrokerUnreachable(since, diagnosis.bootstrap(), diagnosis.found());
    }

    private String crashed() {
        var why = crash.get();
        return why == null ? "crashed" : new Reason.Crashed(why).text();
    }

    private Health.Check handlers(String name, long now) {
        for (var tenure : loop.tenures()) {
            for (var task : tenure.underWay()) {
                var busy = Duration.ofNanos(now - task.since());
                if (task.letter() == null && busy.compareTo(settings.stuckAfter()) > 0) {
                    return new Health.Check(
                            name,
                            Health.Status.DEGRADED,
                            "the handler is busy with " + tenure.partition() + "@" + task.offset() + " for " + busy);
                }
            }
            var why = tenure.explain(now).why();
            if (why instanceof Reason.DeadLetterWaiting
                    || why instanceof Reason.LettersFull
                    || why instanceof Reason.TooManyLetters
                    || (why instanceof Reason.LettersUnread unread
                            && unread.lastFailure().isPresent())) {
                return new Health.Check(name, Health.Status.DEGRADED, tenure.partition() + ": " + why.text());
            }
            var retried = retriedForLong(tenure, now);
            if (retried.isPresent()) {
                return new Health.Check(name, Health.Status.DEGRADED, retried.get());
            }
        }
        return new Health.Check(name, Health.Status.UP, "none is stuck");
    }

    private Optional<String> retriedForLong(Tenure tenure, long now) {
        return tenure.retriedLongest().flatMap(retried -> {
            var task = retried.task();
            var since = Duration.ofNanos(now - task.begun());
            return since.compareTo(settings.stuckAfter()) > 0
                    ? Optional.of(tenure.partition() + "@" + task.offset() + " is tried again and again for " + since
                            + " (attempt " + task.attempt() + "); last failure: " + retried.lastFailure())
                    : Optional.empty();
        });
    }

    @Override
    public State state() {
        return state;
    }

    @Override
    public void await() throws InterruptedException {
        ended.await();
        var why = crash.get();
        if (why != null) {
            throw new ConsumerCrashed(settings.group(), why);
        }
    }

    /** True as soon as it has ended, whatever the reason; false after this time. */
    boolean endsWithin(Duration time) throws InterruptedException {
        return ended.await(time.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public boolean awaitIdle(Duration atMost) throws InterruptedException {
        long deadline = member.time().nanoTime() + atMost.toNanos();
        Set<Partition> asked = Set.of();
        Map<Partition, Long> ends = Map.of();
        for (long round = rounds.seen(); member.time().nanoTime() - deadline < 0; round = rounds.awaitAfter(round)) {
            if (stopping() || crash.get() != null || rounds.ended()) {
                return false; // without partitions all would seem to be done
            }
            var assigned = assignment();
            if (!loop.observed().rebalancing() && !asked.equals(assigned)) {
                ends = answerWithin(commands.ask(loop::ends), deadline).orElse(Map.of());
                asked = ends.keySet();
            } else if (!loop.observed().rebalancing() && reached(ends)) {
                return true;
            }
        }
        return false;
    }

    private boolean reached(Map<Partition, Long> ends) {
        return ends.entrySet().stream().allMatch(e -> {
            var position = position(e.getKey());
            return position.isPresent() && position.getAsLong() >= e.getValue();
        });
    }

    @Override
    public boolean stop(Duration drain) {
        loop.stopLimit().ask(drain);
        if (calledByHandler()) {
            return false;
        }
        try {
            if (!ended.await(drain.plus(GOODBYE).toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("The consumer of group {} is still stopping; its messages are delivered again", group());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return drained;
    }

    private boolean calledByHandler() {
        return loop.calledByHandler();
    }

    @Override
    public void close() {
        stop(settings.drain());
    }

    /** Empty if there is no answer, whatever the reason: the caller asks again while it has time. */
    private <T> Optional<T> answerWithin(CompletableFuture<T> future, long deadline) throws InterruptedException {
        try {
            return Optional.of(future.get(Math.max(0, deadline - member.time().nanoTime()), TimeUnit.NANOSECONDS));
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("The ends of the logs are not known", e);
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return "consumer of group " + settings.group();
    }
}

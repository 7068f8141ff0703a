package io.strandline;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Stores progress with the broker: never beyond the lowest unfinished message of a partition. Of the poll thread alone. */
final class Commits {
    /** Longer than this nobody waits for a broker that does not answer: the messages are delivered again instead. */
    private static final Duration LAST_COMMIT_WAIT = Duration.ofSeconds(5);

    /** Also when the time of a stop is over: the commit is what the stop is for. */
    private static final Duration LAST_COMMIT_WAIT_MIN = Duration.ofSeconds(1);

    /** When the one before had no answer: it is over, and nobody waits long again. */
    private static final Duration NEXT_COMMIT_WAIT = Duration.ofMillis(500);

    private static final Duration FIRST_RETRY = Duration.ofMillis(100);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(5);

    private final Consumer<byte[], byte[]> kafka;
    private final Commit when;
    private final MemberContext member;
    private final StopLimit stop;
    private long lastCommit;
    private boolean underWay;
    private int failures;
    private boolean unanswered;

    Commits(Consumer<byte[], byte[]> kafka, Commit when, MemberContext member, StopLimit stop) {
        this.kafka = kafka;
        this.when = when;
        this.member = member;
        this.stop = stop;
        lastCommit = member.time().nanoTime();
    }

    /** Sends what is due; one request is under way at a time. */
    void tick(Collection<Tenure> tenures) {
        if (underWay || when instanceof Commit.Manual) {
            return;
        }
        long now = member.time().nanoTime();
        var progress = Progress.of(tenures);
        if (!progress.offsets.isEmpty() && due(now, progress.messages)) {
            lastCommit = now;
            underWay = true;
            kafka.commitAsync(progress.toKafka(), (offsets, failure) -> {
                underWay = false;
                done(progress, failure);
            });
        }
    }

    private boolean due(long now, long messages) {
        if (failures > 0) {
            return now - lastCommit >= retryAfter().toNanos();
        }
        return switch (when) {
            case Commit.Auto(Duration every, int orAfterMessages) ->
                now - lastCommit >= every.toNanos() || messages >= orAfterMessages;
            case Commit.Each each -> true;
            case Commit.Manual manual -> false;
        };
    }

    /** Sooner than the next interval, so that little comes twice after a crash; later and later while it goes on failing. */
    private Duration retryAfter() {
        var grown = FIRST_RETRY.multipliedBy(1L << Math.min(failures - 1, 10));
        var longest =
                when instanceof Commit.Auto(Duration every, int orAfterMessages) && every.compareTo(LONGEST_RETRY) < 0
                        ? every
                        : LONGEST_RETRY;
        return grown.compareTo(longest) < 0 ? grown : longest;
    }

    private void done(Progress progress, @Nullable Exception failure) {
        failures = failure == null ? 0 : failures + 1;
        if (failure == null) {
            progress.stored();
            member.events().raise(new Event.Committed(member.time().now(), member.group(), progress.byPartition()));
        } else {
            // A rebalance, or no answer: the frontier has not moved in our books, so it is sent again, as it is then.
            member.events()
                    .raise(new Event.CommitFailed(
                            member.time().now(), member.group(), progress.byPartition(), failure));
        }
    }

    /**
     * Before these are let go. What the broker does not take in time is delivered again.
     *
     * @return false if the group was rebalancing, or has a rebalance behind it that this member has not seen: after polls
     *     the broker may take it
     */
    boolean last(Collection<Tenure> leaving) {
        if (when instanceof Commit.Manual) {
            return true;
        }
        var progress = Progress.of(leaving);
        if (progress.offsets.isEmpty()) {
            return true;
        }
        try {
            kafka.commitSync(progress.toKafka(), unanswered ? NEXT_COMMIT_WAIT : lastCommitWait());
            unanswered = false;
            done(progress, null);
            return true;
        } catch (KafkaException e) {
            unanswered = e instanceof TimeoutException;
            done(progress, e);
            return !(e instanceof RebalanceInProgressException || e instanceof CommitFailedException);
        }
    }

    private Duration lastCommitWait() {
        var left = stop.left(LAST_COMMIT_WAIT);
        return Duration.ofNanos(Math.clamp(left.toNanos(), LAST_COMMIT_WAIT_MIN.toNanos(), LAST_COMMIT_WAIT.toNanos()));
    }

    /** The newest of the {@link #last} ones was not answered in time. */
    boolean unanswered() {
        return unanswered;
    }

    /** Of one partition, because its handler says so. */
    void now(Tenure tenure) {
        var progress = Progress.of(List.of(tenure));
        if (!progress.offsets.isEmpty()) {
            kafka.commitSync(progress.toKafka(), LAST_COMMIT_WAIT);
            done(progress, null);
        }
    }

    /** Where a partition begins, so that a restart before the first message finds the same place. */
    void pin(Map<TopicPartition, OffsetAndMetadata> starts) {
        if (!(when instanceof Commit.Manual)) {
            kafka.commitSync(starts, LAST_COMMIT_WAIT);
        }
    }

    /** By the user's own word. */
    void store(Map<Partition, Long> nextOffsets) {
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        nextOffsets.forEach((partition, next) -> offsets.put(partition.toKafka(), new OffsetAndMetadata(next)));
        kafka.commitSync(offsets);
        member.events().raise(new Event.Committed(member.time().now(), member.group(), Map.copyOf(nextOffsets)));
    }

    /** Frontiers that have moved since they were stored. */
    private record Progress(Map<Tenure, Long> offsets, long messages) {
        static Progress of(Collection<Tenure> tenures) {
            var offsets = new HashMap<Tenure, Long>();
            long messages = 0;
            for (var tenure : tenures) {
                var frontier = tenure.frontier();
                if (!tenure.transactional() && frontier.isPresent() && frontier.getAsLong() != tenure.committed()) {
                    offsets.put(tenure, frontier.getAsLong());
                    messages += frontier.getAsLong() - Math.max(0, tenure.committed());
                }
            }
            return new Progress(offsets, messages);
        }

        Map<TopicPartition, OffsetAndMetadata> toKafka() {
            var kafka = new HashMap<TopicPartition, OffsetAndMetadata>();
            offsets.forEach((tenure, next) ->
                    kafka.put(tenure.partition().toKafka(), new OffsetAndMetadata(next, tenure.commitMetadata())));
            return kafka;
        }

        void stored() {
            offsets.forEach(Tenure::committed);
        }

        Map<Partition, Long> byPartition() {
            var map = new TreeMap<Partition, Long>();
            offsets.forEach((tenure, next) -> map.put(tenure.partition(), next));
            return map;
        }
    }
}

package io.strandline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads letters where they are: in the dead-letter topics of one group, and the progress of those who send them home. */
final class KafkaLetterLog implements LetterLog {
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetter.class);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration SILENCE_MAX = Duration.ofSeconds(60);

    private final ConnectedKafka kafka;
    private final String group;
    private final DeadLetter deadLetter;
    private final Supplier<Set<Partition>> assigned;
    private final BooleanSupplier stopping;

    /** The newest reading for each source topic; partitions that were assigned together share one. */
    private final Map<String, Reading> readings = new ConcurrentHashMap<>();

    private final Map<String, Progress> progress = new ConcurrentHashMap<>();

    /** Of each dead-letter topic what it was when letters of it were read first. */
    private final Map<String, Uuid> firstIds = new ConcurrentHashMap<>();

    /** Those that were made anew since. */
    private final Map<String, NewLog> newLogs = new ConcurrentHashMap<>();

    /**
     * @param assigned partitions whose letters are kept when they are read on the way to those of another
     * @param stopping nothing that is being read matters any more
     */
    KafkaLetterLog(
            ConnectedKafka kafka,
            String group,
            DeadLetter deadLetter,
            Supplier<Set<Partition>> assigned,
            BooleanSupplier stopping) {
        this.kafka = kafka;
        this.group = group;
        this.deadLetter = deadLetter;
        this.assigned = assigned;
        this.stopping = stopping;
    }

    /** All letters of this group in the dead-letter topics of one source topic. */
    private record Reading(long began, CompletableFuture<Content> content) {
        boolean failed() {
            return content.isCompletedExceptionally();
        }
    }

    /**
     * What was found.
     *
     * @param letters by source partition
     * @param kept partitions whose letters are in there, if they have any
     * @param progress for each of the topics
     */
    private record Content(
            Map<Partition, Letters> letters, Set<Partition> kept, List<Map<Partition, HandledLetters>> progress) {
        /** For one caller: they are not needed here any longer. Empty if they are not in there. */
        Optional<Letters> take(Partition source) {
            if (!kept.remove(source)) {
                return Optional.empty();
            }
            var found = letters.remove(source);
            return Optional.of(found == null ? new Letters(List.of(), 0) : found);
        }
    }

    /** Where those who send letters home are. */
    private record Progress(long asOf, Uuid id, Map<Partition, HandledLetters> byPartition, Map<Partition, Long> ends) {
        boolean isDone(Partition partition, long offset) {
            var handled = byPartition.get(partition);
            return handled != null && handled.contains(offset);
        }
    }

    @Override
    public Letters read(Partition source, long asOf, long from, LongAdder read) {
        var content = content(source, asOf, read);
        var taken = content.take(source);
        while (taken.isEmpty()) { // taken by the tenure before, which began its reading late; or not kept
            content = content(source, time(), read);
            taken = content.take(source);
        }
        var found = taken.get();
        long home = content.progress().stream()
                .mapToLong(progress -> LetterLog.home(progress, source))
                .max()
                .orElse(HandledLetters.NONE_WENT_HOME);
        if (home < from) {
            return found;
        }
        var all = new ArrayList<>(found.all());
        long end = kafka.blockingAdmin().end(source); // a topic that was made anew may end below
        long begin = kafka.blockingAdmin()
                .offsets(source.topic(), Position.earliest())
                .getOrDefault(source, 0L); // what was deleted since it was fetched does not come back
        through(
                Map.of(source, Math.max(from, begin)),
                Map.of(source, home < end ? home + 1 : end),
                read,
                record -> OpenLetter.comingBack(record, group).ifPresent(all::add));
        return new Letters(all, found.stillThere());
    }

    private Content content(Partition source, long asOf, LongAdder read) {
        var topic = source.topic();
        var mine = new Reading(time(), new CompletableFuture<>());
        var newest = readings.compute(
                topic, (name, known) -> known == null || known.began - asOf < 0 || known.failed() ? mine : known);
        if (newest.equals(mine)) {
            try {
                mine.content.complete(readAll(source, read));
            } catch (Throwable e) {
                mine.content.completeExceptionally(e);
                throw e;
            }
        }
        try {
            return newest.content.join();
        } catch (CompletionException e) {
            throw new KafkaException("The letters of " + topic + " could not be read: " + e.getCause(), e.getCause());
        }
    }

    @Override
    public void left(Partition source) {
        var reading = readings.get(source.topic());
        if (reading != null) {
            // What its next tenure needs is newer.
            var unused = reading.content.thenAccept(content -> content.take(source));
        }
    }

    /** Letters that were read and not asked for yet. */
    int kept() {
        return readings.values().stream()
                .filter(reading -> reading.content.isDone() && !reading.failed())
                .flatMap(reading -> reading.content.join().letters().values().stream())
                .mapToInt(letters -> letters.all().size())
                .sum();
    }

    /** Letters of topics that are others than at first. */
    int remembered() {
        return newLogs.values().stream().mapToInt(NewLog::size).sum();
    }

    private Content readAll(Partition source, LongAdder read) {
        var topic = source.topic();
        var kept = ConcurrentHashMap.<Partition>newKeySet();
        kept.add(source); // it may have come just now
        assigned.get().stream()
                .filter(partition -> partition.topic().equals(topic)) // those of others read for themselves
                .forEach(kept::add);
        var letters = new HashMap<Partition, List<OpenLetter>>();
        var counts = new HashMap<Partition, Long>();
        var progress = new ArrayList<Map<Partition, HandledLetters>>();
        for (var place : deadLetter.topics(topic)) {
            if (kafka.blockingAdmin().shape(place).isEmpty()) {
                firstIds.putIfAbsent(place, Uuid.ZERO_UUID);
                continue; // made before the first letter
            }
            refuseCompaction(kafka.blockingAdmin(), place);
            var handled = ask(place);
            firstIds.putIfAbsent(place, handled.id());
            progress.add(handled.byPartition());
            var from = handled.byPartition().entrySet().stream()
                    .collect(Collectors.toMap(
                            Map.Entry::getKey, e -> e.getValue().frontier()));
            through(from, handled.ends(), read, record -> keep(record, handled, kept, letters, counts));
        }
        var all = new ConcurrentHashMap<Partition, Letters>();
        letters.forEach((from, list) -> all.put(from, new Letters(list, counts.getOrDefault(from, 0L))));
        return new Content(all, kept, progress);
    }

    /** @throws IllegalStateException if a later letter of a key would delete an earlier one */
    static void refuseCompaction(BlockingAdmin admin, String topic) {
        var config = admin.config(topic);
        if (config.getOrDefault("cleanup.policy", "delete").contains("compact")) {
            throw new IllegalStateException("Dead-letter topic " + topic + " has cleanup.policy="
                    + config.get("cleanup.policy")
                    + ": of each key only the last letter would be kept. Set it to delete,"
                    + " with retention.ms=-1, or leave out inKeyOrder()");
        }
        var retention = config.getOrDefault("retention.ms", "-1");
        if (!retention.startsWith("-")) {
            LOG.warn(
                    "Dead-letter topic {} deletes letters after {} ms; those that nobody has sent home until then are"
                            + " dropped, and the messages of their keys go on without them",
                    topic,
                    retention);
        }
    }

    private void keep(
            ConsumerRecord<byte[], byte[]> record,
            Progress handled,
            Set<Partition> kept,
            Map<Partition, List<OpenLetter>> letters,
            Map<Partition, Long> counts) {
        if (handled.isDone(Partition.of(record.topic(), record.partition()), record.offset())) {
            return;
        }
        OpenLetter.read(record, group)
                .filter(found -> kept.contains(found.source()))
                .ifPresent(found -> {
                    if (counts.merge(found.source(), 1L, Long::sum) <= LetterLog.readMax(openMax())) {
                        letters.computeIfAbsent(found.source(), absent -> new ArrayList<>())
                                .add(found.letter());
                    }
                });
    }

    /** Gives all that is committed from here to there, partition by partition in order. */
    private void through(
            Map<Partition, Long> from,
            Map<Partition, Long> to,
            LongAdder read,
            Consumer<ConsumerRecord<byte[], byte[]>> each) {
        var left = new ArrayList<Partition>(from.keySet());
        left.removeIf(partition -> from.getOrDefault(partition, 0L) >= to.getOrDefault(partition, 0L));
        if (left.isEmpty()) {
            return;
        }
        try (var consumer = kafka.reader(Optional.empty())) {
            consumer.assign(left.stream().map(Partition::toKafka).toList());
            left.forEach(partition -> consumer.seek(partition.toKafka(), from.getOrDefault(partition, 0L)));
            long heard = time();
            while (!left.isEmpty()) {
                if (stopping.getAsBoolean()) {
                    throw new KafkaException("The consumer is stopping");
                }
                var records = consumer.poll(POLL);
                for (var record : records) {
                    var partition = Partition.of(record.topic(), record.partition());
                    if (record.offset() < to.getOrDefault(partition, 0L)) {
                        each.accept(record);
                        read.increment();
                    }
                }
                boolean moved = left.removeIf(
                        partition -> consumer.position(partition.toKafka()) >= to.getOrDefault(partition, 0L));
                if (moved || !records.isEmpty()) {
                    heard = time();
                } else if (time() - heard > SILENCE_MAX.toNanos()) {
                    throw new TimeoutException("Nothing of " + left + " came within " + SILENCE_MAX
                            + ". Is the broker there, and is there a transaction that does not end?");
                }
            }
        }
    }

    @Override
    public List<OpenLetter> gone(Partition source, List<OpenLetter> letters, long asOf) {
        var gone = new ArrayList<OpenLetter>();
        var notThere = new ArrayList<OpenLetter>();
        long began = time();
        for (var letter : letters) {
            var known = known(letter.at().topic(), asOf);
            if (known.isDone(letter.at(), letter.offset())) {
                gone.add(letter.backBy(LetterLog.home(known.byPartition(), source)));
            } else if (wentWithItsTopic(source, letter, known)
                    && wentWithItsTopic(source, letter, known(letter.at().topic(), began))) {
                notThere.add(letter);
            }
        }
        long looked = time();
        for (var letter : notThere) {
            var known = known(letter.at().topic(), looked); // another thread may have forgotten it, as done with
            gone.add(letter.backBy(
                    known.isDone(letter.at(), letter.offset())
                            ? LetterLog.home(known.byPartition(), source)
                            : HandledLetters.NONE_WENT_HOME));
        }
        if (gone.stream().allMatch(letter -> letter.backBy() == HandledLetters.NONE_WENT_HOME)) {
            return gone;
        }
        long end = kafka.blockingAdmin().end(source) - 1; // a topic that was made anew may end below
        gone.replaceAll(letter -> letter.backBy(Math.min(letter.backBy(), end)));
        return gone;
    }

    /**
     * Sure only if the letter was written before the progress was asked for. Where the topic is another one than at first,
     * its log is read on, up to where it ended when it was asked.
     */
    private boolean wentWithItsTopic(Partition source, OpenLetter letter, Progress known) {
        if (known.id().equals(firstIds.getOrDefault(letter.at().topic(), Uuid.ZERO_UUID))) {
            return false;
        }
        var log = newLogs.compute(
                letter.at().topic(),
                (topic, before) -> before != null && before.isOf(known.id()) ? before : new NewLog(known.id()));
        if (log.readTo(letter.at()) <= letter.offset()) {
            var from = new HashMap<Partition, Long>();
            known.byPartition()
                    .forEach((partition, handled) ->
                            from.put(partition, Math.max(log.readTo(partition), handled.frontier())));
            through(
                    from,
                    known.ends(),
                    new LongAdder(),
                    record -> OpenLetter.read(record, group).ifPresent(log::add));
            log.readTo(known.ends());
            log.forget(known::isDone);
        }
        return !log.contains(source, letter);
    }

    private Progress known(String topic, long asOf) {
        var known = progress.get(topic);
        if (known == null || known.asOf() - asOf < 0) {
            known = ask(topic);
            progress.put(topic, known);
        }
        return known;
    }

    /** Ends are those of the logs, not of what is committed: what an open transaction hides is waited for. */
    private Progress ask(String topic) {
        var admin = kafka.blockingAdmin();
        long now = time();
        var id =
                admin.topicId(topic).orElse(Uuid.ZERO_UUID); // before the rest: what is newer than it is seen next time
        var committed = admin.committedWithMetadata(TopicDeadLetters.GROUP_PREFIX + topic);
        var begins = admin.offsets(topic, Position.earliest());
        var handled = new HashMap<Partition, HandledLetters>();
        begins.forEach(
                (partition, begin) -> handled.put(partition, HandledLetters.of(committed.get(partition), begin)));
        return new Progress(now, id, handled, admin.offsets(topic, Position.latest()));
    }

    private long time() {
        return kafka.settings().time().nanoTime();
    }
}

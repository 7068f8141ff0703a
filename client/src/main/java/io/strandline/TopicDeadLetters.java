package io.strandline;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** The letters of one topic. Immutable but for what the broker keeps. */
final class TopicDeadLetters implements DeadLetters {
    static final String GROUP_PREFIX = "strandline-dead-letters-";

    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration SILENCE_MAX = Duration.ofSeconds(60);
    private static final Duration COMMIT_EVERY = Duration.ofSeconds(1);
    private static final int NOTES_MAX = 100;
    private static final Duration COMMIT_WAIT_MAX = Duration.ofSeconds(60);

    /** Something failed, and the broker may be what has. */
    private static final Duration COMMIT_WAIT_IN_TROUBLE = Duration.ofSeconds(5);

    private final ConnectedKafka kafka;
    private final String topic;
    private final Options options;

    private record Options(boolean dryRun, int maxRedriven, Optional<String> from) {}

    TopicDeadLetters(ConnectedKafka kafka, String topic) {
        this(kafka, topic, new Options(false, 3, Optional.empty()));
    }

    private TopicDeadLetters(ConnectedKafka kafka, String topic, Options options) {
        this.kafka = kafka;
        this.topic = topic;
        this.options = options;
    }

    @Override
    public DeadLetters dryRun() {
        return new TopicDeadLetters(kafka, topic, new Options(true, options.maxRedriven, options.from));
    }

    @Override
    public DeadLetters maxRedriven(int times) {
        if (times < 0) {
            throw new IllegalArgumentException("A letter is sent home 0 times or more, not " + times);
        }
        return new TopicDeadLetters(kafka, topic, new Options(options.dryRun, times, options.from));
    }

    @Override
    public DeadLetters from(String source) {
        return new TopicDeadLetters(
                kafka, topic, new Options(options.dryRun, options.maxRedriven, Optional.of(source)));
    }

    @Override
    public Stream<Letter> browse() {
        var reader = new Reader();
        return Stream.generate(reader::next)
                .takeWhile(Optional::isPresent)
                .map(Optional::orElseThrow)
                .onClose(reader::close);
    }

    @Override
    public long count() {
        try (var letters = browse()) {
            return letters.count();
        }
    }

    @Override
    public Report redrive(Predicate<? super Letter> which, int perSecond) {
        return work(which, new Homeward(Optional.empty(), perSecond), Optional.of(new HomewardOrder()));
    }

    @Override
    public Report redriveFor(String group, Predicate<? super Letter> which, int perSecond) {
        return work(which, new Homeward(Optional.of(group), perSecond), Optional.of(new HomewardOrder()));
    }

    @Override
    public Report drop(Predicate<? super Letter> which) {
        return work(which, (letter, reader, tally) -> Outcome.MOVED, Optional.empty());
    }

    @Override
    public long purge() {
        try (var reader = new Reader()) {
            long deleted = 0;
            for (var part : reader.parts.entrySet()) {
                long frontier = part.getValue().handled.frontier();
                long begin = part.getValue().begin;
                if (frontier > begin && !options.dryRun) {
                    kafka.admin().truncate(Partition.of(part.getKey()), frontier);
                }
                deleted += frontier - begin;
            }
            return deleted;
        }
    }

    private enum Outcome {
        MOVED,
        LEFT,
        FAILED,
        /** Nothing was done, since it could not be remembered. */
        NO_ROOM
    }

    /** What is done with a letter that was chosen. */
    private interface Work {
        Outcome on(Letter letter, Reader reader, Tally tally);
    }

    private static final class Tally {
        private long seen;
        private long moved;
        private long left;
        private long failed;
        private long retimed;
        private final Set<String> notes = new LinkedHashSet<>();

        /** Of the same words once; who reads more than a hundred has other means. */
        void note(String words) {
            if (notes.size() < NOTES_MAX) {
                notes.add(words);
            } else if (!notes.contains(words)) {
                notes.add("More was noted than is kept here.");
            }
        }

        void count(Outcome outcome) {
            seen++;
            switch (outcome) {
                case MOVED -> moved++;
                case LEFT -> left++;
                case FAILED -> failed++;
                case NO_ROOM -> throw new IllegalStateException("nothing was done, so there is nothing to count");
            }
        }

        Report report() {
            return new Report(seen, moved, left, failed, retimed, List.copyOf(notes));
        }
    }

    /** @param order in which letters have their turns; empty: as they lie */
    private Report work(Predicate<? super Letter> which, Work work, Optional<HomewardOrder> order) {
        var tally = new Tally();
        try (var reader = new Reader()) {
            try {
                order.ifPresent(keeps -> lookAtAll(reader, keeps, tally));
                goThrough(new Round(which, work, order, reader, tally), order, reader);
            } catch (RuntimeException e) {
                rememberAllTheSame(reader, e);
                throw e;
            }
            if (!options.dryRun) {
                reader.commit(COMMIT_WAIT_MAX);
            }
        }
        return tally.report();
    }

    private static void goThrough(Round round, Optional<HomewardOrder> order, Reader reader) {
        boolean goesOn = true;
        for (var next = reader.next(); goesOn && next.isPresent(); next = reader.next()) {
            goesOn = round.has(next.get());
        }
        if (goesOn && order.isPresent()) {
            for (var letter : order.get().left()) {
                goesOn = goesOn && round.has(letter);
            }
        }
    }

    /** Whatever ended it, what was done is done. An interrupt would keep the broker from hearing of it, so it waits. */
    private void rememberAllTheSame(Reader reader, RuntimeException why) {
        boolean interrupted = Thread.interrupted();
        try {
            if (!options.dryRun) {
                reader.commit(COMMIT_WAIT_IN_TROUBLE);
            }
        } catch (RuntimeException e) {
            why.addSuppressed(e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void lookAtAll(Reader reader, HomewardOrder order, Tally tally) {
        for (var next = reader.next(); next.isPresent(); next = reader.next()) {
            order.look(next.get());
        }
        order.allLookedAt();
        if (order.overflowed()) {
            tally.note("There are too many letters to put the keys of all in order; what comes home too early is"
                    + " parked again. Run this again until nothing is left.");
        }
        reader.again();
    }

    /** One letter after the other. */
    private final class Round {
        private final Predicate<? super Letter> which;
        private final Work work;
        private final Optional<HomewardOrder> order;
        private final Reader reader;
        private final Tally tally;

        Round(Predicate<? super Letter> which, Work work, Optional<HomewardOrder> order, Reader reader, Tally tally) {
            this.which = which;
            this.work = work;
            this.order = order;
            this.reader = reader;
            this.tally = tally;
        }

        /** Returns false if it cannot go on. */
        boolean has(Letter letter) {
            var next = Optional.of(letter);
            while (next.isPresent()) {
                var one = next.get();
                var turn = order.map(keeps -> keeps.turn(one)).orElse(HomewardOrder.Turn.NOW);
                if (turn == HomewardOrder.Turn.LATER) {
                    return true;
                }
                var outcome = turn == HomewardOrder.Turn.STAYS ? stays() : outcome(one);
                if (outcome == Outcome.NO_ROOM) {
                    tally.notes.add("Stopped: what is done with lies too scattered among what is left to be remembered."
                            + " Choose older letters first, or drop what will not be needed.");
                    return false;
                }
                tally.count(outcome);
                if (outcome == Outcome.MOVED && !options.dryRun) {
                    reader.handled(one);
                }
                next = order.flatMap(keeps -> keeps.after(one, outcome != Outcome.MOVED));
            }
            return true;
        }

        private Outcome outcome(Letter letter) {
            if (!which.test(letter)) {
                return Outcome.LEFT;
            }
            return options.dryRun || reader.hasRoomFor(letter) ? work.on(letter, reader, tally) : Outcome.NO_ROOM;
        }

        private Outcome stays() {
            tally.note("Letters that follow one that stays (their keys are kept in order) stay with it.");
            return Outcome.LEFT;
        }
    }

    /** Sends letters to where they came from. */
    private final class Homeward implements Work {
        private final Optional<String> onlyFor;
        private final long pauseNanos;
        private final Map<String, Optional<Source>> sources = new HashMap<>();
        private long nextAt = kafka.settings().time().nanoTime();

        Homeward(Optional<String> onlyFor, int perSecond) {
            if (perSecond < 1) {
                throw new IllegalArgumentException("Letters go home 1 a second or faster, not " + perSecond);
            }
            this.onlyFor = onlyFor;
            pauseNanos = perSecond == Integer.MAX_VALUE ? 0 : 1_000_000_000L / perSecond;
        }

        @Override
        public Outcome on(Letter letter, Reader reader, Tally tally) {
            if (letter.redriven() >= options.maxRedriven) {
                tally.note("Letters that were sent home " + options.maxRedriven
                        + " times stay; maxRedriven(n) lets them go again.");
                return Outcome.LEFT;
            }
            if (onlyFor.isPresent() && isOfAnother(letter, onlyFor.get())) {
                tally.note("Letters that group " + letter.group() + " gave up stay: at home for " + onlyFor.get()
                        + " alone, that group would never see them. redriveFor(\"" + letter.group()
                        + "\", ..) sends them home for it, redrive(..) for all groups.");
                return Outcome.LEFT;
            }
            if (letter.from().isEmpty()) {
                tally.note("Letters that do not say where they came from stay; from(topic) tells.");
                return Outcome.FAILED;
            }
            var home = letter.from().get();
            var source = sources.computeIfAbsent(home.topic(), this::look);
            if (source.isEmpty()) {
                tally.note("There is no topic " + home.topic() + " (any more).");
                return Outcome.FAILED;
            }
            var time = letter.timestamp().filter(source.get()::keeps);
            var outcome = options.dryRun ? Outcome.MOVED : send(letter, home, source.get(), time, reader, tally);
            if (outcome == Outcome.MOVED && time.isEmpty()) {
                tally.retimed++;
            }
            return outcome;
        }

        /** Other frameworks' letters are given to whoever takes over from them. */
        private static boolean isOfAnother(Letter letter, String group) {
            return letter.dialect().equals(Dialect.OURS)
                    && !letter.group().isEmpty()
                    && !letter.group().equals(group);
        }

        private Outcome send(
                Letter letter, Partition home, Source source, Optional<Instant> time, Reader reader, Tally tally) {
            pace();
            var message = Outgoing.to(Topic.bytes(home.topic()), letter.key(), letter.value())
                    .headers(DeadLetterHeaders.homeward(letter, onlyFor));
            if (home.number() < source.partitions) {
                message = message.partition(home.number());
            }
            if (time.isPresent()) {
                message = message.timestamp(time.get());
            }
            try {
                var ack = kafka.forwarder().send(message);
                reader.wentHome(letter, ack);
                kafka.events()
                        .raise(new Event.Redriven(
                                kafka.settings().time().now(), letter.at(), letter.offset(), ack, onlyFor));
                return Outcome.MOVED;
            } catch (SendFailed e) {
                if (Thread.currentThread().isInterrupted()) {
                    throw interrupted(e); // nothing else would be waited for either
                }
                tally.note(String.valueOf(e.getMessage()));
                return Outcome.FAILED;
            }
        }

        private void pace() {
            var time = kafka.settings().time();
            long wait = nextAt - time.nanoTime();
            nextAt = Math.max(nextAt, time.nanoTime()) + pauseNanos;
            if (wait > 0) {
                try {
                    time.sleep(Duration.ofNanos(wait));
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw interrupted(e);
                }
            }
        }

        private static IllegalStateException interrupted(Exception e) {
            return new IllegalStateException("Interrupted; what was sent home so far is remembered", e);
        }

        private Optional<Source> look(String name) {
            return find(name).map(found -> {
                long retentionMs = Long.parseLong(found.config().getOrDefault("retention.ms", "-1"));
                boolean deletes =
                        found.config().getOrDefault("cleanup.policy", "delete").contains("delete");
                return new Source(
                        found.partitions(),
                        retentionMs < 0 || !deletes
                                ? Optional.empty()
                                : Optional.of(kafka.settings().time().now().minusMillis(retentionMs / 2)));
            });
        }

        /** A letter may name what can be no topic. */
        private Optional<Admin.TopicInfo> find(String name) {
            try {
                return kafka.admin().topic(name);
            } catch (InvalidTopicException e) {
                return Optional.empty();
            }
        }
    }

    /**
     * @param keepsFrom what is older than this has half of its time or more behind it, and might be deleted before anyone
     *     has handled it; empty: nothing is deleted
     */
    private record Source(int partitions, Optional<Instant> keepsFrom) {
        boolean keeps(Instant time) {
            return keepsFrom.map(time::isAfter).orElse(true);
        }
    }

    /** Reads what is not done with, to where the topic ended when this began; remembers what is. */
    private final class Reader implements AutoCloseable {
        private final Consumer<byte[], byte[]> consumer;
        private final Map<TopicPartition, Part> parts = new HashMap<>();
        private final List<TopicPartition> toRead = new ArrayList<>();
        private final ArrayList<ConsumerRecord<byte[], byte[]>> batch = new ArrayList<>();
        private boolean madeAnew;
        private long lastCommit = kafka.settings().time().nanoTime();

        private record Part(long begin, long end, HandledLetters handled) {}

        Reader() {
            consumer = kafka.reader(Optional.of(GROUP_PREFIX + topic));
            try {
                toRead.addAll(partitions());
                if (toRead.isEmpty()) {
                    throw new UnknownTopicOrPartitionException("There is no dead-letter topic " + topic);
                }
                var begins = consumer.beginningOffsets(toRead);
                var ends = consumer.endOffsets(toRead);
                var committed = consumer.committed(Set.copyOf(toRead));
                for (var partition : toRead) {
                    long begin = begins.getOrDefault(partition, 0L);
                    parts.put(
                            partition,
                            new Part(
                                    begin,
                                    ends.getOrDefault(partition, 0L),
                                    HandledLetters.of(committed.get(partition), begin)));
                }
            } catch (RuntimeException e) {
                consumer.close();
                throw e;
            }
        }

        private List<TopicPartition> partitions() {
            return kafka.partitions(consumer, topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .sorted(java.util.Comparator.comparingInt(TopicPartition::partition))
                    .toList();
        }

        /** From the beginning, to the same end. */
        void again() {
            consumer.unsubscribe();
            toRead.addAll(parts.keySet().stream()
                    .sorted(java.util.Comparator.comparingInt(TopicPartition::partition))
                    .toList());
        }

        void wentHome(Letter letter, Ack ack) {
            part(letter).handled.wentHome(Partition.of(ack.topic(), ack.partition()), ack.offset());
        }

        private Part part(Letter letter) {
            return java.util.Objects.requireNonNull(parts.get(letter.at().toKafka()));
        }

        /** Empty at the end. */
        Optional<Letter> next() {
            while (true) {
                while (!batch.isEmpty()) {
                    var record = batch.removeFirst();
                    if (!part(record).handled.contains(record.offset())) {
                        return Optional.of(Dialect.read(record, options.from));
                    }
                }
                if (toRead.isEmpty()) {
                    return Optional.empty();
                }
                fill(toRead.getFirst());
            }
        }

        private Part part(ConsumerRecord<byte[], byte[]> record) {
            return java.util.Objects.requireNonNull(parts.get(new TopicPartition(topic, record.partition())));
        }

        private void fill(TopicPartition partition) {
            var part = java.util.Objects.requireNonNull(parts.get(partition));
            if (!consumer.assignment().contains(partition)) {
                consumer.assign(List.of(partition));
                consumer.seek(partition, part.handled.frontier());
            }
            long silent = kafka.settings().time().nanoTime();
            while (batch.isEmpty() && consumer.position(partition) < part.end) {
                long before = consumer.position(partition);
                take(partition, part, before, poll(partition, before));
                if (consumer.position(partition) != before) {
                    silent = kafka.settings().time().nanoTime();
                } else if (kafka.settings().time().nanoTime() - silent > SILENCE_MAX.toNanos()) {
                    throw new org.apache.kafka.common.errors.TimeoutException(
                            "No letter of " + partition + " came within " + SILENCE_MAX + ". Is the broker there?");
                }
            }
            if (consumer.position(partition) >= part.end) {
                toRead.removeFirst();
            }
        }

        private ConsumerRecords<byte[], byte[]> poll(TopicPartition partition, long position) {
            try {
                return consumer.poll(POLL);
            } catch (OffsetOutOfRangeException e) {
                long begin = consumer.beginningOffsets(List.of(partition)).getOrDefault(partition, 0L);
                if (begin <= position) {
                    madeAnew = true;
                    throw new IllegalStateException(
                            "The topic of " + partition + " was made anew meanwhile. Ask again", e);
                }
                consumer.seek(partition, begin); // retention or a purge was faster
                return ConsumerRecords.empty();
            }
        }

        /** What lies between letters is none, and need not keep those beside it apart. */
        private void take(TopicPartition partition, Part part, long from, ConsumerRecords<byte[], byte[]> polled) {
            long next = from;
            for (var record : polled.records(partition)) {
                if (record.offset() >= part.end) {
                    break;
                }
                part.handled.gap(next, record.offset());
                batch.add(record);
                next = record.offset() + 1;
            }
            part.handled.gap(next, Math.min(part.end, consumer.position(partition)));
        }

        boolean hasRoomFor(Letter letter) {
            return part(letter).handled.hasRoomFor(letter.offset());
        }

        void handled(Letter letter) {
            part(letter).handled.add(letter.offset());
            if (kafka.settings().time().nanoTime() - lastCommit > COMMIT_EVERY.toNanos()) {
                commit(COMMIT_WAIT_MAX);
            }
        }

        void commit(Duration atMost) {
            if (madeAnew) {
                return; // these offsets are of the old one
            }
            lastCommit = kafka.settings().time().nanoTime();
            var offsets = new HashMap<TopicPartition, org.apache.kafka.clients.consumer.OffsetAndMetadata>();
            parts.forEach((partition, part) -> {
                part.handled.renew(kafka.settings().time().now());
                part.handled.committed().ifPresent(committed -> offsets.put(partition, committed));
            });
            consumer.commitSync(offsets, atMost);
        }

        @Override
        public void close() {
            consumer.close();
        }
    }
}

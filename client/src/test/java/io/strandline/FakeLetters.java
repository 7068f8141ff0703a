package io.strandline;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** The dead letters of the group "billing" on a {@link FakeGroup}, and those who send them home or drop them. */
final class FakeLetters implements LetterLog, DeadLetterWriter {
    static final String TOPIC = "orders.dlq";

    final FakeGroup group;
    private final int partitions;

    /** What {@link DeadLetters} remembers, as the broker has it. */
    final Map<TopicPartition, OffsetAndMetadata> progress = new HashMap<>();

    int openMax = 1_000;
    boolean answers = true;
    int readings;
    final List<Partition> left = new ArrayList<>();
    int deferredMax = 1_000;

    FakeLetters(FakeGroup group, int partitions) {
        this.group = group;
        this.partitions = partitions;
        group.addPartitions(TOPIC, 0, partitions);
    }

    @Override
    public int openMax() {
        return openMax;
    }

    @Override
    public Ack write(ConsumerRecord<byte[], byte[]> source, String topic, GivenUp givenUp, boolean noStack) {
        var to = new TopicPartition(topic, source.partition() % partitions);
        var headers = DeadLetterHeaders.of(source, "billing", givenUp, 0);
        long offset = group.append(to, source.key(), source.value(), HeaderList.toKafka(headers));
        return new Ack(topic, to.partition(), offset, Instant.EPOCH);
    }

    Map<Partition, HandledLetters> handled() {
        var handled = new HashMap<Partition, HandledLetters>();
        for (int p = 0; p < partitions; p++) {
            var partition = new TopicPartition(TOPIC, p);
            handled.put(Partition.of(partition), HandledLetters.of(progress.get(partition), group.begin(partition)));
        }
        return handled;
    }

    /** Those that nobody has sent home or dropped, as they lie. */
    List<ConsumerRecord<byte[], byte[]>> open() {
        var open = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        handled()
                .forEach((partition, handled) -> group.records(partition.toKafka()).stream()
                        .filter(record -> !handled.contains(record.offset()))
                        .forEach(open::add));
        return open;
    }

    @Override
    public Letters read(Partition source, long asOf, long from, LongAdder read) {
        readings++;
        if (!answers) {
            throw new KafkaException("nobody answers, on purpose");
        }
        var letters = new ArrayList<OpenLetter>();
        open().forEach(record -> OpenLetter.read(record, "billing")
                .filter(found -> found.source().equals(source))
                .ifPresent(found -> letters.add(found.letter())));
        int stillThere = letters.size();
        long home = LetterLog.home(handled(), source);
        group.records(source.toKafka()).stream()
                .filter(record -> record.offset() >= from && record.offset() <= home)
                .forEach(record -> OpenLetter.comingBack(record, "billing").ifPresent(letters::add));
        return new Letters(letters, stillThere);
    }

    @Override
    public List<OpenLetter> gone(Partition source, List<OpenLetter> letters, long asOf) {
        var handled = handled();
        return letters.stream()
                .filter(letter -> handled.get(letter.at()).contains(letter.offset()))
                .map(letter -> letter.backBy(LetterLog.home(handled, source)))
                .toList();
    }

    @Override
    public void left(Partition source) {
        left.add(source);
    }

    void drop(Predicate<DeadLetters.Letter> which) {
        var handled = handled();
        open().stream()
                .map(record -> Dialect.read(record, Optional.empty()))
                .filter(which)
                .forEach(letter -> handled.get(letter.at()).add(letter.offset()));
        commit(handled);
    }

    private void commit(Map<Partition, HandledLetters> handled) {
        handled.forEach((partition, done) ->
                progress.put(partition.toKafka(), done.committed().orElseThrow()));
    }

    /** One call of {@link DeadLetters#redrive}, letter by letter: it may die between any two. */
    final class Redrive {
        private final HomewardOrder order = new HomewardOrder(deferredMax, Long.MAX_VALUE);
        private final List<DeadLetters.Letter> toDo = new ArrayList<>();
        private final Map<Partition, HandledLetters> handled = handled();
        private final Predicate<DeadLetters.Letter> which;

        Redrive(Predicate<DeadLetters.Letter> which) {
            this.which = which;
            open().forEach(record -> toDo.add(Dialect.read(record, Optional.empty())));
            toDo.forEach(order::look);
            order.allLookedAt();
        }

        /** What went home; empty at the end. */
        List<DeadLetters.Letter> step() {
            var moved = new ArrayList<DeadLetters.Letter>();
            while (moved.isEmpty() && !toDo.isEmpty()) {
                Optional<DeadLetters.Letter> next = Optional.of(toDo.removeFirst());
                while (next.isPresent()) {
                    var letter = next.get();
                    var turn = order.turn(letter);
                    if (turn == HomewardOrder.Turn.LATER) {
                        break;
                    }
                    boolean goes = turn == HomewardOrder.Turn.NOW && which.test(letter);
                    if (goes) {
                        send(letter);
                        moved.add(letter);
                    }
                    next = order.after(letter, !goes);
                }
            }
            return moved;
        }

        private void send(DeadLetters.Letter letter) {
            var home = letter.from().orElseThrow();
            var headers = HeaderList.toKafka(DeadLetterHeaders.homeward(letter, Optional.empty()));
            long offset = group.append(home.toKafka(), letter.key(), letter.value(), headers);
            handled.get(letter.at()).wentHome(home, offset);
            handled.get(letter.at()).add(letter.offset());
        }

        void remember() {
            commit(handled);
        }
    }

    /** All that is there, to the end. */
    void redriveAll() {
        var all = new Redrive(letter -> true);
        while (!all.step().isEmpty()) {}
        all.remember();
    }
}

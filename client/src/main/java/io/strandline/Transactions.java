package io.strandline;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * What the partitions of one consumer need for transactions. Each has a transactional id of its own, made of what names it:
 *
 * <pre>
 *   invoicing-tx-billing-payments-3     the user's id, the group, the topic, the partition
 * </pre>
 *
 * So whoever takes a partition over ends what its last owner left open, at once, and two partitions never wait for each
 * other; that a partition has left is what the group's generation tells the broker with each commit (KIP-447).
 */
final class Transactions implements AutoCloseable {
    /** Where there are none. */
    static final Transactions NONE = new Transactions(
            new Limits(1, Duration.ofMillis(1)),
            id -> {
                throw new IllegalStateException("This consumer has no transactions, and " + id + " was asked for");
            },
            (task, letter, time) -> {
                throw new IllegalStateException("This consumer has no transactions");
            },
            Instruments.NONE);

    private final Limits limits;
    private final Function<String, Transactor> make;
    private final Letters letters;
    private final Instruments instruments;
    private final Map<Partition, Transactor> open = new ConcurrentHashMap<>();

    /** How large one may become. */
    record Limits(int messages, Duration time) {}

    /** Makes dead letters that others send. */
    @FunctionalInterface
    interface Letters {
        /** May wait: the topic is made where it is missing. */
        Outgoing<byte[], byte[]> letter(Task task, Task.Letter letter, Time time);
    }

    /** @param make by the transactional id */
    Transactions(Limits limits, Function<String, Transactor> make, Letters letters, Instruments instruments) {
        this.limits = limits;
        this.make = make;
        this.letters = letters;
        this.instruments = instruments;
    }

    Limits limits() {
        return limits;
    }

    Letters letters() {
        return letters;
    }

    Instruments instruments() {
        return instruments;
    }

    /** The same one while the partition is here. */
    Transactor of(String transactionalId, String group, Partition partition) {
        return open.computeIfAbsent(
                partition, p -> make.apply(transactionalId + "-" + group + "-" + p.topic() + "-" + p.number()));
    }

    /** The partition has left. What it has open is aborted, though a handler may still be at it; that takes a while. */
    void left(Partition partition, MemberContext.HandlerThreads threads) {
        Optional.ofNullable(open.remove(partition))
                .ifPresent(transactor -> threads.start("strandline-close-" + transactor.id, transactor::close));
    }

    @Override
    public void close() {
        open.values().forEach(Transactor::close);
        open.clear();
    }
}

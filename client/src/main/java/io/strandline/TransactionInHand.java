package io.strandline;

import java.util.Map;

/** A consumer's transaction as the handler of one of its messages sees it. */
final class TransactionInHand implements Transaction {
    private final OpenTransaction tx;
    private final Instruments instruments;
    private final Task task;
    private volatile boolean over;

    TransactionInHand(OpenTransaction tx, Instruments instruments, Task task) {
        this.tx = tx;
        this.instruments = instruments;
        this.task = task;
    }

    @Override
    public <K, V> void send(Outgoing<K, V> message) {
        if (over) {
            throw new IllegalStateException("The handler of " + task.source() + "@" + task.sourceOffset()
                    + " has returned: what is sent now would count as another message's");
        }
        tx.put(message, instruments, task);
    }

    /** The handler has returned or failed. */
    void over() {
        over = true;
    }

    @Override
    public void offsets(Consumer consumer, Map<Partition, Long> nextOffsets) {
        throw consumers();
    }

    @Override
    public void commit() {
        throw consumers();
    }

    @Override
    public void abort() {
        throw consumers();
    }

    @Override
    public void close() {
        throw consumers();
    }

    private static IllegalStateException consumers() {
        return new IllegalStateException(
                "This transaction is the consumer's: it commits, with the offsets, when the handlers"
                        + " of its messages have returned. To have it aborted, throw");
    }
}

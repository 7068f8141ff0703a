package io.strandline.storage;

import io.strandline.storage.simulation.OperationKind;
import io.strandline.storage.simulation.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A small store on a simulated disk, driven by hand, whose power a test may cut. */
final class StoreFixture {
    static final UUID TOPIC = new UUID(0, 77);
    static final LogId LOG = new LogId(TOPIC, 0);
    static final LogId OTHER = new LogId(TOPIC, 1);

    Topics topics = new Topics(LogConfig.defaults().withSegmentBytes(2000)).with(TOPIC);
    StoreConfig config = StoreConfig.defaults().withJournalBytes(64 * 1024).withIndexIntervalBytes(200);
    SimulatedDisk disk = new SimulatedDisk(1);
    TurnableTime time = new TurnableTime();
    Store store;

    StoreFixture() throws IOException {
        disk.capacity(1L << 40);
        store = open();
    }

    Store open() throws IOException {
        return Store.open(disk, config, topics, time);
    }

    /** All ranges that may are forced in their own files. */
    StoreFixture direct() throws IOException {
        config = config.withRouter((bytes, dirty) -> Router.Route.DIRECT);
        return reopen();
    }

    /** All ranges that may go through the journal. */
    StoreFixture journaled() throws IOException {
        config = config.withRouter((bytes, dirty) -> Router.Route.JOURNAL);
        return reopen();
    }

    StoreFixture reopen() throws IOException {
        store.close();
        store = open();
        return this;
    }

    PartitionLog log() {
        return store.log(LOG);
    }

    PartitionLog other() {
        return store.log(OTHER);
    }

    void cycle() {
        store.committer().cycle();
    }

    void step() {
        store.checkpointer().step();
    }

    /** The power fails, comes back, the store is opened. */
    void cut(long seed) throws IOException {
        disk = disk.afterPowerCut(seed);
        store = open();
    }

    /** The process dies, the store is opened by the next one. */
    void kill() throws IOException {
        disk = disk.afterProcessKill(3);
        store = open();
    }

    /** Opens the store as it would be if the power failed now; this one goes on. */
    Store openAfterCut(long seed) throws IOException {
        return Store.open(disk.afterPowerCut(seed), config, topics, time);
    }

    interface Check {
        void run() throws Exception;
    }

    /** Runs a check in the middle of every operation of a kind that changes the disk. */
    void atEveryChange(Check check) {
        disk.onOperation(operation -> {
            if (operation.kind().changesDisk() && operation.kind() != OperationKind.LOCK) {
                run(check);
            }
        });
    }

    /** Runs a check in the middle of the next operation of this kind on such a path. */
    void atNext(OperationKind kind, String path, Check check) {
        disk.onOperation(operation -> {
            if (operation.kind() == kind && operation.path().contains(path)) {
                disk.onOperation(next -> {});
                run(check);
            }
        });
    }

    /** What is thrown inside the store may be caught there; {@link #rethrow} brings it to light. */
    private void run(Check check) {
        try {
            check.run();
        } catch (Throwable e) {
            if (found == null) {
                found = new AssertionError(e);
            }
        }
    }

    private @Nullable AssertionError found;

    void rethrow() {
        disk.onOperation(operation -> {});
        if (found != null) {
            throw found;
        }
    }

    static Batch batch(int records, int valueBytes) {
        var builder = new BatchBuilder();
        for (int i = 0; i < records; i++) {
            builder.add(1000 + i, null, ByteBuffer.allocate(valueBytes));
        }
        return builder.build();
    }

    /** One record of a moment. */
    static Batch batchAt(long timestampMs, int valueBytes) {
        return new BatchBuilder()
                .add(timestampMs, null, ByteBuffer.allocate(valueBytes))
                .build();
    }

    static Batch idempotent(int sequence, int records) {
        var builder = new BatchBuilder().producer(5, (short) 0, sequence);
        for (int i = 0; i < records; i++) {
            builder.add(1000 + i, null, ByteBuffer.allocate(10));
        }
        return builder.build();
    }
}

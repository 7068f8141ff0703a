package io.strandline.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.storage.simulation.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The engine as its user sees it, on a disk that does not fail. */
class StoreTest {
    private static final UUID TOPIC = new UUID(0, 77);
    private static final LogId LOG = new LogId(TOPIC, 0);
    private static final StoreConfig CONFIG = StoreConfig.defaults().withJournalBytes(64 * 1024);

    private final Topics topics = new Topics(LogConfig.defaults().withSegmentBytes(2000)).with(TOPIC);
    private SimulatedDisk disk = new SimulatedDisk(1);

    private Store open() throws IOException {
        return Store.open(disk, CONFIG, topics, Time.SYSTEM);
    }

    private static Batch batch(int records, int valueBytes) {
        var builder = new BatchBuilder();
        for (int i = 0; i < records; i++) {
            builder.add(1000 + i, null, ByteBuffer.allocate(valueBytes));
        }
        return builder.build();
    }

    private static List<Long> offsets(PartitionLog log, long from) throws Exception {
        var found = new ArrayList<Long>();
        long next = from;
        while (log.read(next, 500, true) instanceof Read.Slices slices
                && !slices.slices().isEmpty()) {
            for (var slice : slices.slices()) {
                var bytes = slice.read();
                while (bytes.remaining() >= Batch.HEADER_BYTES) {
                    int size = bytes.getInt(bytes.position() + Batch.LENGTH_AT) + Batch.LENGTH_COUNTS_FROM;
                    if (size > bytes.remaining()) {
                        break;
                    }
                    var batch = Batch.parse(bytes.slice(bytes.position(), size));
                    bytes.position(bytes.position() + size);
                    found.add(batch.baseOffset());
                    next = batch.endOffset();
                }
            }
        }
        return found;
    }

    @Test
    void whatWasAppendedCanBeReadOnceItIsDurableAndNotBefore() throws Exception {
        try (var store = open()) {
            var log = store.log(LOG);
            assertThat(log.append(batch(3, 10))).isEqualTo(new Verdict.Appended(0, 3, 0, -1, 0));
            assertThat(offsets(log, 0)).isEmpty();
            assertThat(log.durable(3).state()).isEqualTo(Durability.State.PENDING);

            store.committer().cycle();

            assertThat(log.durable(3).state()).isEqualTo(Durability.State.DURABLE);
            assertThat(log.view().durableEnd()).isEqualTo(3);
            assertThat(offsets(log, 0)).containsExactly(0L);
        }
    }

    @Test
    void aLogOverManySegmentsIsReadInOrderAlsoAfterACleanStop() throws Exception {
        try (var store = open()) {
            for (int i = 0; i < 50; i++) {
                assertThat(store.log(LOG).append(batch(2, 100))).isInstanceOf(Verdict.Appended.class);
                store.committer().cycle();
            }
        }
        try (var store = open()) {
            assertThat(store.opening().clean()).isTrue();
            assertThat(offsets(store.log(LOG), 0)).hasSize(50).isSorted().endsWith(98L);
            assertThat(store.log(LOG).append(batch(1, 1))).isEqualTo(new Verdict.Appended(100, 101, 0, -1, 0));
        }
    }

    @Test
    void whatIsDurableIsThereAfterAPowerCut() throws Exception {
        var store = open();
        for (int i = 0; i < 50; i++) {
            store.log(LOG).append(batch(2, 100));
            store.committer().cycle();
        }
        disk = disk.afterPowerCut(5);
        try (var again = open()) {
            assertThat(again.opening().clean()).isFalse();
            assertThat(offsets(again.log(LOG), 0)).hasSize(50);
            assertThat(again.leaderEpoch()).isEqualTo(store.leaderEpoch() + 1);
        }
    }

    @Test
    void aBundleIsThereAsAWhole() throws Exception {
        var other = new LogId(TOPIC, 1);
        try (var store = open()) {
            store.log(LOG).append(batch(1, 5));
            var together = store.appendTogether(List.of(
                    new Store.Part(store.log(LOG), batch(1, 10)), new Store.Part(store.log(other), batch(1, 20))));
            assertThat(together).isInstanceOf(Store.Together.Accepted.class);
            assertThat(store.log(LOG).append(batch(1, 5))).isEqualTo(new Verdict.Appended(2, 3, 2, -1, 0));
            store.committer().cycle();
            assertThat(store.log(LOG).view().durableEnd()).isEqualTo(3);
            assertThat(store.log(other).view().durableEnd()).isEqualTo(1);
            assertThat(offsets(store.log(LOG), 0)).containsExactly(0L, 1L, 2L);
        }
    }

    @Test
    void aRunningStoreMakesAppendsDurableByItself() throws Exception {
        try (var store = open()) {
            store.start(Thread.ofPlatform().daemon().factory());
            for (int i = 0; i < 200; i++) {
                var appended = (Verdict.Appended) store.log(LOG).append(batch(1, 300));
                var waiter = new Waiter();
                var durable = store.log(LOG).durable(appended.endOffset());
                durable.notify(waiter);
                assertThat(waiter.await(Time.SYSTEM, Time.SYSTEM.nanos() + 10_000_000_000L))
                        .isTrue();
                assertThat(durable.state()).isEqualTo(Durability.State.DURABLE);
            }
        }
        try (var store = open()) {
            assertThat(offsets(store.log(LOG), 0)).hasSize(200);
        }
    }
}

package io.strandline.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Records have their time and their room, in every log of a running store, and no longer. */
class RetentionTest {
    private static final long HOUR_MS = 3_600_000;
    private static final String FILES = "topics/" + StoreFixture.TOPIC + "/0";

    private StoreFixture at;

    @BeforeEach
    void begin() throws Exception {
        at = new StoreFixture();
    }

    private void config(LogConfig config) throws Exception {
        at.store.close();
        at.topics = new Topics(config).with(StoreFixture.TOPIC);
        at.store = at.open();
    }

    /** About 1 KB, of now. */
    private void write() {
        var batch = new BatchBuilder()
                .add(at.time.wallMs(), null, ByteBuffer.allocate(1000))
                .build();
        assertThat(at.log().append(batch)).isInstanceOf(Verdict.Appended.class);
        at.cycle();
    }

    private void retain() {
        at.store.checkpointer().retain();
        at.step();
        at.step(); // files go when no frame of the journal names them any more
    }

    private long start() {
        return at.log().view().logStartOffset();
    }

    private long segments() throws Exception {
        return at.disk.list(FILES).stream()
                .filter(name -> name.endsWith(".log"))
                .count();
    }

    @Test
    void segmentsGoWhenTheirNewestRecordHasHadItsTime() throws Exception {
        config(LogConfig.defaults().withSegmentBytes(2000).withRetentionMs(HOUR_MS));
        write();
        at.time.advanceMs(HOUR_MS / 2);
        write(); // does not fit beside the first
        at.time.advanceMs(HOUR_MS / 2 + 1);

        retain();

        assertThat(start()).isEqualTo(1);
        assertThat(segments()).isEqualTo(1);
        at.cut(1);
        assertThat(start()).isEqualTo(1);
    }

    @Test
    void theOldestSegmentsGoWhileThePartitionIsLargerThanItMayBe() throws Exception {
        config(LogConfig.defaults().withSegmentBytes(2000).withRetentionBytes(2500));
        for (int i = 0; i < 6; i++) {
            write();
        }

        retain();

        assertThat(at.log().sizeBytes()).isBetween(2500L, 3600L);
        assertThat(start()).isEqualTo(3);
    }

    @Test
    void recordsHaveTheirTimeAlsoInTheSegmentThatIsWrittenTo() throws Exception {
        config(LogConfig.defaults().withRetentionMs(HOUR_MS));
        write();
        at.time.advanceMs(HOUR_MS + 1);

        retain();

        assertThat(start()).isEqualTo(1);
        assertThat(at.log().read(0, 1000, true)).isInstanceOf(Read.OutOfRange.class);
        at.cut(1);
        assertThat(start()).isEqualTo(1);
        write();
        retain();
        assertThat(start()).isEqualTo(1);
        assertThat(at.disk.list(FILES)).as("the old file has gone").noneMatch(name -> name.startsWith("0".repeat(20)));
    }

    @Test
    void recordsHaveTheirTimeAlsoInALogThatNobodyUses() throws Exception {
        config(LogConfig.defaults().withRetentionMs(HOUR_MS));
        write();
        at.time.advanceMs(at.config.idleAfter().toMillis() + 1);
        at.step();
        assertThat(at.log().openOrNull()).as("closed as idle").isNull();
        at.time.advanceMs(HOUR_MS + 1);

        retain();

        assertThat(start()).isEqualTo(1);
    }

    @Test
    void aLogThatNobodyUsesIsNotOpenedEachTime() throws Exception {
        config(LogConfig.defaults().withRetentionMs(10 * HOUR_MS));
        write();
        at.time.advanceMs(HOUR_MS + 1);
        at.step();
        assertThat(at.log().openOrNull()).isNull();
        at.store.checkpointer().retain();
        at.time.advanceMs(HOUR_MS - 1);
        at.step();
        assertThat(at.log().openOrNull()).isNull();

        at.store.checkpointer().retain();

        assertThat(at.log().openOrNull()).isNull();
    }

    @Test
    void whatIsNotDurableYetIsNotOld() throws Exception {
        config(LogConfig.defaults().withRetentionMs(HOUR_MS));
        write();
        at.time.advanceMs(HOUR_MS + 1);
        at.log().append(StoreFixture.batch(1, 10)); // of long ago, but not on the disk

        retain();

        assertThat(start()).isLessThanOrEqualTo(1);
    }

    @Test
    void aLogThatIsNotToBeDeletedKeepsEverything() throws Exception {
        config(LogConfig.defaults().withRetentionMs(HOUR_MS).withDeletes(false));
        write();
        at.time.advanceMs(10 * HOUR_MS);

        retain();

        assertThat(start()).isZero();
    }

    @Test // W13
    void aSnapshotStaysThatDoesNotRunAheadOfWhatAPowerCutLeaves() throws Exception {
        write();
        for (long offset : new long[] {3, 7, 11, 13, 17}) {
            Snapshot.of(offset, new LeaderEpochs(), new ProducerStates()).write(at.disk, StoreFixture.LOG);
        }

        Snapshot.removeOld(at.disk, StoreFixture.LOG, 9);

        assertThat(at.disk.list(FILES).stream().flatMap(name -> Layout.parseSnapshot(name).stream()))
                .containsExactly(7L, 11L, 13L, 17L);
    }
}

package io.strandline.storage;

import static io.strandline.storage.StoreFixture.LOG;
import static io.strandline.storage.StoreFixture.TOPIC;
import static io.strandline.storage.StoreFixture.batchAt;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.storage.simulation.OperationKind;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** What a topic no longer keeps goes from logs that nobody uses as well, and they are not opened for nothing. */
class UnusedLogsTest {
    /** One test takes a file away. Held, since a logger that nobody holds forgets its level. */
    private static final Logger QUIET = Logger.getLogger("io.strandline.storage");

    static {
        QUIET.setLevel(Level.OFF);
    }

    private static final int DAY_MS = 86_400_000;
    private static final LogConfig KEEPS_ALL =
            LogConfig.defaults().withSegmentBytes(2000).withRetentionMs(-1);

    private final StoreFixture at = new StoreFixture();

    UnusedLogsTest() throws IOException {}

    @Test
    void aLogThatNobodyUsesLosesWhatHasHadItsTime() throws Exception {
        at.topics = topics(KEEPS_ALL.withRetentionMs(DAY_MS));
        at.reopen();
        fill(LOG, 4);
        at.reopen();
        assertThat(at.store.openLogs()).isEmpty();

        at.store.checkpointer().retain();
        assertThat(at.log().view().logStartOffset()).isZero();
        assertThat(at.store.openLogs()).isEmpty();

        at.time.advanceMs(DAY_MS + 1);
        at.store.checkpointer().retain();
        assertThat(at.log().view().logStartOffset()).isEqualTo(4);
        at.step();
        at.step();

        assertThat(at.disk.list(Layout.log(LOG)))
                .filteredOn(name -> name.endsWith(".log"))
                .hasSize(1);
        assertThat(at.store.openLogs()).isEmpty();
        at.cut(1);
        assertThat(at.log().view().logStartOffset()).isEqualTo(4);
    }

    @Test
    void aLogThatNobodyUsesLosesWhatIsTooMuch() throws Exception {
        fill(LOG, 4);
        at.topics = topics(KEEPS_ALL.withRetentionBytes(4_000));
        at.reopen();

        at.store.checkpointer().retain();

        assertThat(at.log().view().logStartOffset()).isEqualTo(1);
    }

    @Test
    void aChangedConfigurationCountsForLogsThatNobodyUses() throws Exception {
        var config = new LogConfig[] {KEEPS_ALL.withRetentionMs(DAY_MS)};
        at.topics = topics(config);
        at.reopen();
        fill(LOG, 3);
        at.reopen();
        at.store.checkpointer().retain();
        at.time.advanceMs(DAY_MS / 2);
        at.store.checkpointer().retain();
        assertThat(at.log().view().logStartOffset()).isZero();

        config[0] = KEEPS_ALL.withRetentionMs(1000);
        at.store.checkpointer().retain();

        assertThat(at.log().view().logStartOffset()).isEqualTo(3);
    }

    @Test
    void manyLogsAreLookedAtAFewAtATimeAndAgainOnlyWhenSomethingIsDue() throws Exception {
        at.topics = topics(KEEPS_ALL.withRetentionMs(DAY_MS));
        at.reopen();
        int logs = 2 * Retention.OPENED_MAX + 3;
        for (int i = 0; i < logs; i++) {
            fill(new LogId(TOPIC, i), 2);
        }
        at.reopen();
        var opened = new AtomicInteger();
        at.disk.onOperation(operation -> {
            if (operation.kind() == OperationKind.OPEN && operation.path().endsWith(".log")) {
                opened.incrementAndGet();
            }
        });

        assertThat(at.store.checkpointer().retain()).isTrue();
        assertThat(at.store.openLogs()).isEmpty();
        assertThat(at.store.checkpointer().retain()).isTrue();
        assertThat(at.store.checkpointer().retain()).isFalse();
        assertThat(opened.getAndSet(0)).isPositive();

        assertThat(at.store.checkpointer().retain()).isFalse(); // all of them rest
        assertThat(opened).hasValue(0);

        at.time.advanceMs(DAY_MS + 1);
        while (at.store.checkpointer().retain()) {
            at.step();
        }
        for (int i = 0; i < logs; i++) {
            assertThat(at.store.log(new LogId(TOPIC, i)).view().logStartOffset())
                    .isEqualTo(2);
        }
    }

    @Test
    void aLogStaysOpenUntilItsNewStartIsDurable() throws Exception {
        fill(LOG, 1);
        at.log().trim(1);
        assertThat(at.log().closeIfIdle(0)).isFalse();
        at.step();
        assertThat(at.log().closeIfIdle(0)).isTrue();
        at.cut(2);
        assertThat(at.log().view().logStartOffset()).isEqualTo(1);
    }

    @Test
    void theSizeOfALogThatNobodyUsesIsToldWithoutOpeningIt() throws Exception {
        fill(LOG, 3);
        long size = at.log().sizeBytes();
        assertThat(size).isGreaterThan(4500);
        at.reopen();

        assertThat(at.log().sizeBytes()).isEqualTo(size);
        assertThat(at.other().sizeBytes()).isZero();
        assertThat(at.store.openLogs()).isEmpty();
    }

    @Test
    void aLogWhoseFilesAreGoneDoesNotStopTheOthers() throws Exception {
        fill(LOG, 3);
        fill(new LogId(TOPIC, 1), 3);
        at.topics = topics(KEEPS_ALL.withRetentionBytes(0));
        at.reopen();
        for (var name : at.disk.list(Layout.log(LOG))) {
            at.disk.delete(Layout.log(LOG) + "/" + name);
        }

        at.store.checkpointer().retain();

        assertThat(at.store.failure()).isEmpty();
        assertThat(at.other().view().logStartOffset()).isEqualTo(2);
    }

    /** One segment for each batch, of this moment. */
    private void fill(LogId log, int batches) {
        for (int i = 0; i < batches; i++) {
            at.store.log(log).append(batchAt(at.time.wallMs(), 1500));
            at.cycle();
        }
        at.step();
    }

    private static Topics topics(LogConfig... config) {
        return new Topics(() -> config[0]).with(TOPIC);
    }
}

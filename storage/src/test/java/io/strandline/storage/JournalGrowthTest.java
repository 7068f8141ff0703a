package io.strandline.storage;

import static io.strandline.storage.StoreFixture.LOG;
import static io.strandline.storage.StoreFixture.OTHER;
import static io.strandline.storage.StoreFixture.batch;
import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.storage.simulation.Fault;
import io.strandline.storage.simulation.OperationKind;
import io.strandline.storage.simulation.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** A journal begins small and becomes larger with the load, and no crash finds more of it in use than is there. */
class JournalGrowthTest {
    /** Some stores here fail on purpose. Held, since a logger that nobody holds forgets its level. */
    private static final Logger QUIET = Logger.getLogger("io.strandline.storage");

    static {
        QUIET.setLevel(Level.OFF);
    }

    private static final int FIRST = 16 * 1024;
    private static final int MOST = 128 * 1024;

    private final StoreFixture at;

    JournalGrowthTest() throws IOException {
        at = new StoreFixture();
        at.store.close();
        at.disk = new SimulatedDisk(1);
        at.disk.capacity(1L << 40);
        at.config = at.config
                .withJournalBytes(MOST)
                .withJournalBytesAtFirst(FIRST)
                .withRouter((bytes, dirty) -> Router.Route.JOURNAL);
        at.store = at.open();
    }

    @Test
    void aNewStoreTakesAFewMegabytes() throws Exception {
        var disk = new SimulatedDisk(1);
        Store.open(disk, StoreConfig.defaults(), at.topics, at.time).close();
        assertThat(size(disk, Layout.JOURNAL)).isEqualTo(4 << 20);
        assertThat(size(disk, Layout.RESERVE)).isEqualTo(4 << 20);
    }

    @Test
    void aJournalThatFillsUpSoonBecomesLargerUpToItsBoundAndTheReserveWithIt() throws Exception {
        fillHalf();
        at.step();
        assertThat(journalBytes()).isEqualTo(FIRST); // the checkpoint was there first
        at.step();
        assertThat(journalBytes()).isEqualTo(2 * FIRST);
        assertThat(size(at.disk, Layout.RESERVE)).isEqualTo(2 * FIRST);

        fillUp(6);

        assertThat(journalBytes()).isEqualTo(MOST);
        assertThat(size(at.disk, Layout.JOURNAL)).isEqualTo(MOST);
        assertThat(size(at.disk, Layout.RESERVE)).isEqualTo(MOST);
    }

    @Test
    void aJournalThatIsLongHalfEmptyStaysAsItIs() throws Exception {
        for (int i = 0; i < 20; i++) {
            at.time.advanceMs(5_000);
            fillHalf();
            at.step();
        }
        assertThat(size(at.disk, Layout.JOURNAL)).isEqualTo(FIRST);
    }

    @Test
    void whatIsInTheNewPartSurvivesAPowerCutAtAnyMomentOfTheGrowth() throws Exception {
        var seed = new long[1];
        at.atEveryChange(() -> {
            if (seed[0]++ % 4 != 0) {
                return;
            }
            long end = at.log().view().durableEnd();
            long otherEnd = at.other().view().durableEnd();
            try (var again = at.openAfterCut(seed[0])) {
                assertThat(again.damages()).isEmpty();
                assertThat(again.log(LOG).view().durableEnd()).isGreaterThanOrEqualTo(end);
                assertThat(again.log(OTHER).view().durableEnd()).isGreaterThanOrEqualTo(otherEnd);
            }
        });
        fillUp(4);
        at.rethrow();
        assertThat(journalBytes()).isGreaterThan(2 * FIRST);
        assertThat(seed[0]).isGreaterThan(100);
    }

    @Test
    void aGrowthThatACrashBrokeOffIsForgotten() throws Exception {
        var cuts = new ArrayList<SimulatedDisk>();
        at.disk.onOperation(operation -> {
            if (operation.kind() == OperationKind.FORCE && operation.path().equals(Layout.JOURNAL)) {
                cuts.add(at.disk.afterPowerCut(cuts.size()));
            }
        });
        fillHalf();
        at.step();
        var last = cuts.getLast(); // zeros were written, and the force had just begun
        try (var again = Store.open(last, at.config, at.topics, at.time)) {
            assertThat(size(last, Layout.JOURNAL)).isEqualTo(FIRST);
            assertThat(size(last, Layout.RESERVE)).isEqualTo(FIRST);
            assertThat(again.log(LOG).view().durableEnd()).isPositive();
        }
    }

    @Test
    void withoutSpaceItStaysAsItIsAndGrowsWhenThereIsSome() throws Exception {
        for (var path : List.of(Layout.RESERVE, Layout.JOURNAL)) {
            fillHalf();
            at.disk.inject(Fault.noSpace(OperationKind.WRITE).onPath(path));
            at.step();
            assertThat(at.store.failure()).isEmpty();
            assertThat(size(at.disk, Layout.JOURNAL)).isEqualTo(FIRST);
            assertThat(at.log().append(batch(1, 10))).isInstanceOf(Verdict.Appended.class);
        }
        fillUp(6);
        assertThat(journalBytes()).isEqualTo(MOST);
        assertThat(size(at.disk, Layout.RESERVE)).isEqualTo(MOST);
    }

    @Test
    void aStoreOfTheFirstFormatOpensWithAllOfItsLargeJournal() throws Exception {
        at.config = at.config.withJournalBytesAtFirst(MOST);
        at.store.close();
        at.disk = new SimulatedDisk(4);
        at.store = at.open();
        for (int i = 0; i < 5; i++) {
            fillHalf(); // some of it is behind where a journal of today begins to end
        }
        at.disk = at.disk.afterPowerCut(1);
        writeFormat1(checkpoint());
        long end = at.log().view().durableEnd();
        at.config = at.config.withJournalBytesAtFirst(FIRST);

        at.store = at.open();

        assertThat(at.store.damages()).isEmpty();
        assertThat(at.store.opening().framesApplied()).isPositive();
        assertThat(at.log().view().durableEnd()).isEqualTo(end);
        assertThat(journalBytes()).isEqualTo(MOST);
    }

    @Test
    void aLowerBoundCutsTheJournalAndTheReserve() throws Exception {
        fillUp(6);
        fillHalf();
        long end = at.log().view().durableEnd();
        at.config = at.config.withJournalBytes(64 * 1024);

        at.cut(3);

        assertThat(at.log().view().durableEnd()).isEqualTo(end);
        assertThat(size(at.disk, Layout.JOURNAL)).isEqualTo(64 * 1024);
        assertThat(size(at.disk, Layout.RESERVE)).isEqualTo(64 * 1024);
        fillUp(6);
        assertThat(journalBytes()).isEqualTo(64 * 1024);
    }

    @Test
    void aHigherBoundMakesASmallJournalAsLargeAsANewOne() throws Exception {
        at.config = at.config.withJournalBytesAtFirst(MOST);
        at.reopen();
        assertThat(journalBytes()).isEqualTo(MOST);
        assertThat(size(at.disk, Layout.RESERVE)).isEqualTo(MOST);
        assertThat(at.store.appendTogether(List.of(new Store.Part(at.log(), batch(1, 1500)))))
                .isInstanceOf(Store.Together.Accepted.class);
    }

    @Test
    void moreEndsThanAGroupCarriesAreToldByTheNextOnes() throws Exception {
        at.topics = new Topics(LogConfig.defaults()).with(StoreFixture.TOPIC);
        at.config = at.config.withRouter((bytes, dirty) -> Router.Route.DIRECT);
        at.reopen();
        int logs = FIRST / 4 / GroupHeader.END_BYTES + 50;
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < logs; i++) {
                at.store.log(new LogId(StoreFixture.TOPIC, i)).append(batch(1, 10));
            }
            at.cycle();
            at.step();
        }
        assertThat(at.store.failure()).isEmpty();
        at.store.appendTogether(List.of(new Store.Part(at.log(), batch(1, 10))));
        at.cycle();
        at.store.appendTogether(List.of(new Store.Part(at.log(), batch(1, 10))));
        at.cycle();
        assertThat(at.log().view().durableEnd()).isEqualTo(4);
    }

    @Test
    void theSimulatedLivesOfCrashTestGrowTheirJournals() throws Exception {
        int grew = 0;
        for (long seed = 0; seed < 20; seed += 2) {
            var world = new CrashWorld(seed, 200, CrashWorld.noCrashPoints());
            world.live(4);
            grew += world.journalGrew() ? 1 : 0;
        }
        assertThat(grew).isPositive();
    }

    /** Fills more than half of the journal as it is now. */
    private void fillHalf() throws IOException {
        for (long bytes = 0; bytes <= journalBytes() / 2; bytes += 2 * 1400) {
            at.log().append(batch(1, 1300));
            at.other().append(batch(1, 1300));
            at.cycle();
        }
    }

    private void fillUp(int steps) throws IOException {
        for (int i = 0; i < steps; i++) {
            fillHalf();
            at.step();
        }
    }

    /** What the newest checkpoint says of the journal's size. */
    private long journalBytes() throws IOException {
        return checkpoint().journalBytes();
    }

    private Checkpoint checkpoint() throws IOException {
        return Checkpoint.decode((SmallFile.Content.Found) Checkpoint.FILE.read(at.disk, Layout.CHECKPOINT));
    }

    private void writeFormat1(Checkpoint checkpoint) throws IOException {
        var content = ByteBuffer.allocate(52 + checkpoint.points().size() * LogPoint.BYTES)
                .putLong(checkpoint.storeId().getMostSignificantBits())
                .putLong(checkpoint.storeId().getLeastSignificantBits())
                .putLong(checkpoint.number())
                .putInt(checkpoint.journalEpoch())
                .putInt(checkpoint.leaderEpoch())
                .putLong(checkpoint.sequence())
                .putLong(checkpoint.position())
                .putInt(checkpoint.points().size());
        checkpoint.points().forEach(point -> point.write(content));
        new SmallFile("SLCHECKP", 1).write(at.disk, Layout.ROOT, Layout.CHECKPOINT, content.flip());
    }

    private static long size(SimulatedDisk disk, String path) throws IOException {
        try (var file = disk.open(path)) {
            return file.size();
        }
    }
}

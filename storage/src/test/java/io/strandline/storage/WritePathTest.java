package io.strandline.storage;

import static io.strandline.storage.StoreFixture.LOG;
import static io.strandline.storage.StoreFixture.OTHER;
import static io.strandline.storage.StoreFixture.TOPIC;
import static io.strandline.storage.StoreFixture.batch;
import static io.strandline.storage.StoreFixture.idempotent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.strandline.storage.simulation.Fault;
import io.strandline.storage.simulation.OperationKind;
import io.strandline.storage.simulation.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** The rules of the write path, one by one. Their numbers are those of ARCHITECTURE.md; see RULES.md. */
class WritePathTest {
    /** These tests make stores fail on purpose. Held, since a logger that nobody holds forgets its level. */
    private static final Logger QUIET = Logger.getLogger("io.strandline.storage");

    static {
        QUIET.setLevel(Level.OFF);
    }

    private final StoreFixture at;

    WritePathTest() throws IOException {
        at = new StoreFixture();
    }

    // ---- W1, W2: what is acknowledged, and when

    @Test
    void w1WhatIsAppendedWhileTheDiskIsBeingForcedIsNotAcknowledgedByThatForce() throws Exception {
        at.journaled();
        at.log().append(batch(1, 10));
        at.atNext(OperationKind.FORCE, "journal", () -> at.log().append(batch(1, 10)));

        at.cycle();

        at.rethrow();
        assertThat(at.log().endOffset()).isEqualTo(2);
        assertThat(at.log().view().durableEnd()).isEqualTo(1);
    }

    @Test
    void w1NothingIsAcknowledgedBeforeTheForceHasReturned() throws Exception {
        at.log().append(batch(1, 10));
        at.atEveryChange(() -> assertThat(at.log().view().durableEnd()).isZero());
        at.cycle();
        at.rethrow();
        assertThat(at.log().view().durableEnd()).isEqualTo(1);
    }

    @Test
    void w2EachLogIsPublishedAfterItsOwnForce() throws Exception {
        at.direct();
        at.log().append(batch(1, 10));
        at.other().append(batch(1, 10));
        at.cycle();
        at.step(); // both files have names on the disk now
        at.log().append(batch(1, 10));
        at.other().append(batch(1, 10));
        at.atNext(
                OperationKind.FORCE,
                Layout.log(OTHER),
                () -> assertThat(at.log().view().durableEnd()).isEqualTo(2));
        at.cycle();
        at.rethrow();
    }

    @Test
    void w2ARangeOverARolledSegmentForcesBothFiles() throws Exception {
        at.direct();
        at.log().append(batch(1, 1500));
        at.cycle();
        at.step();
        for (int i = 0; i < 8; i++) {
            at.log().append(batch(1, 1500)); // each needs a segment of its own; together too much for a group
        }
        at.cycle();
        for (int seed = 0; seed < 20; seed++) {
            try (var again = at.openAfterCut(seed)) {
                assertThat(again.log(LOG).view().durableEnd()).isEqualTo(9);
            }
        }
    }

    // ---- W3, W4, W5: the journal

    @Test
    void w3w5TheJournalGoesInCirclesAndNothingIsLost() throws Exception {
        at.journaled();
        for (int i = 0; i < 150; i++) {
            at.log().append(batch(1, 1300));
            at.other().append(batch(1, 100));
            at.cycle(); // about four laps; room is made when there is none
            long end = at.log().view().durableEnd();
            long otherEnd = at.other().view().durableEnd();
            try (var again = at.openAfterCut(i)) {
                assertThat(again.damages()).isEmpty();
                assertThat(again.log(LOG).view().durableEnd()).isEqualTo(end);
                assertThat(again.log(OTHER).view().durableEnd()).isEqualTo(otherEnd);
            }
        }
    }

    @Test
    void w3AGroupOfAnEarlierLifeIsNotBelieved() throws Exception {
        var last = threeGroups();
        assertThat(groups(last)).isEqualTo(3);
        assertThat(groups(new Checkpoint(
                        last.storeId(),
                        last.number(),
                        last.journalEpoch() + 1,
                        last.leaderEpoch(),
                        last.sequence(),
                        last.position(),
                        last.journalBytes(),
                        last.points())))
                .isZero();
    }

    @Test
    void w3AGroupOfAnotherTimeIsNotBelieved() throws Exception {
        var last = threeGroups();
        assertThat(groups(new Checkpoint(
                        last.storeId(),
                        last.number(),
                        last.journalEpoch(),
                        last.leaderEpoch(),
                        last.sequence() + 100,
                        last.position(),
                        last.journalBytes(),
                        last.points())))
                .isZero();
    }

    @Test
    void w3ATornGroupIsNotBelieved() throws Exception {
        var last = threeGroups();
        long third = last.position() + 2 * GroupHeader.ALIGNMENT;
        at.disk.damage(Layout.JOURNAL, third + 150, ByteBuffer.wrap(new byte[] {9, 9}));
        assertThat(groups(last)).isEqualTo(2);
    }

    /** Three groups of one sector each. Returns the checkpoint before them. */
    private Checkpoint threeGroups() throws IOException {
        at.journaled();
        var last = checkpoint();
        for (int i = 0; i < 3; i++) {
            at.log().append(batch(1, 10));
            at.cycle();
        }
        return last;
    }

    private Checkpoint checkpoint() throws IOException {
        return Checkpoint.decode((SmallFile.Content.Found) Checkpoint.FILE.read(at.disk, Layout.CHECKPOINT));
    }

    private int groups(Checkpoint after) throws IOException {
        try (var journal = at.disk.open(Layout.JOURNAL)) {
            return JournalReader.read(journal, after).frames().size();
        }
    }

    @Test
    void w4DamageBelowAnAcknowledgedEndIsSaidAndNothingIsCut() throws Exception {
        at.direct();
        at.log().append(batch(1, 10));
        at.cycle();
        at.step();
        for (int i = 0; i < 3; i++) {
            at.log().append(batch(1, 10));
            at.cycle();
        }
        at.other().append(batch(1, 10)); // a new file, so it is journaled, and the group tells of the other log's end
        at.cycle();
        String path = Layout.segmentLog(LOG, new SegmentName(0, 0));
        long size = size(at.disk, path);
        at.disk.damage(path, 2 * size / 4 + 70, ByteBuffer.wrap(new byte[] {1, 2, 3}));

        at.kill();

        assertThat(at.store.damages()).singleElement().satisfies(damage -> {
            assertThat(damage.fromOffset()).isEqualTo(2);
            assertThat(damage.toOffset()).isEqualTo(4);
        });
        assertThat(at.log().append(batch(1, 10))).isInstanceOf(Verdict.Rejected.class);
        assertThat(at.log().read(0, 1000, true)).isInstanceOf(Read.Slices.class);
        assertThat(at.log().read(2, 1000, true)).isInstanceOf(Read.Damaged.class);
        assertThatThrownBy(() -> at.log().trim(1)).hasMessageContaining("Offsets 2 to 4");
        assertThat(size(at.disk, path)).isEqualTo(size);
        at.cut(8);
        assertThat(at.store.damages()).hasSize(1);
    }

    @Test
    void w4AGroupThatIsMissingInFrontOfAnotherIsDamageAndAMissingLastOneIsNot() throws Exception {
        at.journaled();
        var checkpoint = checkpoint();
        long second = 0;
        for (int i = 0; i < 3; i++) {
            at.log().append(batch(1, 10));
            at.cycle();
            second = i == 0
                    ? checkpoint.position()
                            + Journal.groupBytes(0, 1, size(at.disk, Layout.segmentLog(LOG, new SegmentName(0, 0))))
                    : second;
        }
        try (var journal = at.disk.open(Layout.JOURNAL)) {
            assertThat(JournalReader.read(journal, checkpoint).damage()).isEmpty();
            at.disk.damage(Layout.JOURNAL, second + 100, ByteBuffer.wrap(new byte[] {9, 9, 9, 9}));
            var contents = JournalReader.read(journal, checkpoint);
            assertThat(contents.damage()).isPresent();
            assertThat(contents.provenEnds()).containsEntry(LOG, 3L);
        }
    }

    // ---- W6, W7: what goes, and what comes back

    @Test
    void w6FilesOfDroppedRecordsGoOnlyAfterTheCheckpointHasPassedThem() throws Exception {
        at.journaled();
        for (int i = 0; i < 6; i++) {
            at.log().append(batch(1, 1500));
            at.cycle();
            if (i == 2) {
                at.step(); // the recovery point lies in the third file, and the journal has forgotten those before
            }
        }
        at.log().trim(4);
        var seed = new long[1];
        at.atEveryChange(() -> {
            try (var again = at.openAfterCut(seed[0]++)) {
                assertThat(again.damages()).isEmpty();
                assertThat(again.log(LOG).view().durableEnd()).isEqualTo(6);
                long start = again.log(LOG).view().logStartOffset();
                var first = ((Read.Slices) again.log(LOG).read(start, 100, true)).slices();
                assertThat(Batch.header(first.getFirst().read()).baseOffset()).isEqualTo(start);
            }
        });
        at.step();
        at.step();
        at.rethrow();
        assertThat(at.disk.list(Layout.log(LOG))).noneMatch(name -> name.startsWith("00000000000000000000."));
        assertThat(seed[0]).isGreaterThan(5);
    }

    @Test
    void w6ASegmentStaysUntilACheckpointSaysThatTheLogBeginsBehindIt() throws Exception {
        for (int i = 0; i < 6; i++) {
            at.log().append(batch(1, 1500));
        }
        at.cycle();
        at.step();
        var passed = at.log().point();
        at.log().trim(4); // while a step is at work that has passed an earlier start
        assertThat(at.log().open().takeDoomed(Long.MAX_VALUE, passed)).isEmpty();

        at.step();
        assertThat(at.disk.list(Layout.log(LOG))).noneMatch(name -> name.startsWith("00000000000000000003."));
        for (int seed = 0; seed < 20; seed++) {
            try (var again = at.openAfterCut(seed)) {
                assertThat(again.log(LOG).view().logStartOffset()).isEqualTo(4);
                assertThat(again.log(LOG).read(4, 100, true)).isInstanceOf(Read.Slices.class);
            }
        }
    }

    @Test
    void w6OffsetsOfALogWhoseRecordsWereAllDroppedAreNotUsedAgain() throws Exception {
        at.journaled();
        at.log().append(batch(1, 1500));
        at.cycle();
        at.log().append(batch(1, 1500)); // in a segment of its own, and not durable yet
        at.log().trim(1);
        at.step();
        for (int seed = 0; seed < 20; seed++) {
            try (var again = at.openAfterCut(seed)) {
                assertThat(again.log(LOG).view().durableEnd()).isBetween(1L, 2L);
                assertThat(again.log(LOG).view().logStartOffset()).isEqualTo(1);
            }
        }
        at.cycle();
        at.step();
        at.step();
        assertThat(at.disk.list(Layout.log(LOG))).noneMatch(name -> name.startsWith("00000000000000000000."));
    }

    @Test
    void w7ATopicThatOnlyTheJournalKnowsKeepsItsRecords() throws Exception {
        at.journaled();
        var topic = new UUID(0, 99);
        at.store.metadata().append(Topics.created(topic));
        at.cycle();
        at.topics.with(topic);
        at.store.log(new LogId(topic, 0)).append(batch(3, 10));
        at.cycle();

        at.topics = new Topics(LogConfig.defaults()).with(TOPIC);
        at.cut(4);

        assertThat(at.store.log(new LogId(topic, 0)).view().durableEnd()).isEqualTo(3);
    }

    @Test
    void w7AfterAStartNoGroupOfTheLifeBeforeIsBelieved() throws Exception {
        at.journaled();
        at.log().append(batch(1, 10));
        at.cycle();
        var before = checkpoint();
        at.cut(1);
        assertThat(checkpoint().journalEpoch()).isGreaterThan(before.journalEpoch());
        assertThat(checkpoint().sequence()).isGreaterThan(before.sequence());
        assertThat(groups(checkpoint())).isZero();
    }

    @Test
    void w7ADeletedTopicDoesNotComeBack() throws Exception {
        at.journaled();
        at.log().append(batch(1, 10));
        at.cycle();
        at.store.metadata().append(Topics.deleted(TOPIC));
        at.cycle();
        at.store.delete(TOPIC);

        assertThat(at.log().append(batch(1, 10)))
                .isEqualTo(new Verdict.Rejected(StorageError.UNKNOWN_TOPIC_OR_PARTITION, "The topic was deleted."));
        at.kill();

        assertThat(at.topics.live(TOPIC)).isFalse();
        assertThat(at.disk.exists(Layout.topic(TOPIC))).isFalse();
        assertThat(at.store.logOrNull(LOG)).isNull();
    }

    @Test
    void w7ADeletedTopicsFilesGoInTheBackground() throws Exception {
        at.log().append(batch(1, 10));
        at.cycle();
        at.store.metadata().append(Topics.deleted(TOPIC));
        at.cycle();
        at.store.delete(TOPIC);
        at.step();
        at.step();
        assertThat(at.disk.exists(Layout.topic(TOPIC))).isFalse();
    }

    // ---- W8, W9: what the disk really has

    @Test
    void w8WhatIsShownAfterAFailedForceIsOnTheDiskByThen() throws Exception {
        at.topics = new Topics(LogConfig.defaults()).with(TOPIC);
        at.direct();
        at.log().append(batch(1, 10));
        at.cycle();
        at.step();
        for (int round = 0; round < 10; round++) { // each failed force loses something else
            at.disk = at.disk.afterProcessKill(round);
            at.store = at.open();
            at.log().append(batch(1, 900));
            at.disk.inject(Fault.inputOutputError(OperationKind.FORCE).onPath(".log"));
            at.cycle();
            assertThat(at.store.failure()).isPresent();

            at.kill();

            long end = round + 2;
            assertThat(at.log().view().durableEnd()).isEqualTo(end); // the page cache has it
            for (int seed = 0; seed < 5; seed++) {
                try (var again = at.openAfterCut(seed)) {
                    assertThat(again.log(LOG).view().durableEnd()).isEqualTo(end);
                    var read = (Read.Slices) again.log(LOG).read(end - 1, 10_000, true);
                    assertThat(Batch.parse(read.slices().getFirst().read()).endOffset())
                            .isEqualTo(end); // its checksum is right
                }
            }
        }
    }

    @Test
    void w8AGroupWhoseForceFailedIsOnTheDiskBeforeItIsUsed() throws Exception {
        at.journaled();
        var seed = new long[1];
        for (int round = 0; round < 20; round++) { // each failed force loses something else
            at.disk = at.disk.afterProcessKill(round);
            at.store = at.open();
            at.store.appendTogether(
                    List.of(new Store.Part(at.log(), batch(1, 900)), new Store.Part(at.other(), batch(1, 900))));
            at.disk.inject(Fault.inputOutputError(OperationKind.FORCE).onPath("journal"));
            at.cycle();
            assertThat(at.store.failure()).isPresent();
            at.disk = at.disk.afterProcessKill(round);
            at.atEveryChange(() -> {
                try (var again = at.openAfterCut(seed[0]++)) {
                    assertThat(again.log(LOG).view().durableEnd())
                            .isEqualTo(again.log(OTHER).view().durableEnd());
                }
            });
            at.open();
            at.rethrow();
        }
    }

    @Test
    void w8ACutTailDoesNotComeBack() throws Exception {
        at.direct();
        at.log().append(batch(1, 100));
        at.cycle();
        at.step();
        String path = Layout.segmentLog(LOG, new SegmentName(0, 0));
        long end = size(at.disk, path);
        at.log().append(batch(1, 100));
        at.log().append(batch(1, 100));
        at.disk = at.disk.afterProcessKill(1);
        try (var file = at.disk.open(path)) {
            file.force(); // all of it is on the disk,
        }
        at.disk.damage(path, end + 70, ByteBuffer.wrap(new byte[] {7, 7, 7})); // but the first of the two is torn
        at.store = at.open();
        assertThat(at.log().view().durableEnd()).isEqualTo(1);
        for (int seed = 0; seed < 20; seed++) {
            var disk = at.disk.afterPowerCut(seed);
            assertThat(size(disk, path)).isEqualTo(end);
        }
    }

    @Test
    void w9ANewFileIsThereAfterAPowerCutWhateverTheRoute() throws Exception {
        at.direct();
        at.log().append(batch(1, 10));
        at.cycle();
        for (int seed = 0; seed < 20; seed++) {
            try (var again = at.openAfterCut(seed)) {
                assertThat(again.log(LOG).view().durableEnd()).isEqualTo(1);
            }
        }
    }

    @Test
    void w9ANewFileTooLargeForTheJournalHasItsNameForced() throws Exception {
        for (int i = 0; i < 8; i++) {
            at.log().append(batch(1, 1500));
        }
        at.cycle();
        for (int seed = 0; seed < 20; seed++) {
            try (var again = at.openAfterCut(seed)) {
                assertThat(again.log(LOG).view().durableEnd()).isEqualTo(8);
            }
        }
    }

    @Test
    void w9AFileWhoseFramesAreGivenUpHasItsNameOnTheDisk() throws Exception {
        at.journaled();
        at.log().append(batch(1, 10));
        at.cycle();
        at.step();
        for (int seed = 0; seed < 20; seed++) {
            try (var again = at.openAfterCut(seed)) {
                assertThat(again.damages()).isEmpty();
                assertThat(again.log(LOG).view().durableEnd()).isEqualTo(1);
                assertThat(again.log(LOG).read(0, 1000, true)).isInstanceOf(Read.Slices.class);
            }
        }
    }

    // ---- W10: bundles

    @Test
    void w10HalfABundleIsNeverFound() throws Exception {
        at.journaled();
        at.log().append(batch(1, 10));
        at.other().append(batch(1, 10));
        at.cycle();
        at.step();
        var seed = new long[1];
        at.atEveryChange(() -> {
            for (int i = 0; i < 5; i++) {
                try (var again = at.openAfterCut(seed[0]++)) {
                    assertThat(again.log(LOG).view().durableEnd())
                            .isEqualTo(again.log(OTHER).view().durableEnd());
                }
            }
        });
        for (int i = 0; i < 5; i++) {
            at.store.appendTogether(
                    List.of(new Store.Part(at.log(), batch(1, 700)), new Store.Part(at.other(), batch(1, 700))));
            at.cycle();
        }
        at.rethrow();
        assertThat(at.log().view().durableEnd()).isEqualTo(6);
    }

    @Test
    void w10ABundleWaitsForAllItsParts() throws Exception {
        at.journaled();
        at.store.appendTogether(
                List.of(new Store.Part(at.log(), batch(1, 10)), new Store.Part(at.other(), batch(1, 10))));
        at.store.dirtyLogs().take(); // as if the committer had looked at the one log just before, and not at the other
        at.store.dirtyLogs().add(at.other().open());
        at.cycle();
        assertThat(at.other().view().durableEnd()).isZero();

        at.store.dirtyLogs().add(at.log().open());
        at.cycle();

        assertThat(at.log().view().durableEnd()).isEqualTo(1);
        assertThat(at.other().view().durableEnd()).isEqualTo(1);
    }

    @Test
    void w10TheLargestBundleBecomesDurable() throws Exception {
        at.journaled();
        int largest = 0;
        for (int bytes = 1_000; bytes < 10_000; bytes += 97) {
            var parts = List.of(new Store.Part(at.log(), batch(1, bytes)), new Store.Part(at.other(), batch(1, bytes)));
            if (at.store.appendTogether(parts) instanceof Store.Together.Accepted accepted) {
                at.cycle();
                assertThat(accepted.durable().state()).isEqualTo(Durability.State.DURABLE);
                largest = bytes;
            }
        }
        assertThat(largest).isBetween(1_001, 9_800); // some were refused as too large
    }

    // ---- W11, W12: the disk fails, or is full

    @Test
    void w11AfterAFailedForceNothingIsAcknowledgedAndEveryWaiterIsTold() throws Exception {
        at.journaled();
        at.log().append(batch(1, 10));
        var waiter = new Waiter();
        var durable = at.log().durable(1);
        durable.notify(waiter);
        at.disk.inject(Fault.inputOutputError(OperationKind.FORCE));

        at.cycle();

        assertThat(waiter.ready()).isTrue();
        assertThat(durable.state()).isEqualTo(Durability.State.FAILED);
        assertThat(at.store.failure()).isPresent();
        at.cycle();
        assertThat(durable.state()).isEqualTo(Durability.State.FAILED);
        assertThat(at.other().append(batch(1, 10))).isInstanceOf(Verdict.Rejected.class);
        var late = new Waiter();
        at.log().notifyAt(1, late);
        assertThat(late.ready()).isTrue();
    }

    @Test
    void w11AnAppendThatTheFailureOvertakesIsToldOfIt() throws Exception {
        at.log().append(batch(1, 10));
        var waiter = new Waiter();
        at.log().durable(2).notify(waiter);
        at.atNext(OperationKind.WRITE, ".log", () -> at.store.fail(new IOException("the other thread saw it")));

        at.log().append(batch(1, 10));

        at.rethrow();
        assertThat(waiter.ready()).isTrue();
        assertThat(at.log().durable(2).state()).isEqualTo(Durability.State.FAILED);
        assertThat(at.log().append(batch(1, 10))).isInstanceOf(Verdict.Rejected.class);
    }

    @Test
    void w11WhatIsBeingAppendedWhenTheStoreIsClosedBecomesDurableAndWhatComesLaterLeavesNoByte() throws Exception {
        var dirty = at.store.dirtyLogs();
        at.atNext(OperationKind.WRITE, ".log", dirty::close);
        assertThat(at.log().append(batch(1, 10))).isInstanceOf(Verdict.Appended.class);
        long size = size(at.disk, Layout.segmentLog(LOG, new SegmentName(0, 0)));

        assertThat(at.log().append(batch(1, 10))).isInstanceOf(Verdict.Rejected.class);
        assertThat(at.store.appendTogether(
                        List.of(new Store.Part(at.log(), batch(1, 10)), new Store.Part(at.other(), batch(1, 10)))))
                .isInstanceOf(Store.Together.Refused.class);

        assertThat(size(at.disk, Layout.segmentLog(LOG, new SegmentName(0, 0)))).isEqualTo(size);
        at.reopen();
        assertThat(at.store.opening().clean()).isTrue();
        assertThat(at.log().view().durableEnd()).isEqualTo(1);
        assertThat(at.other().view().durableEnd()).isZero();
    }

    @Test
    void w12AShortWriteLeavesNothingBehindAndTheLogGoesOnWhenThereIsSpace() throws Exception {
        at.log().append(idempotent(0, 2));
        at.cycle();
        at.disk.inject(Fault.noSpace(OperationKind.WRITE).onPath(".log"));
        String path = Layout.segmentLog(LOG, new SegmentName(0, 0));
        long size = size(at.disk, path);

        assertThat(at.log().append(idempotent(2, 50)))
                .isInstanceOfSatisfying(
                        Verdict.Rejected.class,
                        rejected -> assertThat(rejected.error()).isEqualTo(StorageError.KAFKA_STORAGE_ERROR));

        assertThat(size(at.disk, path)).isEqualTo(size);
        assertThat(at.store.failure()).isEmpty();
        assertThat(at.log().append(idempotent(2, 50))).isEqualTo(new Verdict.Appended(2, 52, 0, -1, 0));
    }

    @Test
    void w12WhatAShortWriteLeftDoesNotComeBackInFrontOfTheNextSegment() throws Exception {
        at.journaled();
        at.log().append(batch(1, 900));
        at.cycle();
        at.step();
        for (int i = 0; i < 5; i++) {
            at.disk.inject(Fault.noSpace(OperationKind.WRITE).onPath(".log"));
            at.log().append(batch(1, 900));
        }
        at.log().append(batch(1, 1500)); // in the next segment
        at.cycle();
        for (int seed = 0; seed < 50; seed++) {
            try (var again = at.openAfterCut(seed)) {
                assertThat(again.damages()).isEmpty();
                assertThat(again.log(LOG).view().durableEnd()).isEqualTo(2);
            }
        }
    }

    @Test
    void w12OnAFullDiskTheCatalogueStillTakesADeletion() throws Exception {
        at.log().append(batch(1, 10));
        at.cycle();
        at.disk.capacity((1L << 40) - at.disk.usableBytes());
        for (int i = 0; i < 100; i++) {
            at.log().append(batch(1, 1000));
        }
        assertThat(at.log().append(batch(1, 1000))).isInstanceOf(Verdict.Rejected.class);
        for (int i = 0; i < 50; i++) {
            assertThat(at.store.metadata().append(Topics.created(new UUID(1, i))))
                    .isInstanceOf(Verdict.Appended.class);
        }
        at.cycle();
        at.step();
        assertThat(at.store.failure()).isEmpty();
        assertThat(at.log().append(batch(1, 10))).isInstanceOf(Verdict.Rejected.class);

        at.disk.capacity(1L << 40);
        at.step(); // the reserve is whole again

        assertThat(at.log().append(batch(1, 10))).isInstanceOf(Verdict.Appended.class);
    }

    @Test
    void w12RecoveryHasWhatItNeedsOnAFullDisk() throws Exception {
        at.journaled();
        for (int i = 0; i < 8; i++) {
            at.log().append(batch(1, 1900));
            at.other().append(batch(1, 1900));
            at.cycle();
        }
        at.disk.capacity((1L << 40) - at.disk.usableBytes());
        for (int seed = 0; seed < 20; seed++) {
            try (var again = at.openAfterCut(seed)) {
                assertThat(again.log(LOG).view().durableEnd()).isEqualTo(8);
                assertThat(again.log(OTHER).view().durableEnd()).isEqualTo(8);
            }
        }
    }

    // ---- W13, W14, W20: what is remembered

    @Test
    void w13ASnapshotNeverRunsAheadOfTheDisk() throws Exception {
        at.log().append(batch(1, 10));
        at.cycle();
        at.log().append(batch(1, 1900));
        at.log().append(batch(1, 1900)); // rolled, and nothing of it durable
        at.log().trim(1);
        at.step();
        assertThat(at.disk.list(Layout.log(LOG)))
                .noneMatch(name ->
                        Layout.parseSnapshot(name).filter(offset -> offset > 1).isPresent());
    }

    @Test
    void w13ASnapshotOfBatchesThatACutTookIsNotBelievedWhenTheLogHasGrownAgain() throws Exception {
        at.config = at.config.withDurability(DurabilityMode.OS);
        at.reopen();
        at.log().append(idempotent(0, 1));
        at.cycle();
        at.step();
        at.log().append(idempotent(1, 1));
        at.log().append(batch(1, 1900)); // rolled, with a snapshot at offset 2
        at.cycle();
        at.log().open().writeSnapshots(at.log().view().durableEnd()); // a step while the committer goes on does this
        int cuts = 0;
        for (int seed = 0; seed < 50; seed++) {
            var disk = at.disk.afterPowerCut(seed);
            var again = Store.open(disk, at.config, at.topics, at.time);
            if (again.log(LOG).view().durableEnd() == 1) {
                again.log(LOG).append(batch(2, 10));
                again.committer().cycle();
                var third = Store.open(disk.afterProcessKill(seed), at.config, at.topics, at.time);
                assertThat(third.log(LOG).append(idempotent(1, 1))).isEqualTo(new Verdict.Appended(3, 4, 0, -1, 0));
                cuts++;
            }
        }
        assertThat(cuts).isPositive();
    }

    @Test
    void w13IndexAndSumsThatRunAheadOfTheirSegmentAreNotBelieved() throws Exception {
        at.log().append(batch(1, 500));
        at.log().append(batch(1, 500));
        at.cycle();
        at.store.close();
        String stem = "00000000000000000000.0";
        int beyond = 1 << 20;
        var index = new SegmentIndex(1);
        index.add(0, 0, 0, 1000);
        index.add(1, 0, 5000, 1000); // it is not there
        SegmentIndex.FILE.writeDerived(at.disk, Layout.log(LOG), stem + ".index", index.encode(beyond));
        var sums = ByteBuffer.allocate(4 + 4 * 16).putInt(0, beyond);
        BlockSums.FILE.writeDerived(at.disk, Layout.log(LOG), stem + ".sum", sums);

        at.store = at.open();

        var read = at.log().read(1, 100, true);
        assertThat(read).isInstanceOf(Read.Slices.class);
        var first = ((Read.Slices) read).slices().getFirst();
        assertThat(Batch.header(first.read()).baseOffset()).isEqualTo(1);
        assertThat(at.store.damages()).isEmpty();
    }

    @Test
    void w14ADuplicateNamesTheEndOfItsFirstCopy() throws Exception {
        at.log().append(idempotent(0, 2));
        at.cycle();
        at.log().append(idempotent(2, 3));

        var verdict = at.log().append(idempotent(2, 3));

        assertThat(verdict).isEqualTo(new Verdict.Duplicate(2, 5, -1, 0));
        assertThat(at.log().durable(5).state()).isEqualTo(Durability.State.PENDING);
        at.cycle();
        assertThat(at.log().durable(5).state()).isEqualTo(Durability.State.DURABLE);
        at.cut(2);
        assertThat(at.log().append(idempotent(0, 2))).isEqualTo(new Verdict.Duplicate(0, 2, -1, 0));
        assertThat(at.log().append(idempotent(7, 1)))
                .isInstanceOfSatisfying(
                        Verdict.Rejected.class,
                        rejected -> assertThat(rejected.error()).isEqualTo(StorageError.OUT_OF_ORDER_SEQUENCE_NUMBER));
    }

    @Test
    void w14ProducersOutliveTheirDroppedBatches() throws Exception {
        at.log().append(idempotent(0, 2));
        for (int i = 0; i < 4; i++) {
            at.log().append(batch(1, 1900));
        }
        at.cycle();
        at.log().trim(4);
        var seed = new long[1];
        at.atEveryChange(() -> {
            try (var again = at.openAfterCut(seed[0]++)) {
                assertThat(again.log(LOG).append(idempotent(0, 2))).isInstanceOf(Verdict.Duplicate.class);
            }
        });
        at.step();
        at.step();
        at.rethrow();
        at.cut(3);
        assertThat(at.log().view().logStartOffset()).isEqualTo(4);
        assertThat(at.log().append(idempotent(0, 2))).isEqualTo(new Verdict.Duplicate(0, 2, -1, 4));
    }

    // ---- the start of a log

    @Test
    void w15ANewStartIsToldWhenACheckpointHasItAndNotBefore() throws Exception {
        for (int i = 0; i < 4; i++) {
            at.log().append(batch(1, 1500));
            at.cycle();
        }
        var trimmed = (PartitionLog.Trim.Trimmed) at.log().trim(3);
        assertThat(trimmed.logStartOffset()).isEqualTo(3);
        assertThat(trimmed.durable().state()).isEqualTo(Durability.State.PENDING);
        var seed = new long[1];
        at.atEveryChange(() -> {
            boolean told = trimmed.durable().state() == Durability.State.DURABLE;
            try (var again = at.openAfterCut(seed[0]++)) {
                assertThat(again.log(LOG).view().logStartOffset()).isIn(told ? List.of(3L) : List.of(0L, 3L));
                assertThat(again.log(LOG).view().durableEnd()).isEqualTo(4);
            }
        });

        at.step();
        at.step();

        at.rethrow();
        assertThat(seed[0]).isGreaterThan(5);
        assertThat(trimmed.durable().state()).isEqualTo(Durability.State.DURABLE);
    }

    @Test
    void theLatestTimeIsThatOfARecordThatIsStillThere() throws Exception {
        var records = new BatchBuilder();
        for (long timestampMs : new long[] {9, 8, 7, 6}) {
            records.add(timestampMs, null, ByteBuffer.allocate(10));
        }
        at.log().append(records.build());
        at.cycle();
        assertThat(at.log().maxTimestamp(Codec.JDK).orElseThrow().offset()).isZero();

        at.log().trim(2);
        assertThat(at.log().maxTimestamp(Codec.JDK).orElseThrow().offset()).isEqualTo(2);

        at.log().trim(4);
        assertThat(at.log().maxTimestamp(Codec.JDK)).isEmpty();
    }

    // ---- W16, W19: readers, and who waits

    @Test
    void w16AReaderSeesTheLogAsItWasAtOneMoment() throws Exception {
        at.log().append(batch(1, 900));
        at.cycle();
        at.log().append(batch(1, 900)); // in the same file, and not durable
        var before = at.log().view();
        at.atNext(OperationKind.READ, ".log", () -> {
            at.cycle();
            at.log().append(batch(1, 1500));
            at.cycle(); // the log goes on in the next segment,
            at.log().trim(2); // and begins there
        });

        var read = at.log().read(0, 1 << 20, true);

        at.rethrow();
        assertThat(at.log().view().logStartOffset()).isEqualTo(2);
        assertThat(read).isInstanceOfSatisfying(Read.Slices.class, slices -> {
            assertThat(slices.view()).isSameAs(before);
            assertThat(slices.sizeInBytes()).isEqualTo(before.durablePosition());
        });
    }

    @Test
    void w19TheCommitterWaitsForNobodyWhomItWakes() throws Exception {
        at.log().append(batch(1, 10));
        var waiter = new Waiter();
        at.log().notifyAt(1, waiter);
        var looking = new CountDownLatch(1);
        var mayLookAway = new CountDownLatch(1);
        var clock = new Time() {
            @Override
            public long wallMs() {
                return 0;
            }

            @Override
            public long nanos() {
                looking.countDown();
                awaitQuietly(mayLookAway);
                return 0;
            }
        };
        var thread = Thread.ofPlatform().start(() -> waiter.await(clock, 1));
        try {
            looking.await();
            assertTimeoutPreemptively(Duration.ofSeconds(20), at::cycle); // while the one it wakes is stuck
            assertThat(waiter.ready()).isTrue();
            assertThat(at.log().view().durableEnd()).isEqualTo(1);
        } finally {
            mayLookAway.countDown();
            thread.join();
        }
    }

    @Test
    void w20TheLeaderEpochGrowsWithEachUncleanStartAndOnlyThen() throws Exception {
        int first = at.store.leaderEpoch();
        at.log().append(batch(2, 10));
        at.cycle();
        at.reopen();
        assertThat(at.store.leaderEpoch()).isEqualTo(first);
        at.cut(1);
        assertThat(at.store.leaderEpoch()).isEqualTo(first + 1);
        at.log().append(batch(1, 10));
        at.cycle();
        assertThat(at.log().endOffsetForEpoch(first)).contains(new PartitionLog.EpochEnd(first, 2));
        assertThat(at.log().endOffsetForEpoch(first + 1)).contains(new PartitionLog.EpochEnd(first + 1, 3));
    }

    // ---- W21: what is missing is said

    @Test
    void w21AnUncleanStoreWithoutItsJournalIsRefused() throws Exception {
        at.log().append(batch(1, 10));
        at.cycle();
        at.disk = at.disk.afterProcessKill(1);
        at.disk.delete(Layout.JOURNAL);
        assertThatThrownBy(at::open).isInstanceOf(StoreRefused.class).hasMessageContaining("journal is missing");

        at.config = at.config.withAcceptLoss(true);
        try (var again = at.open()) {
            assertThat(again.opening().lossAccepted()).contains("journal");
        }
    }

    @Test
    void w21AJournalOfAnotherStoreIsRefused() throws Exception {
        at.disk = at.disk.afterProcessKill(1);
        Journal.make(at.disk, UUID.randomUUID(), 64 * 1024);
        assertThatThrownBy(at::open).isInstanceOf(StoreRefused.class).hasMessageContaining("another store");
    }

    @Test
    void w21AnOlderCheckpointIsRefused() throws Exception {
        at.journaled();
        var old = ((SmallFile.Content.Found) Checkpoint.FILE.read(at.disk, Layout.CHECKPOINT)).bytes();
        at.log().append(batch(1, 10));
        at.cycle();
        at.step();
        at.log().append(batch(1, 10));
        at.cycle();
        at.disk = at.disk.afterProcessKill(1);
        Checkpoint.FILE.write(at.disk, Layout.ROOT, Layout.CHECKPOINT, old);
        assertThatThrownBy(at::open).isInstanceOf(StoreRefused.class).hasMessageContaining("older one");
    }

    @Test
    void aDirectoryWithOtherThingsInItIsRefusedUntouched() throws Exception {
        var disk = new SimulatedDisk(3);
        disk.create("holiday.jpg").close();
        assertThatThrownBy(() -> Store.open(disk, at.config, at.topics, at.time))
                .isInstanceOf(StoreRefused.class)
                .hasMessageContaining("holiday.jpg");
        assertThat(disk.list("")).containsOnly("holiday.jpg");
    }

    @Test
    void aStoreOfALaterReleaseIsRefused() throws Exception {
        at.store.close();
        new SmallFile("SLSTORE ", 2).write(at.disk, Layout.ROOT, Layout.STORE, ByteBuffer.allocate(28));
        assertThatThrownBy(at::open).isInstanceOf(StoreRefused.class).hasMessageContaining("later release");
    }

    @Test
    void aStoreInUseIsRefused() {
        assertThatThrownBy(at::open).isInstanceOf(StoreRefused.class);
    }

    // ---- sums

    @Test
    void aDamagedBlockIsNotServedAndTheRestIs() throws Exception {
        for (int i = 0; i < 3; i++) {
            at.log().append(batch(1, 1900));
            at.cycle();
        }
        at.reopen();
        at.disk.damage(Layout.segmentLog(LOG, new SegmentName(1, 0)), 3, ByteBuffer.wrap(new byte[] {5})); // an offset

        assertThat(at.log().read(0, 100, true)).isInstanceOf(Read.Slices.class);
        assertThat(at.log().read(1, 100, true)).isInstanceOfSatisfying(Read.Damaged.class, damaged -> {
            assertThat(damaged.fromOffset()).isEqualTo(1);
            assertThat(damaged.toOffset()).isEqualTo(2);
        });
        assertThat(at.log().read(2, 100, true)).isInstanceOf(Read.Slices.class);
        assertThat(at.store.damages()).hasSize(1);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static long size(SimulatedDisk disk, String path) throws IOException {
        try (var file = disk.open(path)) {
            return file.size();
        }
    }
}

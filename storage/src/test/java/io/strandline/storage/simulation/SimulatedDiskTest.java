package io.strandline.storage.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.storage.DiskFile;
import io.strandline.storage.DiskFull;
import io.strandline.storage.Seeds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SimulatedDiskTest {
    private static final int SECTOR = 512;
    private static final int PAGE = 4096;
    private static final int CUTS = 400;

    private final SimulatedDisk disk = new SimulatedDisk(7);

    // ---- bytes ----

    @Test
    void forcedBytesInAForcedDirectorySurviveEveryCut() throws IOException {
        forced("a", "x".repeat(5000));

        assertThat(afterCuts(cut -> content(cut, "a"))).containsExactly("x".repeat(5000));
    }

    @Test
    void ofUnforcedSectorsAnySubsetSurvives() throws IOException {
        var file = forced("a", "o".repeat(4 * SECTOR));
        file.write(0, bytes("n".repeat(4 * SECTOR)));

        assertThat(afterCuts(cut -> sectors(content(cut, "a"))))
                .contains("oooo", "nnnn", "onon", "ooon", "nooo")
                .allMatch(sectors -> sectors.matches("[on]{4}"));
    }

    @Test
    void aLaterWriteCanSurviveWithoutAnEarlierOne() throws IOException {
        var file = forced("a", "o".repeat(2 * PAGE));
        file.write(0, bytes("1"));
        file.write(PAGE, bytes("2"));

        assertThat(afterCuts(cut ->
                        content(cut, "a").charAt(0) + "" + content(cut, "a").charAt(PAGE)))
                .containsExactlyInAnyOrder("oo", "1o", "o2", "12");
    }

    @Test
    void aSectorWrittenTwiceCanBeAsAfterEither() throws IOException {
        var file = forced("a", "old");
        file.write(0, bytes("one"));
        file.write(1, bytes("w"));

        assertThat(afterCuts(cut -> content(cut, "a"))).containsExactlyInAnyOrder("old", "one", "owe");
    }

    @Test
    void pagesAreAlsoLostAsAWhole() throws IOException {
        var file = forced("a", "o".repeat(2 * PAGE));
        file.write(0, bytes("n".repeat(2 * PAGE)));

        assertThat(afterCuts(cut -> sectors(content(cut, "a"))))
                .contains("o".repeat(8) + "n".repeat(8), "n".repeat(8) + "o".repeat(8));
    }

    @Test
    void bytesOutsideAWriteAreNotHarmed() throws IOException {
        var file = forced("a", "o".repeat(3 * PAGE));
        file.write(1000, bytes("new"));

        assertThat(afterCuts(cut -> content(cut, "a").replace("new", "ooo"))).containsExactly("o".repeat(3 * PAGE));
    }

    @Test
    void sectorsAreTornOnlyWhenAskedFor() throws IOException {
        var file = forced("a", "o".repeat(SECTOR));
        file.write(0, bytes("n".repeat(SECTOR)));
        assertThat(afterCuts(cut -> content(cut, "a"))).hasSize(2);

        disk.tearSectors();

        assertThat(afterCuts(cut -> content(cut, "a"))).hasSizeGreaterThan(10).allMatch(text -> text.matches("n*o*"));
    }

    // ---- sizes ----

    @Test
    void sizeAndBytesAreLostIndependently() throws IOException {
        var file = forced("a", "");
        file.write(0, bytes("x".repeat(2 * SECTOR)));

        assertThat(afterCuts(cut -> sectors(content(cut, "a")))).contains("", "x", "xx", "\0x", "x\0", "\0\0");
    }

    @Test
    void anAppendedFileCanEndAfterEachOfTheAppendsAndInBetween() throws IOException {
        var file = forced("a", "x".repeat(100));
        file.write(100, bytes("x".repeat(900)));
        file.write(1000, bytes("x".repeat(2000)));

        assertThat(afterCuts(cut -> content(cut, "a").length()))
                .contains(100, 1000, 3000, 2 * SECTOR)
                .allMatch(size -> size >= 100 && size <= 3000);
    }

    @Test
    void bytesThatLostTheirSizeDoNotComeBackWhenTheFileGrows() throws IOException {
        var file = forced("a", "");
        file.write(0, bytes("x".repeat(2 * PAGE)));

        assertThat(afterCuts(cut -> {
                    try (var survivor = cut.open("a")) {
                        long size = survivor.size();
                        survivor.write(3 * PAGE, bytes("y"));
                        return content(cut, "a").substring((int) size).replace("\0", "");
                    }
                }))
                .containsExactly("y");
    }

    @Test
    void aTruncationCanBeLostUntilItIsForced() throws IOException {
        var file = forced("a", "x".repeat(3000));
        file.truncate(10);

        assertThat(afterCuts(cut -> content(cut, "a").length())).contains(10, 3000);

        file.force();
        assertThat(afterCuts(cut -> content(cut, "a"))).containsExactly("x".repeat(10));
    }

    @Test
    void whatWasCutOffCanComeBackUnderAFileThatGrewAgain() throws IOException {
        var file = forced("a", "o".repeat(2 * PAGE));
        file.truncate(0);
        file.write(0, bytes("n".repeat(PAGE)));

        assertThat(afterCuts(cut -> sectors(content(cut, "a"))))
                .contains("o".repeat(16), "n".repeat(8) + "o".repeat(8), "n".repeat(8), "");

        file.force();
        assertThat(afterCuts(cut -> content(cut, "a"))).containsExactly("n".repeat(PAGE));
    }

    // ---- names ----

    @Test
    void aForcedFileCanLoseItsName() throws IOException {
        var file = disk.create("a");
        file.write(0, bytes("x"));
        file.force();

        assertThat(afterCuts(cut -> cut.exists("a") ? content(cut, "a") : "none"))
                .containsExactlyInAnyOrder("x", "none");

        disk.forceDirectory("");
        assertThat(afterCuts(cut -> content(cut, "a"))).containsExactly("x");
    }

    @Test
    void aForcedDirectoryIsLostWithAllItHoldsWhenItsParentIsNotForced() throws IOException {
        disk.createDirectory("d");
        disk.createDirectory("d/e");
        var file = disk.create("d/e/a");
        file.write(0, bytes("x"));
        file.force();
        disk.forceDirectory("d/e");
        disk.forceDirectory("d");

        assertThat(afterCuts(cut -> cut.exists("d/e/a"))).containsExactlyInAnyOrder(true, false);

        disk.forceDirectory("");
        assertThat(afterCuts(cut -> cut.exists("d/e/a"))).containsExactly(true);
    }

    @Test
    void anyOfTheUnforcedNamesSurvive() throws IOException {
        for (var name : List.of("a", "b", "c")) {
            disk.create(name).close();
        }

        assertThat(afterCuts(cut -> String.join("", cut.list(""))))
                .containsExactlyInAnyOrder("", "a", "b", "c", "ab", "ac", "bc", "abc");
    }

    @Test
    void aDeletedFileCanComeBackUntilTheDirectoryIsForced() throws IOException {
        forced("a", "x").close();
        disk.delete("a");

        assertThat(afterCuts(cut -> cut.exists("a") ? content(cut, "a") : "none"))
                .containsExactlyInAnyOrder("x", "none");

        disk.forceDirectory("");
        assertThat(afterCuts(cut -> cut.exists("a"))).containsExactly(false);
    }

    @Test
    void aRenameIsDoneOrNotDone() throws IOException {
        forced("a", "old").close();
        forced("b", "new").close();
        disk.rename("b", "a");

        assertThat(afterCuts(cut -> String.join("", cut.list("")) + content(cut, "a")))
                .containsExactlyInAnyOrder("abold", "anew");

        disk.forceDirectory("");
        assertThat(afterCuts(cut -> String.join("", cut.list("")) + content(cut, "a")))
                .containsExactly("anew");
    }

    @Test
    void aRenamedFileThatWasNotForcedCanBeEmptyOrZeros() throws IOException {
        forced("a", "old").close();
        disk.create("b").write(0, bytes("new"));
        disk.rename("b", "a");

        assertThat(afterCuts(cut -> content(cut, "a"))).containsExactlyInAnyOrder("old", "new", "", "\0\0\0");
    }

    @Test
    void aFileThatWasRenamedTwiceHasOneOfItsNamesAndOnlyOne() throws IOException {
        forced("1", "x").close();
        disk.createDirectory("d");
        disk.forceDirectory("");
        disk.rename("1", "2");
        disk.rename("2", "d/3");
        disk.rename("d/3", "4");

        assertThat(afterCuts(cut -> String.join("", cut.list("")) + String.join("", cut.list("d"))))
                .containsExactlyInAnyOrder("1d", "2d", "d3", "4d");

        disk.forceDirectory("d");
        assertThat(afterCuts(cut -> String.join("", cut.list("")) + String.join("", cut.list("d"))))
                .as("the last rename touched this directory too")
                .containsExactly("4d");
    }

    @Test
    void aNameUsedAgainHoldsTheOldFileOrTheNewOne() throws IOException {
        forced("a", "old").close();
        disk.delete("a");
        var file = disk.create("a");
        file.write(0, bytes("new"));
        file.force();

        assertThat(afterCuts(cut -> cut.exists("a") ? content(cut, "a") : "none"))
                .containsExactlyInAnyOrder("old", "new", "none");
    }

    // ---- forces that fail ----

    @Test
    void whatAFailedForceDidNotWriteCanBeReadAndForcedAndIsLost() throws IOException {
        var file = forced("a", "o".repeat(2 * SECTOR));
        file.write(0, bytes("n".repeat(2 * SECTOR)));
        disk.inject(Fault.inputOutputError(OperationKind.FORCE));
        assertThatThrownBy(file::force).isInstanceOf(IOException.class);

        file.force();

        assertThat(sectors(content(disk, "a"))).isEqualTo("nn");
        assertThat(outcomesOfFailedForces()).contains("oo", "on", "no", "nn");
    }

    /** What the next process finds after power cut and "successful" retry, over many lives. */
    private static Set<String> outcomesOfFailedForces() throws IOException {
        var outcomes = new TreeSet<String>();
        for (long seed = 0; seed < 100; seed++) {
            var life = new SimulatedDisk(seed);
            var file = life.create("a");
            file.write(0, bytes("o".repeat(2 * SECTOR)));
            file.force();
            life.forceDirectory("");
            file.write(0, bytes("n".repeat(2 * SECTOR)));
            life.inject(Fault.inputOutputError(OperationKind.FORCE).onPath("a"));
            assertThatThrownBy(file::force).isInstanceOf(IOException.class);
            file.force();
            var next = life.afterProcessKill(seed);
            next.open("a").force();
            outcomes.add(sectors(content(next.afterPowerCut(seed), "a")));
        }
        return outcomes;
    }

    @Test
    void writingTheSameBytesAgainAfterAFailedForceMakesThemDurable() throws IOException {
        for (long seed = 0; seed < 50; seed++) {
            var life = new SimulatedDisk(seed);
            var file = life.create("a");
            life.forceDirectory("");
            file.write(0, bytes("n".repeat(5 * SECTOR)));
            life.inject(Fault.inputOutputError(OperationKind.FORCE));
            assertThatThrownBy(file::force).isInstanceOf(IOException.class);

            file.write(0, bytes("n".repeat(5 * SECTOR)));
            file.force();

            assertThat(content(life.afterPowerCut(seed), "a")).isEqualTo("n".repeat(5 * SECTOR));
        }
    }

    @Test
    void whenMemoryGetsShortReadersSeeWhatThePlatterHas() throws IOException {
        var file = forced("a", "old");
        disk.inject(Fault.inputOutputError(OperationKind.CLOSE));
        file.write(0, bytes("new"));
        file.close();
        var written = content(disk, "a");

        disk.evictCleanPages();

        assertThat(written).isEqualTo("new");
        assertThat(afterCuts(cut -> content(cut, "a"))).containsExactly(content(disk, "a"));
        assertThat(content(disk, "a")).isIn("old", "new");
    }

    @Test
    void unforcedPagesAreNotEvicted() throws IOException {
        forced("a", "old").write(0, bytes("new"));

        disk.evictCleanPages();

        assertThat(content(disk, "a")).isEqualTo("new");
    }

    @Test
    void aFailedForceOfADirectoryChangesNothing() throws IOException {
        disk.create("a").close();
        disk.inject(Fault.inputOutputError(OperationKind.FORCE_DIRECTORY));

        assertThatThrownBy(() -> disk.forceDirectory("")).isInstanceOf(IOException.class);

        assertThat(afterCuts(cut -> cut.exists("a"))).containsExactlyInAnyOrder(true, false);
    }

    // ---- other troubles ----

    @Test
    void spaceCanRunOutInsideAWriteAndComesBackWhenSomethingIsDeleted() throws IOException {
        forced("a", "x".repeat(3 * PAGE)).close();
        disk.capacity(5 * PAGE);
        var file = disk.create("b");

        assertThatThrownBy(() -> file.write(100, bytes("y".repeat(3 * PAGE)))).isInstanceOf(DiskFull.class);
        assertThat(file.size()).isEqualTo(2 * PAGE);
        assertThat(disk.usableBytes()).isZero();
        file.write(0, bytes("y".repeat(PAGE)));
        disk.delete("a");
        file.write(100, bytes("y".repeat(3 * PAGE)));

        assertThat(content(disk, "b")).isEqualTo("y".repeat(3 * PAGE + 100));
    }

    @Test
    void truncatingGivesSpaceBack() throws IOException {
        var file = forced("a", "x".repeat(3 * PAGE));
        disk.capacity(4 * PAGE);

        file.truncate(PAGE + 1);

        assertThat(disk.usableBytes()).isEqualTo(2 * PAGE);
    }

    @Test
    void aWriteThatIsToldToFailHasWrittenAPart() throws IOException {
        var sizes = new HashSet<Long>();
        for (long seed = 0; seed < 50; seed++) {
            var life = new SimulatedDisk(seed);
            var file = life.create("a");
            life.inject(Fault.noSpace(OperationKind.WRITE));
            assertThatThrownBy(() -> file.write(0, bytes("xx"), bytes("xx"))).isInstanceOf(DiskFull.class);
            sizes.add(file.size());
            file.write(0, bytes("x"));
        }
        assertThat(sizes).containsExactlyInAnyOrder(0L, 1L, 2L, 3L);
    }

    @Test
    void faultsHitTheOperationsThatTheyName() throws IOException {
        var file = forced("dir-a", "text");
        disk.inject(
                Fault.inputOutputError(OperationKind.READ).onPath("a").after(1).times(2));
        disk.inject(Fault.inputOutputError(OperationKind.READ).onPath("b").always());

        assertThat(content(disk, "dir-a")).isEqualTo("text");
        assertThatThrownBy(() -> content(disk, "dir-a")).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> content(disk, "dir-a")).isInstanceOf(IOException.class);
        assertThat(content(disk, "dir-a")).isEqualTo("text");
        file.force();

        disk.inject(Fault.inputOutputError(OperationKind.OPEN).always());
        assertThatThrownBy(() -> disk.open("dir-a")).hasMessageContaining("input/output error");
        disk.removeFaults();
        disk.open("dir-a").close();
    }

    @Test
    void damageIsSilentAndDurable() throws IOException {
        forced("a", "x".repeat(PAGE + 10));

        disk.damage("a", PAGE - 1, bytes("??"));

        assertThat(afterCuts(cut -> content(cut, "a"))).containsExactly(content(disk, "a"));
        assertThat(content(disk, "a")).isEqualTo("x".repeat(PAGE - 1) + "??" + "x".repeat(9));
    }

    // ---- crashes ----

    @Test
    void fromTheCrashPointOnNothingWorks() throws IOException {
        var file = disk.create("a");
        disk.crashAt(3);
        file.write(0, bytes("x"));
        assertThat(disk.crashed()).isFalse();

        assertThatThrownBy(file::force).isInstanceOf(PowerCut.class).hasMessageContaining("operation 3 (FORCE a)");
        assertThatThrownBy(file::size).isInstanceOf(PowerCut.class);
        assertThatThrownBy(() -> disk.create("b")).isInstanceOf(PowerCut.class);
        file.close();
        assertThat(disk.crashed()).isTrue();
        assertThat(disk.operations()).isEqualTo(3);

        disk.afterPowerCut(1).create("b");
    }

    @Test
    void theOperationThatCrashesIsDoneOrNotOrHalf() throws IOException {
        var sizes = new TreeSet<Long>();
        var forced = new HashSet<Boolean>();
        for (long seed = 0; seed < 100; seed++) {
            var life = new SimulatedDisk(seed);
            var file = life.create("a");
            life.crashAt(2);
            assertThatThrownBy(() -> file.write(0, bytes("xxx"))).isInstanceOf(PowerCut.class);
            sizes.add(life.afterProcessKill(1).open("a").size());

            var another = new SimulatedDisk(seed);
            another.create("a").close();
            another.crashAt(3);
            assertThatThrownBy(() -> another.forceDirectory("")).isInstanceOf(PowerCut.class);
            forced.add(LongStream.range(0, 20)
                    .allMatch(cut -> outcome(() -> another.afterPowerCut(cut).exists("a"))));
        }
        assertThat(sizes).containsExactly(0L, 1L, 2L, 3L);
        assertThat(forced).containsExactlyInAnyOrder(true, false);
    }

    @Test
    void thePowerCanBeCutFromOutside() throws IOException {
        var file = disk.create("a");

        disk.crashNow();

        assertThatThrownBy(file::size).isInstanceOf(PowerCut.class);
    }

    @Test
    void aKilledProcessLeavesWhatItWroteAndItIsStillNotDurable() throws IOException {
        var file = forced("a", "old");
        disk.lock("lock");
        disk.create("b").close();
        file.write(0, bytes("new"));

        var next = disk.afterProcessKill(1);

        assertThat(content(next, "a")).isEqualTo("new");
        next.lock("lock").close();
        assertThat(afterCuts(next, cut -> content(cut, "a") + cut.exists("b")))
                .containsExactlyInAnyOrder("oldtrue", "newtrue", "oldfalse", "newfalse");
        next.open("a").force();
        next.forceDirectory("");
        assertThat(afterCuts(next, cut -> content(cut, "a") + cut.exists("b"))).containsExactly("newtrue");
    }

    @Test
    void livesDoNotTouchEachOther() throws IOException {
        var file = forced("a", "x".repeat(2 * PAGE));
        var killed = disk.afterProcessKill(1);
        var cut = disk.afterPowerCut(1);
        file.write(0, bytes("1"));
        file.force();
        try (var other = killed.open("a")) {
            other.write(PAGE, bytes("2"));
            other.force();
        }
        try (var other = cut.open("a")) {
            other.truncate(1);
            other.force();
        }
        killed.create("b").close();

        assertThat(content(disk, "a")).isEqualTo("1" + "x".repeat(2 * PAGE - 1));
        assertThat(content(killed, "a")).isEqualTo("x".repeat(PAGE) + "2" + "x".repeat(PAGE - 1));
        assertThat(content(cut, "a")).isEqualTo("x");
        assertThat(afterCuts(cut, next -> content(next, "a"))).containsExactly("x");
        assertThat(disk.exists("b")).isFalse();
    }

    @Test
    void everyOperationCanBeWatchedWhileItIsUnderWay() throws IOException {
        var seen = new ArrayList<String>();
        disk.onOperation(operation -> {
            var survived = LongStream.range(0, 60)
                    .mapToObj(seed -> outcome(() -> {
                        var cut = disk.afterPowerCut(seed);
                        return cut.exists("a") ? "a" + content(cut, "a") : "-";
                    }))
                    .collect(Collectors.toCollection(TreeSet::new));
            seen.add(operation + " " + survived);
        });
        var file = disk.create("a");
        disk.forceDirectory("");
        file.write(0, bytes("x"));
        file.force();
        file.close();

        assertThat(seen)
                .containsExactly(
                        "operation 1 (CREATE a) [-, a]",
                        "operation 2 (FORCE_DIRECTORY /) [-, a]",
                        "operation 3 (WRITE a) [a, a\0, ax]",
                        "operation 4 (FORCE a) [a, a\0, ax]",
                        "operation 5 (CLOSE a) [ax]");
        assertThat(disk.operationsByKind())
                .containsEntry(OperationKind.FORCE, 1L)
                .doesNotContainKey(OperationKind.RENAME)
                .hasSize(5);
    }

    // ---- all of it together ----

    @Test
    void theSameSeedsGiveTheSameDisk() throws IOException {
        long seed = Seeds.next();

        assertThat(lifeAndCuts(seed)).isEqualTo(lifeAndCuts(seed)).isNotEqualTo(lifeAndCuts(seed + 1));
    }

    private static String lifeAndCuts(long seed) throws IOException {
        var life = new SimulatedDisk(seed);
        life.crashAt(60);
        try {
            live(life, new SplittableRandom(seed), new Chronicle());
        } catch (PowerCut e) {
            // As ordered.
        }
        var result = new StringBuilder();
        for (long cut = 0; cut < 5; cut++) {
            var after = life.afterPowerCut(seed + cut);
            for (var name : after.list("")) {
                result.append(name).append(content(after, name).hashCode()).append(' ');
            }
        }
        return result.toString();
    }

    @Test
    void everySectorIsOneOfThoseThatItHasBeenSinceTheLastForce() throws IOException {
        long seed = Seeds.next();
        for (int life = 0; life < 200; life++) {
            var simulated = new SimulatedDisk(seed + life);
            simulated.create("f").close();
            simulated.forceDirectory("");
            var chronicle = new Chronicle();
            live(simulated, new SplittableRandom(seed + life), chronicle);
            for (int cut = 0; cut < 20; cut++) {
                chronicle.check(content(simulated.afterPowerCut(seed + cut), "f"), seed + life);
            }
        }
    }

    private static void live(SimulatedDisk disk, SplittableRandom random, Chronicle chronicle) throws IOException {
        var file = disk.exists("f") ? disk.open("f") : disk.create("f");
        chronicle.add(content(disk, "f"));
        for (int step = 0; step < 40; step++) {
            long size = file.size();
            switch (random.nextInt(8)) {
                case 0 -> file.truncate(random.nextLong(size + 1));
                case 1 -> {
                    file.force();
                    chronicle.forget();
                }
                default ->
                    file.write(
                            random.nextLong(size + 3 * SECTOR),
                            bytes(Character.toString('A' + step % 26).repeat(random.nextInt(3 * PAGE))));
            }
            chronicle.add(content(disk, "f"));
        }
    }

    /** What one file has been since the last force. */
    private static final class Chronicle {
        private final List<String> since = new ArrayList<>();

        void forget() {
            since.clear();
        }

        void add(String content) {
            since.add(content);
        }

        void check(String survivor, long seed) {
            assertThat(survivor.length())
                    .as("size, life %d", seed)
                    .isLessThanOrEqualTo(
                            since.stream().mapToInt(String::length).max().orElseThrow());
            if (since.size() == 1) {
                assertThat(survivor).as("forced, life %d", seed).isEqualTo(since.get(0));
            }
            for (int at = 0; at < survivor.length(); at += SECTOR) {
                int from = at;
                int to = Math.min(at + SECTOR, survivor.length());
                assertThat(since)
                        .as("sector at %d of %d, life %d", at, survivor.length(), seed)
                        .anyMatch(content -> sector(content, from, to).equals(survivor.substring(from, to)));
            }
        }

        private static String sector(String content, int from, int to) {
            var padded = content + "\0".repeat(Math.max(0, to - content.length()));
            return padded.substring(from, to);
        }
    }

    // ---- tools ----

    private DiskFile forced(String path, String content) throws IOException {
        var file = disk.create(path);
        file.write(0, bytes(content));
        file.force();
        disk.forceDirectory("");
        return file;
    }

    private interface Look<T> {
        T at(SimulatedDisk disk) throws IOException;
    }

    private <T> Set<T> afterCuts(Look<T> look) {
        return afterCuts(disk, look);
    }

    private static <T> Set<T> afterCuts(SimulatedDisk disk, Look<T> look) {
        return LongStream.range(0, CUTS)
                .mapToObj(seed -> outcome(() -> look.at(disk.afterPowerCut(seed))))
                .collect(Collectors.toSet());
    }

    private interface Attempt<T> {
        T run() throws IOException;
    }

    private static <T> T outcome(Attempt<T> attempt) {
        try {
            return attempt.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One character for each sector, which must be of one kind. */
    private static String sectors(String content) {
        var result = new StringBuilder();
        for (int at = 0; at < content.length(); at += SECTOR) {
            var sector = content.substring(at, Math.min(at + SECTOR, content.length()));
            assertThat(sector.chars().distinct().count()).isEqualTo(1);
            result.append(sector.charAt(0));
        }
        return result.toString();
    }

    private static String content(SimulatedDisk disk, String path) throws IOException {
        try (var file = disk.open(path)) {
            var target = new byte[(int) file.size()];
            file.read(0, ByteBuffer.wrap(target));
            return new String(target, StandardCharsets.ISO_8859_1);
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    }
}

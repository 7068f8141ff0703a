package io.strandline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.storage.simulation.PowerCut;
import io.strandline.storage.simulation.SimulatedDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolFileTest {
    @TempDir
    private Path directory;

    private Path path() {
        return directory.resolve("spool");
    }

    private SpoolFile open() throws IOException {
        return SpoolFile.open(SpoolDisk.real(), path(), 1 << 20);
    }

    private static ProducerRecord<byte[], byte[]> message(String value) {
        return new ProducerRecord<>("orders", null, 17L, "k".getBytes(UTF_8), value.getBytes(UTF_8));
    }

    private static List<String> values(SpoolFile spool) throws IOException {
        var values = new ArrayList<String>();
        for (long number : spool.numbers()) {
            values.add(new String(spool.read(number).value(), UTF_8));
        }
        return values;
    }

    @Test
    void whatWasAppendedIsThereByteForByteAfterARestart() throws IOException {
        var headers = new RecordHeaders()
                .add("trace", new byte[] {0, -1, 7})
                .add("trace", null)
                .add("ünïcode", new byte[0]);
        var whole = new ProducerRecord<>("orders", 3, 12345L, new byte[] {1, -2}, new byte[] {0, 0}, headers);
        var bare = new ProducerRecord<byte[], byte[]>("orders", null, 5L, null, null);
        try (var spool = open()) {
            assertThat(spool.append(List.of(whole, bare))).containsExactly(0L, 1L);
        }
        try (var spool = open()) {
            assertThat(spool.numbers()).containsExactly(0L, 1L);
            assertThat(spool.read(0)).usingRecursiveComparison().isEqualTo(whole);
            assertThat(spool.read(0).headers().toArray()).isEqualTo(headers.toArray());
            assertThat(spool.read(1)).usingRecursiveComparison().isEqualTo(bare);
        }
    }

    @Test
    void whatIsDoneIsNotThereAgainAndNumbersGoOn() throws IOException {
        try (var spool = open()) {
            spool.append(List.of(message("a"), message("b"), message("c")));
            spool.done(List.of(0L, 2L));
        }
        try (var spool = open()) {
            assertThat(values(spool)).containsExactly("b");
            assertThat(spool.append(List.of(message("d")))).containsExactly(3L);
        }
    }

    @Test
    void aFullSpoolTakesNoMoreUntilSomethingIsDone() throws IOException {
        try (var spool = SpoolFile.open(SpoolDisk.real(), path(), 4096)) {
            var large = message("x".repeat(1500));
            assertThat(spool.append(List.of(large, large, large, message("small"))))
                    .containsExactly(0L, 1L, SpoolFile.DID_NOT_FIT, 2L);
            spool.done(List.of(0L));
            assertThat(spool.append(List.of(large))).containsExactly(3L);
            assertThat(Files.size(path())).isLessThanOrEqualTo(4096);
        }
        try (var spool = open()) {
            assertThat(spool.numbers()).containsExactly(1L, 2L, 3L);
        }
    }

    @Test
    void aFileOfWhatWasSentIsWrittenAnew() throws IOException {
        try (var spool = open()) {
            for (int i = 0; i < 100; i++) {
                var numbers = spool.append(List.of(message("x".repeat(5_000)), message("y")));
                spool.done(numbers);
            }
            assertThat(Files.size(path())).isLessThan(100_000);
        }
    }

    @Test
    void aTornTailIsDroppedWhereverItIsTorn() throws IOException {
        long whole;
        try (var spool = open()) {
            spool.append(List.of(message("first")));
            whole = Files.size(path());
            spool.append(List.of(message("second")));
        }
        byte[] bytes = Files.readAllBytes(path());
        for (int length = (int) whole; length < bytes.length; length++) {
            Files.write(path(), Arrays.copyOf(bytes, length));
            try (var spool = open()) {
                assertThat(values(spool)).as("cut at " + length).containsExactly("first");
                spool.append(List.of(message("third")));
            }
            try (var spool = open()) {
                assertThat(values(spool)).as("cut at " + length).containsExactly("first", "third");
            }
        }
    }

    @Test
    void anEntryBehindATornOneIsKept() throws IOException {
        long first;
        try (var spool = open()) {
            spool.append(List.of(message("first")));
            first = Files.size(path());
            spool.append(List.of(message("second"), message("third")));
        }
        byte[] bytes = Files.readAllBytes(path());
        for (int i = (int) first; i < first + 20; i++) {
            byte[] torn = bytes.clone();
            torn[i] ^= 0x55;
            Files.write(path(), torn);
            try (var spool = open()) {
                assertThat(values(spool)).as("torn at " + i).containsExactly("first", "third");
            }
        }
    }

    @Test
    void aFileThatIsNoSpoolIsRefusedAndLeftAsItIs() throws IOException {
        for (var content : List.of("my diary, all of it", "x", "SLSPOOL\n\0\0\0\2\0\0\0\0")) {
            Files.writeString(path(), content);
            assertThatThrownBy(this::open)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("spool");
            assertThat(path()).hasContent(content);
        }
    }

    @Test
    void anEmptyFileBecomesASpool() throws IOException {
        Files.createFile(path());
        try (var spool = open()) {
            spool.append(List.of(message("a")));
        }
        try (var spool = open()) {
            assertThat(values(spool)).containsExactly("a");
        }
    }

    @Test
    void aSpoolHasOneUser() throws IOException {
        try (var spool = open()) {
            assertThatThrownBy(this::open).hasMessageContaining("Another producer");
            spool.append(List.of(message("a")));
        }
        open().close();
    }

    @Test
    void whateverThePowerCutTakesNothingThatWasSafeIsLostNorComesBack() {
        Seeds.run(150, SpoolFileTest::live);
    }

    @Test
    @Tag("long")
    void whateverThePowerCutTakesNothingThatWasSafeIsLostNorComesBackInManyLives() {
        Seeds.roam(20_000, SpoolFileTest::live);
    }

    /** Several lives of a spool on one disk, each ended by a cut at a random operation. */
    private static void live(SplittableRandom random) {
        var disk = new SimulatedDisk(random.nextLong());
        if (random.nextBoolean()) {
            disk.tearSectors();
        }
        var model = new Model();
        for (int life = 0; life < 4; life++) {
            disk.crashAt(1 + random.nextInt(60));
            try (var spool = SpoolFile.open(new SimulatedSpoolDisk(disk), Path.of("spool"), 64 * 1024)) {
                model.check(spool);
                while (true) {
                    model.step(spool, random);
                }
            } catch (PowerCut e) {
                // that is what this is about
            } catch (IOException e) {
                throw new AssertionError("failed without a cut", e);
            }
            disk = disk.afterPowerCut(random.nextLong());
        }
        try (var spool = SpoolFile.open(new SimulatedSpoolDisk(disk), Path.of("spool"), 64 * 1024)) {
            model.check(spool);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static final class Model {
        private final Set<String> safe = new HashSet<>();
        private final Set<String> perhaps = new HashSet<>();
        private int appended;

        void step(SpoolFile spool, SplittableRandom random) throws IOException {
            if (random.nextInt(3) > 0 || spool.numbers().isEmpty()) {
                append(spool, random);
            } else {
                done(spool, random);
            }
        }

        private void append(SpoolFile spool, SplittableRandom random) throws IOException {
            var values = new ArrayList<String>();
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                values.add(String.format("%06d", appended++) + "x".repeat(random.nextInt(3_000)));
            }
            perhaps.addAll(values);
            var numbers =
                    spool.append(values.stream().map(SpoolFileTest::message).toList());
            perhaps.removeAll(values);
            for (int i = 0; i < values.size(); i++) {
                if (numbers.get(i) != SpoolFile.DID_NOT_FIT) {
                    safe.add(values.get(i));
                }
            }
        }

        private void done(SpoolFile spool, SplittableRandom random) throws IOException {
            var numbers =
                    spool.numbers().subList(0, random.nextInt(1, spool.numbers().size() + 1));
            var values = new ArrayList<String>();
            for (long number : numbers) {
                values.add(new String(spool.read(number).value(), UTF_8));
            }
            safe.removeAll(values);
            perhaps.addAll(values);
            spool.done(numbers);
            perhaps.removeAll(values);
        }

        /** What is there now is what counts from now on. */
        void check(SpoolFile spool) throws IOException {
            var there = values(spool);
            assertThat(there).containsAll(safe).isSorted().doesNotHaveDuplicates();
            assertThat(there).allMatch(value -> safe.contains(value) || perhaps.contains(value));
            safe.clear();
            safe.addAll(there);
            perhaps.clear();
        }
    }
}

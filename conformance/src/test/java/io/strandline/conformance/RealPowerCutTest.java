package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.storage.Disk;
import io.strandline.storage.FileDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What {@link FileDisk} says is durable is on a real file system after its machine has lost its power. */
class RealPowerCutTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int LINES_BETWEEN_CUTS = 150;

    @Test
    void whatWasForcedIsThereAfterARealPowerCut() throws IOException {
        cut(4, true);
    }

    @Test
    @Tag("long")
    void whatWasForcedIsThereAfterManyRealPowerCuts() throws IOException {
        cut(200, true);
    }

    /** Else the tests above would prove nothing. */
    @Test
    void whatWasOnlySaidToBeForcedIsMissed() throws IOException {
        assertThat(cut(1, false)).isNotEmpty();
    }

    /** What is missing, which must be nothing when the writer forces. */
    private static List<String> cut(int times, boolean forcing) throws IOException {
        var missing = new ArrayList<String>();
        try (var image = LoopImage.make(128);
                var writer = writer(image, forcing)) {
            for (int cut = 1; cut <= times; cut++) {
                writer.awaitLines(cut * LINES_BETWEEN_CUTS, line -> true, PATIENCE);
                writer.freeze();
                try (var after = image.cutPower()) {
                    missing.addAll(missing(
                            writer.lines(), new FileDisk(after.directory().resolve("data"))));
                }
                writer.thaw();
                if (forcing) {
                    assertThat(missing).as("after cut %d", cut).isEmpty();
                }
            }
            writer.kill();
        }
        return missing;
    }

    private static Child writer(LoopImage image, boolean forcing) {
        return Child.jvm(
                "forcing writer",
                ClassPaths.own(),
                List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                List.of(ForcingWriter.class.getName(), image.directory().toString(), Boolean.toString(forcing)));
    }

    private static List<String> missing(List<String> said, Disk disk) throws IOException {
        Map<String, Long> lengths = new HashMap<>();
        long small = -1;
        for (var line : said) {
            var words = line.split(" ", -1);
            switch (words[0]) {
                case "log" -> lengths.put(words[1], Long.parseLong(words[2]));
                case "gone" -> lengths.remove(words[1]);
                case "small" -> small = Long.parseLong(words[1]);
                default -> throw new IllegalStateException(line);
            }
        }
        var missing = new ArrayList<String>();
        for (var log : lengths.entrySet()) {
            long intact = intact(disk, log.getKey(), log.getValue());
            if (intact < log.getValue()) {
                missing.add(log.getKey() + " from " + intact + " of " + log.getValue());
            }
        }
        if (small(disk) < small) {
            missing.add("small " + small);
        }
        return missing;
    }

    /** How many of so many bytes of this log are there and right. */
    private static long intact(Disk disk, String log, long length) throws IOException {
        if (!disk.exists(log)) {
            return 0;
        }
        var bytes = ByteBuffer.allocate((int) length);
        try (var file = disk.open(log)) {
            file.read(0, bytes);
        }
        int position = 0;
        while (position < bytes.position() && bytes.get(position) == ForcingWriter.byteAt(log, position)) {
            position++;
        }
        return position;
    }

    private static long small(Disk disk) throws IOException {
        if (!disk.exists("small")) {
            return -1;
        }
        var bytes = ByteBuffer.allocate(Long.BYTES);
        try (var file = disk.open("small")) {
            file.read(0, bytes);
        }
        return bytes.hasRemaining() ? -1 : bytes.getLong(0);
    }
}

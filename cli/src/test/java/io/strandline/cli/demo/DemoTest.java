package io.strandline.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.storage.Disk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The demo itself: it must succeed on an honest disk, and fail on one that only says that it forces. */
@Timeout(300)
class DemoTest {
    private static final int SPOILED = 3;

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    @TempDir
    private Path directory;

    @Test
    void powerCutsLoseNothing() throws Exception {
        var account = cutPower(600, 3, disk -> disk, Duration.ofSeconds(40));

        assertThat(account.balances()).as("%s%n%s", account.table(), said).isTrue();
        assertThat(account.table()).contains("with 3 interruptions");
    }

    @Test
    void aDiskThatOnlySaysThatItForcesIsFoundOut() throws Exception {
        var account = cutPower(300, 2, ForgetfulDisk::new, Duration.ofSeconds(10));

        assertThat(account.balances()).as("%s%n%s", account.table(), said).isFalse();
        assertThat(account.rows())
                .filteredOn(row -> row.name().equals("lost"))
                .singleElement()
                .matches(row -> !row.asPromised(), "it names what is lost");
    }

    @Test
    @Tag("long")
    void twentyPowerCutsUnderAllEventsLoseNothing() throws Exception {
        var account = cutPower(14_000, 20, disk -> disk, Duration.ofSeconds(60));

        assertThat(account.balances()).as("%s%n%s", account.table(), said).isTrue();
    }

    private Account cutPower(int events, int cuts, UnaryOperator<Disk> wiring, Duration stall) throws Exception {
        long seed = seed();
        System.out.println("seed " + seed + " (-Dseed=" + seed
                + " decides what a cut takes; when it comes is a matter of threads)");
        var plan = new Demo.Plan(cuts, SPOILED, 1000, stall);
        try (var broker = new PowerCutBroker(seed, wiring, 1 << 20)) {
            var out = new PrintStream(said, true, StandardCharsets.UTF_8);
            return new Demo(broker, EventFile.of(file(events), "user"), plan, out, false).run();
        }
    }

    private static long seed() {
        var wish = System.getProperty("seed", "1");
        return wish.equals("random") ? new Random().nextLong() : Long.parseLong(wish);
    }

    private Path file(int events) throws IOException {
        var lines = new StringBuilder();
        for (var event = 0; event < events; event++) {
            lines.append("{\"user\":\"u-")
                    .append(event * event % 17)
                    .append("\",\"n\":")
                    .append(event)
                    .append("}\n");
        }
        return Files.writeString(directory.resolve("events.jsonl"), lines);
    }
}

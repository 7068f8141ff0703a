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

    /** As when the broker does not come back while it joins. */
    @Test
    void aSecondMemberThatCannotJoinEndsInTheAccount() throws Exception {
        var plan = new Demo.Plan(0, SPOILED, 1000, Duration.ofSeconds(40));
        try (var broker = new AstrayBroker(new PowerCutBroker(seed(), disk -> disk, 1 << 20))) {
            var account = run(broker, 200, plan);

            assertThat(account.balances()).as("%s%n%s", account.table(), said).isFalse();
            assertThat(said.toString(StandardCharsets.UTF_8))
                    .contains("Failed   ")
                    .contains("nowhere");
        }
    }

    /** Tells the second who asks an address that is none. */
    private static final class AstrayBroker implements DemoBroker {
        private final DemoBroker broker;
        private int asked;

        AstrayBroker(DemoBroker broker) {
            this.broker = broker;
        }

        @Override
        public String address() {
            asked++;
            return asked == 2 ? "nowhere" : broker.address();
        }

        @Override
        public String description() {
            return broker.description();
        }

        @Override
        public void start() throws Exception {
            broker.start();
        }

        @Override
        public void kill() throws Exception {
            broker.kill();
        }

        @Override
        public String killed() {
            return broker.killed();
        }

        @Override
        public void close() throws IOException {
            broker.close();
        }
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
            return run(broker, events, plan);
        }
    }

    private Account run(DemoBroker broker, int events, Demo.Plan plan) throws Exception {
        var out = new PrintStream(said, true, StandardCharsets.UTF_8);
        return new Demo(broker, EventFile.of(file(events), "user"), plan, out, false).run();
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

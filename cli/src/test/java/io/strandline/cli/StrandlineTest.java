package io.strandline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a person sees who mistypes, asks for help, or has no broker. */
class StrandlineTest {
    /** Nobody listens there. */
    private static final String NO_BROKER = "127.0.0.1:1";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void withoutACommandItShowsWhatThereIs() {
        assertThat(run()).isEqualTo(Problem.USAGE);
        assertThat(text(out)).contains("demo", "serve", "topics", "produce", "consume");
    }

    @ParameterizedTest
    @ValueSource(strings = {"demo", "serve", "topics", "topics create", "topics list", "produce", "consume"})
    void everyCommandExplainsItself(String command) {
        assertThat(run((command + " --help").split(" "))).isZero();
        assertThat(text(out)).contains("Usage: strandline " + command);
        assertThat(text(err)).isEmpty();
    }

    @Test
    void aMistypedCommandIsAnsweredWithTheNearestOne() {
        assertThat(run("prodce")).isEqualTo(Problem.USAGE);
        assertThat(text(err)).contains("'prodce'", "Did you mean: produce");
    }

    @Test
    void aMistypedOptionIsAnsweredWithTheNearestOne() {
        assertThat(run("topics", "create", "orders", "--partitons", "3")).isEqualTo(Problem.USAGE);
        assertThat(text(err)).contains("--partitons", "Did you mean: --partitions?");
    }

    @Test
    void aMissingArgumentIsNamed() {
        assertThat(run("produce")).isEqualTo(Problem.USAGE);
        assertThat(text(err)).contains("TOPIC", "See: strandline produce --help");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "consume t --offset 3",
                "consume t --group g --partition 1",
                "consume t --group g --until-end",
                "consume t --partition 0 --offset -1",
                "consume t --max -1",
                "consume t --format {nonsense}",
                "produce t --acks 2",
                "produce t --header nonsense",
                "produce t --compression zip",
                "topics create t --partitions 0",
                "topics list --bootstrap nonsense",
                "demo --events events.jsonl",
                "demo --key user",
                "demo --spoil -1",
                "demo --power-cut --dir data",
                "demo --events no-such-file --key user"
            })
    void whatMakesNoSenseIsRefusedInOneLineBeforeAnythingIsDone(String commandLine) {
        assertThat(run(commandLine.split(" "))).isEqualTo(Problem.USAGE);
        assertThat(text(err).lines().filter(line -> !line.startsWith("See: "))).hasSize(1);
    }

    @Test
    void withoutABrokerOneLineSaysWhereItLookedAndWhatToTry() {
        assertThat(run("topics", "list", "--bootstrap", NO_BROKER, "--wait", "1"))
                .isEqualTo(Problem.FAILED);
        assertThat(text(err).lines()).hasSize(1);
        assertThat(text(err))
                .contains(NO_BROKER, "strandline serve", "--bootstrap")
                .doesNotContain("\tat ");
    }

    private int run(String... arguments) {
        return Strandline.run(
                new Streams(
                        new ByteArrayInputStream(new byte[0]),
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        false),
                arguments);
    }

    private static String text(ByteArrayOutputStream stream) {
        return stream.toString(StandardCharsets.UTF_8);
    }
}

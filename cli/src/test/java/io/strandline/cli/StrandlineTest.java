package io.strandline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a person sees who mistypes, asks for help, or has no broker. */
class StrandlineTest {
    /** Nobody listens there. */
    private static final String NO_BROKER = "127.0.0.1:1";

    @Test
    void withoutACommandItShowsWhatThereIs() {
        var run = CommandLineRun.of();
        assertThat(run.exitCode()).isEqualTo(Problem.USAGE);
        assertThat(run.out()).contains("demo", "serve", "topics", "produce", "consume");
    }

    @ParameterizedTest
    @ValueSource(strings = {"demo", "serve", "topics", "topics create", "topics list", "produce", "consume"})
    void everyCommandExplainsItself(String command) {
        var run = CommandLineRun.of((command + " --help").split(" "));
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("Usage: strandline " + command);
        assertThat(run.err()).isEmpty();
    }

    @Test
    void aMistypedCommandIsAnsweredWithTheNearestOne() {
        var run = CommandLineRun.of("prodce");
        assertThat(run.exitCode()).isEqualTo(Problem.USAGE);
        assertThat(run.err()).startsWith("strandline: There is no command 'prodce'. Did you mean: produce");
    }

    @Test
    void aMistypedOptionIsAnsweredWithTheNearestOne() {
        var run = CommandLineRun.of("topics", "create", "orders", "--partitons", "3");
        assertThat(run.exitCode()).isEqualTo(Problem.USAGE);
        assertThat(run.err()).startsWith("strandline: There is no option '--partitons'. Did you mean: --partitions?");
    }

    @Test
    void anArgumentTooManyIsNamed() {
        var run = CommandLineRun.of("demo", "extra");
        assertThat(run.exitCode()).isEqualTo(Problem.USAGE);
        assertThat(run.err()).startsWith("strandline: One argument too many: 'extra'.");
    }

    @Test
    void aMissingArgumentIsNamed() {
        var run = CommandLineRun.of("produce");
        assertThat(run.exitCode()).isEqualTo(Problem.USAGE);
        assertThat(run.err()).contains("TOPIC", "See: strandline produce --help");
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
        var run = CommandLineRun.of(commandLine.split(" "));
        assertThat(run.exitCode()).isEqualTo(Problem.USAGE);
        assertThat(run.err().lines().filter(line -> !line.startsWith("See: "))).hasSize(1);
    }

    @Test
    void withoutABrokerOneLineSaysWhereItLookedAndWhatToTry() {
        var run = CommandLineRun.of("topics", "list", "--bootstrap", NO_BROKER, "--wait", "1");

        assertThat(run.exitCode()).isEqualTo(Problem.FAILED);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err())
                .contains(NO_BROKER, "strandline serve", "--bootstrap")
                .doesNotContain("\tat ");
    }
}

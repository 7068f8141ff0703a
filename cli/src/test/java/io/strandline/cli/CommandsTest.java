package io.strandline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The commands by hand, on a broker. */
@Timeout(120)
class CommandsTest {
    private Broker broker;

    @BeforeEach
    void start() throws IOException {
        broker = Broker.start(BrokerConfig.defaults().port(0).durability(DurabilityMode.MEMORY));
    }

    @AfterEach
    void stop() throws IOException {
        broker.close();
    }

    @Test
    void topicsAreCreatedListedDescribedAndDeleted() {
        assertThat(run("topics create orders --partitions 3 --config retention.ms=1000")
                        .out())
                .isEqualTo("created orders\n");
        assertThat(run("topics list").out()).isEqualTo("orders\n");
        assertThat(run("topics describe orders").out())
                .startsWith("orders: 3 partitions, 1 copy\n")
                .contains("retention.ms=1000");
        assertThat(run("topics delete orders").out()).isEqualTo("deleted orders\n");
        assertThat(run("topics list").out()).isEmpty();
    }

    @Test
    void topicsAreChangedAndTruncated() {
        run("topics create orders --config segment.ms=7654321");
        produce("orders", 5);

        assertThat(run("topics alter orders --partitions 2 --config retention.ms=1000000 --unset segment.ms")
                        .out())
                .isEqualTo("changed orders\n");
        assertThat(run("topics truncate orders --partition 0 --before 3").out()).isEqualTo("orders/0 begins at 3\n");

        assertThat(run("topics describe orders").out())
                .startsWith("orders: 2 partitions, 1 copy\n")
                .containsPattern("0 +3 +5 +2\n")
                .contains("retention.ms=1000000")
                .doesNotContain("segment.ms");
    }

    @Test
    void whatCannotBeChangedIsSaidInOneLine() {
        run("topics create orders --partitions 2");

        assertThat(run("topics alter orders --partitions 1").err())
                .hasLineCount(1)
                .contains("cannot have fewer");
        assertThat(run("topics alter orders --config retention.mss=1").err())
                .hasLineCount(1)
                .contains("did you mean 'retention.ms'?");
        assertThat(run("topics alter orders").exitCode()).isEqualTo(Problem.USAGE);
        assertThat(run("topics alter ordres --partitions 3").err()).contains("There is no topic ordres");
        assertThat(run("topics truncate orders --partition 0 --before 9").err())
                .isEqualTo("strandline: Partition 0 of orders ends at 0; there is no offset 9 to begin at\n");
        assertThat(run("topics truncate orders --partition 7 --before 0").exitCode())
                .isEqualTo(Problem.USAGE);
    }

    @Test
    void whatATopicCannotBeIsRefusedInOneLine() {
        run("topics create orders");

        assertThat(run("topics create orders").err()).startsWith("strandline: The topic orders is there already");
        assertThat(run("topics create a/b").err()).hasLineCount(1).contains("a/b");
        assertThat(run("topics create x --config retention.mss=1").err())
                .hasLineCount(1)
                .contains("retention.ms");
        assertThat(run("topics describe ordres").err())
                .isEqualTo("strandline: There is no topic ordres; there are: orders\n");
        assertThat(run("topics delete orders ordres").exitCode()).isEqualTo(Problem.FAILED);
        assertThat(run("topics list").out()).isEqualTo("orders\n");
    }

    @Test
    void linesAreSentAndPrintedByteForByte() {
        var sent = CommandLineRun.with(
                "ann:{\"a\": 1}\nbob:größer: ja\r\ncid:\n",
                arguments("produce t --key : --header h=1 --compression gzip"));
        assertThat(sent.exitCode()).as(sent.err()).isZero();
        assertThat(sent.err()).isEqualTo("3 messages acknowledged\n");

        assertThat(run("consume t --from-beginning --until-end").out()).isEqualTo("{\"a\": 1}\ngrößer: ja\r\n\n");
        assertThat(run("consume t --from-beginning --until-end --format {partition}/{offset}|{key}|{headers}")
                        .out())
                .isEqualTo("0/0|ann|h=1\n0/1|bob|h=1\n0/2|cid|h=1\n");
    }

    @Test
    void aHeaderOfManyLinesStaysOnTheLineOfItsMessage() {
        var sent = CommandLineRun.with(
                "x\n",
                Stream.concat(Stream.of(arguments("produce t")), Stream.of("--header", "stack=at a\n\tat b"))
                        .toArray(String[]::new));
        assertThat(sent.exitCode()).as(sent.err()).isZero();

        assertThat(run("consume t --from-beginning --until-end --format {value}:{headers}")
                        .out())
                .isEqualTo("x:stack=at a\\n\\tat b\n");
    }

    @Test
    void aLineWithoutItsKeyStopsTheSending() {
        var sent = CommandLineRun.with("ann:1\nbob\ncid:3\n", arguments("produce t --key :"));

        assertThat(sent.exitCode()).isEqualTo(Problem.FAILED);
        assertThat(sent.err()).hasLineCount(1).contains("Line 2 has no \":\"");
    }

    @Test
    void aTooLargeMessageIsNotAcknowledgedAndSaysWhy() {
        run("topics create small --config max.message.bytes=1000");

        var sent = CommandLineRun.with("x".repeat(5000) + "\n", arguments("produce small"));

        assertThat(sent.exitCode()).isEqualTo(Problem.FAILED);
        assertThat(sent.err()).contains("0 messages acknowledged", "1 not acknowledged: ", "1000");
    }

    @Test
    void aPlaceInAPartitionCanBeReadFrom() {
        produce("t", 5);

        assertThat(run("consume t --partition 0 --offset 2 --max 2 --format {offset}")
                        .out())
                .isEqualTo("2\n3\n");
        var behind = run("consume t --partition 0 --offset 9 --until-end");
        assertThat(behind.exitCode()).isEqualTo(Problem.FAILED);
        assertThat(behind.err()).contains("partition 0 has 0 to 4");
        assertThat(run("consume t --partition 7").exitCode()).isEqualTo(Problem.USAGE);
        assertThat(run("consume nothing").err()).contains("There is no topic nothing");
    }

    @Test
    void aGroupGoesOnWhereItStopped() {
        produce("t", 5);

        assertThat(run("consume t --group g --from-beginning --max 2 --format {offset}")
                        .out())
                .isEqualTo("0\n1\n");
        assertThat(run("consume t --group g --from-beginning --max 3 --format {offset}")
                        .out())
                .isEqualTo("2\n3\n4\n");
    }

    private void produce(String topic, int messages) {
        var lines = "message\n".repeat(messages);
        assertThat(CommandLineRun.with(lines, arguments("produce " + topic)).exitCode())
                .isZero();
    }

    private CommandLineRun run(String commandLine) {
        return CommandLineRun.of(arguments(commandLine));
    }

    private String[] arguments(String commandLine) {
        return Stream.concat(
                        Stream.of(commandLine.split(" ")),
                        Stream.of("--bootstrap", broker.bootstrapServers(), "--wait", "60"))
                .toArray(String[]::new);
    }
}

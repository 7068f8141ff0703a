package io.strandline.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ServeTest {
    private static final String SMALL_JOURNAL = "strandline.journal.bytes=4194304";

    @TempDir
    private Path directory;

    @Test
    void itSaysWhereItListensAndWhatAnAcknowledgementMeansAndStopsCleanly() throws Exception {
        var serve = serve();
        try (var lines = serve.inputReader(StandardCharsets.UTF_8)) {
            var banner = readBanner(lines);
            assertThat(banner.get(0)).matches("Strandline listens at 127\\.0\\.0\\.1:[0-9]+");
            assertThat(String.join("\n", banner))
                    .contains(
                            directory.resolve("data").toString(), "acks=all means on the disk", "forcing 4 KiB takes");

            serve.toHandle().destroy();

            assertThat(serve.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(lines.lines()).contains("Stopped; everything is on the disk.");
            assertThat(serve.exitValue()).isZero();
        } finally {
            serve.destroyForcibly();
        }
    }

    @Test
    void anAddressThatOthersCanReachIsWarnedOf() throws Exception {
        var serve = serve("--host", "0.0.0.0", "--durability", "memory");
        try (var lines = serve.inputReader(StandardCharsets.UTF_8)) {
            assertThat(readBanner(lines)).anyMatch(line -> line.contains("WARNING") && line.contains("authentication"));
        } finally {
            serve.destroyForcibly();
        }
    }

    @Test
    void itDoesNotOutliveTheProcessThatStartedItForADemo() throws Exception {
        var serve = serve("--stop-when-stdin-ends");
        try (var lines = serve.inputReader(StandardCharsets.UTF_8)) {
            readBanner(lines);

            // What the system does when the parent dies, however it dies.
            serve.getOutputStream().close();

            assertThat(serve.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            serve.destroyForcibly();
        }
    }

    @Test
    void aDirectoryInUseIsRefusedInOneLine() throws Exception {
        try (var broker = Broker.start(
                BrokerConfig.defaults().port(0).directory(directory).with(BrokerConfig.JOURNAL_BYTES, 4L << 20))) {
            var run = CommandLineRun.of("serve", "--port", "0", "--dir", directory.toString());

            assertThat(run.exitCode()).isEqualTo(Problem.FAILED);
            assertThat(run.err()).hasLineCount(1).contains(directory.toString(), "in use");
            assertThat(broker.health().ok()).isTrue();
        }
    }

    @Test
    void aPortInUseIsRefusedInOneLine() throws Exception {
        try (var broker = Broker.start(BrokerConfig.defaults().port(0).with("strandline.durability", "memory"))) {
            var port = String.valueOf(broker.address().getPort());
            var run = CommandLineRun.of("serve", "--port", port, "--durability", "memory");

            assertThat(run.exitCode()).isEqualTo(Problem.FAILED);
            assertThat(run.err()).hasLineCount(1).contains(port, "in use", "--port");
        }
    }

    @Test
    void aDirectoryOfSomeoneElseIsRefusedInOneLine() throws Exception {
        Files.writeString(directory.resolve("thesis.tex"), "years of work");

        var run = CommandLineRun.of("serve", "--port", "0", "--dir", directory.toString());

        assertThat(run.exitCode()).isEqualTo(Problem.FAILED);
        assertThat(run.err()).hasLineCount(1).contains("thesis.tex");
        assertThat(directory.resolve("thesis.tex")).hasContent("years of work");
    }

    @Test
    void aFileInPlaceOfADirectoryIsRefusedInOneLine() throws Exception {
        var file = Files.writeString(directory.resolve("data"), "text");

        var run = CommandLineRun.of("serve", "--port", "0", "--dir", file.toString());

        assertThat(run.exitCode()).isEqualTo(Problem.FAILED);
        assertThat(run.err()).hasLineCount(1).contains(file.toString());
        assertThat(file).hasContent("text");
    }

    @Test
    void settingsThatDoNotExistAreAnsweredWithTheNearestOnes() throws Exception {
        var properties = Files.writeString(directory.resolve("server.properties"), "num.partitons=3\n");

        for (var run : List.of(
                CommandLineRun.of("serve", "--config", "num.partitons=3"),
                CommandLineRun.of("serve", "--properties", properties.toString()))) {
            assertThat(run.exitCode()).isEqualTo(Problem.USAGE);
            assertThat(run.err()).hasLineCount(1).contains("num.partitons", "num.partitions");
        }
        assertThat(CommandLineRun.of("serve", "--properties", "nowhere").exitCode())
                .isEqualTo(Problem.USAGE);
        assertThat(CommandLineRun.of("serve", "--durability", "maybe").err()).contains("fsync, os, memory");
        assertThat(CommandLineRun.of("serve", "--port", "70000").exitCode()).isEqualTo(Problem.USAGE);
        for (var address : List.of("nonsense", "host:", ":9092", "host:0")) {
            var run = CommandLineRun.of("serve", "--durability", "memory", "--port", "0", "--advertise", address);
            assertThat(run.exitCode()).as(address).isEqualTo(Problem.USAGE);
            assertThat(run.err()).hasLineCount(1).contains(address);
        }
    }

    private Process serve(String... more) throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "io.strandline.cli.Strandline",
                "serve",
                "--port",
                "0",
                "--config",
                SMALL_JOURNAL,
                "--dir",
                directory.resolve("data").toString()));
        command.addAll(List.of(more));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static List<String> readBanner(BufferedReader lines) throws IOException {
        var banner = new ArrayList<String>();
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            banner.add(line);
            if (line.startsWith("  stop")) {
                return banner;
            }
        }
        throw new AssertionError("It ended with " + banner);
    }
}

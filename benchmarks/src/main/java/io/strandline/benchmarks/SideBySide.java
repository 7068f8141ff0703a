package io.strandline.benchmarks;

import static io.strandline.benchmarks.Contender.KAFKA;
import static io.strandline.benchmarks.Contender.KAFKA_FLUSHING;
import static io.strandline.benchmarks.Contender.STRANDLINE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * Runs every contender in turn, several rounds, and writes a table of medians and ratios. See {@code benchmarks/README.md}.
 *
 * <p>Arguments: {@code --rounds N} (5), {@code --messages N} (200000), {@code --quick} (one round, few messages: proves
 * that the runner works, and nothing else).
 */
public final class SideBySide {
    private static final String START = "start to first acknowledged message, ms";
    private static final String FIRST_START = "first start ever to first acknowledged message, ms";
    private static final String ASSIGNMENT = "first group assignment, ms";
    private static final String CPU = "broker CPU seconds per GB";
    private static final List<Integer> PARTITIONS = List.of(1, 12, 100);
    private static final double START_GATE = 1.0 / 6;
    private static final double THROUGHPUT_GATE = 2.0;

    private final Path folder;
    private final int rounds;
    private final int messages;
    private final Figures figures = new Figures();

    private SideBySide(Path folder, int rounds, int messages) {
        this.folder = folder;
        this.rounds = rounds;
        this.messages = messages;
    }

    public static void main(String[] args) throws IOException {
        var arguments = Arrays.asList(args);
        boolean quick = arguments.contains("--quick");
        var folder = Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath();
        Files.createDirectories(folder);
        var run = new SideBySide(
                folder,
                number(arguments, "--rounds", quick ? 1 : 5),
                number(arguments, "--messages", quick ? 5_000 : 200_000));
        run.run();
        var page = run.page(quick);
        var file = folder.resolve("side-by-side-" + LocalDate.now(ZoneId.systemDefault()) + ".md");
        Files.writeString(file, page);
        System.out.println(page);
        System.out.println("written to " + file);
        System.exit(quick || run.gatesHold() ? 0 : 1);
    }

    private static int number(List<String> arguments, String option, int otherwise) {
        int at = arguments.indexOf(option);
        return at < 0 ? otherwise : Integer.parseInt(arguments.get(at + 1));
    }

    private void run() throws IOException {
        for (int round = 0; round < rounds; round++) {
            var order = new ArrayList<>(List.of(Contender.values()));
            Collections.rotate(order, round); // Nobody always comes first.
            for (var contender : order) {
                System.err.println("round " + (round + 1) + " of " + rounds + ": " + contender.title());
                firstStart(contender);
                measure(contender);
            }
        }
    }

    private void firstStart(Contender contender) throws IOException {
        var prepared = contender.prepare(data(), true);
        try (var target = prepared.target()) {
            var client = new Client(target.bootstrap());
            figures.add(
                    FIRST_START,
                    contender,
                    client.firstAcknowledgement(prepared.launch()).toMillis());
        }
    }

    private void measure(Contender contender) throws IOException {
        var prepared = contender.prepare(data(), false);
        try (var target = prepared.target()) {
            var client = new Client(target.bootstrap());
            figures.add(
                    START,
                    contender,
                    client.firstAcknowledgement(prepared.launch()).toMillis());
            figures.add(ASSIGNMENT, contender, client.firstAssignment().toMillis());
            long pid = prepared.process().get().pid();
            var before = Machine.cpu(pid);
            for (int partitions : PARTITIONS) {
                figures.add(throughput(partitions), contender, client.produce("p" + partitions, partitions, messages));
            }
            double gigabytes = PARTITIONS.size() * messages * 1024.0 / 1e9;
            figures.add(CPU, contender, Machine.cpu(pid).minus(before).toMillis() / 1000.0 / gigabytes);
        }
    }

    private Path data() throws IOException {
        return Files.createTempDirectory(folder, "side-by-side-");
    }

    private static String throughput(int partitions) {
        return "acks=all, 1 KiB, " + partitions + (partitions == 1 ? " partition" : " partitions") + ", MB/s";
    }

    private boolean gatesHold() {
        return startRatio() <= START_GATE
                && PARTITIONS.stream().allMatch(partitions -> throughputRatio(partitions) >= THROUGHPUT_GATE);
    }

    private double startRatio() {
        return figures.ratio(START, STRANDLINE, KAFKA).orElse(Double.NaN);
    }

    private double throughputRatio(int partitions) {
        return figures.ratio(throughput(partitions), STRANDLINE, KAFKA_FLUSHING).orElse(Double.NaN);
    }

    private String page(boolean quick) throws IOException {
        var page = new StringBuilder("# Side by side, " + LocalDate.now(ZoneId.systemDefault()) + "\n\n");
        if (quick) {
            page.append("**A quick run: it proves that the runner works. The figures mean nothing.**\n\n");
        }
        page.append("Machine: ").append(Machine.description()).append(".\n");
        page.append("Data on ").append(Machine.fileSystem(folder)).append("; forcing 4 KiB takes ");
        page.append(Machine.forceTime(folder).toNanos() / 1000).append(" µs (median); load at the end ");
        page.append(Machine.load()).append(".\n");
        page.append("Medians of ")
                .append(rounds)
                .append(" interleaved rounds, ")
                .append(messages);
        page.append(" messages a measurement. All figures: below.\n\n");
        table(page);
        page.append("\nGates: start ").append(format(startRatio())).append(" of Apache Kafka's (at most ");
        page.append(format(START_GATE)).append("); durable throughput ");
        for (int partitions : PARTITIONS) {
            page.append(format(throughputRatio(partitions)))
                    .append(" × (")
                    .append(partitions)
                    .append(") ");
        }
        page.append("of Apache Kafka's with flush.messages=1 (at least ").append(format(THROUGHPUT_GATE));
        page.append("). ").append(gatesHold() ? "They hold.\n" : "**They do not hold.**\n");
        everything(page);
        return page.toString();
    }

    private void table(StringBuilder page) {
        page.append("| |");
        for (var contender : Contender.values()) {
            page.append(' ').append(contender.title()).append(" |");
        }
        page.append(" Strandline / Kafka | Strandline / Kafka flushing |\n|---|");
        page.append("--:|".repeat(Contender.values().length + 2)).append('\n');
        for (var measurement : figures.measurements()) {
            page.append("| ").append(measurement).append(" |");
            for (var contender : Contender.values()) {
                page.append(' ')
                        .append(format(figures.median(measurement, contender).orElse(Double.NaN)))
                        .append(" |");
            }
            for (var other : List.of(KAFKA, KAFKA_FLUSHING)) {
                page.append(' ')
                        .append(format(
                                figures.ratio(measurement, STRANDLINE, other).orElse(Double.NaN)))
                        .append(" |");
            }
            page.append('\n');
        }
    }

    private void everything(StringBuilder page) {
        page.append("\nEvery figure, in the order of the rounds:\n\n");
        for (var measurement : figures.measurements()) {
            for (var contender : Contender.values()) {
                page.append("- ")
                        .append(measurement)
                        .append("; ")
                        .append(contender.title())
                        .append(": ");
                page.append(String.join(
                        ", ",
                        figures.all(measurement, contender).stream()
                                .map(SideBySide::format)
                                .toList()));
                page.append('\n');
            }
        }
    }

    private static String format(double figure) {
        return figure >= 100 ? String.format(Locale.ROOT, "%.0f", figure) : String.format(Locale.ROOT, "%.2f", figure);
    }
}

package io.strandline.benchmarks;

import static io.strandline.benchmarks.Contender.KAFKA;
import static io.strandline.benchmarks.Contender.KAFKA_FLUSHING;
import static io.strandline.benchmarks.Contender.STRANDLINE;
import static io.strandline.benchmarks.SideBySide.PARTITIONS;
import static io.strandline.benchmarks.SideBySide.START;
import static io.strandline.benchmarks.SideBySide.throughput;

import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What a run shows, as Markdown.
 *
 * @param folder where the brokers had their data
 */
record Page(Figures<Contender> figures, Path folder, int messages, boolean quick) {
    private static final String FIGURES_BEGIN = "<!-- figures: benchmarks/run writes what follows -->";
    private static final double START_GATE = 1.0 / 6;
    private static final double THROUGHPUT_GATE = 2.0;

    /** The whole page, every single figure included. */
    String everything() throws IOException {
        var page = new StringBuilder("# Side by side, " + today() + "\n\n");
        if (quick) {
            page.append("**A quick run: it proves that the runner works. The figures mean nothing.**\n\n");
        }
        page.append(summary());
        page.append("\nEvery figure, in the order of the rounds:\n\n");
        for (var measurement : figures.measurements()) {
            for (var contender : Contender.values()) {
                page.append("- %s; %s: %s%n"
                        .formatted(
                                measurement,
                                contender.title(),
                                figures.all(measurement, contender).stream()
                                        .map(Page::format)
                                        .collect(Collectors.joining(", "))));
            }
        }
        return page.toString();
    }

    /** Puts the summary between the marks of a file, instead of what stands there. */
    void replaceFigures(Path file) throws IOException {
        Marks.in(file).replace(FIGURES_BEGIN, summary());
    }

    boolean gatesHold() {
        return startRatio() <= START_GATE
                && PARTITIONS.stream().allMatch(partitions -> throughputRatio(partitions) >= THROUGHPUT_GATE);
    }

    private String summary() throws IOException {
        var text = new StringBuilder();
        text.append("%s. %s.%n".formatted(today(), Machine.description()));
        text.append(
                ("Data on %s; Strandline with `strandline.durability=fsync`; forcing 4 KiB there takes %d µs (median);"
                                + " load of the machine at the end: %s.%n")
                        .formatted(
                                Machine.fileSystem(folder),
                                Machine.forceTime(folder).toNanos() / 1000,
                                Machine.load()));
        text.append("Median (smallest – largest) of %d interleaved rounds, %d messages a measurement of throughput.%n%n"
                .formatted(figures.all(START, STRANDLINE).size(), messages));
        table(text);
        text.append("%nGates: start %s of Apache Kafka's (at most %s); durable throughput "
                .formatted(format(startRatio()), format(START_GATE)));
        text.append(PARTITIONS.stream()
                .map(partitions -> "%s × (%d)".formatted(format(throughputRatio(partitions)), partitions))
                .collect(Collectors.joining(", ")));
        text.append(" of Apache Kafka's with flush.messages=1 (at least %s). %s%n"
                .formatted(format(THROUGHPUT_GATE), gatesHold() ? "They hold." : "**They do not hold.**"));
        return text.toString();
    }

    private void table(StringBuilder text) {
        text.append("| |");
        for (var contender : Contender.values()) {
            text.append(" %s |".formatted(contender.title()));
        }
        text.append(" Strandline / Kafka | Strandline / Kafka flushing |\n|---|");
        text.append("--:|".repeat(Contender.values().length + 2)).append('\n');
        for (var measurement : figures.measurements()) {
            text.append("| %s |".formatted(measurement));
            for (var contender : Contender.values()) {
                var range = figures.range(measurement, contender);
                text.append(" %s (%s – %s) |"
                        .formatted(
                                format(figures.median(measurement, contender).orElse(Double.NaN)),
                                format(range.getMin()),
                                format(range.getMax())));
            }
            for (var other : List.of(KAFKA, KAFKA_FLUSHING)) {
                var ratio = figures.ratio(measurement, STRANDLINE, other).orElse(Double.NaN);
                text.append(" %s |".formatted(format(ratio)));
            }
            text.append('\n');
        }
    }

    private double startRatio() {
        return figures.ratio(START, STRANDLINE, KAFKA).orElse(Double.NaN);
    }

    private double throughputRatio(int partitions) {
        return figures.ratio(throughput(partitions), STRANDLINE, KAFKA_FLUSHING).orElse(Double.NaN);
    }

    private static LocalDate today() {
        return LocalDate.now(ZoneId.systemDefault());
    }

    private static String format(double figure) {
        return String.format(Locale.ROOT, figure >= 100 ? "%.0f" : "%.2f", figure);
    }
}

package io.strandline.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What a run of the clients shows, as Markdown.
 *
 * @param folder where the broker had its data
 */
record ClientPage(
        Figures<String> figures,
        List<Discipline> disciplines,
        Contender broker,
        int rounds,
        Path folder,
        boolean quick) {

    /** The line behind which the summary of runs on this broker stands. */
    static String begin(String broker) {
        return "<!-- figures: benchmarks/client --broker " + broker + " writes what follows -->";
    }

    boolean gatesHold() {
        return Gate.all(figures).stream().allMatch(Gate::holds);
    }

    /** The whole page, every single figure included. */
    String everything() throws IOException {
        var page = new StringBuilder("# Clients side by side, " + LocalDate.now(ZoneId.systemDefault()) + "\n\n");
        if (quick) {
            page.append("**A quick run: it proves that the runner works. The figures mean nothing.**\n\n");
        }
        page.append(summary());
        page.append("\nEvery figure, in the order of the rounds:\n\n");
        for (var measurement : figures.measurements()) {
            for (var title : titles()) {
                var all = figures.all(measurement, title);
                if (!all.isEmpty()) {
                    page.append("- %s; %s: %s%n"
                            .formatted(
                                    measurement,
                                    title,
                                    all.stream().map(ClientPage::format).collect(Collectors.joining(", "))));
                }
            }
        }
        return page.toString();
    }

    private List<String> titles() {
        return disciplines.stream()
                .flatMap(discipline -> discipline.entries().stream())
                .map(Discipline.Entry::title)
                .distinct()
                .toList();
    }

    String summary() throws IOException {
        var text = new StringBuilder();
        text.append(
                "%s. %s. The broker: %s, data on %s; forcing 4 KiB there takes %d µs (median); load of the machine at the end: %s.%n"
                        .formatted(
                                LocalDate.now(ZoneId.systemDefault()),
                                Machine.description(),
                                broker.title(),
                                Machine.fileSystem(folder),
                                Machine.forceTime(folder).toNanos() / 1000,
                                Machine.load()));
        text.append(
                "Median (smallest – largest) of %d interleaved rounds; CPU is that of the client's process, in µs a message.%n"
                        .formatted(rounds));
        disciplines.forEach(discipline -> table(discipline, text));
        gates(text);
        return text.toString();
    }

    private void table(Discipline discipline, StringBuilder text) {
        var measures = measures(discipline);
        text.append("%n| %s |".formatted(discipline.title()));
        measures.forEach(measure -> text.append(" %s |".formatted(heading(measure))));
        text.append("\n|---|").append("--:|".repeat(measures.size())).append('\n');
        for (var entry : discipline.entries()) {
            text.append("| %s |".formatted(entry.title()));
            measures.forEach(measure -> text.append(" %s |".formatted(cell(measure, entry.title()))));
            text.append('\n');
        }
    }

    private static List<String> measures(Discipline discipline) {
        return switch (discipline.kind()) {
            case CONSUME, PRODUCE ->
                discipline.sizes().stream()
                        .flatMap(size ->
                                List.of(Measure.rate(discipline.name(), size), Measure.cpu(discipline.name(), size))
                                        .stream())
                        .toList();
            case HEAP -> discipline.sizes().stream().map(Measure::heap).toList();
            case COLD_START -> List.of(Measure.COLD_START, Measure.COLD_START_MEMORY);
        };
    }

    /** Without the discipline, whose table it stands in. */
    private String heading(String measure) {
        return disciplines.stream()
                .map(discipline -> discipline.name() + ", ")
                .filter(measure::startsWith)
                .findFirst()
                .map(prefix -> measure.substring(prefix.length()))
                .orElse(measure);
    }

    private String cell(String measure, String title) {
        var median = figures.median(measure, title);
        var range = figures.range(measure, title);
        return median.isEmpty()
                ? "not measured"
                : "%s (%s – %s)"
                        .formatted(format(median.getAsDouble()), format(range.getMin()), format(range.getMax()));
    }

    private void gates(StringBuilder text) {
        text.append("\n| Gate | reached | at least | at most | |\n|---|--:|--:|--:|---|\n");
        for (var gate : Gate.all(figures)) {
            if (gate.reached().isPresent()) {
                var limit = format(gate.limit());
                text.append("| %s | %s | %s | %s | %s |%n"
                        .formatted(
                                gate.says(),
                                format(gate.reached().getAsDouble()),
                                gate.bound() == Gate.Bound.AT_LEAST ? limit : "",
                                gate.bound() == Gate.Bound.AT_MOST ? limit : "",
                                gate.holds() ? "holds" : "**does not hold**"));
            }
        }
    }

    private static String format(double figure) {
        return String.format(Locale.ROOT, figure >= 100 ? "%,.0f" : "%.2f", figure);
    }
}

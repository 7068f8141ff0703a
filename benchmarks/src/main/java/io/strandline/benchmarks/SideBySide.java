package io.strandline.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Runs every contender in turn, several rounds, and writes a page of medians and ratios. See {@code benchmarks/README.md}.
 *
 * <p>Arguments: {@code --rounds N} (5), {@code --messages N} (200000), {@code --quick} (one round, few messages: proves
 * that the runner works, and nothing else), {@code --readme FILE} (whose figures to replace when the last round is done).
 */
public final class SideBySide {
    static final String START = "start to first acknowledged message, ms";
    static final List<Integer> PARTITIONS = List.of(1, 12, 100);
    private static final String FIRST_START = "first start ever to first acknowledged message, ms";
    private static final String ASSIGNMENT = "first group assignment, ms";
    private static final String CPU = "broker CPU seconds per GB";

    private final Path folder;
    private final int rounds;
    private final int messages;
    private final Figures<Contender> figures = new Figures<>();

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
        var file = folder.resolve("side-by-side-" + LocalDate.now(ZoneId.systemDefault()) + ".md");
        for (int round = 1; round <= run.rounds; round++) {
            run.round(round);
            Files.writeString(file, run.page(quick).everything()); // What there is, should we be stopped.
        }
        var page = run.page(quick);
        System.out.println(page.everything());
        System.out.println("written to " + file);
        int readme = arguments.indexOf("--readme");
        if (readme >= 0 && !quick) {
            page.replaceFigures(Path.of(arguments.get(readme + 1)));
        }
        System.exit(quick || page.gatesHold() ? 0 : 1);
    }

    private Page page(boolean quick) {
        return new Page(figures, folder, messages, quick);
    }

    private static int number(List<String> arguments, String option, int otherwise) {
        int at = arguments.indexOf(option);
        return at < 0 ? otherwise : Integer.parseInt(arguments.get(at + 1));
    }

    private void round(int round) throws IOException {
        var order = new ArrayList<>(List.of(Contender.values()));
        Collections.rotate(order, round); // Nobody always comes first.
        for (var contender : order) {
            long began = System.nanoTime();
            firstStart(contender);
            measure(contender);
            System.err.printf(
                    "round %d of %d: %s, %d s%n",
                    round, rounds, contender.title(), (System.nanoTime() - began) / 1_000_000_000);
        }
    }

    private void firstStart(Contender contender) throws IOException {
        var prepared = contender.prepare(data(), true);
        try (var target = prepared.target()) {
            var client = new Client(target.bootstrap());
            figures.add(FIRST_START, contender, (double)
                    client.firstAcknowledgement(prepared.launch()).toMillis());
        }
    }

    private void measure(Contender contender) throws IOException {
        var prepared = contender.prepare(data(), false);
        try (var target = prepared.target()) {
            var client = new Client(target.bootstrap());
            figures.add(START, contender, (double)
                    client.firstAcknowledgement(prepared.launch()).toMillis());
            figures.add(ASSIGNMENT, contender, (double) client.firstAssignment().toMillis());
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

    static String throughput(int partitions) {
        return "acks=all, 1 KiB, " + partitions + (partitions == 1 ? " partition" : " partitions") + ", MB/s";
    }
}

package io.strandline.benchmarks;

import io.strandline.conformance.Child;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Runs clients at the same work on the same broker, in turn, several rounds, and writes a page of medians. See
 * {@code benchmarks/README.md}.
 *
 * <p>Arguments: {@code --broker kafka} (the default) or {@code strandline}; {@code --rounds N} (5); {@code --only WORD},
 * which leaves out the disciplines whose name does not contain it, and may be repeated; {@code --quick} (one round, few
 * messages: proves that the runner works, and nothing else); {@code --readme FILE}, whose figures to replace when the last
 * round is done, if nothing was left out.
 */
public final class ClientSideBySide {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Pattern LAP = Pattern.compile("lap messages=(\\d+) seconds=([0-9.]+) cpu=([0-9.]+)");
    private static final Pattern HEAP = Pattern.compile("heap alive=(\\d+) .*");
    private static final Pattern COLD = Pattern.compile("cold seconds=([0-9.]+) kilobytes=(\\d+)");
    private static final int QUICK_DIVISOR = 100;

    private final Contender broker;
    private final int rounds;
    private final boolean quick;
    private final List<Discipline> disciplines;
    private final Path folder;
    private final Figures<String> figures = new Figures<>();
    private int started;

    private ClientSideBySide(Contender broker, int rounds, boolean quick, List<Discipline> disciplines, Path folder) {
        this.broker = broker;
        this.rounds = rounds;
        this.quick = quick;
        this.disciplines = disciplines;
        this.folder = folder;
    }

    public static void main(String[] args) throws IOException {
        var arguments = Arrays.asList(args);
        boolean quick = arguments.contains("--quick");
        var folder = Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath();
        Files.createDirectories(folder);
        var name = value(arguments, "--broker", "kafka");
        var words = words(arguments);
        var run = new ClientSideBySide(
                broker(name),
                Integer.parseInt(value(arguments, "--rounds", quick ? "1" : "5")),
                quick,
                Discipline.all().stream()
                        .filter(discipline -> words.isEmpty() || words.stream().anyMatch(discipline.name()::contains))
                        .toList(),
                folder);
        var page = run.run();
        var file = folder.resolve("clients-on-" + name + "-" + LocalDate.now(ZoneId.systemDefault()) + ".md");
        Files.writeString(file, page.everything());
        System.out.println(page.everything());
        System.out.println("written to " + file);
        var readme = value(arguments, "--readme", "");
        if (!readme.isEmpty() && !quick && words.isEmpty()) {
            Marks.in(Path.of(readme)).replace(ClientPage.begin(name), page.summary());
        }
        System.exit(quick || page.gatesHold() ? 0 : 1);
    }

    private static Contender broker(String name) {
        return switch (name) {
            case "kafka" -> Contender.KAFKA;
            case "strandline" -> Contender.STRANDLINE;
            default -> throw new IllegalArgumentException("--broker " + name + ": must be kafka or strandline");
        };
    }

    private static String value(List<String> arguments, String option, String otherwise) {
        int at = arguments.indexOf(option);
        return at < 0 ? otherwise : arguments.get(at + 1);
    }

    private static List<String> words(List<String> arguments) {
        var words = new ArrayList<String>();
        for (int i = 0; i + 1 < arguments.size(); i++) {
            if (arguments.get(i).equals("--only")) {
                words.add(arguments.get(i + 1));
            }
        }
        return words;
    }

    private ClientPage run() throws IOException {
        var prepared = broker.prepare(Files.createTempDirectory(folder, "clients-"), false);
        try (var target = prepared.target()) {
            target.restart();
            var topics = new FullTopics(target.bootstrap());
            fill(topics);
            settle();
            for (int round = 1; round <= rounds; round++) {
                for (var discipline : disciplines) {
                    measure(discipline, round, topics);
                }
            }
        }
        return new ClientPage(figures, disciplines, broker, rounds, folder, quick);
    }

    /** What consumers read, all rounds long. */
    private void fill(FullTopics topics) {
        var sizes = new TreeSet<Integer>();
        for (var discipline : disciplines) {
            if (discipline.kind() == Discipline.Kind.CONSUME || discipline.kind() == Discipline.Kind.HEAP) {
                sizes.addAll(discipline.sizes());
            }
        }
        for (int size : sizes) {
            int messages = FullTopics.messages(size) / (quick ? QUICK_DIVISOR : 1);
            topics.fill(size, messages);
            System.err.printf("%d messages of %s are waiting%n", messages, Measure.named(size));
        }
    }

    /** What was written before goes to the disk now, and not while others are measured. */
    private static void settle() {
        try (var sync = Child.program("sync", List.of("sync"), Map.of())) {
            sync.await(LIMIT).orThrow();
        }
    }

    private void measure(Discipline discipline, int round, FullTopics topics) {
        for (int size : discipline.sizes()) {
            var order = new ArrayList<>(discipline.entries());
            Collections.rotate(order, round); // Nobody always comes first.
            for (var entry : order) {
                if (entry.program().isThere()) {
                    measure(discipline, size, entry, topics);
                } else {
                    System.err.println(entry.title() + " is left out; scripts/benchmark-tools installs it");
                }
            }
        }
    }

    private void measure(Discipline discipline, int size, Discipline.Entry entry, FullTopics topics) {
        long begun = System.nanoTime();
        var laps = entry.laps().apply(size).over(quick ? QUICK_DIVISOR : 1);
        var task = new HashMap<>(entry.works());
        task.put("bootstrap", topics.bootstrap());
        task.put("warm-up", Integer.toString(laps.warmUp()));
        task.put("messages", Integer.toString(laps.messages()));
        task.put("bytes", Integer.toString(size));
        var result = switch (discipline.kind()) {
            case CONSUME -> {
                task.put("topic", FullTopics.name(size));
                task.put("group", "benchmark-" + ++started);
                yield lap(discipline, size, entry, task);
            }
            case PRODUCE -> {
                task.put("topic", topics.create("out-" + ++started));
                var lap = lap(discipline, size, entry, task);
                topics.delete(task.get("topic"));
                yield lap;
            }
            case HEAP -> {
                task.put("topic", FullTopics.name(size));
                task.put("group", "benchmark-" + ++started);
                yield heap(entry, task);
            }
            case COLD_START -> coldStart(entry);
        };
        System.err.printf(
                "%-12s %-6s %-48s %s (%d s in all)%n",
                discipline.name(),
                Measure.named(size),
                entry.title(),
                result,
                (System.nanoTime() - begun) / 1_000_000_000);
    }

    private String lap(Discipline discipline, int size, Discipline.Entry entry, Map<String, String> task) {
        var lap = run(entry.program(), Program.JVM, task, LAP);
        long messages = Long.parseLong(lap.get(0));
        double rate = messages / Double.parseDouble(lap.get(1));
        double cpu = Double.parseDouble(lap.get(2)) * 1e6 / messages;
        figures.add(Measure.rate(discipline.name(), size), entry.title(), rate);
        figures.add(Measure.cpu(discipline.name(), size), entry.title(), cpu);
        return String.format(Locale.ROOT, "%,9.0f/s %6.2f µs CPU", rate, cpu);
    }

    private String heap(Discipline.Entry entry, Map<String, String> task) {
        var heap = run(entry.program(), List.of("-Xmx64m"), task, HEAP);
        double alive = Long.parseLong(heap.getFirst()) / Gate.MEGABYTE;
        figures.add(Measure.HEAP, entry.title(), alive);
        return String.format(Locale.ROOT, "%.1f MB alive", alive);
    }

    private String coldStart(Discipline.Entry entry) {
        var launched = "-Dlaunched=" + System.currentTimeMillis();
        var cold = run(entry.program(), List.of(launched), Map.of(), COLD);
        double seconds = Double.parseDouble(cold.get(0));
        double memory = Long.parseLong(cold.get(1)) / 1024.0;
        figures.add(Measure.COLD_START, entry.title(), seconds);
        figures.add(Measure.COLD_START_MEMORY, entry.title(), memory);
        return String.format(Locale.ROOT, "%.2f s, %.0f MB", seconds, memory);
    }

    /** The groups of the line that the program ends with. */
    private static List<String> run(Program program, List<String> jvm, Map<String, String> task, Pattern line) {
        try (Child child = program.start(jvm, task)) {
            var finished = child.await(LIMIT).orThrow();
            for (var written : finished.out()) {
                var found = line.matcher(written);
                if (found.matches()) {
                    var groups = new ArrayList<String>();
                    for (int group = 1; group <= found.groupCount(); group++) {
                        groups.add(found.group(group));
                    }
                    return groups;
                }
            }
            throw new IllegalStateException(program + " said nothing of its lap: " + finished);
        }
    }
}

package io.strandline.benchmarks;

import io.strandline.conformance.Child;
import java.io.IOException;
import java.io.UncheckedIOException;
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
 * <p>Arguments: {@code --broker kafka} (the default) or {@code strandline}; {@code --rounds N} (5); {@code --warm-up SECONDS} (18); {@code --only WORD},
 * which leaves out the disciplines whose name does not contain it, and may be repeated; {@code --quick} (one round, few
 * messages: proves that the runner works, and nothing else); {@code --readme FILE}, whose figures to replace when the last
 * round is done, if nothing was left out.
 */
public final class ClientSideBySide {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Pattern HEAP = Pattern.compile("heap alive=(\\d+) .*");
    private static final Pattern COLD = Pattern.compile("cold seconds=([0-9.]+) kilobytes=(\\d+)");
    private static final int QUICK_DIVISOR = 100;

    /** So small a part of a lap goes by before the clock starts. */
    private static final int LEAD_DIVISOR = 10;

    private final Contender broker;
    private final int rounds;
    private final Duration warmUp;
    private final boolean quick;
    private final List<Discipline> disciplines;
    private final Path folder;
    private final Figures<String> figures = new Figures<>();
    private final List<String> written = new ArrayList<>();
    private int started;

    private ClientSideBySide(
            Contender broker, int rounds, Duration warmUp, boolean quick, List<Discipline> disciplines, Path folder) {
        this.broker = broker;
        this.rounds = rounds;
        this.warmUp = warmUp;
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
                Duration.ofSeconds(Long.parseLong(value(arguments, "--warm-up", quick ? "0" : "18"))),
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
            for (var discipline : disciplines) {
                measure(discipline, topics);
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

    private void measure(Discipline discipline, FullTopics topics) throws IOException {
        for (int size : discipline.sizes()) {
            switch (discipline.kind()) {
                case CONSUME, PRODUCE -> contest(discipline, size, topics);
                case HEAP, COLD_START -> {
                    for (int round = 1; round <= rounds; round++) {
                        alone(discipline, size, round, topics);
                    }
                }
            }
        }
    }

    /** All in turn, round after round; the processes stay. */
    private void contest(Discipline discipline, int size, FullTopics topics) {
        var contestants = new ArrayList<Contestant>();
        try {
            for (var entry : discipline.entries()) {
                if (entry.program().isThere()) {
                    var contestant = start(size, entry, topics);
                    contestants.add(contestant);
                    if (!stays(discipline, size, contestant, () -> warmUp(discipline, size, contestant, topics))) {
                        contestants.remove(contestant);
                    }
                } else {
                    System.err.println(entry.title() + " is left out; scripts/benchmark-tools installs it");
                }
            }
            for (int round = 1; round <= rounds; round++) {
                Collections.rotate(contestants, 1); // Nobody always comes first.
                for (var contestant : List.copyOf(contestants)) {
                    if (!stays(discipline, size, contestant, () -> measure(discipline, size, contestant, topics))) {
                        contestants.remove(contestant);
                    }
                }
            }
        } finally {
            contestants.forEach(Contestant::close);
            written.forEach(
                    topics::delete); // only now: producers ask about a topic for minutes after they have used it
            written.clear();
        }
    }

    private static Contestant start(int size, Discipline.Entry entry, FullTopics topics) {
        var always = new HashMap<>(entry.works());
        always.put("bootstrap", topics.bootstrap());
        always.put("bytes", Integer.toString(size));
        always.putIfAbsent("handling-ms", "0");
        return Contestant.start(entry, always);
    }

    /** Laps that do not count, until the compiler of a JVM has little left to do: it takes a core to itself for so long. */
    private void warmUp(Discipline discipline, int size, Contestant contestant, FullTopics topics) {
        long begun = System.nanoTime();
        do {
            lap(discipline, size, contestant, topics);
        } while (System.nanoTime() - begun < warmUp.toNanos());
    }

    private void measure(Discipline discipline, int size, Contestant contestant, FullTopics topics) {
        var entry = contestant.entry();
        var result = lap(discipline, size, contestant, topics);
        figures.add(Measure.rate(discipline.name(), size), entry.title(), result.rate());
        figures.add(Measure.cpu(discipline.name(), size), entry.title(), result.cpu());
        said(discipline, size, entry, String.format(Locale.ROOT, "%,9.0f/s %6.2f µs CPU", result.rate(), result.cpu()));
    }

    /** False if it could not do its laps; then it is out, and the page has only what was measured before. */
    private static boolean stays(Discipline discipline, int size, Contestant contestant, Runnable laps) {
        try {
            laps.run();
            return true;
        } catch (IllegalStateException | UncheckedIOException e) {
            said(discipline, size, contestant.entry(), "OUT: " + e);
            contestant.close();
            return false;
        }
    }

    private Contestant.Result lap(Discipline discipline, int size, Contestant contestant, FullTopics topics) {
        int messages = contestant.entry().messages().apply(size) / (quick ? QUICK_DIVISOR : 1);
        Map<String, String> task = new HashMap<>();
        task.put("lead", Integer.toString(messages / LEAD_DIVISOR));
        task.put("messages", Integer.toString(messages - messages / LEAD_DIVISOR));
        started++;
        if (discipline.kind() == Discipline.Kind.CONSUME) {
            task.put("topic", FullTopics.name(size));
            task.put("group", "benchmark-" + started);
            return contestant.lap(task);
        }
        settle();
        var topic = topics.create("out-" + started);
        task.put("topic", topic);
        written.add(topic);
        return contestant.lap(task);
    }

    /** Programs that show something once and end. */
    private void alone(Discipline discipline, int size, int round, FullTopics topics) {
        var order = new ArrayList<>(discipline.entries());
        Collections.rotate(order, round);
        for (var entry : order) {
            var task = new HashMap<>(entry.works());
            task.put("bootstrap", topics.bootstrap());
            task.put("topic", FullTopics.name(size));
            task.put("group", "benchmark-" + ++started);
            task.put("messages", Integer.toString(entry.messages().apply(size)));
            said(
                    discipline,
                    size,
                    entry,
                    discipline.kind() == Discipline.Kind.HEAP ? heap(size, entry, task) : coldStart(entry));
        }
    }

    private static void said(Discipline discipline, int size, Discipline.Entry entry, String what) {
        System.err.printf("%-12s %-6s %-48s %s%n", discipline.name(), Measure.named(size), entry.title(), what);
    }

    private String heap(int size, Discipline.Entry entry, Map<String, String> task) {
        var heap = run(entry.program(), List.of("-Xmx64m"), task, HEAP);
        double alive = Long.parseLong(heap.getFirst()) / Gate.MEGABYTE;
        figures.add(Measure.heap(size), entry.title(), alive);
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

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;

/**
 * Runs each mutant: its text replaced in a copy of the one source file, that file compiled in front of the module's classes, and its test run in a JVM of its own.
 * A mutant dies when the test fails or does not end within the limit; one that lives makes this program exit with 1.
 */
class Mutants {
    static final int SECONDS_PER_TEST = 180;
    static final Path WORK = Path.of("target", "mutants");

    record Mutant(
            String name, String rule, Path file, String module, String test, String options, String original, String broken) {
        static Mutant read(Path path) throws IOException {
            var text = Files.readString(path);
            var parts = text.split("(?m)^--- (original|broken)\\R", -1);
            if (parts.length != 3) {
                throw new IllegalArgumentException(path + ": expected a head, '--- original' and '--- broken'");
            }
            Map<String, String> head = new LinkedHashMap<>();
            parts[0].lines().filter(line -> line.contains(": ")).forEach(line -> {
                var at = line.indexOf(": ");
                head.put(line.substring(0, at), line.substring(at + 2).strip());
            });
            var file = Path.of(head.get("file"));
            return new Mutant(
                    path.getFileName().toString().replace(".mutant", ""),
                    head.getOrDefault("rule", ""),
                    file,
                    head.getOrDefault("module", file.toString().replaceFirst("/src/.*", "")),
                    head.get("test"),
                    head.getOrDefault("options", ""),
                    parts[1].stripTrailing(),
                    parts[2].stripTrailing());
        }

        boolean matches(List<String> words) {
            return words.isEmpty()
                    || words.stream().anyMatch(word -> name.contains(word) || List.of(rule.split("[ ,]+")).contains(word));
        }
    }

    sealed interface Outcome {
        record Died(String how) implements Outcome {}

        record Lives(String why) implements Outcome {}
    }

    public static void main(String[] arguments) throws Exception {
        List<String> words = new ArrayList<>(List.of(arguments));
        var sample = option(words, "--sample", Integer.MAX_VALUE);
        var seed = option(words, "--seed", 1);
        var jobs = option(words, "--jobs", 2);
        var seconds = option(words, "--seconds", Integer.MAX_VALUE);
        List<Mutant> mutants = new ArrayList<>();
        try (var files = Files.list(Path.of("mutants"))) {
            for (var path : files.filter(p -> p.toString().endsWith(".mutant")).sorted().toList()) {
                var mutant = Mutant.read(path);
                if (mutant.matches(words)) {
                    mutants.add(mutant);
                }
            }
        }
        if (mutants.isEmpty()) {
            System.err.println("No mutant matches " + words);
            System.exit(2);
        }
        if (sample < mutants.size()) {
            Collections.shuffle(mutants, new Random(seed));
            mutants = new ArrayList<>(mutants.subList(0, sample));
        }
        Files.createDirectories(WORK);
        var began = System.nanoTime();
        var lives = 0;
        var leftOut = 0;
        try (var pool = Executors.newFixedThreadPool(jobs)) {
            var runs = pool.invokeAll(mutants.stream()
                    .map(mutant -> (Callable<String>)
                            () -> System.nanoTime() - began > seconds * 1_000_000_000L ? "left out" : report(mutant))
                    .toList());
            for (var run : runs) {
                lives += run.get().equals("lives") ? 1 : 0;
                leftOut += run.get().equals("left out") ? 1 : 0;
            }
        }
        var tried = mutants.size() - leftOut;
        System.out.printf("%d mutants, %d died, %d live%n", tried, tried - lives, lives);
        if (leftOut > 0) {
            System.out.printf("%d more were not tried within %d s%n", leftOut, seconds);
        }
        System.exit(lives == 0 ? 0 : 1);
    }

    private static int option(List<String> words, String name, int otherwise) {
        var at = words.indexOf(name);
        if (at < 0) {
            return otherwise;
        }
        words.remove(at);
        return Integer.parseInt(words.remove(at));
    }

    private static String report(Mutant mutant) {
        var began = System.nanoTime();
        Outcome outcome;
        try {
            outcome = run(mutant);
        } catch (Exception e) {
            outcome = new Outcome.Lives("could not be run: " + e.getMessage());
        }
        var seconds = (System.nanoTime() - began) / 1e9;
        var line = switch (outcome) {
            case Outcome.Died(String how) -> String.format("died   %-48s %-8s %5.1f s  %s", mutant.name(), mutant.rule(), seconds, how);
            case Outcome.Lives(String why) -> String.format("LIVES  %-48s %-8s %5.1f s  %s", mutant.name(), mutant.rule(), seconds, why);
        };
        System.out.println(line);
        return outcome instanceof Outcome.Lives ? "lives" : "died";
    }

    private static Outcome run(Mutant mutant) throws Exception {
        var source = Files.readString(mutant.file());
        var at = source.indexOf(mutant.original());
        if (at < 0 || source.indexOf(mutant.original(), at + 1) >= 0) {
            return new Outcome.Lives("its original text is not exactly once in " + mutant.file() + ": bring the mutant up to date");
        }
        var overlay = WORK.resolve(mutant.name());
        var classes = overlay.resolve("classes");
        Files.createDirectories(classes);
        var mutated = overlay.resolve(mutant.file().getFileName());
        Files.writeString(mutated, source.replace(mutant.original(), mutant.broken()));
        var module = mutant.module();
        var classPath = classes + File.pathSeparator + module + "/target/test-classes" + File.pathSeparator + module
                + "/target/classes" + File.pathSeparator + Files.readString(Path.of(module, "target", "test.classpath")).strip();
        var log = overlay.resolve("compile.log");
        try (var out = Files.newOutputStream(log)) {
            var compiled = ToolProvider.getSystemJavaCompiler()
                    .run(null, out, out, "-nowarn", "-proc:none", "--release", "21", "-cp", classPath, "-d", classes.toString(), mutated.toString());
            if (compiled != 0) {
                return new Outcome.Lives("does not compile: " + Files.readString(log).lines().limit(2).collect(Collectors.joining(" ")));
            }
        }
        return test(mutant, classPath, overlay.resolve("test.log"));
    }

    private static Outcome test(Mutant mutant, String classPath, Path log) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-ea", "-Xmx512m", "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + WORK.toAbsolutePath()));
        if (!mutant.options().isEmpty()) {
            command.addAll(List.of(mutant.options().split(" +")));
        }
        command.addAll(List.of("-cp", classPath, "scripts/run-test.java", mutant.test()));
        var process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        if (!process.waitFor(SECONDS_PER_TEST, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
            return new Outcome.Died("its test did not end within " + SECONDS_PER_TEST + " s");
        }
        return switch (process.exitValue()) {
            case 0 -> new Outcome.Lives("its test " + mutant.test() + " stays green");
            case 1 -> new Outcome.Died(firstFailure(log));
            default -> new Outcome.Lives("its test could not be run, see " + log);
        };
    }

    private static String firstFailure(Path log) throws IOException {
        try (var lines = Files.lines(log)) {
            return lines.filter(line -> line.startsWith("FAILED "))
                    .findFirst()
                    .map(line -> line.length() > 150 ? line.substring(0, 150) + "..." : line)
                    .orElse("FAILED");
        }
    }
}

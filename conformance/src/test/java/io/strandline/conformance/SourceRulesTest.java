package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Rules that only the source shows. */
class SourceRulesTest {
    private static final Path ROOT = ClassPaths.moduleFolder().toAbsolutePath().getParent();
    private static final Set<String> NOT_OURS = Set.of("target", ".git", ".idea", "node_modules", ".metals");

    /** Locks that guard memory alone, for a few instructions; the reason stands at the lock. */
    private static final Set<String> MEMORY_ONLY = Set.of("BlockSums.java");

    /** Their subject is what happens while time passes; what they assert they wait for as a fact, as all others do. */
    private static final Set<String> LIVES_IN_TIME = Set.of("Chaos.java", "ChaosTest.java");

    private record Finding(String file, int line, String text) {
        @Override
        public String toString() {
            return file + ":" + line + ": " + text.strip();
        }
    }

    @Test
    void aTestWaitsForFactsAndDoesNotSleep() throws IOException {
        var tests = javaIn("test")
                .and(path -> !LIVES_IN_TIME.contains(path.getFileName().toString()));
        assertThat(find(tests, "Thread\\.sleep|TimeUnit\\.\\w+\\.sleep")).isEmpty();
    }

    @Test
    void nothingBlocksInsideASynchronizedBlock() throws IOException {
        var libraries = javaIn("main")
                .and(path -> path.startsWith(ROOT.resolve("protocol"))
                        || path.startsWith(ROOT.resolve("storage"))
                        || path.startsWith(ROOT.resolve("broker"))
                        || path.startsWith(ROOT.resolve("client")));
        assertThat(find(
                        libraries.and(
                                path -> !MEMORY_ONLY.contains(path.getFileName().toString())),
                        "\\bsynchronized\\s*\\("))
                .isEmpty();
    }

    /** One that does not is no mutant any more, and the sample that CI draws may not contain it. */
    @Test
    void theLineThatAMutantBreaksStandsOnceInItsFile() throws IOException {
        var outdated = new ArrayList<String>();
        try (var mutants = Files.newDirectoryStream(ROOT.resolve("mutants"), "*.mutant")) {
            for (var mutant : mutants) {
                var parts = Files.readString(mutant).split("(?m)^--- (original|broken)\\R", -1);
                var file = parts[0].lines()
                        .filter(line -> line.startsWith("file: "))
                        .findFirst()
                        .orElseThrow()
                        .substring("file: ".length());
                var source = Files.readString(ROOT.resolve(file));
                var original = parts[1].stripTrailing();
                int at = source.indexOf(original);
                if (at < 0 || source.indexOf(original, at + 1) >= 0) {
                    outdated.add(mutant.getFileName() + ": " + original);
                }
            }
        }
        assertThat(outdated).isEmpty();
    }

    @Test
    void aThreadInterruptsOnlyItself() throws IOException {
        assertThat(find(javaIn("main"), "(?<!Thread\\.currentThread\\(\\))\\.interrupt\\(\\)"))
                .isEmpty();
    }

    @Test
    void aTestIsNotNamedForWantOfANoun() throws IOException {
        try (var paths = ours()) {
            assertThat(paths.map(path -> path.getFileName().toString())
                            .filter(name -> name.matches(".*(Manager|Helper|Utils?|Impl)\\.java")))
                    .isEmpty();
        }
    }

    /** The repository is read by people on other machines. */
    @Test
    void nothingNamesAPlaceOutsideOfTheRepository() throws IOException {
        // Put together here, so that this file does not find itself.
        var machinePaths = "(?<![\\w.$}])/(" + "work|root|home/\\w+)" + "/[\\w.]|/tmp/" + "(wt|brief|bash)";
        var neighbours = "\\.\\./" + "shared";
        var registries = "registry\\." + "npmjs|deb\\." + "debian\\.org|packages\\." + "debian";
        assertThat(find(path -> true, machinePaths + "|" + neighbours + "|" + registries))
                .isEmpty();
    }

    @Test
    void noLockFileSaysWhereAPackageWasFetched() throws IOException {
        assertThat(find(path -> path.endsWith("package-lock.json"), "\"resolved\""))
                .isEmpty();
    }

    private static Predicate<Path> javaIn(String kind) {
        var folder = Path.of("src", kind, "java").toString();
        return path -> path.toString().endsWith(".java") && path.toString().contains(folder);
    }

    private static List<Finding> find(Predicate<Path> where, String regex) throws IOException {
        var pattern = Pattern.compile(regex);
        var findings = new ArrayList<Finding>();
        try (var paths = ours()) {
            for (var path : paths.filter(where).toList()) {
                int number = 0;
                for (var line : lines(path)) {
                    number++;
                    if (!line.stripLeading().startsWith("*")
                            && pattern.matcher(line).find()) {
                        findings.add(new Finding(ROOT.relativize(path).toString(), number, line));
                    }
                }
            }
        }
        return findings;
    }

    private static List<String> lines(Path path) throws IOException {
        try {
            return Files.readAllLines(path);
        } catch (MalformedInputException e) {
            return List.of(); // Not text.
        }
    }

    private static Stream<Path> ours() throws IOException {
        var files = new ArrayList<Path>();
        Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                return NOT_OURS.contains(folder.getFileName().toString())
                        ? FileVisitResult.SKIP_SUBTREE
                        : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                // In a second work tree .git is a file.
                if (attributes.size() < 2_000_000 && !file.endsWith(".git")) {
                    files.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return files.stream();
    }
}

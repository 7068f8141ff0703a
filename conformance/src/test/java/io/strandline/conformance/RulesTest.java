package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** {@code storage/RULES.md} says of each rule of the write path which tests hold it and which mutants break it; this holds the page. */
class RulesTest {
    private static final Path ROOT = ClassPaths.moduleFolder().toAbsolutePath().getParent();
    private static final Pattern HEADING = Pattern.compile("## (W\\d+) (.*)");
    private static final Pattern ROW = Pattern.compile("\\| (?:`(\\w+(?:#\\w+)?)`)? ?\\| (?:`([\\w-]+)`)? ?\\|");
    private static final Pattern RULE = Pattern.compile("\\| (W\\d+) ([^|]*) \\| .* \\|");

    private final Map<String, Section> sections = new LinkedHashMap<>();

    RulesTest() throws IOException {
        Section section = null;
        for (var line : Files.readAllLines(ROOT.resolve("storage/RULES.md"))) {
            var heading = HEADING.matcher(line);
            var row = ROW.matcher(line);
            if (line.startsWith("## ")) {
                section = heading.matches() ? new Section(heading.group(2)) : null;
                if (section != null) {
                    sections.put(heading.group(1), section);
                }
            } else if (section != null && row.matches()) {
                section.add(row.group(1), row.group(2));
            }
        }
    }

    private record Section(String name, List<String> tests, List<String> mutants) {
        Section(String name) {
            this(name, new ArrayList<>(), new ArrayList<>());
        }

        void add(String test, String mutant) {
            if (test != null) {
                tests.add(test);
            }
            if (mutant != null) {
                mutants.add(mutant);
            }
        }
    }

    @Test
    void everyRuleIsThereWithATestAndAMutant() {
        assertThat(sections.keySet())
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 21).mapToObj(n -> "W" + n).toList());
        sections.forEach((rule, section) -> {
            assertThat(section.tests).as("tests of " + rule).isNotEmpty();
            assertThat(section.mutants).as("mutants of " + rule).isNotEmpty();
        });
    }

    @Test
    void theRulesAreThoseOfTheArchitecture() throws IOException {
        var names = new LinkedHashMap<String, String>();
        for (var line : Files.readAllLines(ROOT.resolve("ARCHITECTURE.md"))) {
            var rule = RULE.matcher(line);
            if (rule.matches()) {
                names.put(rule.group(1), rule.group(2));
            }
        }
        var ours = new LinkedHashMap<String, String>();
        sections.forEach((rule, section) -> ours.put(rule, section.name));
        assertThat(ours).isEqualTo(names);
    }

    @Test
    void everyMutantThatIsNamedBreaksItsRule() throws IOException {
        var there = new TreeMap<String, TreeSet<String>>();
        try (var files = Files.list(ROOT.resolve("mutants"))) {
            for (var file :
                    files.filter(path -> path.toString().endsWith(".mutant")).toList()) {
                var rule = Files.readAllLines(file).getFirst().replace("rule: ", "");
                if (rule.matches("W\\d+")) {
                    there.computeIfAbsent(rule, r -> new TreeSet<>())
                            .add(file.getFileName().toString().replace(".mutant", ""));
                }
            }
        }
        sections.forEach((rule, section) -> assertThat(there.getOrDefault(rule, new TreeSet<>()))
                .as("mutants of " + rule)
                .containsAll(section.mutants));
    }

    @Test
    void everyTestThatIsNamedExists() throws IOException {
        var sources = new TreeMap<String, String>();
        for (var module : List.of("storage", "broker")) {
            try (var files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
                for (var file : files.filter(path -> path.toString().endsWith("Test.java"))
                        .toList()) {
                    sources.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
                }
            }
        }
        sections.forEach((rule, section) -> section.tests.forEach(test -> {
            var name = test.split("#");
            assertThat(sources).as(rule).containsKey(name[0]);
            if (name.length == 2) {
                assertThat(sources.get(name[0])).as(rule).contains("void " + name[1] + "(");
            }
        }));
    }
}

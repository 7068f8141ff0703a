package io.strandline.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The docs show only Java that is compiled and run: each block of it is a region of a test, named above the block.
 *
 * <pre>
 *   in the test:            in the page:
 *     // tag::NAME            &lt;!-- snippet: NAME --&gt;
 *     code                    ```java
 *     // end::NAME            code
 *                             ```
 * </pre>
 *
 * {@code scripts/fill-snippets} runs {@link #main}, which writes the regions into the pages. A test fails for a block that is
 * not its region, and for a region that no page shows.
 */
public final class Snippets {
    private static final String MARK = "<!-- snippet: ";
    private static final String FENCE = "```java";

    private final List<Path> pages;
    private final Map<String, List<String>> regions;

    private Snippets(List<Path> pages, Map<String, List<String>> regions) {
        this.pages = pages;
        this.regions = regions;
    }

    /** Fills all pages of the docs folder that is named. */
    public static void main(String[] arguments) throws IOException {
        for (var page : of(Path.of(arguments[0])).fill()) {
            System.out.println(page);
        }
    }

    /** @param docs the folder that holds {@code tutorial.md}, {@code client/} and {@code snippets/} */
    public static Snippets of(Path docs) throws IOException {
        var regions = new TreeMap<String, List<String>>();
        for (var source : files(docs.resolve("snippets/src/test"), ".java")) {
            read(source, regions);
        }
        var pages = new ArrayList<Path>();
        for (var page : files(docs, ".md")) {
            if (!page.toString().contains("decisions")) {
                pages.add(page);
            }
        }
        return new Snippets(pages, regions);
    }

    /** What is wrong, in a sentence each. */
    public List<String> problems() throws IOException {
        var problems = new ArrayList<String>();
        var shown = new HashSet<String>();
        for (var page : pages) {
            var lines = Files.readAllLines(page);
            if (!filled(page, lines, shown, problems).equals(lines)) {
                problems.add(page + " shows something else than its snippets: run scripts/fill-snippets");
            }
        }
        for (var name : regions.keySet()) {
            if (!shown.contains(name)) {
                problems.add("No page shows the snippet " + name);
            }
        }
        return problems;
    }

    /** Writes the regions into the pages; gives those that changed. */
    private List<Path> fill() throws IOException {
        var changed = new ArrayList<Path>();
        for (var page : pages) {
            var lines = Files.readAllLines(page);
            var filled = filled(page, lines, new HashSet<>(), new ArrayList<>());
            if (!filled.equals(lines)) {
                Files.write(page, filled);
                changed.add(page);
            }
        }
        return changed;
    }

    private List<String> filled(Path page, List<String> lines, Set<String> shown, List<String> problems) {
        var filled = new ArrayList<String>();
        for (int i = 0; i < lines.size(); i++) {
            var line = lines.get(i);
            filled.add(line);
            if (!line.strip().equals(FENCE)) {
                continue;
            }
            var above = i == 0 ? "" : lines.get(i - 1).strip();
            var name = above.startsWith(MARK) ? above.substring(MARK.length(), above.indexOf(" -->")) : "";
            var region = regions.get(name);
            if (region == null) {
                problems.add(page + ":" + (i + 1) + ": Java without a snippet of the name '" + name + "'");
                continue;
            }
            shown.add(name);
            filled.addAll(region);
            while (i + 1 < lines.size() && !lines.get(i + 1).strip().equals("```")) {
                i++; // what stood there
            }
        }
        return filled;
    }

    private static void read(Path source, Map<String, List<String>> regions) throws IOException {
        var open = new TreeMap<String, List<String>>();
        for (var line : Files.readAllLines(source)) {
            var text = line.strip();
            if (text.startsWith("// tag::")) {
                open.put(text.substring("// tag::".length()), new ArrayList<>());
            } else if (text.startsWith("// end::")) {
                var name = text.substring("// end::".length());
                var region = open.remove(name);
                if (region == null || regions.put(name, outdented(region)) != null) {
                    throw new IOException(source + ": " + name + " ends without a beginning, or is there twice");
                }
            } else {
                open.values().forEach(region -> region.add(line));
            }
        }
        if (!open.isEmpty()) {
            throw new IOException(source + ": no end of " + open.keySet());
        }
    }

    private static List<String> outdented(List<String> region) {
        int indent = region.stream()
                .filter(line -> !line.isBlank())
                .mapToInt(line -> line.length() - line.stripLeading().length())
                .min()
                .orElse(0);
        return region.stream()
                .map(line -> line.isBlank() ? "" : line.substring(indent))
                .collect(Collectors.toList());
    }

    private static List<Path> files(Path folder, String suffix) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(path ->
                            path.toString().endsWith(suffix) && !path.toString().contains("/target/"))
                    .sorted()
                    .toList();
        }
    }
}

package io.strandline.conformance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * Writes {@code target/compatibility.md}: which client does what against which broker. The features are the names of
 * the tests; the file is written anew when the last test has ended.
 */
final class CompatibilityReport implements TestWatcher {
    private static final Path FILE = Path.of("target", "compatibility.md");

    /** client -> feature -> target -> outcome. */
    private static final class Outcomes implements AutoCloseable {
        private final Map<String, Map<String, Map<String, String>>> byClient = new TreeMap<>();
        private final TreeSet<String> targets = new TreeSet<>();

        void add(String client, String feature, String target, String outcome) {
            targets.add(target);
            byClient.computeIfAbsent(client, ignored -> new TreeMap<>())
                    .computeIfAbsent(feature, ignored -> new TreeMap<>())
                    .merge(target, outcome, Outcomes::worse);
        }

        /** A test of several cases holds when all of them do. */
        private static String worse(String one, String other) {
            return one.startsWith("**") || other.equals("yes") ? one : other;
        }

        @Override
        public void close() throws IOException {
            var text = new StringBuilder("# Compatibility\n\n")
                    .append(
                            "Written by the tests of the module `conformance`, which run with the same assertions against\n")
                    .append("every broker below. A line is a test.\n");
            byClient.forEach((client, features) -> {
                text.append("\n## ").append(client).append("\n\n|  |");
                targets.forEach(target -> text.append(' ').append(target).append(" |"));
                text.append("\n|---|").append("---|".repeat(targets.size())).append('\n');
                features.forEach((feature, outcomes) -> {
                    text.append("| ").append(feature).append(" |");
                    targets.forEach(target -> text.append(' ')
                            .append(outcomes.getOrDefault(target, "–"))
                            .append(" |"));
                    text.append('\n');
                });
            });
            text.append("\n## Versions seen\n\n- Java client in this JVM: ")
                    .append(ApacheKafka.version())
                    .append('\n');
            for (var tool : Tool.values()) {
                text.append("- ").append(tool.seen()).append('\n');
            }
            text.append(notes());
            Files.createDirectories(FILE.toAbsolutePath().getParent());
            Files.writeString(FILE, text);
        }

        private static String notes() throws IOException {
            try (var notes = CompatibilityReport.class.getResourceAsStream("/compatibility-notes.md")) {
                return new String(Objects.requireNonNull(notes).readAllBytes(), StandardCharsets.UTF_8);
            }
        }
    }

    @Override
    public void testSuccessful(ExtensionContext context) {
        record(context, "yes");
    }

    @Override
    public void testFailed(ExtensionContext context, Throwable cause) {
        record(context, "**no**");
    }

    @Override
    public void testAborted(ExtensionContext context, Throwable cause) {
        record(context, "skipped: " + cause.getMessage());
    }

    @Override
    public void testDisabled(ExtensionContext context, Optional<String> reason) {
        record(context, "skipped: " + reason.orElse("disabled"));
    }

    private static void record(ExtensionContext context, String outcome) {
        var testClass = context.getRequiredTestClass();
        var everywhere = testClass.getAnnotation(OnEveryTarget.class);
        var client = everywhere != null
                ? everywhere.client()
                : testClass.getAnnotation(OnTargetsWithTransactions.class).client();
        context.getRoot()
                .getStore(ExtensionContext.Namespace.create(CompatibilityReport.class))
                .computeIfAbsent(Outcomes.class, ignored -> new Outcomes(), Outcomes.class)
                .add(client, sentence(context), target(context), outcome);
    }

    /** {@code aKeyStaysInItsPartition} -> "a key stays in its partition". */
    private static String sentence(ExtensionContext context) {
        return context.getRequiredTestMethod()
                .getName()
                .replaceAll("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ")
                .toLowerCase(Locale.ROOT);
    }

    /** The class is parameterised: the container named after the subject is above the method. */
    private static String target(ExtensionContext context) {
        for (var at = Optional.of(context); at.isPresent(); at = at.get().getParent()) {
            for (var subject : Subject.values()) {
                if (at.get().getDisplayName().equals(subject.toString())) {
                    return subject.toString();
                }
            }
        }
        throw new IllegalStateException("no subject above " + context.getUniqueId());
    }
}

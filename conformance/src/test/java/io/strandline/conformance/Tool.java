package io.strandline.conformance;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * A foreign client that {@code scripts/test-tools} installs. The test of an absent one is skipped and counted (see
 * {@link SkipSummary}); with CI=true it fails.
 */
enum Tool {
    KCAT("kcat") {
        @Override
        List<String> command() {
            return List.of("kcat");
        }

        @Override
        List<String> probe() {
            return List.of("kcat", "-V");
        }
    },

    KAFKAJS("KafkaJS") {
        @Override
        List<String> command() {
            return List.of("node", script("kafkajs.js"));
        }

        @Override
        List<String> probe() {
            return List.of("node", "-e", "console.log(require('kafkajs/package.json').version)");
        }
    },

    KAFKA_PYTHON("kafka-python") {
        @Override
        List<String> command() {
            return List.of("/usr/bin/python3", script("kafka_python.py"));
        }

        @Override
        List<String> probe() {
            return List.of("/usr/bin/python3", script("kafka_python.py"), "--version");
        }
    };

    private static final Duration LIMIT = Duration.ofSeconds(90);

    private final String title;
    private @Nullable Boolean present;

    Tool(String title) {
        this.title = title;
    }

    abstract List<String> command();

    /** A command that ends with exit code 0 where the tool is installed. */
    abstract List<String> probe();

    /** The test goes on only where the tool is installed. */
    void require() {
        if (present == null) {
            present = isPresent();
        }
        if (!present) {
            var reason = title + " is absent (run scripts/test-tools)";
            if ("true".equals(System.getenv("CI"))) {
                Assertions.fail(reason + "; with CI=true nothing is skipped");
            }
            Assumptions.abort(reason);
        }
    }

    /** Starts it. */
    Child start(String... arguments) {
        var command = new ArrayList<>(command());
        command.addAll(List.of(arguments));
        return Child.program(title, command, environment());
    }

    /** Runs it to its end, which must be a good one, and returns its lines. */
    List<String> run(String... arguments) {
        return run(new byte[0], arguments);
    }

    /** Runs it to its end with the given standard input. */
    List<String> run(byte[] input, String... arguments) {
        var child = start(arguments);
        if (this == KCAT) {
            child.write(input).endInput();
        }
        return child.await(LIMIT).orThrow().out();
    }

    static String script(String name) {
        return ClassPaths.moduleFolder().resolve("tools").resolve(name).toString();
    }

    /** Its name and the version that it tells. */
    String seen() {
        var lines = probed();
        return title + ": "
                + lines.flatMap(all -> all.stream()
                                .filter(line -> line.matches(".*\\d+\\.\\d+.*"))
                                .findFirst())
                        .orElse("absent");
    }

    private boolean isPresent() {
        return probed().isPresent();
    }

    /** What the probe says; empty when there is no such program, or not all of it. */
    private Optional<List<String>> probed() {
        var builder = new ProcessBuilder(probe()).redirectErrorStream(true);
        builder.environment().putAll(environment());
        try {
            var process = builder.start();
            var lines = process.inputReader().lines().toList();
            return process.waitFor() == 0 ? Optional.of(lines) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // No such program.
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, String> environment() {
        return Map.of("NODE_PATH", toolsFolder().resolve("kafkajs/node_modules").toString());
    }

    private static Path toolsFolder() {
        var given = System.getenv("STRANDLINE_TOOLS");
        if (given != null) {
            return Path.of(given);
        }
        var cache = System.getenv("XDG_CACHE_HOME");
        var base = cache != null ? Path.of(cache) : Path.of(System.getProperty("user.home"), ".cache");
        return base.resolve("strandline/tools");
    }
}

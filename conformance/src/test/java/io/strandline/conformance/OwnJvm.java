package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tests of a Java client in a JVM of its own; a subclass says which. */
abstract class OwnJvm {
    private static final List<String> JVM = List.of(
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");

    private final Target target;
    private final String version;
    private final String classPath;

    OwnJvm(Target target, String version, String clientClassPath) {
        this.target = target;
        this.version = version;
        classPath = String.join(
                File.pathSeparator, ClassPaths.equipment(), ClassPaths.location(OwnJvmClient.class), clientClassPath);
    }

    @Test
    void everyCompressionHeadersGroupsAndTheAdministratorWork() {
        var name = JavaClient.name("own-jvm");
        assertAllOk(run(name, "none", "gzip", "snappy", "lz4", "zstd", "headers", "group", "admin"), 8);
        assertAllOk(run(name, "resume"), 1);
        target.kill();
        target.restart();
        assertAllOk(run(name, "resume"), 1);
    }

    private void assertAllOk(List<String> lines, int tasks) {
        assertThat(lines).contains("version " + version);
        assertThat(lines).noneMatch(line -> line.startsWith("failed"));
        assertThat(lines.stream().filter(line -> line.startsWith("ok "))).hasSize(tasks);
    }

    private List<String> run(String name, String... tasks) {
        var arguments = new ArrayList<>(List.of(OwnJvmClient.class.getName(), target.bootstrap(), name));
        Stream.of(tasks).forEach(arguments::add);
        try (var child = Child.jvm("kafka-clients " + version, classPath, JVM, arguments)) {
            return child.await(Duration.ofSeconds(90)).orThrow().out();
        }
    }
}

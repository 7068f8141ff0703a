package io.strandline.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The class paths of child JVMs, as the build wrote them down; none of them is ours. */
public final class ClassPaths {
    private ClassPaths() {}

    /** Apache Kafka's broker and tools in the version that the build names. */
    public static String apacheKafka() {
        return read("apache-kafka");
    }

    /** kafka-clients 3.9. */
    public static String olderKafkaClients() {
        return read("kafka-clients-3.9");
    }

    /** The class path of this JVM. */
    public static String own() {
        return System.getProperty("java.class.path");
    }

    /** The folder or jar that {@link Leash} and its neighbours are in. */
    public static String equipment() {
        return location(Leash.class);
    }

    /** The folder or jar that a class was loaded from. */
    public static String location(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The folder of the module {@code conformance} in the source tree. */
    public static Path moduleFolder() {
        var given = System.getProperty("strandline.conformance.dir");
        if (given != null) {
            return Path.of(given);
        }
        // We are in target/classes of the module, or in a jar in its target.
        return Path.of(equipment()).resolve("../..").normalize();
    }

    private static String read(String module) {
        var file = moduleFolder().resolve("classpaths").resolve(module).resolve("target/classpath.txt");
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    file + " is missing; 'mvn process-resources' in the project's root writes it", e);
        }
    }
}

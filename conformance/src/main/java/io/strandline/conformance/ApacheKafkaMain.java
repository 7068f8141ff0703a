package io.strandline.conformance;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/**
 * Formats the storage of an Apache Kafka node if that has not been done, and runs the node. Runs in a JVM with Apache
 * Kafka's class path, and reaches it by reflection because ours does not have it.
 *
 * <p>Arguments: the properties file, the cluster id, and either {@code format-only} or {@code run}.
 */
public final class ApacheKafkaMain {
    private ApacheKafkaMain() {}

    public static void main(String[] args) throws Exception {
        var properties = new Properties();
        try (var reader = Files.newBufferedReader(Path.of(args[0]))) {
            properties.load(reader);
        }
        var logFolder = Path.of(properties.getProperty("log.dirs"));
        if (!Files.exists(logFolder.resolve("meta.properties"))) {
            format(args[0], args[1]);
        }
        if (args[2].equals("run")) {
            Class.forName("kafka.Kafka").getMethod("main", String[].class).invoke(null, (Object)
                    new String[] {args[0]});
        }
    }

    private static void format(String propertiesFile, String clusterId) throws Exception {
        String[] command = {"format", "--cluster-id", clusterId, "--config", propertiesFile};
        var exitCode = Class.forName("kafka.tools.StorageTool")
                .getMethod("execute", String[].class, PrintStream.class)
                .invoke(null, command, System.out);
        if (!Integer.valueOf(0).equals(exitCode)) {
            throw new IllegalStateException("formatting ended with " + exitCode);
        }
    }
}

package io.strandline.conformance;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/**
 * Formats the storage of an Apache Kafka node if that has not been done, and runs the node. Runs in a JVM with Apache
 * Kafka's class path, and reaches it by reflection because ours does not have it.
 *
 * <p>Arguments: the properties file, the cluster id, either {@code format-only} or {@code run}, and what else the command
 * that formats is to be told.
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
            format(args[0], args[1], List.of(args).subList(3, args.length));
        }
        if (args[2].equals("run")) {
            Class.forName("kafka.Kafka").getMethod("main", String[].class).invoke(null, (Object)
                    new String[] {args[0]});
        }
    }

    private static void format(String propertiesFile, String clusterId, List<String> more) throws Exception {
        var command = new ArrayList<>(List.of("format", "--cluster-id", clusterId, "--config", propertiesFile));
        command.addAll(more);
        var exitCode = Class.forName("kafka.tools.StorageTool")
                .getMethod("execute", String[].class, PrintStream.class)
                .invoke(null, command.toArray(new String[0]), System.out);
        if (!Integer.valueOf(0).equals(exitCode)) {
            throw new IllegalStateException("formatting ended with " + exitCode);
        }
    }
}

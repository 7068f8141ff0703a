package io.strandline.protocol.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The program: {@code Generate <folder for sources> <folder with specs>...}. Specs are searched in all sub-folders.
 *
 * <p>Kept at Java 17, because Maven runs it in its own JVM, whichever that is.
 */
public final class Generate {
    private static final String MESSAGES = "io.strandline.protocol.message";
    private static final String RECORDS = "io.strandline.protocol.record";

    private Generate() {}

    public static void main(String[] args) throws IOException {
        if (args.length < 2) {
            throw new IllegalArgumentException("Usage: Generate <folder for sources> <folder with specs>...");
        }
        var sources = new SourceFolder(Path.of(args[0]));
        var messages = new ArrayList<MessageSpec>();
        for (int i = 1; i < args.length; i++) {
            messages.addAll(readAll(Path.of(args[i])));
        }
        for (var message : messages) {
            String packageName = message.kind().isRecord() ? RECORDS : MESSAGES;
            sources.write(packageName, message.name(), MessageClass.write(message, packageName));
        }
        sources.write("io.strandline.protocol", "ApiKey", ApiKeyClass.write(messages));
        sources.write(
                MESSAGES,
                "package-info",
                packageInfo(MESSAGES, "Requests, responses, headers and the data inside records"));
        sources.write(
                RECORDS,
                "package-info",
                packageInfo(
                        RECORDS,
                        "Keys and values of the records in {@code __consumer_offsets} and {@code __transaction_state}"));
        int changed = sources.finish();
        if (changed > 0) {
            System.out.println(messages.size() + " message specs read, " + changed + " source files changed");
        }
    }

    private static List<MessageSpec> readAll(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            var specs = files.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
            if (specs.isEmpty()) {
                throw new IllegalArgumentException("No message specs in " + folder);
            }
            return specs.stream()
                    .flatMap(file -> SpecReader.read(file).stream())
                    .toList();
        }
    }

    private static String packageInfo(String packageName, String sentence) {
        return "/** " + sentence + "; generated from Kafka's specs. */\n@org.jspecify.annotations.NullMarked\npackage "
                + packageName + ";\n";
    }
}

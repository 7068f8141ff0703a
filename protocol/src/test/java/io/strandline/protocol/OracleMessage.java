package io.strandline.protocol;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.Schema;

/** A message class of ours beside the one that Kafka generates from the same spec. */
record OracleMessage(Class<? extends Message> ours, Class<? extends org.apache.kafka.common.protocol.Message> kafkas) {
    private static final List<String> KAFKAS_PACKAGES = List.of(
            "org.apache.kafka.common.message.",
            "org.apache.kafka.coordinator.group.generated.",
            "org.apache.kafka.coordinator.transaction.generated.");

    /** All that were generated, found by looking at what was compiled. */
    static List<OracleMessage> all() {
        var messages = new ArrayList<OracleMessage>();
        for (var packageName : List.of("message", "record")) {
            for (var name : classNames(packageName)) {
                messages.add(named("io.strandline.protocol." + packageName + "." + name, name));
            }
        }
        return messages;
    }

    private static List<String> classNames(String packageName) {
        try {
            var classes = Path.of(ApiKey.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            try (var files =
                    Files.list(classes.resolve("io/strandline/protocol").resolve(packageName))) {
                return files.map(file -> file.getFileName().toString().replace(".class", ""))
                        .filter(name -> !name.contains("$") && !name.equals("package-info"))
                        .sorted()
                        .toList();
            }
        } catch (IOException | java.net.URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static OracleMessage named(String ourName, String specName) {
        try {
            return new OracleMessage(Class.forName(ourName).asSubclass(Message.class), kafkaClass(specName));
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Class<? extends org.apache.kafka.common.protocol.Message> kafkaClass(String specName)
            throws ClassNotFoundException {
        for (var packageName : KAFKAS_PACKAGES) {
            for (var suffix : List.of("Data", "")) {
                try {
                    return Class.forName(packageName + specName + suffix)
                            .asSubclass(org.apache.kafka.common.protocol.Message.class);
                } catch (ClassNotFoundException e) {
                    // Then it is in another package.
                }
            }
        }
        throw new ClassNotFoundException("Kafka has no class for " + specName);
    }

    String name() {
        return ours.getSimpleName();
    }

    Message newOurs() {
        return newInstance(ours);
    }

    org.apache.kafka.common.protocol.Message newKafkas() {
        return newInstance(kafkas);
    }

    short lowestVersion() {
        return newKafkas().lowestSupportedVersion();
    }

    short highestVersion() {
        return newKafkas().highestSupportedVersion();
    }

    List<Short> versions() {
        return IntStream.rangeClosed(lowestVersion(), highestVersion())
                .mapToObj(version -> (short) version)
                .toList();
    }

    Schema schema(short version) {
        try {
            return ((Schema[]) kafkas.getField("SCHEMAS").get(null))[version];
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    Message readOurs(byte[] bytes, short version) {
        var message = newOurs();
        message.read(new ByteSource(ByteBuffer.wrap(bytes)), version);
        return message;
    }

    org.apache.kafka.common.protocol.Message readKafkas(byte[] bytes, short version) {
        var message = newKafkas();
        message.read(new ByteBufferAccessor(ByteBuffer.wrap(bytes)), version);
        return message;
    }

    static byte[] write(Message message, short version) {
        return bytes(message.toBuffer(version));
    }

    static byte[] write(org.apache.kafka.common.protocol.Message message, short version) {
        return bytes(MessageUtil.toByteBufferAccessor(message, version).buffer());
    }

    static byte[] bytes(ByteBuffer buffer) {
        var bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static <T> T newInstance(Class<T> type) {
        try {
            return type.getConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return name();
    }
}

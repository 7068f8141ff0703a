package io.strandline.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.config.InvalidSetting;
import io.strandline.broker.net.LogCapture;
import io.strandline.broker.net.RawClient;
import io.strandline.storage.DurabilityMode;
import io.strandline.storage.StoreRefused;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Strangers, mistakes and other people's directories. */
@Timeout(120)
class BadInputTest {
    private static final byte[] API_VERSIONS = ByteBuffer.allocate(10)
            .putShort((short) 18)
            .putShort((short) 0)
            .putInt(1)
            .putShort((short) -1)
            .array();

    @TempDir
    Path directory;

    @Test
    void garbageOnTheSocketClosesThatConnectionAndLeavesTheOthersAlone() throws Exception {
        try (var log = new LogCapture();
                var broker = Broker.start(inMemory());
                var other = new RawClient(broker.address())) {
            other.sendFrame(API_VERSIONS);
            assertThat(other.receiveFrame()).isNotEmpty();
            var random = new SplittableRandom(1);
            for (int i = 0; i < 200; i++) {
                try (var client = new RawClient(broker.address())) {
                    sendGarbage(client, random);
                }
            }

            other.sendFrame(API_VERSIONS);
            assertThat(other.receiveFrame()).isNotEmpty();
            awaitNoRequestBytes(broker);
            assertThat(broker.health().ok()).isTrue();
            assertThat(log.lines()).allMatch(line -> line.contains("connection closed") || line.contains("more like"));
            assertThat(log.lines().size()).isLessThan(20);
        }
    }

    private static void sendGarbage(RawClient client, SplittableRandom random) {
        var bytes = new byte[random.nextInt(1, 300)];
        random.nextBytes(bytes);
        try {
            switch (random.nextInt(4)) {
                case 0 -> client.send(bytes);
                case 1 -> client.sendFrame(bytes);
                case 2 -> client.sendLength(random.nextInt());
                default -> {
                    ByteBuffer.wrap(API_VERSIONS).get(bytes, 0, Math.min(8, bytes.length));
                    client.sendFrame(bytes);
                }
            }
        } catch (IOException e) {
            assertThat(e).as("the broker has hung up already").isNotNull();
        }
    }

    private static void awaitNoRequestBytes(Broker broker) {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (broker.health().requestBytes() > 0) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    @Test
    void anUnknownApiIsNamedInTheLogTogetherWithTheClient() throws Exception {
        try (var log = new LogCapture();
                var broker = Broker.start(inMemory());
                var client = new RawClient(broker.address())) {
            client.sendFrame(ByteBuffer.allocate(14)
                    .putShort((short) 1)
                    .putShort((short) 2)
                    .putInt(1)
                    .putShort((short) 4)
                    .put("mine".getBytes(java.nio.charset.StandardCharsets.US_ASCII))
                    .array());

            assertThat(client.isClosedByServer()).isTrue();
            assertThat(log.lines())
                    .anyMatch(
                            line -> line.contains("'mine'") && line.contains("127.0.0.1") && line.contains("Fetch v2"));
        }
    }

    @Test
    void aDirectoryInUseIsRefusedAndNotTouched() throws Exception {
        try (var broker = Broker.start(onDisk(directory.resolve("data")))) {
            assertThatThrownBy(() -> Broker.start(onDisk(directory.resolve("data"))))
                    .isInstanceOf(StoreRefused.class);
            assertThat(broker.health().ok()).isTrue();
        }
        Broker.start(onDisk(directory.resolve("data"))).close();
    }

    @Test
    void aDirectoryThatIsNotOursIsRefusedAndNotTouched() throws Exception {
        var foreign = Files.createDirectory(directory.resolve("photos"));
        Files.writeString(foreign.resolve("cat.jpg"), "a cat");

        assertThatThrownBy(() -> Broker.start(onDisk(foreign)))
                .isInstanceOf(StoreRefused.class)
                .hasMessageContaining("photos");
        assertThat(foreign).isDirectoryContaining(path -> path.endsWith("cat.jpg"));
    }

    @Test
    void aFileInPlaceOfTheDirectoryIsRefused() throws Exception {
        var file = Files.writeString(directory.resolve("file"), "text");

        assertThatThrownBy(() -> Broker.start(onDisk(file)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("file");
    }

    @Test
    void aPortInUseIsRefusedAndTheDirectoryIsLetGoOf() throws Exception {
        try (var broker = Broker.start(inMemory())) {
            var taken = onDisk(directory.resolve("data")).port(broker.address().getPort());
            assertThatThrownBy(() -> Broker.start(taken))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(String.valueOf(broker.address().getPort()));
        }
        Broker.start(onDisk(directory.resolve("data"))).close();
    }

    @Test
    void aConfigurationThatSaysTooLittleOrTooMuchIsRefused() {
        assertThatThrownBy(() -> Broker.start(BrokerConfig.defaults()))
                .isInstanceOf(InvalidSetting.class)
                .hasMessageContaining("log.dir");
        assertThatThrownBy(() -> Broker.start(inMemory().with("listeners", "SSL://127.0.0.1:0")))
                .isInstanceOf(InvalidSetting.class)
                .hasMessageContaining("PLAINTEXT");
        assertThatThrownBy(() -> Broker.start(inMemory().with("listeners", "127.0.0.1:seven")))
                .isInstanceOf(InvalidSetting.class)
                .hasMessageContaining("'seven'");
    }

    private static BrokerConfig inMemory() {
        return BrokerConfig.defaults()
                .durability(DurabilityMode.MEMORY)
                .port(0)
                .with(BrokerConfig.JOURNAL_BYTES, 1L << 20);
    }

    private static BrokerConfig onDisk(Path data) {
        return BrokerConfig.defaults().directory(data).port(0).with(BrokerConfig.JOURNAL_BYTES, 1L << 20);
    }
}

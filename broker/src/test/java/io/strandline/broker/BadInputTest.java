package io.strandline.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.config.BrokerConfig;
import io.strandline.broker.config.InvalidSetting;
import io.strandline.broker.net.LogCapture;
import io.strandline.broker.net.RawClient;
import io.strandline.protocol.ApiKey;
import io.strandline.protocol.ErrorCode;
import io.strandline.protocol.Message;
import io.strandline.protocol.Payload;
import io.strandline.protocol.RequestFrame;
import io.strandline.protocol.ResponseFrame;
import io.strandline.protocol.message.MetadataRequest;
import io.strandline.protocol.message.MetadataRequest.MetadataRequestTopic;
import io.strandline.protocol.message.ProduceRequest;
import io.strandline.protocol.message.ProduceRequest.PartitionProduceData;
import io.strandline.protocol.message.ProduceRequest.TopicProduceData;
import io.strandline.protocol.message.ProduceResponse;
import io.strandline.protocol.message.RequestHeader;
import io.strandline.storage.BatchBuilder;
import io.strandline.storage.DurabilityMode;
import io.strandline.storage.StoreRefused;
import io.strandline.storage.Time;
import io.strandline.storage.simulation.Fault;
import io.strandline.storage.simulation.OperationKind;
import io.strandline.storage.simulation.SimulatedDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
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
    void aDirectoryThatIsNotOursIsRefusedAndNotTouched() throws Exception {
        var foreign = Files.createDirectory(directory.resolve("photos"));
        Files.writeString(foreign.resolve("cat.jpg"), "a cat");

        refusedAndNotTouched(foreign, "photos", "cat.jpg", "name an empty or a new one");
    }

    @Test
    void aDirectoryOfANewerVersionIsRefusedAndNotTouched() throws Exception {
        var data = directory.resolve("data");
        Broker.start(onDisk(data)).close();
        try (var store = FileChannel.open(data.resolve("store"), StandardOpenOption.WRITE)) {
            store.write(ByteBuffer.allocate(4).putInt(99).flip(), 8); // after the magic: the format version
        }

        refusedAndNotTouched(data, "data", "later release", "99");
    }

    @Test
    void aDirectoryInUseIsRefusedAndNotTouched() throws Exception {
        var data = directory.resolve("data");
        try (var broker = Broker.start(onDisk(data))) {
            refusedAndNotTouched(data, "data", "in use by another broker in this process");
            assertThat(broker.health().ok()).isTrue();
        }
        Broker.start(onDisk(data)).close();
    }

    @Test
    void aFileInPlaceOfTheDirectoryIsRefused() throws Exception {
        var file = Files.writeString(directory.resolve("file"), "text");

        refusedInOneLine(file, "file", "is not a directory");
        refusedInOneLine(file.resolve("data"), "data", "cannot be made");
        assertThat(file).hasContent("text");
    }

    @Test
    void aDirectoryThatIsMissingIsMadeUnlessTheConfigurationIsWrong() throws Exception {
        var missing = directory.resolve("not/there/yet");
        assertThatThrownBy(() -> Broker.start(onDisk(missing).with("listeners", "127.0.0.1:seven")))
                .isInstanceOf(InvalidSetting.class);
        assertThat(directory.resolve("not")).doesNotExist();

        try (var broker = Broker.start(onDisk(missing))) {
            assertThat(broker.opening().made()).isTrue();
        }
    }

    @Test
    void aDirectoryThatMayNotBeWrittenToIsRefusedAndNotTouched() throws Exception {
        var data = Files.createDirectory(directory.resolve("read-only"));
        assertThat(data.toFile().setWritable(false)).isTrue();
        try {
            if (Files.isWritable(data)) { // root may write anywhere; but nobody can make a directory in /proc
                refusedInOneLine(Path.of("/proc/strandline"), "/proc/strandline", "cannot be made");
            } else {
                refusedAndNotTouched(data, "read-only", "may not read and write it");
            }
        } finally {
            assertThat(data.toFile().setWritable(true)).isTrue();
        }
    }

    private static void refusedAndNotTouched(Path data, String... said) throws IOException {
        var before = contents(data);
        refusedInOneLine(data, said);
        assertThat(contents(data)).isEqualTo(before);
    }

    private static void refusedInOneLine(Path data, String... said) {
        assertThatThrownBy(() -> Broker.start(onDisk(data)))
                .isInstanceOf(StoreRefused.class)
                .message()
                .contains(said)
                .doesNotContain("\n")
                .doesNotContain("Exception");
    }

    /** Names, times of change and sizes of all files. */
    private static Map<String, String> contents(Path data) throws IOException {
        var contents = new TreeMap<String, String>();
        try (var files = Files.walk(data)) {
            for (var file : files.toList()) {
                contents.put(
                        data.relativize(file).toString(), Files.getLastModifiedTime(file) + " " + Files.size(file));
            }
        }
        return contents;
    }

    @Test // W11
    void whenTheDiskFailsNothingIsAcknowledgedAfterwardsAndHealthSaysSo() throws Exception {
        var disk = new SimulatedDisk(1);
        try (var broker = Broker.start(onDisk(directory), disk, Time.SYSTEM, UUID::randomUUID);
                var client = new RawClient(broker.address())) {
            assertThat(produce(client, broker)).isEqualTo(ErrorCode.NONE);
            assertThat(broker.health().ok()).isTrue();
            disk.inject(Fault.inputOutputError(OperationKind.FORCE));

            assertThat(produce(client, broker)).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);
            assertThat(produce(client, broker)).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR);

            assertThat(broker.health().ok()).isFalse();
            assertThat(broker.health().failure())
                    .hasValueSatisfying(reason -> assertThat(reason).containsIgnoringCase("input/output error"));
        }
    }

    @Test // W12
    void aFullDiskRefusesWritesUntilThereIsSpaceAgainAndLosesNothing() throws Exception {
        var disk = new SimulatedDisk(1);
        try (var log = new LogCapture();
                var broker = Broker.start(onDisk(directory), disk, Time.SYSTEM, UUID::randomUUID);
                var client = new RawClient(broker.address())) {
            assertThat(produce(client, broker)).isEqualTo(ErrorCode.NONE);
            disk.capacity(0);

            var refused = produce(client, broker);
            while (refused == ErrorCode.NONE) {
                refused = produce(client, broker); // there may be room in pages that are not full yet
            }

            assertThat(refused.retriable()).as("%s is retriable", refused).isTrue();
            assertThat(broker.health().failure()).isEmpty();
            assertThat(log.lines()).anyMatch(line -> line.contains("disk is full"));
            disk.capacity(1L << 40);
            assertThat(produce(client, broker)).isEqualTo(ErrorCode.NONE);
        }
    }

    /** One batch with acks=all into a topic that is made when it is missing. */
    private static ErrorCode produce(RawClient client, Broker broker) throws IOException {
        var topic = new MetadataRequestTopic().name("events");
        ask(client, ApiKey.METADATA, 12, new MetadataRequest().topics(List.of(topic)));
        var records = new BatchBuilder()
                .add(System.currentTimeMillis(), null, ByteBuffer.allocate(2_000))
                .build();
        var data = new PartitionProduceData().index(0).records(new Payload.Bytes(records.bytes()));
        var request = new ProduceRequest()
                .acks((short) -1)
                .timeoutMs(60_000)
                .topicData(List.of(new TopicProduceData().name("events").partitionData(List.of(data))));
        var response = (ProduceResponse) ask(client, ApiKey.PRODUCE, 12, request);
        return ErrorCode.forCode(response.responses.get(0).partitionResponses.get(0).errorCode)
                .orElseThrow();
    }

    private static Message ask(RawClient client, ApiKey api, int version, Message request) throws IOException {
        var header = new RequestHeader()
                .requestApiKey(api.id())
                .requestApiVersion((short) version)
                .correlationId(1);
        client.send(Payload.join(RequestFrame.toParts(api, header, request)).array());
        return ResponseFrame.parse(ByteBuffer.wrap(client.receiveFrame()), api, (short) version, 1);
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

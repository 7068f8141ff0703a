package io.strandline.broker.requests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.strandline.broker.topics.TopicConfig;
import io.strandline.protocol.ErrorCode;
import io.strandline.storage.Batch;
import io.strandline.storage.Codec;
import io.strandline.storage.Compression;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.apache.kafka.common.compress.Compression.Builder;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RecordCheckTest {
    private static final long NOW = 1_700_000_000_000L;
    private static final TopicConfig CONFIG = new TopicConfig(Map.of(), Map.of());

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void whatKafkasProducerWritesPassesInEveryCompression(CompressionType type) throws Exception {
        assertThat(check(batch(type, 100))).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void spoiledRecordsAreRefusedAndNeverAnExceptionWhateverTheyAre(CompressionType type) throws Exception {
        var random = new SplittableRandom(3);
        for (int i = 0; i < 500; i++) {
            var bytes = batch(type, 5);
            int spoilt = Batch.HEADER_BYTES + random.nextInt(bytes.remaining() - Batch.HEADER_BYTES);
            bytes.put(spoilt, (byte) random.nextInt());
            check(sealed(bytes)); // a fault or, where only a key or value is another now, none
        }
    }

    @Test
    void aSnappyBlockThatClaimsMoreThanItCanBecomeIsRefusedBeforeMemoryIsTaken() {
        // the block begins with the length it claims to become: 256 MiB, from 20 bytes
        var block = ByteBuffer.allocate(20).put(new byte[] {(byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, 1});

        assertThatThrownBy(() -> new SnappyBlocks(block.rewind()).read())
                .hasMessage("a snappy block of 20 bytes cannot become 268435456 bytes");
    }

    @Test
    void aCountThatDoesNotFitTheRecordsIsRefused() throws Exception {
        refused(count(batch(CompressionType.NONE, 5), 4), "Bytes follow the last of the 4 records");
        refused(count(batch(CompressionType.NONE, 5), 6), "end early");
        refused(count(batch(CompressionType.GZIP, 5), 6), "end early");
    }

    @Test
    void recordsThatAreNotNumberedOneByOneAreRefused() throws Exception {
        var bytes = batch(CompressionType.NONE, 1);
        bytes.put(Batch.HEADER_BYTES + 3, (byte) 2); // the offset delta of the first record: 1 instead of 0

        refused(sealed(bytes), "number 1 of its batch");
    }

    @Test
    void aBatchThatUnpacksWithoutEndIsRefusedInBoundedMemory() throws Exception {
        Codec endless = (compression, compressed) -> new InputStream() {
            @Override
            public int read() {
                return 0xff;
            }

            @Override
            public int read(byte[] buffer, int offset, int length) {
                // one record that announces as many bytes as a number can say, and then really sends them
                java.util.Arrays.fill(buffer, offset, offset + length, (byte) 0x01);
                if (first) {
                    first = false;
                    System.arraycopy(HUGE_RECORD, 0, buffer, offset, HUGE_RECORD.length);
                }
                return length;
            }

            private boolean first = true;
        };

        var fault = RecordCheck.check(Batch.parse(batch(CompressionType.GZIP, 1)), CONFIG, endless, NOW);

        assertThat(fault).hasValueSatisfying(found -> assertThat(found.reason()).contains("unpacks to more than"));
    }

    /** Length and value length 2^31 - 1 and a little less, in zig-zag varints. */
    private static final byte[] HUGE_RECORD = {
        (byte) 0xfe,
        (byte) 0xff,
        (byte) 0xff,
        (byte) 0xff,
        0x0f,
        0,
        0,
        0,
        1,
        (byte) 0xd8,
        (byte) 0xff,
        (byte) 0xff,
        (byte) 0xff,
        0x0f
    };

    @Test
    void withoutTheLibraryACompressedBatchIsRefusedWithWhatToAdd() throws Exception {
        Codec without = (compression, compressed) -> {
            throw new Codec.UnsupportedCompression("add the library");
        };

        var fault = RecordCheck.check(Batch.parse(batch(CompressionType.ZSTD, 1)), CONFIG, without, NOW);

        assertThat(fault).hasValueSatisfying(found -> {
            assertThat(found.error()).isEqualTo(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
            assertThat(found.reason()).isEqualTo("add the library");
        });
    }

    @ParameterizedTest
    @EnumSource(
            value = Compression.class,
            names = {"SNAPPY", "LZ4", "ZSTD"})
    void anAbsentLibraryIsNoticedWhenItIsNeededAndNamed(Compression compression) throws Exception {
        var classPath = new ArrayList<URL>();
        for (var entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (!entry.contains("snappy") && !entry.contains("lz4") && !entry.contains("zstd")) {
                classPath.add(new File(entry).toURI().toURL());
            }
        }
        try (var without = new URLClassLoader(classPath.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            var codecs = without.loadClass(Codecs.class.getName());
            var compressions = without.loadClass(Compression.class.getName());
            var decompress = codecs.getMethod("decompress", compressions, ByteBuffer.class);
            var constant = compressions.getField(compression.name()).get(null);

            assertThatThrownBy(() -> decompress.invoke(
                            codecs.getConstructor().newInstance(), constant, ByteBuffer.wrap(new byte[100])))
                    .cause()
                    .hasMessageContaining("add ");
        }
    }

    @Test
    void gzipNeedsNoLibrary() throws IOException {
        try (var stream = new Codecs().decompress(Compression.NONE, ByteBuffer.wrap(new byte[] {1, 2}))) {
            assertThat(stream).isInstanceOf(ByteArrayInputStream.class);
        }
    }

    private static Optional<Fault> check(ByteBuffer bytes) throws Exception {
        return RecordCheck.check(Batch.parse(bytes), CONFIG, new Codecs(), NOW);
    }

    private static void refused(ByteBuffer bytes, String reason) throws Exception {
        assertThat(check(bytes)).hasValueSatisfying(found -> {
            assertThat(found.error()).isEqualTo(ErrorCode.INVALID_RECORD);
            assertThat(found.reason()).contains(reason);
        });
    }

    private static ByteBuffer batch(CompressionType type, int count) {
        Builder<?> compression = org.apache.kafka.common.compress.Compression.of(type);
        var target = ByteBuffer.allocate(100_000);
        try (var builder = MemoryRecords.builder(
                target, RecordBatch.MAGIC_VALUE_V2, compression.build(), TimestampType.CREATE_TIME, 0)) {
            for (int i = 0; i < count; i++) {
                builder.append(
                        NOW + i,
                        ("key-" + i).getBytes(),
                        ("value-" + i % 3).repeat(5).getBytes());
            }
            return builder.build().buffer().duplicate();
        }
    }

    /** Another number of records in the header, offsets and checksum to match. */
    private static ByteBuffer count(ByteBuffer batch, int count) {
        return sealed(batch.putInt(57, count).putInt(23, count - 1));
    }

    private static ByteBuffer sealed(ByteBuffer batch) {
        var crc = new CRC32C();
        crc.update(batch.slice(21, batch.remaining() - 21));
        return batch.putInt(17, (int) crc.getValue());
    }
}

package io.strandline.broker.requests;

import io.strandline.storage.Codec;
import io.strandline.storage.Compression;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;

/**
 * Opens compressed records: gzip with the JDK; snappy, lz4 and zstd with libraries that the application may have or not. Each
 * is loaded at the first batch that needs it, so a broker without them starts and works; a batch that nobody can look into is
 * refused, because records that do not add up would stop every consumer.
 */
public final class Codecs implements Codec {
    @Override
    public InputStream decompress(Compression compression, ByteBuffer compressed) throws IOException {
        return switch (compression) {
            case NONE -> stream(compressed);
            case GZIP -> new GZIPInputStream(stream(compressed), 8 * 1024);
            case SNAPPY -> {
                try {
                    yield new SnappyBlocks(compressed);
                } catch (LinkageError e) {
                    throw missing(compression, "org.xerial.snappy:snappy-java", e);
                }
            }
            case LZ4 -> {
                try {
                    yield Lz4.open(stream(compressed));
                } catch (LinkageError e) {
                    throw missing(compression, "at.yawk.lz4:lz4-java", e);
                }
            }
            case ZSTD -> {
                try {
                    yield Zstd.open(stream(compressed));
                } catch (LinkageError e) {
                    throw missing(compression, "com.github.luben:zstd-jni", e);
                }
            }
        };
    }

    private static UnsupportedCompression missing(Compression compression, String artifact, LinkageError cause) {
        var exception = new UnsupportedCompression("The broker cannot look into " + compression + " batches: add "
                + artifact + " to its class path, or let the producer use gzip");
        exception.initCause(cause);
        return exception;
    }

    private static InputStream stream(ByteBuffer bytes) {
        if (bytes.hasArray()) {
            return new ByteArrayInputStream(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
        }
        var copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return new ByteArrayInputStream(copy);
    }

    // One class for each library (see also SnappyBlocks): it is linked when it is first used, and not before.

    private static final class Lz4 {
        static InputStream open(InputStream compressed) throws IOException {
            return new net.jpountz.lz4.LZ4FrameInputStream(compressed);
        }
    }

    private static final class Zstd {
        static InputStream open(InputStream compressed) throws IOException {
            return new com.github.luben.zstd.ZstdInputStreamNoFinalizer(compressed);
        }
    }
}

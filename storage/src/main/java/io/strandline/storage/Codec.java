package io.strandline.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.zip.GZIPInputStream;

/**
 * Opens compressed records. The engine needs it only where it looks at single records; it stores and serves batches as
 * they came. Supplied by the broker, which finds the libraries; used by any thread.
 */
@FunctionalInterface
public interface Codec {

    /** Knows what the JDK brings: gzip. */
    Codec JDK = (compression, compressed) -> {
        if (compression == Compression.GZIP) {
            return new GZIPInputStream(new ByteBufferInputStream(compressed));
        }
        throw new UnsupportedCompression("No codec for " + compression + " is on the class path.");
    };

    /**
     * A stream of the decompressed bytes. The caller bounds how much it reads; the stream never allocates by a length
     * that the compressed bytes only claim.
     *
     * @param compression any but {@link Compression#NONE}
     * @param compressed the records section of a batch; its position is not moved
     * @throws UnsupportedCompression if there is no library for it
     * @throws IOException if the bytes are not what {@code compression} says
     */
    InputStream decompress(Compression compression, ByteBuffer compressed) throws IOException;

    /** There is no library for this compression on the class path. The message names the one to add. */
    final class UnsupportedCompression extends IOException {
        private static final long serialVersionUID = 1L;

        public UnsupportedCompression(String message) {
            super(message);
        }
    }

    /** The remaining bytes of a buffer as a stream. */
    final class ByteBufferInputStream extends InputStream {
        private final ByteBuffer bytes;

        public ByteBufferInputStream(ByteBuffer bytes) {
            this.bytes = bytes.duplicate();
        }

        @Override
        public int read() {
            return bytes.hasRemaining() ? bytes.get() & 0xff : -1;
        }

        @Override
        public int read(byte[] target, int from, int length) {
            if (length == 0) {
                return 0;
            }
            if (!bytes.hasRemaining()) {
                return -1;
            }
            int taken = Math.min(length, bytes.remaining());
            bytes.get(target, from, taken);
            return taken;
        }

        @Override
        public int available() {
            return bytes.remaining();
        }
    }
}

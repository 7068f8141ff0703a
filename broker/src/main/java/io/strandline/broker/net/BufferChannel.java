package io.strandline.broker.net;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;

/** Collects what is written to it. */
final class BufferChannel implements GatheringByteChannel {
    private final ByteArrayOutputStream collected = new ByteArrayOutputStream();

    ByteBuffer bytes() {
        return ByteBuffer.wrap(collected.toByteArray());
    }

    @Override
    public int write(ByteBuffer source) {
        var chunk = new byte[source.remaining()];
        source.get(chunk);
        collected.writeBytes(chunk);
        return chunk.length;
    }

    @Override
    public long write(ByteBuffer[] sources) {
        return write(sources, 0, sources.length);
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) {
        long written = 0;
        for (int i = offset; i < offset + length; i++) {
            written += write(sources[i]);
        }
        return written;
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {
        // Memory only: nothing to give back.
    }
}

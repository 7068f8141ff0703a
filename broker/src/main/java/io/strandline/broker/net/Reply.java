package io.strandline.broker.net;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * One frame on its way to a client: its length, then parts in order. A part is bytes in memory or a slice of a file, which
 * goes to a plain socket without passing through the heap.
 *
 * <pre>
 *   int32 length | header | body ... (bytes or slices, alternating as the message has it)
 * </pre>
 */
public final class Reply {
    private static final int GATHERED_BUFFERS_MAX = 64;

    private final List<Part> parts;

    /** @param parts all of the frame including its length prefix; consumed by writing */
    public Reply(List<Part> parts) {
        this.parts = List.copyOf(parts);
    }

    /** A piece of a reply. */
    public sealed interface Part {
        /** Bytes in memory; position and limit bound them. */
        record Bytes(ByteBuffer buffer) implements Part {}

        /** Bytes somewhere else. */
        non-sealed interface Slice extends Part {
            /** Bytes in the slice. */
            long length();

            /**
             * Sends bytes of the slice to the channel.
             *
             * @param from first byte, relative to the slice
             * @return how many were sent, at least one for a blocking channel
             */
            long transferTo(long from, GatheringByteChannel channel) throws IOException;
        }
    }

    /** Writes replies one after the other, neighbouring bytes in one call. Blocks until the channel has taken everything. */
    static void write(List<Reply> replies, GatheringByteChannel channel) throws IOException {
        var gathered = new ArrayList<ByteBuffer>();
        for (var reply : replies) {
            for (var part : reply.parts) {
                switch (part) {
                    case Part.Bytes bytes -> {
                        gathered.add(bytes.buffer());
                        if (gathered.size() == GATHERED_BUFFERS_MAX) {
                            flush(gathered, channel);
                        }
                    }
                    case Part.Slice slice -> {
                        flush(gathered, channel);
                        send(slice, channel);
                    }
                }
            }
        }
        flush(gathered, channel);
    }

    /** The frame as one buffer, length prefix included; for tests and for transports that encrypt. */
    public ByteBuffer toBuffer() throws IOException {
        var sink = new BufferChannel();
        write(List.of(this), sink);
        return sink.bytes();
    }

    private static void flush(List<ByteBuffer> gathered, GatheringByteChannel channel) throws IOException {
        if (gathered.isEmpty()) {
            return;
        }
        var buffers = gathered.toArray(ByteBuffer[]::new);
        gathered.clear();
        int first = 0;
        while (first < buffers.length) {
            if (buffers[first].hasRemaining()) {
                channel.write(buffers, first, buffers.length - first);
            } else {
                first++;
            }
        }
    }

    private static void send(Part.Slice slice, GatheringByteChannel channel) throws IOException {
        long sent = 0;
        while (sent < slice.length()) {
            long count = slice.transferTo(sent, channel);
            if (count <= 0) {
                throw new IOException("A slice of " + slice.length() + " bytes ended after " + sent
                        + ": the file is shorter than the log says");
            }
            sent += count;
        }
    }
}

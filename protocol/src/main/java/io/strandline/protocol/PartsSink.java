package io.strandline.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Writes into one buffer of exactly the counted size and cuts it where a payload comes between.
 *
 * <pre>
 * buffer   | length, header, body up to here | body after it |
 * parts    [ slice of it,             payload, slice of it   ]
 * </pre>
 */
final class PartsSink extends ByteSink {
    private final ByteBuffer buffer;
    private final List<Payload> parts = new ArrayList<>(3);
    private int cut; // what lies before is in the parts already

    private PartsSink(int copiedBytes) {
        buffer = ByteBuffer.allocate(copiedBytes);
    }

    /** Runs the writing twice: to count, and to write. */
    static List<Payload> write(Consumer<ByteSink> writing) {
        var count = new CountingSink();
        writing.accept(count);
        return write(count.copied(), writing);
    }

    static List<Payload> write(int copiedBytes, Consumer<ByteSink> writing) {
        var sink = new PartsSink(copiedBytes);
        writing.accept(sink);
        return sink.finish();
    }

    private List<Payload> finish() {
        if (buffer.hasRemaining()) {
            throw new IllegalStateException(
                    "A message became " + buffer.remaining() + " bytes smaller while it was written");
        }
        cut();
        return parts;
    }

    private void cut() {
        if (buffer.position() > cut) {
            parts.add(new Payload.Bytes(buffer.slice(cut, buffer.position() - cut)));
            cut = buffer.position();
        }
    }

    @Override
    public void int8(byte value) {
        buffer.put(value);
    }

    @Override
    public void int16(short value) {
        buffer.putShort(value);
    }

    @Override
    public void int32(int value) {
        buffer.putInt(value);
    }

    @Override
    public void int64(long value) {
        buffer.putLong(value);
    }

    @Override
    void text(String value) {
        buffer.put(value.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    void raw(ByteBuffer value) {
        buffer.put(value.duplicate());
    }

    @Override
    void payload(Payload value) {
        if (value.length() > 0) {
            cut();
            parts.add(value);
        }
    }
}

package io.strandline.protocol;

import java.nio.ByteBuffer;

/** Keeps nothing but the number of bytes: those to copy, and those of payloads, which stay where they are. */
public final class CountingSink extends ByteSink {
    private long copied;
    private long payload;

    public CountingSink() {}

    /**
     * All bytes.
     *
     * @throws IllegalStateException if there are more than a frame can hold
     */
    public int total() {
        long total = copied + payload;
        if (total > Integer.MAX_VALUE) {
            throw new IllegalStateException("A message of " + total + " bytes is more than a frame can hold");
        }
        return (int) total;
    }

    /** Bytes that are not part of a payload. */
    int copied() {
        return total() - (int) payload;
    }

    @Override
    public void int8(byte value) {
        copied += 1;
    }

    @Override
    public void int16(short value) {
        copied += 2;
    }

    @Override
    public void int32(int value) {
        copied += 4;
    }

    @Override
    public void int64(long value) {
        copied += 8;
    }

    @Override
    void text(String value) {
        copied += utf8Length(value);
    }

    @Override
    void raw(ByteBuffer value) {
        copied += value.remaining();
    }

    @Override
    void payload(Payload value) {
        payload += value.length();
    }
}

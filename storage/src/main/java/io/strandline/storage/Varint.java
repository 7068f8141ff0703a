package io.strandline.storage;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/** Numbers of variable length as inside records: zig-zag, seven bits a byte, lowest first (as in Protocol Buffers). */
final class Varint {
    private Varint() {}

    /** @throws InvalidBatch if there is no such number at the buffer's position */
    static int readInt(ByteBuffer from) throws InvalidBatch {
        long value = readLong(from);
        if (value != (int) value) {
            throw new InvalidBatch(StorageError.INVALID_RECORD, "A 32-bit number in a record is " + value + ".");
        }
        return (int) value;
    }

    /** @throws InvalidBatch if there is no such number at the buffer's position */
    static long readLong(ByteBuffer from) throws InvalidBatch {
        long zigzag = 0;
        try {
            for (int shift = 0; shift < 70; shift += 7) {
                byte next = from.get();
                zigzag |= (long) (next & 0x7f) << shift;
                if (next >= 0) {
                    return (zigzag >>> 1) ^ -(zigzag & 1);
                }
            }
        } catch (BufferUnderflowException e) {
            throw new InvalidBatch(StorageError.INVALID_RECORD, "A record ends inside a number.");
        }
        throw new InvalidBatch(StorageError.INVALID_RECORD, "A number in a record has more than ten bytes.");
    }

    static void write(ByteBuffer to, long value) {
        long zigzag = (value << 1) ^ (value >> 63);
        while ((zigzag & ~0x7fL) != 0) {
            to.put((byte) (zigzag | 0x80));
            zigzag >>>= 7;
        }
        to.put((byte) zigzag);
    }

    static int size(long value) {
        long zigzag = (value << 1) ^ (value >> 63);
        return (70 - Long.numberOfLeadingZeros(zigzag | 1)) / 7; // bits, rounded up to whole sevens
    }
}

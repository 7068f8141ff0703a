package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one file of a {@link MemoryDisk}, in chunks. Writers take turns; readers take no lock. A chunk is as long
 * as what was written in it (so that ten thousand small files cost little), or absent where there are only zeros.
 */
final class MemoryFile {
    private static final int CHUNK_SIZE = 64 * 1024;
    private static final int CHUNK_SIZE_MIN = 512;
    private static final byte[] ZEROS = new byte[CHUNK_SIZE];

    private final ReentrantLock writing = new ReentrantLock();
    private final MemorySpace space;
    private volatile AtomicReferenceArray<byte @Nullable []> chunks = new AtomicReferenceArray<>(1);
    private volatile long size;
    private long taken;
    private boolean released;

    MemoryFile(MemorySpace space) {
        this.space = space;
    }

    long size() {
        return size;
    }

    void write(long position, ByteBuffer source) throws IOException {
        writing.lock();
        try {
            while (source.hasRemaining()) {
                int from = (int) (position % CHUNK_SIZE);
                int length = Math.min(source.remaining(), CHUNK_SIZE - from);
                writeChunk((int) (position / CHUNK_SIZE), from, source, length);
                position += length;
                // Behind the bytes: a reader who sees the size sees what it covers.
                size = Math.max(size, position);
            }
        } finally {
            writing.unlock();
        }
    }

    int read(long position, ByteBuffer target) {
        int wanted = (int) Math.max(0, Math.min(target.remaining(), size - position));
        int left = wanted;
        while (left > 0) {
            var part = part(position, left);
            left -= part.remaining();
            position += part.remaining();
            target.put(part);
        }
        return wanted;
    }

    long transferTo(long position, long count, WritableByteChannel channel) throws IOException {
        long end = Math.min(position + Math.min(count, Long.MAX_VALUE - position), size);
        long at = position;
        while (at < end) {
            var part = part(at, end - at);
            at += channel.write(part);
            if (part.hasRemaining()) {
                break;
            }
        }
        return Math.max(0, at - position);
    }

    void truncate(long newSize) {
        writing.lock();
        try {
            if (newSize < size) {
                size = newSize;
                int first = (int) (newSize / CHUNK_SIZE);
                cut(first, (int) (newSize % CHUNK_SIZE));
                for (int index = first + 1; index < chunks.length(); index++) {
                    cut(index, 0);
                }
            }
        } finally {
            writing.unlock();
        }
    }

    /** The file has lost its name: what it holds no longer counts, though who has it open can use it. */
    void release() {
        writing.lock();
        try {
            space.giveBack(taken);
            released = true;
        } finally {
            writing.unlock();
        }
    }

    private void writeChunk(int index, int from, ByteBuffer source, int length) throws DiskFull {
        grow(index + 1);
        var chunk = chunks.get(index);
        if (chunk == null && source.slice(source.position(), length).mismatch(ByteBuffer.wrap(ZEROS, 0, length)) < 0) {
            source.position(source.position() + length);
            return;
        }
        var target = chunk == null || chunk.length < from + length ? longer(chunk, from + length) : chunk;
        source.get(target, from, length);
        chunks.set(index, target);
    }

    private byte[] longer(byte @Nullable [] chunk, int needed) throws DiskFull {
        int before = chunk == null ? 0 : chunk.length;
        int after = Math.min(CHUNK_SIZE, Math.max(CHUNK_SIZE_MIN, Integer.highestOneBit(needed - 1) << 1));
        take(after - before);
        return chunk == null ? new byte[after] : Arrays.copyOf(chunk, after);
    }

    /** Readers may be in the chunk: it is replaced, not changed. */
    private void cut(int index, int kept) {
        var chunk = index < chunks.length() ? chunks.get(index) : null;
        if (chunk != null && chunk.length > kept) {
            chunks.set(index, kept == 0 ? null : Arrays.copyOf(chunk, kept));
            giveBack(chunk.length - kept);
        }
    }

    private void take(long bytes) throws DiskFull {
        if (!released) {
            space.take(bytes);
            taken += bytes;
        }
    }

    private void giveBack(long bytes) {
        if (!released) {
            space.giveBack(bytes);
            taken -= bytes;
        }
    }

    private void grow(int count) {
        if (count > chunks.length()) {
            var larger = new AtomicReferenceArray<byte @Nullable []>(Math.max(count, chunks.length() * 2));
            for (int index = 0; index < chunks.length(); index++) {
                larger.set(index, chunks.get(index));
            }
            chunks = larger;
        }
    }

    /** What can be had in one piece of the next {@code length} bytes, at least one. */
    private ByteBuffer part(long position, long length) {
        int index = (int) (position / CHUNK_SIZE);
        int from = (int) (position % CHUNK_SIZE);
        var table = chunks;
        var chunk = index < table.length() ? table.get(index) : null;
        if (chunk == null || from >= chunk.length) {
            return ByteBuffer.wrap(ZEROS, from, (int) Math.min(length, CHUNK_SIZE - from))
                    .slice();
        }
        return ByteBuffer.wrap(chunk, from, (int) Math.min(length, chunk.length - from))
                .slice();
    }
}

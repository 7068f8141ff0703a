package io.strandline.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An open file of a {@link FileDisk}. Calls that are under way keep it open: {@link #close} lets no new ones begin and
 * waits for them, because a channel closed under a transfer fails it, and its number could be another file's by then.
 */
final class ChannelFile implements DiskFile {
    /**
     * Java copies buffers on the heap to direct ones of the same length and keeps those for the thread: so they go in
     * pieces.
     */
    private static final int HEAP_PIECE_SIZE = 1 << 20;

    private final Path path;
    private final FileChannel channel;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    private final ReentrantLock gathering = new ReentrantLock();
    private int running;
    private boolean closing;

    ChannelFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    @Override
    public void write(long position, ByteBuffer... buffers) throws IOException {
        use(() -> {
            long at = position;
            int next = 0;
            while (next < buffers.length) {
                int end = endOfRun(buffers, next);
                at = end - next == 1 ? writeAlone(at, buffers[next]) : writeTogether(at, buffers, next, end - next);
                next = end;
            }
            return at;
        });
    }

    @Override
    public int read(long position, ByteBuffer target) throws IOException {
        return use(() -> {
            int start = target.position();
            int limit = target.limit();
            try {
                while (target.position() < limit) {
                    target.limit(pieceEnd(target, limit));
                    int count = channel.read(target, position + target.position() - start);
                    if (count < 0) {
                        break;
                    }
                }
            } finally {
                target.limit(limit);
            }
            return target.position() - start;
        });
    }

    @Override
    public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
        return use(() -> channel.transferTo(position, count, target));
    }

    @Override
    public void force() throws IOException {
        use(() -> {
            channel.force(false);
            return true;
        });
    }

    @Override
    public void truncate(long size) throws IOException {
        use(() -> channel.truncate(size));
    }

    @Override
    public long size() throws IOException {
        return use(channel::size);
    }

    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            closing = true;
            while (running > 0) {
                idle.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
        DiskTrouble.explained(path, () -> {
            channel.close();
            return true;
        });
    }

    /** Small buffers side by side go in one call of the system; at most so many that heap buffers stay one piece. */
    private static int endOfRun(ByteBuffer[] buffers, int first) {
        long length = buffers[first].remaining();
        int end = first + 1;
        while (end < buffers.length && length + buffers[end].remaining() <= HEAP_PIECE_SIZE) {
            length += buffers[end++].remaining();
        }
        return end;
    }

    /** The system may take fewer bytes than it is given; that the disk is full shows only at the next try. */
    private long writeAlone(long position, ByteBuffer buffer) throws IOException {
        int limit = buffer.limit();
        long at = position;
        while (buffer.position() < limit) {
            buffer.limit(pieceEnd(buffer, limit));
            at += channel.write(buffer, at);
            buffer.limit(limit);
        }
        return at;
    }

    /** Java gathers only at the channel's own position, which nobody else uses. */
    private long writeTogether(long position, ByteBuffer[] buffers, int first, int count) throws IOException {
        long end = position;
        for (int index = first; index < first + count; index++) {
            end += buffers[index].remaining();
        }
        gathering.lock();
        try {
            channel.position(position);
            for (long at = position; at < end; ) {
                at += channel.write(buffers, first, count);
            }
        } finally {
            gathering.unlock();
        }
        return end;
    }

    private static int pieceEnd(ByteBuffer buffer, int limit) {
        return buffer.isDirect() ? limit : Math.min(limit, buffer.position() + HEAP_PIECE_SIZE);
    }

    private <T> T use(DiskTrouble.Call<T> call) throws IOException {
        enter();
        try {
            return DiskTrouble.explained(path, call);
        } finally {
            leave();
        }
    }

    private void enter() throws ClosedChannelException {
        lock.lock();
        try {
            if (closing) {
                throw new ClosedChannelException();
            }
            running++;
        } finally {
            lock.unlock();
        }
    }

    private void leave() {
        lock.lock();
        try {
            if (--running == 0 && closing) {
                idle.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }
}

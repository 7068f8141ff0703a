package io.strandline.broker.net;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what a client sends into requests.
 *
 * <pre>
 *   int32 length (of what follows) | int16 API key | int16 version | int32 correlation id | ...
 * </pre>
 *
 * <p>A length is a claim of a stranger: it is checked, then room is asked for (W17), then memory is taken as bytes really
 * arrive. So many half-sent huge requests cost what was sent of them, not what was announced.
 *
 * <p>Used by one thread, the connection's reader; only {@link #abandon} may come from another.
 */
final class Frames {
    /** API key, version and correlation id: no request is shorter. */
    static final int LENGTH_MIN = 8;

    private static final int INBOX_BYTES = 16 * 1024;
    private static final int FIRST_BODY_BYTES = 1024 * 1024;
    /** The JDK copies heap buffers through a direct buffer of the same size for each thread; this keeps that small. */
    private static final int READ_BYTES_MAX = 128 * 1024;

    private final ReadableByteChannel channel;
    private final int lengthMax;
    private final RequestMemory memory;
    private final Progress progress;
    private final ByteBuffer inbox = ByteBuffer.allocate(INBOX_BYTES).limit(0);
    private volatile RequestMemory.@Nullable Claim claim;
    private volatile boolean abandoned;

    /** Told about everything that arrives, so that silence can be noticed. */
    interface Progress {
        /**
         * A request has begun.
         *
         * @param length its length, when there is room for it; 0 before
         */
        void begun(int length);

        /** Bytes have arrived. */
        void moved();

        /** The request is complete. */
        void ended();
    }

    Frames(ReadableByteChannel channel, int lengthMax, RequestMemory memory, Progress progress) {
        this.channel = channel;
        this.lengthMax = (int) Math.min(lengthMax, memory.limitBytes());
        this.memory = memory;
        this.progress = progress;
    }

    /**
     * Waits for the next request.
     *
     * @return null when the client has hung up between two requests, or {@link #abandon} was called
     * @throws BadFrame when what arrives is no request
     * @throws EOFException when the client hung up within a request
     */
    @Nullable
    Frame next() throws IOException {
        if (!fillInbox(Integer.BYTES)) {
            return null;
        }
        int length = inbox.getInt(inbox.position());
        check(length);
        inbox.position(inbox.position() + Integer.BYTES);
        var room = claim(length);
        if (room == null) {
            return null;
        }
        progress.begun(length);
        boolean complete = false;
        try {
            var body = readBody(length);
            complete = true;
            progress.ended();
            return new Frame(body, room);
        } finally {
            if (!complete) {
                room.release();
            }
        }
    }

    /** Ends the wait for memory; the connection is closing. */
    void abandon() {
        abandoned = true;
        var waiting = claim;
        if (waiting != null) {
            waiting.release();
        }
    }

    private RequestMemory.@Nullable Claim claim(int length) {
        var asked = memory.claim(length);
        claim = asked;
        if (abandoned) { // looked at after the claim can be seen: one of the two sides releases it
            asked.release();
        }
        boolean held = asked.await();
        claim = null; // from here on the request owns it
        return held ? asked : null;
    }

    private ByteBuffer readBody(int length) throws IOException {
        var body = new byte[Math.min(length, FIRST_BODY_BYTES)];
        int filled = Math.min(length, inbox.remaining());
        inbox.get(body, 0, filled);
        while (filled < length) {
            if (filled == body.length) {
                body = Arrays.copyOf(body, (int) Math.min(length, 2L * body.length));
            }
            int count = channel.read(ByteBuffer.wrap(body, filled, Math.min(body.length - filled, READ_BYTES_MAX)));
            if (count < 0) {
                throw new EOFException("The client hung up after " + filled + " of " + length + " bytes of a request");
            }
            progress.moved();
            filled += count;
        }
        return ByteBuffer.wrap(body);
    }

    /** False when the stream ends before the first of these bytes. */
    private boolean fillInbox(int bytes) throws IOException {
        if (inbox.remaining() >= bytes) {
            return true;
        }
        inbox.compact();
        try {
            while (inbox.position() < bytes) {
                if (inbox.position() > 0) {
                    progress.begun(0); // a request is under way, however little of it is there
                }
                if (channel.read(inbox) < 0) {
                    if (inbox.position() == 0) {
                        return false;
                    }
                    throw new EOFException("The client hung up within the length of a request");
                }
                progress.moved();
            }
        } finally {
            inbox.flip();
        }
        progress.ended(); // from here on it may be us for whom it waits
        return true;
    }

    private void check(int length) throws BadFrame {
        if (length >= LENGTH_MIN && length <= lengthMax) {
            return;
        }
        if (length >>> 16 == 0x1603) {
            throw new BadFrame("These are the first bytes of a TLS handshake, but this is a plaintext listener:"
                    + " set the client's security.protocol to PLAINTEXT, or use the TLS listener");
        }
        if (looksLikeHttp(length)) {
            throw new BadFrame("This is an HTTP request, but this port speaks the Kafka protocol:"
                    + " use a Kafka client, or the port of the console");
        }
        if (length < 0) {
            throw new BadFrame("A request of negative length (" + length
                    + ") was announced: this is no Kafka client, or its stream is damaged");
        }
        if (length < LENGTH_MIN) {
            throw new BadFrame("A request of " + length + " bytes was announced; the shortest has " + LENGTH_MIN
                    + ": this is no Kafka client");
        }
        throw new BadFrame("A request of " + length + " bytes was announced, more than the " + lengthMax
                + " allowed: send smaller batches, or raise socket.request.max.bytes (and queued.max.request.bytes)");
    }

    private static boolean looksLikeHttp(int firstFourBytes) {
        var text = new String(
                ByteBuffer.allocate(Integer.BYTES).putInt(firstFourBytes).array(), StandardCharsets.ISO_8859_1);
        return switch (text) {
            case "GET ", "POST", "PUT ", "HEAD", "DELE", "OPTI", "PATC", "CONN", "PRI " -> true;
            default -> false;
        };
    }
}

package io.strandline.conformance;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The only way from one client to a broker, so that a test can take it away. What the broker says of its own address is
 * changed into ours, which is as long. A client whose wire is cut for good is, for everybody else, a machine without
 * power: it says no good-bye and nothing of it arrives any more.
 */
final class Wire implements AutoCloseable {
    /** As brokers have it by default. */
    private static final int FRAME_MAX = 100 * 1024 * 1024;

    private static final byte[] HOST = "127.0.0.1".getBytes(StandardCharsets.UTF_8);

    private final ServerSocket server;
    private final int brokerPort;
    private final byte[] told;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

    /** Guards what follows. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition();
    private boolean frozen;
    private boolean closed;

    /** @param broker {@code 127.0.0.1:port} */
    Wire(String broker) {
        try {
            server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        brokerPort = Integer.parseInt(broker.substring(broker.indexOf(':') + 1));
        told = address(brokerPort);
        Thread.ofVirtual().name("wire").start(this::accept);
    }

    String address() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    private static byte[] address(int port) {
        return ByteBuffer.allocate(HOST.length + Integer.BYTES)
                .put(HOST)
                .putInt(port)
                .array();
    }

    /** From now on nothing arrives on either side, and nobody is told. */
    void freeze() {
        set(true);
    }

    /** What was under way goes on. */
    void thaw() {
        set(false);
    }

    private void set(boolean freeze) {
        lock.lock();
        try {
            frozen = freeze;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Hangs up; the client may call again. */
    void drop() {
        sockets.forEach(Wire::close);
    }

    /** Cuts it for good. When this returns, nothing of the client arrives any more. */
    @Override
    public void close() {
        close(server);
        drop(); // Frees who holds the lock while it writes.
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        drop();
    }

    private void accept() {
        try {
            while (true) {
                var client = server.accept();
                Thread.ofVirtual().name("wire").start(() -> connect(client));
            }
        } catch (IOException e) {
            // Cut.
        }
    }

    private void connect(Socket client) {
        var broker = new Socket();
        sockets.add(client);
        sockets.add(broker);
        try {
            broker.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), brokerPort));
            broker.setTcpNoDelay(true);
            client.setTcpNoDelay(true);
            Thread.ofVirtual().name("wire").start(() -> pump(client, broker, false));
            pump(broker, client, true);
        } catch (IOException e) {
            // The broker is down: the client hears the same as without us.
        } finally {
            hangUp(client, broker);
        }
    }

    /** Frame by frame: a length of four bytes, and so many more. */
    private void pump(Socket from, Socket to, boolean replies) {
        try {
            var in = new DataInputStream(from.getInputStream());
            var out = new DataOutputStream(to.getOutputStream());
            while (true) {
                var frame = new byte[length(in)];
                in.readFully(frame);
                if (replies) {
                    rename(frame);
                }
                pass(out, frame);
            }
        } catch (IOException e) {
            // One of them has hung up, and so do we.
        } finally {
            hangUp(from, to);
        }
    }

    /** A client in trouble also tries whether the port speaks TLS; as a length, its hello is 369 MB. */
    private static int length(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > FRAME_MAX) {
            throw new IOException("not a frame of Kafka's protocol: " + length + " bytes");
        }
        return length;
    }

    private void pass(DataOutputStream out, byte[] frame) throws IOException {
        lock.lock();
        try {
            while (frozen && !closed) {
                changed.awaitUninterruptibly();
            }
            if (closed) {
                throw new IOException("cut");
            }
            out.writeInt(frame.length); // Under the lock, so that nothing arrives after a cut; the kernel's buffers are
            // larger.
            out.write(frame);
            out.flush();
        } finally {
            lock.unlock();
        }
    }

    private void rename(byte[] frame) {
        var ours = address(server.getLocalPort());
        for (int at = 0; at + told.length <= frame.length; at++) {
            if (Arrays.equals(frame, at, at + told.length, told, 0, told.length)) {
                System.arraycopy(ours, 0, frame, at, ours.length);
            }
        }
    }

    private void hangUp(Socket one, Socket other) {
        close(one);
        close(other);
        sockets.remove(one);
        sockets.remove(other);
    }

    private static void close(java.io.Closeable one) {
        try {
            one.close();
        } catch (IOException e) {
            // It is gone either way.
        }
    }
}

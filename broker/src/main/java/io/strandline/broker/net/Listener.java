package io.strandline.broker.net;

import io.strandline.storage.Time;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Accepts connections at one address and looks after them: how many there may be, which have fallen silent, and how they end
 * when the broker stops.
 */
public final class Listener implements AutoCloseable {
    private static final int BACKLOG = 128;

    /** The system frees the port when the thread that accepts has come back from its call, not when the channel is closed. */
    private static final Duration PORT_FREED_ATMOST = Duration.ofSeconds(5);

    private static final long LOOK_NANOS_MAX = TimeUnit.SECONDS.toNanos(1);
    private static final System.Logger LOG = System.getLogger("io.strandline.broker");

    private final ServerSocketChannel server;
    private final InetSocketAddress address;
    private final Shared shared;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Set<Connection> connections = new LinkedHashSet<>();
    private final Map<InetAddress, Integer> perAddress = new HashMap<>();
    private final AtomicLong accepted = new AtomicLong();
    private final Thread acceptor;
    private boolean closed;

    /** What all connections of a listener use together. */
    public record Shared(
            NetSettings settings,
            RequestStarter requests,
            RequestMemory memory,
            ConnectionThreads threads,
            Complaints complaints,
            Time time) {}

    private Listener(ServerSocketChannel server, Shared shared) throws IOException {
        this.server = server;
        this.address = (InetSocketAddress) server.getLocalAddress();
        this.shared = shared;
        this.acceptor = Thread.ofPlatform()
                .daemon()
                .name("strandline-accept-" + address.getPort())
                .unstarted(this::accept);
    }

    /**
     * Binds and begins to accept.
     *
     * @param address port 0 takes any free one, see {@link #address}
     * @throws IOException when the address cannot be bound
     */
    public static Listener open(InetSocketAddress address, Shared shared) throws IOException {
        var server = ServerSocketChannel.open();
        try {
            server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            server.bind(address, BACKLOG);
            var listener = new Listener(server, shared);
            listener.acceptor.start();
            Thread.ofPlatform()
                    .daemon()
                    .name("strandline-idle-" + listener.address.getPort())
                    .start(listener::lookForSilence);
            return listener;
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /** Where it listens, with the real port. */
    public InetSocketAddress address() {
        return address;
    }

    /** Connections that are open now. */
    public int connections() {
        lock.lock();
        try {
            return connections.size();
        } finally {
            lock.unlock();
        }
    }

    /** Hangs up on everyone; goes on accepting. */
    public void dropConnections() {
        snapshot().forEach(Connection::close);
    }

    /** Accepts nothing more, lets connections finish what they owe, and hangs up on the rest when the time is up. */
    public void close(Duration drain) {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            server.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "Closing " + address + ": " + e);
        }
        awaitPortFreed();
        snapshot().forEach(Connection::stop);
        awaitNoConnection(drain);
        snapshot().forEach(Connection::close);
        awaitNoConnection(Duration.ofSeconds(1));
    }

    /** Whoever starts a broker anew right after this finds its port free. */
    private void awaitPortFreed() {
        try {
            acceptor.join(PORT_FREED_ATMOST);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the caller is in a hurry
        }
    }

    @Override
    public void close() {
        close(Duration.ofSeconds(5));
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                welcome(server.accept());
            } catch (ClosedChannelException e) {
                return; // the listener was closed
            } catch (IOException | RuntimeException | Error e) {
                // Without this thread nobody could connect any more, and nobody would be told: it goes on, whatever it
                // was.
                shared.complaints.warn(
                        "accept",
                        "Accepting a connection at " + address + " failed: " + e
                                + ". If there are too many open files or threads, raise the limits (ulimit -n, ulimit -u)"
                                + " or lower max.connections");
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100)); // else a full file table makes this a spin
            }
        }
    }

    private void welcome(SocketChannel socket) throws IOException {
        try {
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
            socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            var remote = (InetSocketAddress) socket.getRemoteAddress();
            var local = (InetSocketAddress) socket.getLocalAddress();
            if (remote == null || local == null || !admit(remote.getAddress())) {
                socket.close();
                return;
            }
            begin(socket, new Session(address.getPort() + "-" + accepted.incrementAndGet(), remote, local));
        } catch (IOException e) {
            socket.close(); // gone before it was looked at
            LOG.log(System.Logger.Level.DEBUG, () -> "A connection ended at once: " + e);
        }
    }

    private void begin(SocketChannel socket, Session session) {
        var connection = new Connection(
                socket, session, shared, ended -> forget(ended, session.remote().getAddress()));
        lock.lock();
        try {
            if (closed) {
                connection.close();
                return;
            }
            connections.add(connection);
        } finally {
            lock.unlock();
        }
        boolean started = false;
        try {
            shared.threads.start("strandline-reader-" + session.id(), connection::run);
            started = true;
        } finally {
            if (!started) {
                connection.close();
                forget(connection, session.remote().getAddress());
            }
        }
    }

    private boolean admit(InetAddress from) {
        lock.lock();
        try {
            int fromThere = perAddress.getOrDefault(from, 0);
            if (connections.size() >= shared.settings.connectionsMax()) {
                shared.complaints.warn(
                        "max.connections",
                        "A connection from " + from.getHostAddress()
                                + " was refused: " + connections.size() + " are open, the limit is max.connections="
                                + shared.settings.connectionsMax());
                return false;
            }
            if (fromThere >= shared.settings.connectionsPerAddressMax()) {
                shared.complaints.warn(
                        "max.connections.per.ip " + from,
                        "A connection from "
                                + from.getHostAddress() + " was refused: " + fromThere
                                + " are open from there, the limit is max.connections.per.ip="
                                + shared.settings.connectionsPerAddressMax());
                return false;
            }
            perAddress.put(from, fromThere + 1);
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void forget(Connection connection, InetAddress from) {
        lock.lock();
        try {
            if (connections.remove(connection)) {
                perAddress.computeIfPresent(from, (address, count) -> count == 1 ? null : count - 1);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void lookForSilence() {
        long idleNanos = shared.settings.idleMax().toNanos();
        long patienceNanos = shared.settings.requestPatience().toNanos();
        long pauseNanos = Math.max(1_000_000, Math.min(LOOK_NANOS_MAX, Math.min(idleNanos, patienceNanos) / 4));
        while (awaitClosed(pauseNanos)) {
            long now = shared.time.nanos();
            snapshot().forEach(connection -> connection.closeIfSilent(now, idleNanos));
        }
    }

    /** False: closed. */
    private boolean awaitClosed(long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (!closed && left > 0) {
                left = changed.awaitNanos(left);
            }
            return !closed;
        } catch (InterruptedException e) {
            return false; // this thread does nothing else and touches no file
        } finally {
            lock.unlock();
        }
    }

    private void awaitNoConnection(Duration limit) {
        lock.lock();
        try {
            long left = limit.toNanos();
            while (!connections.isEmpty() && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the caller is in a hurry: hang up at once
        } finally {
            lock.unlock();
        }
    }

    private List<Connection> snapshot() {
        lock.lock();
        try {
            return List.copyOf(connections);
        } finally {
            lock.unlock();
        }
    }
}

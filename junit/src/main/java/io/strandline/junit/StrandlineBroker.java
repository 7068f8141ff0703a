package io.strandline.junit;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.Disk;
import io.strandline.storage.FileDisk;
import io.strandline.storage.MemoryDisk;
import io.strandline.storage.Time;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A broker in this JVM that a test can kill, restart, and have fail. It keeps its address and its data over restarts. Made by
 * {@link StrandlineTest @StrandlineTest}, or by hand. Safe for use by all threads.
 */
public final class StrandlineBroker implements AutoCloseable {
    // Below the range that the kernel gives to outgoing connections: a client that tries to connect while we are down
    // could otherwise get our port as its own, and keep it.
    private static final int PORT_MIN = 20_000;
    private static final int PORT_MAX = 32_000;
    private static final int PORT_ATTEMPTS = 100;

    /** Small: it is made at each first start, and a test writes little. */
    private static final long JOURNAL_BYTES = 4L << 20;

    private final BrokerConfig config;
    private final Disk disk;
    private final Faults faults = new Faults();
    private final Sloth sloth = new Sloth();
    private final ReentrantLock lock = new ReentrantLock();
    private final int port;
    private @Nullable Life life;

    /** From a start to a stop or a kill. */
    private record Life(Broker broker, MortalDisk disk, FaultyRequests requests) {}

    private StrandlineBroker(BrokerConfig config, Disk disk) throws IOException {
        this.config = config.isGiven(BrokerConfig.JOURNAL_BYTES)
                ? config
                : config.with(BrokerConfig.JOURNAL_BYTES, JOURNAL_BYTES);
        this.disk = disk;
        life = firstLife();
        port = life.broker.address().getPort();
    }

    /** Starts one whose data is on the heap. */
    public static StrandlineBroker inMemory() {
        return inMemory(BrokerConfig.defaults());
    }

    /**
     * See {@link #inMemory()}.
     *
     * @param config its listeners, directory and durability do not matter
     */
    public static StrandlineBroker inMemory(BrokerConfig config) {
        return start(config, MemoryDisk::new);
    }

    /** Starts one whose data is in this directory, forced to the disk unless the configuration says otherwise. */
    public static StrandlineBroker in(Path directory) {
        return in(directory, BrokerConfig.defaults());
    }

    /** See {@link #in(Path)}. */
    public static StrandlineBroker in(Path directory, BrokerConfig config) {
        return start(config.directory(directory), () -> new FileDisk(directory));
    }

    @FunctionalInterface
    private interface Opening {
        Disk open() throws IOException;
    }

    private static StrandlineBroker start(BrokerConfig config, Opening disk) {
        try {
            return new StrandlineBroker(config, disk.open());
        } catch (IOException e) {
            throw new UncheckedIOException("The test's broker does not start: " + e.getMessage(), e);
        }
    }

    /** For a client's {@code bootstrap.servers}; the same over restarts. */
    public String bootstrapServers() {
        return "127.0.0.1:" + port;
    }

    /** What it answers instead of what it should. */
    public Faults faults() {
        return faults;
    }

    /** Hangs up on every client, in the middle of whatever it does. They may come back at once. */
    public void dropConnections() {
        lock.lock();
        try {
            running().broker.dropConnections();
        } finally {
            lock.unlock();
        }
    }

    /**
     * From now on, each force of the disk takes this much longer, and so does each acknowledgement. Zero ends it, also for
     * forces that are under way.
     */
    public void slowDisk(Duration eachForce) {
        sloth.set(eachForce);
    }

    /**
     * Ends the broker as the death of its process would: connections break, nothing more is written, nothing is forced,
     * nothing is marked as stopped in order. What was written is kept, as the operating system keeps it.
     */
    public void kill() {
        lock.lock();
        try {
            var dying = running();
            life = null;
            dying.requests.die();
            dying.disk.die();
            dying.broker.dropConnections();
            sloth.wake();
            closeDead(dying);
        } finally {
            lock.unlock();
        }
    }

    /** Stops the broker in order if it runs, then starts it on the same data at the same address. */
    public void restart() {
        lock.lock();
        try {
            close();
            life = life(port);
        } catch (IOException e) {
            throw new UncheckedIOException("The test's broker does not start again: " + e.getMessage(), e);
        } finally {
            lock.unlock();
        }
    }

    public boolean isRunning() {
        lock.lock();
        try {
            return life != null;
        } finally {
            lock.unlock();
        }
    }

    /** The one that runs now; another one after each restart. */
    public Broker broker() {
        lock.lock();
        try {
            return running().broker;
        } finally {
            lock.unlock();
        }
    }

    /** Stops in order. Does nothing when it does not run. */
    @Override
    public void close() {
        lock.lock();
        try {
            var ending = life;
            life = null;
            if (ending != null) {
                ending.broker.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The test's broker did not stop in order: " + e.getMessage(), e);
        } finally {
            lock.unlock();
        }
    }

    private Life running() {
        var now = life;
        if (now == null) {
            throw new IllegalStateException("The broker does not run: it was killed or closed, see restart()");
        }
        return now;
    }

    private Life firstLife() throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return life(freePort());
            } catch (IOException e) {
                if (!(e.getCause() instanceof BindException) || attempt == PORT_ATTEMPTS) {
                    throw e; // else somebody took the port just now
                }
            }
        }
    }

    private Life life(int port) throws IOException {
        var mortal = new MortalDisk(disk, sloth);
        var requests = new FaultyRequests(faults);
        var broker = Broker.start(config.port(port), mortal, Time.SYSTEM, UUID::randomUUID, requests::before);
        return new Life(broker, mortal, requests);
    }

    /** Lets go of threads, sockets and files. All that would still reach the disk fails. */
    private static void closeDead(Life dead) {
        try {
            dead.broker.close();
        } catch (IOException e) {
            // It could not say good-bye to its disk: that is what a kill is.
        } finally {
            dead.disk.release();
        }
    }

    private static int freePort() throws IOException {
        for (int attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(PORT_MIN, PORT_MAX);
            try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (IOException e) {
                // Taken: try another.
            }
        }
        throw new IOException("no free port between " + PORT_MIN + " and " + PORT_MAX + " on the loopback address");
    }
}

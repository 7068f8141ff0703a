package io.strandline.cli.demo;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.Disk;
import io.strandline.storage.Time;
import io.strandline.storage.simulation.PowerCut;
import io.strandline.storage.simulation.SimulatedDisk;
import java.io.IOException;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A broker in this process, on a disk in memory whose power can be cut: what was not forced is then lost, sector by sector, as
 * chance has it.
 */
final class PowerCutBroker implements DemoBroker {
    /** Small, because every cut copies it. */
    private static final long JOURNAL_BYTES = 4 << 20;

    /** A cut comes in the middle of one of the next operations of the disk. */
    private static final int OPERATIONS_AHEAD_MAX = 50;

    private static final long CUT_PATIENCE_NANOS = 200_000_000;

    private final Random random;
    private final UnaryOperator<Disk> wiring;
    private final int messageBytesMax;
    private final int port = Ports.free();
    private SimulatedDisk disk;
    private @Nullable Broker broker;
    private int cuts;

    /**
     * @param seed decides where cuts hit and what survives
     * @param wiring what the broker gets instead of the disk: the disk itself, or one that betrays it
     * @param messageBytesMax what the largest message takes
     */
    PowerCutBroker(long seed, UnaryOperator<Disk> wiring, int messageBytesMax) {
        this.messageBytesMax = messageBytesMax;
        this.random = new Random(seed);
        this.wiring = wiring;
        this.disk = new SimulatedDisk(random.nextLong());
    }

    @Override
    public String address() {
        return "127.0.0.1:" + port;
    }

    @Override
    public String description() {
        return "in this process on " + address() + ", on a simulated disk in memory";
    }

    @Override
    public void start() throws IOException {
        var config = BrokerConfig.defaults()
                .port(port)
                .with(BrokerConfig.JOURNAL_BYTES, JOURNAL_BYTES)
                .with(BrokerConfig.STOP_MS, 0L)
                .with("message.max.bytes", String.valueOf(messageBytesMax));
        broker = Broker.start(config, wiring.apply(disk), Time.SYSTEM, UUID::randomUUID);
    }

    @Override
    public void kill() {
        disk.crashAt(disk.operations() + random.nextInt(OPERATIONS_AHEAD_MAX));
        var deadline = System.nanoTime() + CUT_PATIENCE_NANOS;
        while (!disk.crashed() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(1_000_000);
        }
        disk.crashNow();
        letGo();
        disk = disk.afterPowerCut(random.nextLong());
        cuts++;
    }

    @Override
    public String killed() {
        return "Power cut " + cuts;
    }

    @Override
    public void close() throws IOException {
        if (broker != null) {
            broker.close();
        }
    }

    /** The broker without power: only its sockets and threads are left to clear away. */
    private void letGo() {
        try {
            close();
        } catch (PowerCut | IOException e) {
            // That is what a cut looks like from inside.
        }
    }
}

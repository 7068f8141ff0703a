package io.strandline.broker.life;

import io.strandline.protocol.ApiKey;
import io.strandline.protocol.Message;
import io.strandline.storage.LogId;
import io.strandline.storage.StoreConfig;
import io.strandline.storage.simulation.SimulatedDisk;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A broker and its clients, all by one seed; the broker is stopped, killed and cut off. During every operation of the disk the
 * power can fail: then another broker starts on what is left of the disk and is asked for everything that clients were told
 * until then.
 */
final class BrokerLife {
    /** At every operation the power fails once; less than this: that often. */
    static final double ALWAYS = 1.0;

    private final long seed;
    private final double cutChance;
    private final SplittableRandom cuts;
    private final List<Clients> clients = new ArrayList<>();
    private final List<Waiting> waiting = new ArrayList<>();
    private final StoreConfig config = StoreConfig.defaults()
            .withJournalBytes(64 * 1024)
            .withCheckpoint(16 * 1024, Duration.ofSeconds(10))
            .withIndexIntervalBytes(256);
    private SimulatedDisk disk;
    private SimulatedBroker broker;
    /** The first promise that was broken; thrown in the middle of the disk's work, it fails the store as well. */
    private @Nullable AssertionError broken;

    final SplittableRandom random;
    final ManualTime time = new ManualTime();

    long operations;
    long cutsTried;
    long killsTried;
    long restarts;

    /** Some of those who use the broker, and what they were told. */
    interface Clients {
        /** Asks for what must be there before anything else. */
        void begin() throws IOException;

        /** Does one thing. */
        void step();

        /** The broker has been started again; requests that were on their way will not be answered. */
        void brokerWasAway(boolean powerWasCut);

        /**
         * Holds a broker to what these clients were told.
         *
         * @param killed whether only the process had died, so what is only in the operating system must be there, too
         */
        void verify(SimulatedBroker broker, boolean killed) throws IOException;

        /** How often they were told something that must hold. */
        long told();
    }

    /** What a client does with an answer. */
    @FunctionalInterface
    interface Learn {
        void from(Message response);
    }

    private record Waiting(SimulatedBroker.Sent sent, Learn learn) {}

    /** @param cutChance how likely the power fails (in a world beside) during one operation of the disk */
    BrokerLife(long seed, double cutChance, List<Function<BrokerLife, Clients>> clients) throws IOException {
        this.seed = seed;
        this.cutChance = cutChance;
        this.random = new SplittableRandom(seed);
        this.cuts = new SplittableRandom(~seed);
        this.disk = watched(new SimulatedDisk(random.nextLong()));
        this.broker = start(disk);
        for (var make : clients) {
            var made = make.apply(this);
            made.begin();
            this.clients.add(made);
        }
    }

    void live(int steps) throws IOException {
        try {
            for (int step = 0; step < steps; step++) {
                step();
                listen();
            }
            broker.settle();
            listen();
            verify(broker, true);
            operations += disk.operations();
        } catch (AssertionError | IOException | RuntimeException e) {
            if (broken != null) {
                throw broken;
            }
            throw e;
        }
    }

    long told() {
        return clients.stream().mapToLong(Clients::told).sum();
    }

    // ---- for clients

    void send(ApiKey api, int version, Message request, Learn learn) {
        waiting.add(new Waiting(broker.send(api, version, request), learn));
    }

    <M extends Message> M ask(ApiKey api, int version, Message request, Class<M> response) throws IOException {
        return broker.ask(api, version, request, response);
    }

    /** Where a partition ends for its readers, as nobody outside can know it at the moment of a request. */
    long durableEnd(UUID topic, int partition) {
        return broker.store().log(new LogId(topic, partition)).view().durableEnd();
    }

    // ---- one step

    private void step() throws IOException {
        switch (random.nextInt(21)) {
            case 0, 1, 2, 3 -> broker.cycle();
            case 4 -> broker.checkpoint();
            case 5 -> time.advanceMs(random.nextLong(20_000));
            case 6 -> {
                if (random.nextInt(2) == 0) {
                    restart();
                }
            }
            default -> clients.get(random.nextInt(clients.size())).step();
        }
    }

    /** Everyone who has got an answer learns from it. */
    private void listen() throws IOException {
        for (var each : List.copyOf(waiting)) {
            if (each.sent().ready()) {
                waiting.remove(each);
                var response = each.sent().response();
                if (response.isPresent()) {
                    each.learn().from(response.get());
                }
            }
        }
    }

    // ---- trouble

    private void restart() throws IOException {
        restarts++;
        waiting.clear();
        long next = random.nextLong();
        int how = random.nextInt(3);
        boolean powerCut = how == 2;
        if (how == 0) {
            broker.close();
        }
        operations += disk.operations();
        disk = powerCut ? disk.afterPowerCut(next) : disk.afterProcessKill(next);
        for (var each : clients) {
            each.brokerWasAway(powerCut);
        }
        broker = start(watched(disk));
    }

    private SimulatedDisk watched(SimulatedDisk watched) {
        watched.onOperation(operation -> {
            if (cutChance < ALWAYS) {
                if (cuts.nextDouble() < cutChance) {
                    tryCut(watched, operation.toString(), cuts.nextInt(4) == 0);
                }
            } else {
                tryCut(watched, operation.toString(), false);
                if (cuts.nextInt(4) == 0) {
                    tryCut(watched, operation.toString(), true);
                }
            }
        });
        return watched;
    }

    private void tryCut(SimulatedDisk cut, String where, boolean killed) {
        long next = cuts.nextLong();
        try {
            verify(start(killed ? cut.afterProcessKill(next) : cut.afterPowerCut(next)), killed);
        } catch (AssertionError | IOException | RuntimeException e) {
            broken = new AssertionError(
                    (killed ? "after the death of the process" : "after a power cut") + " during " + where + ": "
                            + e.getMessage(),
                    e);
            throw broken;
        }
        if (killed) {
            killsTried++;
        } else {
            cutsTried++;
        }
    }

    private void verify(SimulatedBroker asked, boolean killed) throws IOException {
        for (var each : clients) {
            each.verify(asked, killed);
        }
    }

    private SimulatedBroker start(SimulatedDisk on) throws IOException {
        return new SimulatedBroker(on, config, time, () -> new UUID(cuts.nextLong(), cuts.nextLong()));
    }
}

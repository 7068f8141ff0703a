package io.strandline;

import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after clients that have no broker to talk to, and finds out why: kafka-clients goes on trying the addresses that
 * it was made with, without a word. When service discovery names others, it is made anew with those.
 */
final class Discovery implements Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Kafka.class);
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);

    private final Addresses addresses;
    private final Supplier<List<Client>> clients;
    private final Function<String, Diagnosis> diagnose;
    private final Time time;
    private final IdentityHashMap<Client, Diagnosis> diagnoses = new IdentityHashMap<>();
    private final IdentityHashMap<Object, Connectivity> watched = new IdentityHashMap<>();
    private final CountDownLatch closed = new CountDownLatch(1);

    /** Something that can be made anew with other addresses. */
    interface Client {
        /** Those of kafka-clients' clients behind it, by the name of their counters' group. */
        Map<Object, Counters> counters();

        String bootstrap();

        void moveTo(String bootstrap);

        /** Why no broker answers it, with what to do; empty: one does. */
        default void unreachable(Optional<String> why) {}
    }

    record Counters(String group, Map<MetricName, ? extends Metric> metrics) {}

    /** @param diagnose for the clients of these addresses */
    Discovery(Addresses addresses, Supplier<List<Client>> clients, Function<String, Diagnosis> diagnose, Time time) {
        this.diagnose = diagnose;
        this.addresses = addresses;
        this.clients = clients;
        this.time = time;
    }

    @Override
    public void run() {
        try {
            while (!closed.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                var all = clients.get();
                forgetAllBut(all);
                all.forEach(this::look);
            }
        } catch (InterruptedException e) {
            LOG.debug("Looking for brokers was interrupted", e); // nobody does that but a JVM that ends
        }
    }

    private void forgetAllBut(List<Client> all) {
        var there = Collections.newSetFromMap(new IdentityHashMap<Object, Boolean>());
        all.forEach(client -> there.addAll(client.counters().keySet()));
        watched.keySet().removeIf(one -> !there.contains(one));
        diagnoses.keySet().removeIf(one -> !all.contains(one));
    }

    private void look(Client client) {
        try {
            boolean silent = nobodyAnswers(client);
            tell(client, silent);
            if (silent && addresses.mayChange()) {
                var now = addresses.now();
                if (!Addresses.same(now, client.bootstrap())) {
                    LOG.info("No broker answers at {}; going on with {}", client.bootstrap(), now);
                    client.moveTo(now);
                }
            }
        } catch (RuntimeException e) {
            LOG.warn("Looking for other brokers than {} failed; trying again", client.bootstrap(), e);
        }
    }

    private void tell(Client client, boolean silent) {
        var diagnosis = diagnoses.computeIfAbsent(client, unused -> diagnose.apply(client.bootstrap()));
        diagnosis.watch(silent, time.nanoTime());
        client.unreachable(
                silent
                        ? Optional.of("no broker of " + client.bootstrap() + " can be reached"
                                + diagnosis.found().map(why -> ": " + why).orElse(""))
                        : Optional.empty());
    }

    private boolean nobodyAnswers(Client client) {
        long now = time.nanoTime();
        boolean silent = false;
        for (var each : client.counters().entrySet()) {
            var counters = each.getValue();
            var connectivity = watched.computeIfAbsent(
                    each.getKey(), unused -> new Connectivity(counters.metrics(), counters.group(), now));
            connectivity.sample(now);
            silent |= connectivity.unreachableFor(now).isPresent();
        }
        return silent;
    }

    @Override
    public void close() {
        closed.countDown();
    }
}

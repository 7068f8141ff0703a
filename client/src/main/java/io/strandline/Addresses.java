package io.strandline;

import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the cluster is looked for: a fixed list, or what service discovery says now. */
final class Addresses {
    private static final Logger LOG = LoggerFactory.getLogger(Kafka.class);

    private final Supplier<List<String>> source;
    private final boolean fixed;

    /** Guards the answer; held while the source is asked, which may take its time: askers have nothing to do before. */
    private final ReentrantLock lock = new ReentrantLock();

    private List<String> last = List.of();

    private Addresses(Supplier<List<String>> source, boolean fixed) {
        this.source = source;
        this.fixed = fixed;
    }

    static Addresses fixed(List<String> servers) {
        return new Addresses(() -> servers, true);
    }

    static Addresses asked(Supplier<List<String>> source) {
        return new Addresses(source, false);
    }

    boolean mayChange() {
        return !fixed;
    }

    /**
     * Asks. A source that fails or knows nothing leaves the last answer in force.
     *
     * @throws IllegalStateException if it never had an answer
     */
    String now() {
        lock.lock();
        try {
            last = ask();
            return String.join(",", last);
        } finally {
            lock.unlock();
        }
    }

    private List<String> ask() {
        try {
            var servers = List.copyOf(source.get());
            if (!servers.isEmpty()) {
                return servers;
            }
            refuseIfNone(null);
        } catch (RuntimeException e) {
            refuseIfNone(e);
            LOG.warn("Asking for the addresses of the brokers failed; {} stay in use", last, e);
        }
        return last;
    }

    private void refuseIfNone(@org.jspecify.annotations.Nullable RuntimeException why) {
        if (last.isEmpty()) {
            throw new IllegalStateException(
                    "bootstrap(..) gave no address of a broker" + (why == null ? "" : ": " + why.getMessage()), why);
        }
    }

    static boolean same(String one, String other) {
        return new TreeSet<>(List.of(one.split(","))).equals(new TreeSet<>(List.of(other.split(","))));
    }
}

package io.strandline;

import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the cluster is looked for: a fixed list, or what service discovery says now. */
final class Addresses {
    private static final Logger LOG = LoggerFactory.getLogger(Kafka.class);

    private static final int PORT_MAX = 65_535;
    private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");

    /** As kafka-clients takes it, also with a protocol before it; but a colon in a host only between brackets. */
    private static final Pattern ADDRESS =
            Pattern.compile("([a-zA-Z0-9_.%-]+://)?(?<host>\\[[^\\]]*]|[^:\\[\\]]*):(?!//)(?<port>[^:]*)");

    private static final Pattern WITHOUT_PORT = Pattern.compile("([a-zA-Z0-9_.%-]+://)?(\\[[^\\]]*]|[^:]*)");
    private static final String MORE_THAN_ONE_COLON =
            "it has more than one colon (an address of IPv6 stands in brackets, as in [::1]:9092)";

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

    /**
     * The addresses in these texts.
     *
     * @param lists each {@code host:port}, or several with commas between
     * @throws IllegalArgumentException if one is no address, with what is wrong
     */
    static List<String> of(Stream<String> lists) {
        return lists.flatMap(list -> Stream.of(list.split(",")))
                .map(String::strip)
                .filter(address -> !address.isEmpty())
                .map(Addresses::checked)
                .toList();
    }

    private static String checked(String address) {
        var parts = ADDRESS.matcher(address);
        if (!parts.matches()) {
            throw refused(address, WITHOUT_PORT.matcher(address).matches() ? "it has no port" : MORE_THAN_ONE_COLON);
        }
        var host = parts.group("host");
        if (host.isEmpty() || host.chars().anyMatch(Character::isWhitespace)) {
            throw refused(address, host.isEmpty() ? "it has no host" : "its host has a space");
        }
        var port = parts.group("port");
        if (!PORT.matcher(port).matches() || Integer.parseInt(port) < 1 || Integer.parseInt(port) > PORT_MAX) {
            throw refused(address, "its port is '" + port + "' and must be a number from 1 to " + PORT_MAX);
        }
        return address;
    }

    private static IllegalArgumentException refused(String address, String why) {
        return new IllegalArgumentException("'" + address + "' is not the address of a broker: " + why
                + ". An address is host:port, such as localhost:9092");
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
            var servers = fixed ? source.get() : of(source.get().stream());
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

package io.strandline.conformance;

import io.strandline.GroupProtocol;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** What the shared tests run against; {@code -Dtargets=apache-kafka} chooses one of them. */
enum Subject {
    STRANDLINE("Strandline", Set.of(GroupProtocol.CLASSIC)) {
        @Override
        Target start() {
            return StrandlineProcess.start();
        }
    },

    APACHE_KAFKA("Apache Kafka " + ApacheKafka.version(), EnumSet.of(GroupProtocol.CLASSIC, GroupProtocol.CONSUMER)) {
        @Override
        Target start() {
            return ApacheKafka.start();
        }
    };

    private static final Map<Subject, Target> SHARED = new EnumMap<>(Subject.class);

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Subject::closeShared, "close-targets"));
    }

    private final String title;
    private final Set<GroupProtocol> protocols;

    Subject(String title, Set<GroupProtocol> protocols) {
        this.title = title;
        this.protocols = protocols;
    }

    /** What groups can speak there. */
    Set<GroupProtocol> protocols() {
        return protocols;
    }

    /** Ours does not yet. */
    boolean doesTransactions() {
        return this == APACHE_KAFKA;
    }

    /** A new broker of the test's own. */
    abstract Target start();

    /**
     * One broker for all tests of this JVM, running. A test uses topics and groups of its own there, and leaves it
     * running.
     */
    Target shared() {
        var target = SHARED.computeIfAbsent(this, Subject::start);
        if (!target.isRunning()) {
            target.restart(); // A test that failed left it down.
        }
        return target;
    }

    /** For {@link OnEveryTarget}. */
    static Stream<Arguments> chosen() {
        var wanted = Arrays.asList(
                System.getProperty("targets", "strandline,apache-kafka").split(","));
        return Arrays.stream(values())
                .filter(subject ->
                        wanted.contains(subject.name().toLowerCase(Locale.ROOT).replace('_', '-')))
                .map(Arguments::of);
    }

    /** For {@link OnTargetsWithTransactions}. */
    static Stream<Arguments> chosenWithTransactions() {
        return chosen().filter(subject -> ((Subject) subject.get()[0]).doesTransactions());
    }

    @Override
    public String toString() {
        return title;
    }

    private static void closeShared() {
        SHARED.values().forEach(Target::close);
    }
}

package io.strandline.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.GroupProtocol;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.junit.StrandlineBroker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Lives of a group on real brokers, see {@link Chaos}. Quick: the same seeds each time; {@code -Dseed=7} is one life again,
 * {@code -Dseed=random} begins anywhere, as the long form does.
 */
@Timeout(600)
class ChaosTest {
    private static final String NUMBER = "-?[0-9]+";
    private static final Duration SESSION = Duration.ofMillis(1_000);
    private static final Duration SHORT_SESSION = Duration.ofMillis(600);
    private static final Duration KAFKA_SESSION = Duration.ofMillis(1_500);
    private static final int SIDE_BY_SIDE = 4;

    @TempDir
    private Path directory;

    @Test
    void onStrandline() throws Exception {
        var weather = new Chaos.Weather(GroupProtocol.CLASSIC, Duration.ofSeconds(6), SESSION, 2);
        for (long seed : seeds(3, 1)) {
            live(seed, () -> lifeOnStrandline(seed, weather));
        }
    }

    @Test
    void onApacheKafka() throws Exception {
        var weather = new Chaos.Weather(GroupProtocol.CLASSIC, Duration.ofSeconds(8), KAFKA_SESSION, 1);
        for (long seed : seeds(1, 11)) {
            live(seed, () -> lifeOn(Subject.APACHE_KAFKA.shared(), seed, weather));
        }
    }

    @Test
    void onApacheKafkaWithTheConsumerProtocol() throws Exception {
        var weather =
                new Chaos.Weather(GroupProtocol.CONSUMER, Duration.ofSeconds(10), ApacheKafka.CONSUMER_SESSION, 1);
        for (long seed : seeds(1, 21)) {
            live(seed, () -> lifeOn(Subject.APACHE_KAFKA.shared(), seed, weather));
        }
    }

    @Test
    @Tag("long")
    @Timeout(1_800)
    void onStrandlineInManyLives() throws Exception {
        var weather = new Chaos.Weather(GroupProtocol.CLASSIC, Duration.ofSeconds(4), SHORT_SESSION, 2);
        var counts = new TreeMap<String, Integer>();
        var lives = new ArrayList<Future<?>>();
        var places = new Semaphore(SIDE_BY_SIDE);
        int count = Integer.getInteger("lives", 200);
        try (var threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().name("life-", 0).factory())) {
            for (long seed : seeds(count, System.nanoTime() & 0xffff_ffffL)) {
                places.acquire();
                lives.add(threads.submit(() -> {
                    try {
                        var happened = live(seed, () -> lifeOnStrandline(seed, weather));
                        synchronized (counts) {
                            happened.forEach((what, times) -> counts.merge(what, times, Integer::sum));
                        }
                        return null;
                    } finally {
                        places.release();
                    }
                }));
            }
            for (var life : lives) {
                life.get();
            }
        }
        System.out.println(lives.size() + " lives: " + counts);
        if (lives.size() >= 20) {
            assertThat(counts)
                    .containsKeys("joined", "left", "crashed", "silenced", "lost", "sought back", "broker restarts");
        }
    }

    private static List<Long> seeds(int lives, long first) {
        var asked = System.getProperty("seed", "");
        boolean one = asked.matches(NUMBER);
        long from = one ? Long.parseLong(asked) : asked.equals("random") ? System.nanoTime() & 0xffff_ffffL : first;
        var seeds = new ArrayList<Long>();
        for (long seed = from; seed < from + (one ? 1 : lives); seed++) {
            seeds.add(seed);
        }
        System.out.println("first seed " + from + ", " + seeds.size() + " lives");
        return seeds;
    }

    private static Map<String, Integer> live(long seed, Callable<Map<String, Integer>> life) throws Exception {
        try {
            return life.call();
        } catch (Exception | AssertionError e) {
            throw new AssertionError(
                    "seed " + seed + " (again with -Dtest=ChaosTest -Dseed=" + seed + "): " + e.getMessage(), e);
        }
    }

    private Map<String, Integer> lifeOnStrandline(long seed, Chaos.Weather weather) throws Exception {
        var config = BrokerConfig.defaults().with(BrokerConfig.GROUP_SESSION_MIN_MS, 100);
        try (var broker = StrandlineBroker.in(directory.resolve("broker-" + BROKERS.incrementAndGet()), config)) {
            return life(
                    new Chaos.World() {
                        @Override
                        public String bootstrap() {
                            return broker.bootstrapServers();
                        }

                        @Override
                        public void killAndRestart(Duration down) {
                            broker.kill();
                            sleep(down);
                            broker.restart();
                        }
                    },
                    seed,
                    weather);
        }
    }

    private static final AtomicInteger BROKERS = new AtomicInteger();

    private static Map<String, Integer> lifeOn(Target target, long seed, Chaos.Weather weather) throws Exception {
        return life(
                new Chaos.World() {
                    @Override
                    public String bootstrap() {
                        return target.bootstrap();
                    }

                    @Override
                    public void killAndRestart(Duration down) {
                        target.kill();
                        sleep(down);
                        target.restart();
                    }
                },
                seed,
                weather);
    }

    private static Map<String, Integer> life(Chaos.World world, long seed, Chaos.Weather weather) throws Exception {
        try (var chaos = new Chaos(world, weather, seed)) {
            var violations = chaos.live();
            System.out.println(violations.isEmpty() ? chaos : chaos + "\n" + chaos.history());
            assertThat(violations).as(chaos.toString()).isEmpty();
            return chaos.counts();
        }
    }

    /** As long as the broker is down; nothing is waited for. */
    private static void sleep(Duration d) {
        try {
            Thread.sleep(d);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}

package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A consumer that is asked to stop, whatever its broker does. */
@Timeout(60)
class StopTest {
    private static final Topic<String, String> JOBS = Topic.strings("jobs").partitions(1);

    /** In front of a broker; frozen, it takes all and gives nothing, as a machine does that hangs. */
    private static final class Relay implements AutoCloseable {
        private final ServerSocket server;
        private final List<Socket> sockets = new CopyOnWriteArrayList<>();
        private volatile int target;
        private volatile boolean frozen;

        Relay() throws IOException {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            Thread.ofVirtual().start(this::accept);
        }

        int port() {
            return server.getLocalPort();
        }

        private void accept() {
            try {
                while (true) {
                    var in = server.accept();
                    var out = new Socket(InetAddress.getLoopbackAddress(), target);
                    sockets.addAll(List.of(in, out));
                    Thread.ofVirtual().start(() -> copy(in, out));
                    Thread.ofVirtual().start(() -> copy(out, in));
                }
            } catch (IOException e) {
                // Closed: the test is over.
            }
        }

        private void copy(Socket from, Socket to) {
            var bytes = new byte[8192];
            try {
                for (int n = from.getInputStream().read(bytes);
                        n >= 0;
                        n = from.getInputStream().read(bytes)) {
                    if (!frozen) {
                        to.getOutputStream().write(bytes, 0, n);
                    }
                }
            } catch (IOException e) {
                // Closed: the test is over.
            }
        }

        @Override
        public void close() throws IOException {
            server.close();
            for (var socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void aBrokerThatHangsWhileItIsAskedForAPlaceHoldsNoStopUp() throws Exception {
        try (var relay = new Relay();
                var broker = Broker.start(BrokerConfig.defaults()
                        .port(0)
                        .with("strandline.durability", "memory")
                        .with("advertised.listeners", "PLAINTEXT://127.0.0.1:" + relay.port()))) {
            relay.target = broker.address().getPort();
            var kafka = Kafka.connect("127.0.0.1:" + relay.port());
            kafka.admin().ensure(JOBS);
            kafka.producer().send(JOBS, "k", "v");
            var handled = new CountDownLatch(1);
            var consumer = kafka.consumer("workers")
                    .eachMessage(JOBS, m -> handled.countDown())
                    .start();
            assertThat(handled.await(30, TimeUnit.SECONDS)).isTrue();
            relay.frozen = true;
            var seeking = CompletableFuture.runAsync(() -> consumer.seek("jobs", Position.earliest()));
            while (!asks()) {
                LockSupport.parkNanos(1_000_000);
            }
            long begun = System.nanoTime();
            consumer.stop(Duration.ofMillis(100));
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(18));
            assertThat(consumer.state()).isEqualTo(Consumer.State.STOPPED);
            assertThat(seeking).failsWithin(Duration.ofSeconds(30));
        }
    }

    /** The poll thread waits for the broker's answer. */
    private static boolean asks() {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(entry -> entry.getKey().getName().equals("strandline-poll-workers"))
                .flatMap(entry -> List.of(entry.getValue()).stream())
                .anyMatch(frame -> frame.getMethodName().equals("beginningOffsets"));
    }

    @Test
    void whoWaitsForAConsumerToBeIdleIsToldWhenItEnds() throws Exception {
        try (var broker = Broker.start(BrokerConfig.defaults().port(0).with("strandline.durability", "memory"));
                var kafka = Kafka.connect(broker.bootstrapServers())) {
            kafka.admin().ensure(JOBS);
            kafka.producer().send(JOBS, "k", "v");
            var begun = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            var consumer = kafka.consumer("workers")
                    .eachMessage(JOBS, m -> {
                        begun.countDown();
                        goOn.await();
                    })
                    .start();
            begun.await();
            var idle = CompletableFuture.supplyAsync(() -> idle(consumer, Duration.ofMinutes(10)));
            consumer.stop(Duration.ofMillis(1));
            assertThat(idle.get(30, TimeUnit.SECONDS)).isFalse();
            assertThat(idle(consumer, Duration.ofMinutes(10)))
                    .as("it has nothing any more, and has not done all")
                    .isFalse();
            goOn.countDown();
        }
    }

    private static boolean idle(Consumer consumer, Duration atMost) {
        try {
            return consumer.awaitIdle(atMost);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void everyProducerHasAHealthOfItsOwnName() {
        try (var kafka = Kafka.connect("localhost:1")) {
            var unused = kafka.producer();
            kafka.producerBuilder().build();
            kafka.producerBuilder().build();
            assertThat(kafka.health().checks())
                    .extracting(Health.Check::name)
                    .containsExactly("producer", "producer.1", "producer.2");
        }
    }
}

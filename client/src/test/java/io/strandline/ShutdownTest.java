package io.strandline;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import io.strandline.storage.DurabilityMode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A process that is asked to end. */
@Timeout(60)
class ShutdownTest {
    private static final Topic<String, String> JOBS = Topic.strings("jobs").partitions(1);

    @Test
    @DisabledOnOs(OS.WINDOWS) // has no SIGTERM
    void aProcessThatIsAskedToEndFinishesWhatItIsDoingAndCommitsIt(@TempDir Path directory) throws Exception {
        var config = BrokerConfig.defaults()
                .directory(directory)
                .port(0)
                .durability(DurabilityMode.OS)
                .with("strandline.journal.bytes", "4194304");
        try (var broker = Broker.start(config);
                var kafka = Kafka.connect(broker.bootstrapServers())) {
            kafka.admin().ensure(JOBS);
            kafka.producer().send(JOBS, "k", "first");
            kafka.producer().send(JOBS, "k", "second");
            var service = start(broker.bootstrapServers());
            try (var output =
                    new BufferedReader(new InputStreamReader(service.getInputStream(), StandardCharsets.UTF_8))) {
                assertThat(output.readLine()).isEqualTo("begins first");
                service.toHandle().destroy(); // SIGTERM; destroy() of the process would close its output as well
                assertThat(output.readLine()).isEqualTo("stopping");
                assertThat(service.waitFor(30, TimeUnit.SECONDS)).isTrue();
                assertThat(output.lines()).containsExactly("finished first");
            } finally {
                service.destroyForcibly();
            }
            assertThat(kafka.admin().committed("workers").values()).containsExactly(1L);
            assertThat(kafka.admin().group("workers").orElseThrow().members()).isEmpty();
        }
    }

    private static Process start(String bootstrap) throws Exception {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Service.class.getName(),
                        bootstrap)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    /** Its handler goes on until it is told that the consumer is stopping. */
    static final class Service {
        public static void main(String[] args) throws Exception {
            var kafka = Kafka.builder().bootstrap(args[0]).closeOnShutdown().build();
            var never = new CountDownLatch(1);
            kafka.consumer("workers")
                    .drain(Duration.ofSeconds(10))
                    .eachMessage(JOBS, (m, context) -> {
                        System.out.println("begins " + m.value());
                        while (!context.stopping()) {
                            LockSupport.parkNanos(1_000_000);
                        }
                        System.out.println("stopping");
                        System.out.println("finished " + m.value());
                    })
                    .start();
            never.await();
        }
    }
}

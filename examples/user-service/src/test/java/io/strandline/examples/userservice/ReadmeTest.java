package io.strandline.examples.userservice;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.DeadLetter;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.Retry;
import io.strandline.Topic;
import io.strandline.broker.Broker;
import io.strandline.broker.config.BrokerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The code in the README of the project: it stands here between two marks, it runs, and it is the same. */
@Timeout(120)
class ReadmeTest {
    private final BlockingQueue<String> welcomed = new LinkedBlockingQueue<>();

    @TempDir
    private Path path;

    // README: client
    record SignedUp(String user, String email) {}

    static final Topic<String, SignedUp> SIGN_UPS =
            Topic.json("sign-ups", SignedUp.class).partitions(3);

    void run(Kafka kafka) throws Exception {
        kafka.admin().ensure(SIGN_UPS);
        kafka.consumer("welcome-mails")
                .retry(Retry.exponential(Duration.ofMillis(100), Duration.ofSeconds(30))
                        .attempts(6))
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachMessage(SIGN_UPS, (Message<String, SignedUp> m) -> welcome(m.value()))
                .start();
        kafka.producer().send(SIGN_UPS, "ann", new SignedUp("ann", "ann@example.com")); // returns when it is durable
    }
    // end

    private void welcome(SignedUp who) {
        welcomed.add(who.email());
    }

    @Test
    void theClientAndTheEmbeddedBrokerRunAsTheyStandInTheReadme() throws Exception {
        // README: embedded
        try (var broker = Broker.start(BrokerConfig.defaults().directory(path).port(0));
                var kafka = Kafka.connect(broker.bootstrapServers())) {
            run(kafka);
            // end
            assertThat(welcomed.poll(60, TimeUnit.SECONDS)).isEqualTo("ann@example.com");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"client", "embedded"})
    void theReadmeShowsWhatRunsHere(String name) throws IOException {
        assertThat(Files.readString(Path.of("../../README.md"))).contains(between(name));
    }

    /** The lines between the marks, as far to the left as they go. */
    private static String between(String name) throws IOException {
        var lines =
                Files.readAllLines(Path.of("src/test/java/io/strandline/examples/userservice/ReadmeTest.java")).stream()
                        .dropWhile(line -> !line.strip().equals("// README: " + name))
                        .skip(1)
                        .takeWhile(line -> !line.strip().equals("// end"))
                        .collect(Collectors.joining("\n"));
        return lines.stripIndent();
    }
}

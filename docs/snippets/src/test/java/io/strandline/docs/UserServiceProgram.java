package io.strandline.docs;

// tag::program
import io.strandline.Compression;
import io.strandline.DeadLetter;
import io.strandline.Event;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.Outgoing;
import io.strandline.Retry;
import io.strandline.Topic;
import java.time.Duration;
import java.time.Instant;

final class UserServiceProgram {
    record UserEvent(String userId, String type) {}

    static final Topic<String, UserEvent> USER_EVENTS = Topic.json("user-events", UserEvent.class)
            .partitions(3)
            .replication(3)
            .config("retention.ms", "604800000")
            .config("min.insync.replicas", "2");

    public static void main(String[] arguments) throws Exception {
        var kafka =
                Kafka.builder().clientId("user-service").bootstrap(arguments[0]).build();
        kafka.awaitReady(Duration.ofSeconds(10)).admin().ensure(USER_EVENTS);
        kafka.events().on(Event.DeadLettered.class, e -> System.err.println(e.partition() + ": " + e.why()));

        var consumer = kafka.consumer("user-service-handlers")
                .sessionTimeout(Duration.ofSeconds(30))
                .heartbeat(Duration.ofSeconds(3))
                .retry(Retry.exponential(Duration.ofMillis(100), Duration.ofSeconds(30))
                        .attempts(6))
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachMessage(USER_EVENTS, UserServiceProgram::process)
                .start();

        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            boolean drained = consumer.stop(Duration.ofSeconds(20));
            kafka.close();
            Runtime.getRuntime().halt(drained ? 0 : 1); // else the JVM says 143 after SIGTERM
        }));

        publishEvent(kafka, new UserEvent("user-123", "signed-up"));
        consumer.await();
    }

    /** Returns when the event is durable. Events of one user are handled in this order. */
    static void publishEvent(Kafka kafka, UserEvent event) {
        kafka.producer()
                .with(Compression.GZIP) // acks are all unless told otherwise
                .send(Outgoing.to(USER_EVENTS, event.userId(), event)
                        .header("event-type", event.type())
                        .header("timestamp", String.valueOf(Instant.now().toEpochMilli())));
    }

    /** Returning means done; throwing means retry, and in the end a dead letter. */
    static void process(Message<String, UserEvent> message) {
        System.out.println("processed " + message.value());
    }
}
// end::program

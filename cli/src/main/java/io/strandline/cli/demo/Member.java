package io.strandline.cli.demo;

import io.strandline.Event;
import io.strandline.Kafka;
import io.strandline.Message;
import io.strandline.Partition;
import io.strandline.cli.demo.Observations.Assigned;
import io.strandline.cli.demo.Observations.Committed;
import io.strandline.cli.demo.Observations.Delivered;
import io.strandline.examples.userservice.UserEvent;
import io.strandline.examples.userservice.UserService;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.stream.Collectors;

/** One instance of the user service, as a process would run it: a client and a group member of its own. All it sees is written down. */
final class Member implements AutoCloseable {
    private static final Duration DRAIN = Duration.ofSeconds(10);
    private static final Duration READY_ATMOST = Duration.ofSeconds(60);

    /** A member that is asked to stop while its broker is away waits so long for the answer to its last question. */
    private static final int ANSWER_MS_MAX = 20_000;

    private final String name;
    private final Kafka kafka;
    private final UserService service;

    private Member(String name, Kafka kafka, UserService service) {
        this.name = name;
        this.kafka = kafka;
        this.service = service;
    }

    /** @param patience how long the broker may be away before a send is given up */
    static Member join(String name, String bootstrap, Duration patience, Ledger ledger) {
        var patienceMs = Math.toIntExact(patience.toMillis());
        var kafka = Kafka.builder()
                .bootstrap(bootstrap)
                .clientId("member-" + name)
                .set("delivery.timeout.ms", patienceMs)
                .set("request.timeout.ms", Math.min(patienceMs, ANSWER_MS_MAX))
                .set("default.api.timeout.ms", Math.min(patienceMs, ANSWER_MS_MAX))
                .build();
        try {
            kafka.awaitReady(READY_ATMOST);
            kafka.events().on(event -> note(name, event, ledger));
            return new Member(name, kafka, UserService.start(kafka, message -> ledger.add(delivered(name, message))));
        } catch (RuntimeException e) {
            kafka.close();
            throw e;
        }
    }

    private static void note(String name, Event event, Ledger ledger) {
        if (event instanceof Event.Assigned assigned) {
            ledger.add(new Assigned(name, numbers(assigned.partitions()), assigned.at()));
        } else if (event instanceof Event.Committed committed) {
            committed
                    .offsets()
                    .forEach((partition, next) -> ledger.add(new Committed(partition.number(), next, committed.at())));
        } else if (event instanceof Event.DeadLettered letter) {
            ledger.deadLettered(letter.partition().number(), letter.offset());
        } else if (event instanceof Event.Missed missed) {
            ledger.failed(
                    new IllegalStateException("Member " + name + " could not tell of " + missed.events() + " events"));
        }
    }

    String name() {
        return name;
    }

    UserService service() {
        return service;
    }

    Kafka kafka() {
        return kafka;
    }

    /** Finishes what it has begun, stores its progress and leaves the group. */
    @Override
    public void close() {
        service.stop(DRAIN);
        kafka.close();
    }

    private static Delivered delivered(String name, Message<String, UserEvent> message) {
        var at = Instant.now();
        var line = message.headers()
                .last(Observations.LINE_HEADER)
                .map(Integer::valueOf)
                .orElse(-1);
        return new Delivered(name, message.partition().number(), message.offset(), line, at);
    }

    private static Set<Integer> numbers(Set<Partition> partitions) {
        return partitions.stream().map(Partition::number).collect(Collectors.toSet());
    }
}

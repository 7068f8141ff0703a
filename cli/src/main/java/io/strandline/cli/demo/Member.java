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

    private final String name;
    private final Kafka kafka;
    private final UserService service;

    private Member(String name, Kafka kafka, UserService service) {
        this.name = name;
        this.kafka = kafka;
        this.service = service;
    }

    static Member join(String name, String bootstrap, Ledger ledger) {
        var kafka =
                Kafka.builder().bootstrap(bootstrap).clientId("member-" + name).build();
        try {
            kafka.awaitReady(Duration.ofSeconds(20));
            kafka.events()
                    .on(
                            Event.Assigned.class,
                            event -> ledger.add(new Assigned(name, numbers(event.partitions()), event.at())));
            kafka.events()
                    .on(
                            Event.Committed.class,
                            event -> event.offsets()
                                    .forEach((partition, next) ->
                                            ledger.add(new Committed(partition.number(), next, event.at()))));
            kafka.events()
                    .on(
                            Event.DeadLettered.class,
                            event -> ledger.deadLettered(event.partition().number(), event.offset()));
            return new Member(name, kafka, UserService.start(kafka, message -> ledger.add(delivered(name, message))));
        } catch (RuntimeException e) {
            kafka.close();
            throw e;
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

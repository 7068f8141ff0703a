package io.strandline.cli.demo;

import io.strandline.Ack;
import io.strandline.Admin;
import io.strandline.Headers;
import io.strandline.Outgoing;
import io.strandline.Position;
import io.strandline.Serde;
import io.strandline.Topic;
import io.strandline.cli.Problem;
import io.strandline.cli.demo.Observations.Acknowledged;
import io.strandline.cli.demo.Observations.Interrupted;
import io.strandline.cli.demo.Observations.Letter;
import io.strandline.cli.demo.Observations.Published;
import io.strandline.cli.demo.Observations.Stored;
import io.strandline.examples.userservice.UserEvent;
import io.strandline.examples.userservice.UserService;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The main job, end to end: a user service publishes events and handles them while its broker is interrupted; in the end
 * everything is read back, and an account is drawn up of what became of each event.
 */
final class Demo {
    /** Events on their way at once: so many may be unacknowledged when the broker dies. */
    private static final int IN_FLIGHT_MAX = 500;

    private static final int REFUSALS_SHOWN_MAX = 3;
    private static final double SECOND_MEMBER_JOINS = 0.6;
    private static final double SECOND_MEMBER_IS_THERE = 0.9;
    private static final Topic<String, UserEvent> EVENTS = UserService.USER_EVENTS;
    private static final String DEAD_LETTERS = EVENTS.name() + UserService.DEAD_LETTER_SUFFIX;

    /** The same topic for those who send what is no event. */
    private static final Topic<String, byte[]> EVENTS_AS_BYTES = Topic.of(EVENTS.name(), Serde.string(), Serde.bytes());

    /**
     * What to do to the broker and the events.
     *
     * @param interruptions how often the broker is killed, evenly over the events
     * @param spoil how many events to cut in two, so that their handler cannot read them
     * @param eventsPerSecond how fast to publish, at most
     * @param stall when nothing has moved for so long the run is given up, and the account says what is missing
     */
    record Plan(int interruptions, int spoil, int eventsPerSecond, Duration stall) {}

    private final DemoBroker broker;
    private final EventFile events;
    private final Plan plan;
    private final Ledger ledger;
    private final Narrator narrator;
    private volatile boolean brokerIsDown;

    Demo(DemoBroker broker, EventFile events, Plan plan, PrintStream out, boolean terminal) {
        this.broker = broker;
        this.events = events;
        this.plan = plan;
        this.ledger = new Ledger(events.events());
        this.narrator = new Narrator(out, terminal, this::progress);
    }

    /** Runs it all. What goes wrong on the way shows in the account. */
    Account run() throws Exception {
        var begin = System.nanoTime();
        broker.start();
        narrator.say("Broker   " + broker.description());
        narrator.say("Events   " + events.name() + eventsRemark());
        try (var one = Member.join("one", broker.address(), plan.stall(), ledger)) {
            refuseUsedTopic(one);
            narrator.say("Topic    " + shape(one));
            narrator.start();
            publishAndHandle(one);
        } finally {
            narrator.close();
        }
        readBack();
        return Account.of(ledger.observations(), Duration.ofNanos(System.nanoTime() - begin));
    }

    private void publishAndHandle(Member one) throws Exception {
        var publisher = inBackground("publisher", () -> publish(one.service()));
        var interrupter = inBackground("interrupter", this::interrupt);
        if (!ledger.await(progress -> progress.settled() >= share(SECOND_MEMBER_JOINS), plan.stall())) {
            explainTheEnd(one);
            return;
        }
        var second = secondMember();
        if (second.isEmpty()) {
            publisher.join();
            interrupter.join();
            explainTheEnd(one);
            return;
        }
        try (var two = second.get()) {
            publisher.join();
            interrupter.join();
            awaitTheEnd(one, two);
        }
    }

    /** Empty, and the run has failed, when it cannot join: perhaps the broker does not come back. */
    private Optional<Member> secondMember() {
        narrator.say("Members  the second one joins");
        try {
            return Optional.of(Member.join("two", broker.address(), plan.stall(), ledger));
        } catch (RuntimeException e) {
            ledger.failed(e);
            return Optional.empty();
        }
    }

    private String eventsRemark() {
        var remark = new StringBuilder();
        if (plan.spoil() > 0) {
            remark.append("; ").append(Math.min(plan.spoil(), events.events())).append(" spoiled on purpose");
        }
        if (events.unreadable() > 0) {
            remark.append("; ").append(events.unreadable()).append(" are no JSON objects and go as they stand");
        }
        if (events.withoutKey() > 0) {
            remark.append("; ").append(events.withoutKey()).append(" have no key, so no order is promised for them");
        }
        return remark.toString();
    }

    private static String shape(Member member) {
        var wanted = EVENTS.spec();
        var copies = member.kafka()
                .admin()
                .topic(EVENTS.name())
                .map(Admin.TopicInfo::replication)
                .orElse(0);
        return EVENTS.name() + ": " + wanted.partitions() + " partitions, replication factor " + wanted.replication()
                + (copies == wanted.replication() ? "" : " asked for, " + copies + " here: one node keeps one copy");
    }

    private void refuseUsedTopic(Member member) {
        var used = member.kafka().admin().offsets(EVENTS.name(), Position.latest());
        if (used.values().stream().anyMatch(end -> end > 0)) {
            throw Problem.usage("The data directory already holds events in the topic " + EVENTS.name()
                    + "; give --dir an empty directory");
        }
    }

    // Publishing

    private void publish(UserService service) throws Exception {
        var spoiler = new Spoiler(events.events() - events.unreadable(), plan.spoil());
        var inFlight = new Semaphore(IN_FLIGHT_MAX);
        var begin = System.nanoTime();
        events.each(line -> {
            var progress = ledger.progress();
            if (progress.failed()) {
                throw new IllegalStateException("Publishing ended at line " + line.number());
            }
            keepPace(begin, progress.published());
            awaitSecondMember();
            if (!inFlight.tryAcquire(plan.stall().toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException(
                        "Nothing was acknowledged for " + plan.stall().toSeconds() + " s");
            }
            var unused = send(service, line, spoiler).whenComplete((ack, error) -> {
                inFlight.release();
                if (error == null) {
                    ledger.add(new Acknowledged(line.number(), ack.partition(), ack.offset()));
                } else {
                    refused(line, error);
                }
            });
        });
    }

    private void refused(EventFile.Line line, Throwable why) {
        ledger.refused();
        if (ledger.progress().refused() <= REFUSALS_SHOWN_MAX) {
            narrator.say("Refused  line " + line.number() + ": " + why.getMessage());
        }
    }

    private CompletableFuture<Ack> send(UserService service, EventFile.Line line, Spoiler spoiler) {
        var headers = Headers.of(Observations.LINE_HEADER, String.valueOf(line.number()));
        var key = line.key().orElse(null);
        if (line.event().isPresent() && !spoiler.next()) {
            ledger.add(new Published(line.number(), key, true, checksum(line.bytes())));
            return service.publishEventAsync(key, line.event().get(), headers);
        }
        var bytes = line.event().isPresent() ? Spoiler.cut(line.bytes()) : line.bytes();
        ledger.add(new Published(line.number(), key, false, checksum(bytes)));
        return service.producer()
                .sendAsync(Outgoing.to(EVENTS_AS_BYTES, key, bytes).headers(headers));
    }

    private void keepPace(long begin, int published) {
        var due = begin + published * 1_000_000_000L / plan.eventsPerSecond();
        var early = due - System.nanoTime();
        if (early > 0) {
            LockSupport.parkNanos(early);
        }
    }

    /** The last events wait for the second member, so that both have something to do. */
    private void awaitSecondMember() throws InterruptedException {
        if (ledger.progress().published() == share(SECOND_MEMBER_IS_THERE)) {
            ledger.await(progress -> progress.members() > 1, plan.stall());
        }
    }

    // Trouble

    private void interrupt() throws Exception {
        for (var number = 1; number <= plan.interruptions(); number++) {
            var threshold = share((double) number / (plan.interruptions() + 1));
            if (!ledger.await(progress -> progress.acknowledged() >= threshold, plan.stall())) {
                return;
            }
            var begin = System.nanoTime();
            ledger.add(new Interrupted(Instant.now()));
            broker.kill();
            startAgain();
            narrator.say(String.format(
                    Locale.ROOT,
                    "Trouble  %s after %,d acknowledgements; back on the same data after %.1f s",
                    broker.killed(),
                    threshold,
                    (System.nanoTime() - begin) / 1e9));
        }
    }

    private void startAgain() throws Exception {
        try {
            broker.start();
        } catch (IOException e) {
            brokerIsDown = true;
            throw new IllegalStateException(
                    broker.killed() + ", and the broker did not come back: " + e.getMessage(), e);
        }
    }

    // The end

    private void awaitTheEnd(Member... members) throws InterruptedException {
        if (!ledger.await(progress -> progress.settled() + progress.refused() >= events.events(), plan.stall())) {
            explainTheEnd(members);
        }
    }

    private void explainTheEnd(Member... members) {
        ledger.failures().forEach(failure -> narrator.say("Failed   " + failure.getMessage()));
        if (ledger.failures().isEmpty()) {
            narrator.say("Stuck    nothing has moved for " + plan.stall().toSeconds() + " s");
            for (var member : members) {
                narrator.say("Member " + member.name() + ": "
                        + member.service().consumer().explain());
            }
        }
    }

    /** What is on the disk now, whatever was said before. If it cannot be read the account shows it as lost. */
    private void readBack() {
        if (brokerIsDown) {
            narrator.say("Failed   nothing can be read back: the broker is down");
            return;
        }
        try {
            TopicReader.readAll(
                    broker.address(),
                    EVENTS.name(),
                    plan.stall(),
                    record -> ledger.add(
                            new Stored(record.partition(), record.offset(), line(record), checksum(record.value()))));
            TopicReader.readAll(
                    broker.address(), DEAD_LETTERS, plan.stall(), record -> ledger.add(new Letter(line(record))));
        } catch (RuntimeException e) {
            narrator.say("Failed   reading the topics back: " + e.getMessage());
        }
    }

    private static int line(ConsumerRecord<byte[], byte[]> record) {
        var header = record.headers().lastHeader(Observations.LINE_HEADER);
        return header == null ? -1 : Integer.parseInt(new String(header.value(), StandardCharsets.UTF_8));
    }

    private static int checksum(byte[] bytes) {
        var crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private int share(double part) {
        return (int) (part * events.events());
    }

    private String progress() {
        var progress = ledger.progress();
        return String.format(
                Locale.ROOT,
                "         published %,d   acknowledged %,d   handled %,d   dead letters %,d   of %,d",
                progress.published(),
                progress.acknowledged(),
                progress.handled(),
                progress.deadLettered(),
                events.events());
    }

    private Thread inBackground(String name, Work work) {
        return Thread.ofPlatform().daemon().name(name).start(() -> {
            try {
                work.run();
            } catch (Exception | Error e) {
                ledger.failed(e);
            }
        });
    }

    @FunctionalInterface
    private interface Work {
        void run() throws Exception;
    }
}

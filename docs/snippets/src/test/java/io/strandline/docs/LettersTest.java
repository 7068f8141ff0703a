package io.strandline.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.strandline.Consumer;
import io.strandline.DeadLetter;
import io.strandline.DeadLetters;
import io.strandline.Event;
import io.strandline.Kafka;
import io.strandline.Position;
import io.strandline.Retry;
import io.strandline.Topic;
import io.strandline.junit.StrandlineBroker;
import io.strandline.junit.StrandlineTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The way of dead letters, there and back, and replays: what docs/client shows of them. */
@StrandlineTest
@Timeout(60)
class LettersTest {
    private static final Topic<String, String> ACCOUNTS =
            Topic.strings("accounts").partitions(3);
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final List<String> applied = Collections.synchronizedList(new ArrayList<>());
    private volatile boolean databaseIsDown = true;

    private void apply(String change) {
        if (databaseIsDown && change.startsWith("open")) {
            throw new IllegalStateException("the database is down");
        }
        applied.add(change);
    }

    private static void awaitIdle(Consumer consumer) throws InterruptedException {
        assertThat(consumer.awaitIdle(LIMIT)).as(consumer.explain()::toString).isTrue();
    }

    @Test
    void anAccountIsNotClosedBeforeItIsOpened(Kafka kafka, StrandlineBroker broker) throws Exception {
        var accounts = ACCOUNTS.named("accounts");
        kafka.admin().ensure(accounts);
        var parked = Collections.synchronizedList(new ArrayList<Event.Parked>());
        kafka.events().on(Event.Parked.class, parked::add);
        // tag::in-key-order
        var consumer = kafka.consumer("ledger")
                .retry(Retry.fixed(Duration.ofMillis(10)).attempts(3))
                .deadLetter(DeadLetter.suffix(".dlq").inKeyOrder())
                .eachMessage(accounts, m -> apply(m.value()))
                .start();
        // end::in-key-order
        for (var change : List.of("open", "deposit", "close")) {
            kafka.producer().send(accounts, "c-17", change);
        }
        kafka.producer().send(accounts, "c-18", "deposit of somebody else");
        awaitIdle(consumer);
        assertThat(applied).containsExactly("deposit of somebody else");
        consumer.close();
        broker.kill(); // nobody forgets
        broker.restart();
        databaseIsDown = false;
        // tag::redrive-in-key-order
        var letters = kafka.deadLetters("accounts.dlq");
        DeadLetters.Report report;
        do {
            report = letters.redriveFor("ledger", letter -> true, 100); // at most 100 a second
        } while (report.moved() > 0);
        // end::redrive-in-key-order
        assertThat(letters.count()).isZero();
        try (var again = kafka.consumer("ledger")
                .deadLetter(DeadLetter.suffix(".dlq").inKeyOrder())
                .eachMessage(accounts, m -> apply(m.value()))
                .start()) {
            awaitIdle(again);
        }
        assertThat(applied).containsExactly("deposit of somebody else", "open", "deposit", "close");
        assertThat(parked).hasSize(2);
    }

    @Test
    void lettersAreLookedAtSentHomeAndDropped(Kafka kafka) throws Exception {
        var accounts = ACCOUNTS.named("changes");
        kafka.admin().ensure(accounts);
        try (var consumer = kafka.consumer("ledger-2")
                .retry(Retry.none())
                .deadLetter(DeadLetter.suffix(".dlq"))
                .eachMessage(accounts, m -> apply(m.value()))
                .start()) {
            kafka.producer().send(accounts, "c-17", "open");
            kafka.producer().send(accounts, "c-18", "open, but for ever wrong");
            awaitIdle(consumer);
        }
        databaseIsDown = false;
        // tag::redrive
        var letters = kafka.deadLetters("changes.dlq");
        try (var all = letters.browse()) {
            all.forEach(letter -> System.out.println(letter.from() + ": " + letter.message()));
        }
        var plan = letters.dryRun().redrive(letter -> letter.message().contains("database"), 100);
        System.out.println("would send home " + plan.moved() + " of " + plan.seen());

        letters.drop(letter -> new String(letter.value()).contains("for ever wrong"));
        var done = letters.redriveFor("ledger-2", letter -> true, 100); // other groups pass over them
        System.out.println(done.moved() + " are back; " + done.notes());
        // end::redrive
        assertThat(plan.moved()).isEqualTo(2);
        assertThat(done.moved()).isEqualTo(1);
        try (var consumer = kafka.consumer("ledger-2")
                .eachMessage(accounts, m -> apply(m.value()))
                .start()) {
            awaitIdle(consumer);
        }
        assertThat(applied).containsExactly("open");
    }

    @Test
    void aReplayEndsWhereItIsToldTo(Kafka kafka) throws Exception {
        var accounts = ACCOUNTS.named("history");
        kafka.admin().ensure(accounts);
        for (int i = 0; i < 20; i++) {
            kafka.producer().send(accounts, "c-" + i, "change " + i);
        }
        var seen = new AtomicLong();
        // tag::bounded-replay
        var report = kafka.replay(accounts)
                .from(Position.ago(Duration.ofHours(6)))
                .to(Position.latest()) // as of now: it ends
                .each(m -> seen.incrementAndGet()); // in order within a partition; the first failure ends it
        System.out.println(report.read() + " messages in " + report.took());
        // end::bounded-replay
        assertThat(seen).hasValue(20);
        assertThat(report.read()).isEqualTo(20);
    }
}
